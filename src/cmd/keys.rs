//! `virtengine keys`: the keys of accounts.

use super::{
    keyring::{KeyringArgs, Purpose, secret},
    output::{Output, printable},
    parse,
};
use clap::{Args, Subcommand};
use eyre::{Result, ensure};
use serde_json::{Value, json};
use std::io::{IsTerminal as _, stdin};
use virtengine_crypto::{
    hd,
    keyring::{KeyInfo, KeyringError, Listing},
};

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Make a key from a fresh mnemonic of 24 words, which is shown once.
    Add(Named),
    /// Store the key of a mnemonic of 12 or 24 words, read from the terminal or stdin.
    ///
    /// Without a terminal the first line of stdin is the mnemonic; with the backend `file` the second is the
    /// keyring's passphrase.
    #[command(visible_alias = "recover")]
    Import(Named),
    /// List the keys.
    List(Shared),
    /// Show a key's address and public key.
    Show {
        /// Name of the key.
        name: String,
        #[command(flatten)]
        shared: Shared,
    },
    /// Delete a key for good.
    Delete {
        /// Name of the key.
        name: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
        #[command(flatten)]
        shared: Shared,
    },
    /// Give a key another name.
    Rename {
        /// Its name now.
        from: String,
        /// Its new name.
        #[arg(value_parser = parse::key_name)]
        to: String,
        #[command(flatten)]
        shared: Shared,
    },
    /// Print a key's secret as 64 hexadecimal digits: whoever sees them has the key.
    Export {
        /// Name of the key.
        name: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
        #[command(flatten)]
        shared: Shared,
    },
}

#[derive(Args)]
pub(super) struct Named {
    /// Name of the new key.
    #[arg(value_parser = parse::key_name)]
    name: String,
    /// Account of the derivation path.
    #[arg(long, default_value_t = 0)]
    account: u32,
    /// Index of the derivation path.
    #[arg(long, default_value_t = 0)]
    index: u32,
    /// Whole derivation path instead, such as m/44'/118'/0'/0/0.
    #[arg(long, conflicts_with_all = ["account", "index"])]
    hd_path: Option<String>,
    #[command(flatten)]
    shared: Shared,
}

impl Named {
    fn path(&self) -> String {
        self.hd_path.clone().unwrap_or_else(|| hd::path(self.account, self.index))
    }
}

#[derive(Args)]
pub(super) struct Shared {
    #[command(flatten)]
    keyring: KeyringArgs,
    #[command(flatten)]
    output: Output,
}

impl Keys {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Add(named) => {
                let keyring = named.shared.keyring.open(Purpose::Create)?;
                let (info, mnemonic) = keyring.add(&named.name, &named.path())?;
                let mut record = record(&info);
                record["mnemonic"] = Value::from(mnemonic.phrase().as_str());
                named.shared.output.record(&record)?;
                eprintln!("Write the mnemonic down and keep it safe: it is not stored and not shown again.");
                Ok(())
            }
            Self::Import(named) => {
                let words = secret("mnemonic: ")?;
                let keyring = named.shared.keyring.open(Purpose::Create)?;
                let info = keyring.import(&named.name, &words, &named.path())?;
                named.shared.output.record(&record(&info))
            }
            Self::List(shared) => {
                let listing = shared.keyring.open(Purpose::List)?.list()?;
                shared.output.list(
                    &list(&listing),
                    "keys",
                    &[("name", "name"), ("address", "address"), ("kind", "kind")],
                )?;
                complete(&listing)
            }
            Self::Show { name, shared } => {
                shared.output.record(&record(&shared.keyring.open(Purpose::List)?.show(&name)?))
            }
            Self::Delete { name, yes, shared } => {
                let keyring = shared.keyring.open(Purpose::List)?;
                let info = keyring.show(&name)?;
                confirm(yes, &format!("delete key {name} of {} for good", info.address))?;
                keyring.delete(&name)?;
                shared.output.record(&json!({"deleted": name, "address": info.address.to_string()}))
            }
            Self::Rename { from, to, shared } => {
                let keyring = shared.keyring.open(Purpose::List)?;
                keyring.rename(&from, &to)?;
                shared.output.record(&record(&keyring.show(&to)?))
            }
            Self::Export { name, yes, shared } => {
                shared.keyring.open(Purpose::List)?.show(&name)?;
                confirm(yes, &format!("show the secret of key {name}"))?;
                let secret = shared.keyring.open(Purpose::Open)?.export(&name)?;
                shared.output.record(&json!({"name": name, "secret_hex": secret.as_str()}))
            }
        }
    }
}

/// Keys that can be read, and those that cannot with the reason.
fn list(listing: &Listing) -> Value {
    let damaged = |(name, cause): &(String, KeyringError)| json!({"name": name, "cause": cause.to_string()});
    json!({
        "keys": listing.keys.iter().map(record).collect::<Vec<_>>(),
        "damaged": listing.damaged.iter().map(damaged).collect::<Vec<_>>(),
    })
}

/// Fails if a key is not in the list, and says which and why.
fn complete(Listing { damaged, .. }: &Listing) -> Result<()> {
    let causes: Vec<String> = damaged.iter().map(|(name, cause)| format!("{name}: {cause}")).collect();
    ensure!(causes.is_empty(), "keys that cannot be read: {}", causes.join("; "));
    Ok(())
}

fn record(info: &KeyInfo) -> Value {
    let key = info.public_key.to_json();
    json!({
        "name": info.name,
        "address": info.address.to_string(),
        "operator_address": info.address.operator(),
        "kind": key["@type"].as_str().and_then(|kind| kind.split('.').nth(2)).unwrap_or_default(),
        "public_key": key,
    })
}

/// Asks on the terminal; without one `--yes` is needed.
pub(super) fn confirm(yes: bool, what: &str) -> Result<()> {
    if yes {
        return Ok(());
    }
    ensure!(stdin().is_terminal(), "refusing to {what} without a terminal to ask on: give --yes");
    eprint!("{}? [y/N] ", printable(what));
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    ensure!(matches!(answer.trim(), "y" | "Y" | "yes"), "not confirmed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use virtengine_crypto::{Backend, Keyring};

    #[test]
    fn a_damaged_key_is_named_behind_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let keyring = Keyring::open(folder.path(), Backend::Test).unwrap();
        keyring.add("bob", hd::DEFAULT_PATH).unwrap();
        complete(&keyring.list().unwrap()).unwrap();
        std::fs::create_dir(folder.path().join("alice.json")).unwrap();
        let listing = keyring.list().unwrap();
        let answer = list(&listing);
        assert_eq!(
            (&answer["keys"][0]["name"], &answer["damaged"][0]["name"]),
            (&json!("bob"), &json!("alice"))
        );
        let cause = answer["damaged"][0]["cause"].as_str().unwrap();
        assert!(cause.ends_with("it is not a file"), "{cause}");
        let error = complete(&listing).unwrap_err().to_string();
        assert!(error.starts_with("keys that cannot be read: alice: "), "{error}");
    }
}
