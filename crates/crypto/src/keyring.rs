//! Users' keys in a folder, one file a key: encrypted with a passphrase, or plain for development.

mod envelope;

use crate::hd::HdError;
use crate::key::{KeyKind, SigningKey};
use crate::mnemonic::{Mnemonic, MnemonicError};
use crate::secret_file::{self, SecretFileError};
use envelope::Envelope;
use std::fs;
use std::path::{Path, PathBuf};
use thiserror::Error;
use virtengine_types::{Address, tx::PublicKey};
use zeroize::Zeroizing;

/// Shortest passphrase that new keys are encrypted with, in bytes.
pub const MIN_PASSPHRASE: usize = 8;
/// Longest key name, in bytes.
pub const MAX_NAME: usize = 64;
const EXTENSION: &str = "json";

/// How secrets rest in their files.
pub enum Backend {
    /// Encrypted under this passphrase: Argon2id makes the key of XChaCha20-Poly1305.
    File(Zeroizing<String>),
    /// Not encrypted at all: whoever reads the file has the key. For development networks only.
    Test,
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::File(_) => "File(..)",
            Self::Test => "Test",
        })
    }
}

/// Why a keyring refuses.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// Not a name that a file can safely have.
    #[error(
        "{name:?} is no key name: use 1 to {MAX_NAME} letters, digits, '-', '_' and '.', the first a letter or digit"
    )]
    Name {
        /// The name as given, at most 128 characters of it.
        name: String,
    },
    /// The name is taken.
    #[error("a key named {name:?} exists in {}; choose another name or delete it first", folder.display())]
    Exists {
        /// The name.
        name: String,
        /// The keyring's folder.
        folder: PathBuf,
    },
    /// No key of this name.
    #[error("no key named {name:?} in {}; `virtengine keys list` shows those there are", folder.display())]
    Missing {
        /// The name.
        name: String,
        /// The keyring's folder.
        folder: PathBuf,
    },
    /// The passphrase does not open the key.
    #[error("wrong passphrase for key {name:?}, or its file was changed")]
    WrongPassphrase {
        /// The name.
        name: String,
    },
    /// Too short a passphrase for a new key.
    #[error("a passphrase has at least {MIN_PASSPHRASE} bytes, got {found}")]
    ShortPassphrase {
        /// Bytes given.
        found: usize,
    },
    /// The key was stored by the other backend.
    #[error(
        "key {name:?} is stored {stored}, but the keyring was opened as {opened}; choose the matching --keyring-backend"
    )]
    OtherBackend {
        /// The name.
        name: String,
        /// How the file is.
        stored: &'static str,
        /// How the keyring was opened.
        opened: &'static str,
    },
    /// The file's contents are not those of a key.
    #[error("the file of key {name:?} is damaged ({cause}); restore it from its backup or its mnemonic")]
    Damaged {
        /// The name.
        name: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Written by another release.
    #[error("the file of key {name:?} has version {found}, this program reads version {expected}")]
    Version {
        /// The name.
        name: String,
        /// Version found.
        found: u32,
        /// Version read.
        expected: u32,
    },
    /// The words are no mnemonic.
    #[error(transparent)]
    Mnemonic(#[from] MnemonicError),
    /// The path leads to no key.
    #[error(transparent)]
    Path(#[from] HdError),
    /// The file cannot be read or written.
    #[error(transparent)]
    File(SecretFileError),
}

/// What of a key may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its name in the keyring.
    pub name: String,
    /// The account it signs for.
    pub address: Address,
    /// The public key.
    pub public_key: PublicKey,
}

/// The keys of a folder.
#[derive(Debug, Default)]
pub struct Listing {
    /// Those that can be read, by name.
    pub keys: Vec<KeyInfo>,
    /// Names of the others, and why they cannot be read.
    pub damaged: Vec<(String, KeyringError)>,
}

/// A folder of keys.
#[derive(Debug)]
pub struct Keyring {
    folder: PathBuf,
    backend: Backend,
}

impl Keyring {
    /// Opens the keyring in `folder`, made with mode 0700 if it is not there.
    ///
    /// The passphrase is checked when a key is used, and against an existing key when one is added.
    ///
    /// # Errors
    /// - `File` - the folder cannot be made
    pub fn open(folder: impl Into<PathBuf>, backend: Backend) -> Result<Self, KeyringError> {
        let folder = folder.into();
        secret_file::create_folder(&folder).map_err(KeyringError::File)?;
        Ok(Self { folder, backend })
    }

    /// Makes a key from a fresh mnemonic of 24 words, which is returned for its owner to write down: it
    /// is not stored.
    ///
    /// # Errors
    /// As [`Keyring::insert`], and `Path` if `path` is malformed.
    pub fn add(&self, name: &str, path: &str) -> Result<(KeyInfo, Mnemonic), KeyringError> {
        let mnemonic = Mnemonic::generate_24();
        let info = self.insert(name, &mnemonic.key(path)?)?;
        Ok((info, mnemonic))
    }

    /// Stores the key that 12 or 24 words stand for.
    ///
    /// # Errors
    /// As [`Keyring::insert`], `Mnemonic` if the words are not one, `Path` if `path` is malformed.
    pub fn import(&self, name: &str, words: &str, path: &str) -> Result<KeyInfo, KeyringError> {
        self.insert(name, &Mnemonic::parse(words)?.key(path)?)
    }

    /// Stores a key, durably, in a file of mode 0600.
    ///
    /// # Errors
    /// - `Name` - not a key name
    /// - `Exists` - the name is taken; that key stays as it is
    /// - `ShortPassphrase` - under [`MIN_PASSPHRASE`] bytes
    /// - `WrongPassphrase` - not the passphrase of the keys that are there
    /// - `File` - the file cannot be written
    pub fn insert(&self, name: &str, key: &SigningKey) -> Result<KeyInfo, KeyringError> {
        let path = self.path(name)?;
        if path.exists() {
            return Err(self.exists(name));
        }
        if let Backend::File(passphrase) = &self.backend {
            if passphrase.len() < MIN_PASSPHRASE {
                return Err(KeyringError::ShortPassphrase { found: passphrase.len() });
            }
            self.check_passphrase()?;
        }
        let envelope = Envelope::seal(key, &self.backend);
        let text = Zeroizing::new(envelope.to_json());
        secret_file::create(&path, text.as_bytes()).map_err(|error| self.file_error(name, error))?;
        Ok(KeyInfo { name: name.to_owned(), address: key.address(), public_key: key.public_key().clone() })
    }

    /// The keys by name. Needs no passphrase; the names and addresses are as the files say, unproven.
    ///
    /// # Errors
    /// - `File` - the folder cannot be read
    pub fn list(&self) -> Result<Listing, KeyringError> {
        let mut listing = Listing::default();
        for name in self.names()? {
            match self.show(&name) {
                Ok(info) => listing.keys.push(info),
                Err(cause) => listing.damaged.push((name, cause)),
            }
        }
        Ok(listing)
    }

    /// What may be shown of a key. Needs no passphrase.
    ///
    /// # Errors
    /// - `Name`, `Missing` - no such key
    /// - `Damaged`, `Version`, `File` - its file cannot be read
    pub fn show(&self, name: &str) -> Result<KeyInfo, KeyringError> {
        let public_key = self.envelope(name)?.public_key(name)?;
        Ok(KeyInfo { name: name.to_owned(), address: public_key.address(), public_key })
    }

    /// The key itself, for signing. With the file backend this takes about a tenth of a second and 64 MiB.
    ///
    /// # Errors
    /// - `Name`, `Missing` - no such key
    /// - `WrongPassphrase` - the passphrase does not open it
    /// - `OtherBackend` - it was stored by the other backend
    /// - `Damaged`, `Version`, `File` - its file cannot be read
    pub fn key(&self, name: &str) -> Result<SigningKey, KeyringError> {
        self.envelope(name)?.open(name, &self.backend)
    }

    /// The secret as 64 hex digits, for another wallet. Whoever sees them has the key.
    ///
    /// # Errors
    /// As [`Keyring::key`].
    pub fn export(&self, name: &str) -> Result<Zeroizing<String>, KeyringError> {
        Ok(Zeroizing::new(hex::encode(**self.key(name)?.secret())))
    }

    /// Deletes a key for good.
    ///
    /// # Errors
    /// - `Name`, `Missing` - no such key
    /// - `File` - the folder cannot be written
    pub fn delete(&self, name: &str) -> Result<(), KeyringError> {
        secret_file::remove(&self.path(name)?).map_err(|error| self.file_error(name, error))
    }

    /// Gives a key another name.
    ///
    /// # Errors
    /// - `Name` - one of the names is none
    /// - `Missing`, `Exists` - there is no `from`, or there is a `to`
    /// - `File` - the folder cannot be written
    pub fn rename(&self, from: &str, to: &str) -> Result<(), KeyringError> {
        secret_file::rename(&self.path(from)?, &self.path(to)?).map_err(|error| match error {
            SecretFileError::Exists { .. } => self.exists(to),
            other => self.file_error(from, other),
        })
    }

    /// The key whose account is `address`, if there is one. Reads every file.
    ///
    /// # Errors
    /// - `Damaged`, `Version`, `File` - it is none of the keys that can be read, and this is why the first of
    ///   the others cannot
    pub fn find(&self, address: &Address) -> Result<Option<KeyInfo>, KeyringError> {
        let Listing { keys, damaged } = self.list()?;
        let found = keys.into_iter().find(|info| info.address == *address);
        match (found, damaged.into_iter().next()) {
            (None, Some((_, cause))) => Err(cause),
            (found, _) => Ok(found),
        }
    }

    fn path(&self, name: &str) -> Result<PathBuf, KeyringError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let valid = name.len() <= MAX_NAME
            && name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric())
            && name.bytes().all(plain);
        if !valid {
            return Err(KeyringError::Name { name: name.chars().take(128).collect() });
        }
        Ok(self.folder.join(format!("{name}.{EXTENSION}")))
    }

    fn names(&self) -> Result<Vec<String>, KeyringError> {
        let refused = |cause| KeyringError::File(SecretFileError::io("list", &self.folder)(cause));
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(refused)? {
            let path = entry.map_err(refused)?.path();
            names.extend(name_of(&path).filter(|name| self.path(name).is_ok()).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    fn envelope(&self, name: &str) -> Result<Envelope, KeyringError> {
        let text = secret_file::read(&self.path(name)?).map_err(|error| self.file_error(name, error))?;
        Envelope::parse(name, &text)
    }

    /// One folder, one passphrase: a typing mistake must not lock a new key away. A file that cannot be read
    /// proves nothing.
    fn check_passphrase(&self) -> Result<(), KeyringError> {
        for name in self.names()? {
            if let Ok(envelope) = self.envelope(&name)
                && envelope.is_encrypted()
            {
                return envelope.open(&name, &self.backend).map(drop);
            }
        }
        Ok(())
    }

    fn exists(&self, name: &str) -> KeyringError {
        KeyringError::Exists { name: name.to_owned(), folder: self.folder.clone() }
    }

    fn file_error(&self, name: &str, error: SecretFileError) -> KeyringError {
        match error {
            SecretFileError::Exists { .. } => self.exists(name),
            SecretFileError::Missing { .. } => {
                KeyringError::Missing { name: name.to_owned(), folder: self.folder.clone() }
            }
            other => KeyringError::File(other),
        }
    }
}

fn name_of(path: &Path) -> Option<&str> {
    path.extension().filter(|extension| *extension == EXTENSION)?;
    path.file_stem()?.to_str()
}

#[cfg(test)]
mod tests;
