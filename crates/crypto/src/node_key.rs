//! A node's own two keys, each in a file: who it is on the network, and what it votes with.

use crate::bls;
use crate::secret_file::{self, SecretFileError};
use commonware_codec::{Copying, DecodeExt as _};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use thiserror::Error;
use virtengine_types::Address;
use zeroize::{Zeroize, Zeroizing};

/// File of the network identity within a node's configuration folder.
pub const IDENTITY_FILE: &str = "node_key.json";
/// File of a validator's BLS12-381 key within a node's configuration folder.
pub const BLS_FILE: &str = "bls_key.json";
/// Format of both files.
const VERSION: u32 = 1;

/// Why a node's key cannot be loaded or stored.
#[derive(Debug, Error)]
pub enum NodeKeyError {
    /// There is no such file.
    #[error("{} does not exist; run `virtengine node init` to make the node's keys, or restore the file from its backup", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is there but cannot be used as it is.
    #[error(transparent)]
    File(SecretFileError),
    /// The contents are not those of a key file.
    #[error("{} is damaged ({cause}); restore it from its backup, since a new key is a new {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
        /// What would be lost with the key.
        what: &'static str,
    },
    /// Written by another release.
    #[error("{} has version {found}, this program reads version {VERSION}; use the release that wrote it", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Version found.
        found: u32,
    },
}

/// The ed25519 key that names the node to its peers and in CometBFT answers.
#[derive(Clone)]
pub struct Identity {
    seed: Zeroizing<[u8; 32]>,
    public_key: [u8; 32],
}

impl Identity {
    /// A fresh identity from the system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(&mut *seed);
        Self::from_seed(&seed)
    }

    /// The identity of a 32-byte seed.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = Zeroizing::new(ed25519_zebra::SigningKey::from(*seed));
        Self { seed: Zeroizing::new(*seed), public_key: key.verification_key().into() }
    }

    /// Reads [`IDENTITY_FILE`] in `folder`.
    ///
    /// # Errors
    /// - `Missing` - there is none
    /// - `File` - others can read it, or the system refuses
    /// - `Damaged` - not a key file, or its public key is not that of its secret
    /// - `Version` - of another release
    pub fn load(folder: &Path) -> Result<Self, NodeKeyError> {
        let path = folder.join(IDENTITY_FILE);
        load(&path, "identity on the network", |seed| {
            let identity = Self::from_seed(seed);
            Ok((hex::encode(identity.public_key), identity))
        })
    }

    /// Writes [`IDENTITY_FILE`] in `folder`, durably, mode 0600. Makes the folder.
    ///
    /// # Errors
    /// - `File` - there is one already, or the system refuses
    pub fn store(&self, folder: &Path) -> Result<(), NodeKeyError> {
        store(&folder.join(IDENTITY_FILE), "ed25519", hex::encode(self.public_key), &self.seed)
    }

    /// The 32-byte public key.
    #[must_use]
    pub const fn public_key(&self) -> [u8; 32] {
        self.public_key
    }

    /// Node id and consensus address in CometBFT answers: the first 20 bytes of the key's SHA-256.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::of_hash(&self.public_key)
    }

    /// The key as the engine's network takes it.
    #[must_use]
    #[allow(clippy::missing_panics_doc, clippy::expect_used)]
    pub fn signer(&self) -> commonware_cryptography::ed25519::PrivateKey {
        commonware_cryptography::ed25519::PrivateKey::decode(Copying(self.seed.as_slice()))
            .expect("every 32 bytes are an ed25519 seed")
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", hex::encode(self.public_key))
    }
}

/// Reads the BLS key from [`BLS_FILE`] in `folder`.
///
/// # Errors
/// As [`Identity::load`].
pub fn load_bls_key(folder: &Path) -> Result<bls::SecretKey, NodeKeyError> {
    load(&folder.join(BLS_FILE), "validator", |secret| {
        let key = bls::SecretKey::decode(secret).map_err(|error| error.to_string())?;
        Ok((hex::encode(key.public_key().to_bytes()), key))
    })
}

