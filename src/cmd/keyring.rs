//! Opening the keyring of the command line.

use super::output::{GLOBAL, wrong_usage};
use clap::{Args, ValueEnum};
use eyre::{Context as _, OptionExt as _, Report, Result, ensure, eyre};
use std::io::{IsTerminal as _, stdin};
use std::path::PathBuf;
use virtengine_crypto::{Backend, Keyring, SigningKey};
use virtengine_types::{
    Address,
    address::{ACCOUNT_PREFIX, AddressError, OPERATOR_PREFIX},
};
use zeroize::Zeroizing;

/// Where keys are kept and how.
#[derive(Args)]
pub(super) struct KeyringArgs {
    /// Folder of this user's files; default ~/.virtengine.
    #[arg(long, global = true, help_heading = GLOBAL, env = "VIRTENGINE_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
    /// How keys are kept.
    #[arg(
        long,
        global = true,
        help_heading = GLOBAL,
        value_enum,
        env = "VIRTENGINE_KEYRING_BACKEND",
        default_value = "file",
        value_name = "BACKEND"
    )]
    keyring_backend: BackendKind,
}

/// How secrets rest in their files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum BackendKind {
    /// Encrypted with a passphrase, asked for or read from stdin.
    File,
    /// Not encrypted: for development networks only.
    Test,
}

impl BackendKind {
    /// The folder in the home; each backend has its own, so that they never mix.
    const fn folder(self) -> &'static str {
        match self {
            Self::File => "keyring-file",
            Self::Test => "keyring-test",
        }
    }
}

/// What a passphrase is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To read a key.
    Open,
    /// To keep a new key: asked for twice on a terminal.
    Create,
    /// To look at names and addresses, which needs none.
    List,
}

impl KeyringArgs {
    /// The folder of this user's files.
    pub(super) fn home(&self) -> Result<PathBuf> {
        if let Some(home) = &self.home {
            return Ok(home.clone());
        }
        let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        Ok(home.ok_or_eyre("this user has no home folder: name one with --home")?.join(".virtengine"))
    }

    /// The folder of the keyring.
    pub(super) fn folder(&self) -> Result<PathBuf> {
        Ok(self.home()?.join(self.keyring_backend.folder()))
    }

    /// The backend as configurations name it.
    pub(super) const fn backend_name(&self) -> &'static str {
        match self.keyring_backend {
            BackendKind::File => "file",
            BackendKind::Test => "test",
        }
    }

    pub(super) fn open(&self, purpose: Purpose) -> Result<Keyring> {
        let folder = self.folder()?;
        let backend = match (self.keyring_backend, purpose) {
            (BackendKind::Test, _) => Backend::Test,
            (BackendKind::File, Purpose::List) => Backend::File(Zeroizing::default()),
            (BackendKind::File, purpose) => Backend::File(passphrase(purpose)?),
        };
        Ok(Keyring::open(folder, backend)?)
    }

    /// The key to sign with, by its name or its address.
    pub(super) fn key(&self, from: Option<&str>) -> Result<SigningKey> {
        let absent = "--from names the key that signs; `virtengine keys list` shows those there are";
        let from = from.ok_or_else(|| wrong_usage(absent))?;
        let listing = self.open(Purpose::List)?;
        let name = match from.parse::<Address>() {
            Ok(address) => {
                let found = listing.find(&address)?;
                let missing = || {
                    eyre!("no key of {address} in the keyring; `virtengine keys list` shows those there are")
                };
                found.ok_or_else(missing)?.name
            }
            Err(_) => from.to_owned(),
        };
        // An unknown name fails before a passphrase is asked for.
        listing.show(&name).map_err(|error| mistyped(&name).unwrap_or_else(|| error.into()))?;
        Ok(self.open(Purpose::Open)?.key(&name)?)
    }

    /// An account: an address, or the name of a key.
    pub(super) fn address(&self, text: &str) -> Result<Address> {
        match text.parse() {
            Ok(address) => Ok(address),
            Err(error) => match self.open(Purpose::List).and_then(|keyring| Ok(keyring.show(text)?)) {
                Ok(info) => Ok(info.address),
                Err(_) => Err(mistyped(text).unwrap_or_else(|| match error {
                    AddressError::NotBech32 { .. } => {
                        eyre!("{text:?} is neither an address nor the name of a key")
                    }
                    _ => eyre!("{text:?} is neither an account's address ({error}) nor the name of a key"),
                })),
            },
        }
    }
}

/// What is wrong with a text that looks like an address and is none.
pub(super) fn mistyped(text: &str) -> Option<Report> {
    let prefix = [ACCOUNT_PREFIX, OPERATOR_PREFIX]
        .into_iter()
        .find(|prefix| text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('1')))?;
    let is_wrong = matches!(Address::from_bech32(text, prefix), Err(AddressError::NotBech32 { .. }));
    is_wrong.then(|| eyre!("the checksum of address {text} is wrong: check it for a typing error"))
}

fn passphrase(purpose: Purpose) -> Result<Zeroizing<String>> {
    let first = secret("passphrase of the keyring: ")?;
    if purpose == Purpose::Create && stdin().is_terminal() {
        let again = secret("the same again: ")?;
        ensure!(*first == *again, "the two passphrases differ");
    }
    Ok(first)
}

/// A secret: asked for without echo on a terminal, else the next line of stdin.
pub(super) fn secret(prompt: &str) -> Result<Zeroizing<String>> {
    if stdin().is_terminal() {
        return Ok(Zeroizing::new(
            rpassword::prompt_password(prompt).wrap_err("failed to read from the terminal")?,
        ));
    }
    let mut line = Zeroizing::new(String::new());
    let read = stdin().read_line(&mut line).wrap_err("failed to read from stdin")?;
    ensure!(read > 0, "stdin ended where the {} was to come", prompt.trim_end_matches(": "));
    Ok(Zeroizing::new(line.trim_end_matches(['\n', '\r']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_a_wrong_letter_is_told_from_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let keyring =
            KeyringArgs { home: Some(folder.path().to_owned()), keyring_backend: BackendKind::Test };
        let address = Address([7; 20]);
        assert_eq!(keyring.address(&address.to_string()).unwrap(), address);
        let mut wrong = address.to_string();
        let last = if wrong.pop() == Some('q') { 'p' } else { 'q' };
        wrong.push(last);
        let said = format!("the checksum of address {wrong} is wrong: check it for a typing error");
        assert_eq!(keyring.address(&wrong).unwrap_err().to_string(), said);
        assert_eq!(keyring.key(Some(&wrong)).err().unwrap().to_string(), said);
        let error = keyring.address("bob").unwrap_err().to_string();
        assert_eq!(error, "\"bob\" is neither an address nor the name of a key");
        let error = keyring.address(&address.operator()).unwrap_err().to_string();
        assert!(error.contains("expected virtengine, got virtenginevaloper"), "{error}");
        assert!(mistyped(&address.operator()).is_none() && mistyped("virtengine1").is_some());
    }
}