/// Writes the BLS key to [`BLS_FILE`] in `folder`, durably, mode 0600. Makes the folder.
///
/// # Errors
/// - `File` - there is one already, or the system refuses
pub fn store_bls_key(folder: &Path, key: &bls::SecretKey) -> Result<(), NodeKeyError> {
    let public = hex::encode(key.public_key().to_bytes());
    store(&folder.join(BLS_FILE), "bls12381", public, &key.to_bytes())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    version: u32,
    kind: String,
    public_key: String,
    secret: String,
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

/// Only the version, so that a file of another release is told from a damaged one.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

fn store(path: &Path, kind: &str, public_key: String, secret: &[u8; 32]) -> Result<(), NodeKeyError> {
    let file = KeyFile { version: VERSION, kind: kind.to_owned(), public_key, secret: hex::encode(secret) };
    let folder = path.parent().unwrap_or(Path::new("."));
    secret_file::create_folder(folder).map_err(NodeKeyError::File)?;
    let text = serde_json::to_vec_pretty(&file).map(Zeroizing::new).map_err(|error| {
        NodeKeyError::File(SecretFileError::io("write", path)(std::io::Error::other(error)))
    })?;
    secret_file::create(path, &text).map_err(NodeKeyError::File)
}

fn load<K>(
    path: &Path,
    what: &'static str,
    key_of: impl FnOnce(&[u8; 32]) -> Result<(String, K), String>,
) -> Result<K, NodeKeyError> {
    let text = secret_file::read(path).map_err(|error| match error {
        SecretFileError::Missing { path } => NodeKeyError::Missing { path },
        other => NodeKeyError::File(other),
    })?;
    let damaged = |cause: String| NodeKeyError::Damaged { path: path.to_owned(), cause, what };
    let found =
        serde_json::from_slice::<Versioned>(&text).map_err(|error| damaged(error.to_string()))?.version;
    if found != VERSION {
        return Err(NodeKeyError::Version { path: path.to_owned(), found });
    }
    let file: KeyFile = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    let mut secret = Zeroizing::new([0; 32]);
    hex::decode_to_slice(&file.secret, &mut *secret)
        .map_err(|_| damaged("its secret is not 64 hex digits".to_owned()))?;
    let (public, key) = key_of(&secret).map_err(damaged)?;
    if public != file.public_key {
        return Err(damaged(format!(
            "its secret is that of public key {public}, it names {}",
            file.public_key
        )));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_it_stored() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("config");
        let identity = Identity::generate();
        identity.store(&folder).unwrap();
        assert_eq!(Identity::load(&folder).unwrap().public_key(), identity.public_key());
        let voting = bls::SecretKey::generate();
        store_bls_key(&folder, &voting).unwrap();
        assert_eq!(load_bls_key(&folder).unwrap().public_key(), voting.public_key());
    }

    #[test]
    fn the_engine_sees_the_same_public_key() {
        use commonware_cryptography::Signer as _;
        let identity = Identity::from_seed(&[9; 32]);
        assert_eq!(identity.signer().public_key().as_ref(), identity.public_key());
    }

    #[test]
    fn rejects_missing_existing_damaged_and_newer_files() {
        let home = tempfile::tempdir().unwrap();
        let missing = Identity::load(home.path()).unwrap_err();
        assert!(missing.to_string().contains("virtengine node init"), "{missing}");
        let identity = Identity::generate();
        identity.store(home.path()).unwrap();
        assert!(matches!(
            identity.store(home.path()),
            Err(NodeKeyError::File(SecretFileError::Exists { .. }))
        ));
        let path = home.path().join(IDENTITY_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        let swapped = text
            .replace(&hex::encode(identity.public_key()), &hex::encode(Identity::generate().public_key()));
        for broken in ["", "{", "{\"version\":1}", &text[..text.len() - 9], &swapped] {
            std::fs::write(&path, broken).unwrap();
            assert!(matches!(Identity::load(home.path()), Err(NodeKeyError::Damaged { .. })), "{broken}");
        }
        std::fs::write(&path, text.replace("\"version\": 1", "\"version\": 2")).unwrap();
        assert!(matches!(Identity::load(home.path()), Err(NodeKeyError::Version { found: 2, .. })));
    }
}
