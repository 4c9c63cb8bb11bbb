//! The files of a devnet: its description, its lock and its folder.

use eyre::{Context as _, OptionExt as _, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};
use virtengine_crypto::{Backend, Keyring};

const DESCRIPTION: &str = "devnet.json";
const LOCK: &str = "devnet.lock";
/// Is there while a network is being made or removed.
const UNFINISHED: &str = "devnet.unfinished";
/// Folder of the keyring.
pub(super) const KEYRING: &str = "keyring-test";
/// Accounts that people use.
pub(super) const ACCOUNTS: [&str; 3] = ["tenant", "provider", "faucet"];
/// Start of the names of the validators' operators.
pub(super) const OPERATOR: &str = "validator";

/// `devnet.json`: where everything is, for people and for tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DevnetFile {
    /// Name of the chain.
    pub(super) chain_id: String,
    /// Start of addresses.
    pub(super) bech32_prefix: String,
    /// Currency of fees.
    pub(super) denom: String,
    /// Lowest gas price, such as `0.025uve`.
    pub(super) gas_price: String,
    /// JSON-RPC of the first node.
    pub(super) rpc: String,
    /// gRPC of the first node.
    pub(super) grpc: String,
    /// REST of the first node.
    pub(super) rest: String,
    /// Metrics of the first node.
    pub(super) metrics: String,
    /// The validators' nodes.
    pub(super) nodes: Vec<NodeEntry>,
    /// Homes of nodes that every node expects as observers: an empty one joins with `node start`.
    pub(super) observers: Vec<String>,
    /// Funded accounts.
    pub(super) accounts: Vec<AccountEntry>,
}

/// A node's process and addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NodeEntry {
    pub(super) name: String,
    pub(super) pid: u32,
    pub(super) rpc: String,
    pub(super) grpc: String,
    pub(super) rest: String,
    pub(super) metrics: String,
    pub(super) home: String,
}

/// A funded account. The mnemonic is public to whoever reads the file: never use it elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AccountEntry {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) mnemonic: String,
}

/// The folder of the network.
pub(super) fn home(given: Option<PathBuf>) -> Result<PathBuf> {
    let home = match given {
        Some(home) => home,
        None => std::env::home_dir()
            .filter(|home| !home.as_os_str().is_empty())
            .ok_or_eyre("this user has no home folder: name one with --home")?
            .join(".virtengine/devnet"),
    };
    fs::create_dir_all(&home).wrap_err_with(|| format!("failed to make {}", home.display()))?;
    fs::canonicalize(&home).wrap_err_with(|| format!("failed to find {}", home.display()))
}

/// Refuses a folder that no devnet made, so that nothing of anybody else's is ever removed.
pub(super) fn check_ours(home: &Path) -> Result<()> {
    if home.join(DESCRIPTION).exists() || home.join(UNFINISHED).exists() {
        return Ok(());
    }
    for entry in fs::read_dir(home).wrap_err_with(|| format!("failed to read {}", home.display()))? {
        let name = entry?.file_name();
        ensure!(
            name == LOCK,
            "{} holds {} and no {DESCRIPTION}, so no devnet made it: choose another --home, or empty it",
            home.display(),
            name.display()
        );
    }
    Ok(())
}

/// Keeps a second devnet out of the folder while the answer lives.
pub(super) fn lock(home: &Path) -> Result<File> {
    let path = home.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .wrap_err_with(|| format!("failed to open {}: choose a writable --home", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another devnet runs in {}: stop it, or choose another --home", home.display())
        }
        Err(TryLockError::Error(cause)) => {
            Err(cause).wrap_err_with(|| format!("failed to lock {}", path.display()))
        }
    }
}

/// The description of the network in the folder, if there is a whole one.
pub(super) fn read(home: &Path) -> Result<Option<DevnetFile>> {
    if home.join(UNFINISHED).exists() {
        return Ok(None);
    }
    let path = home.join(DESCRIPTION);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(cause).wrap_err_with(|| format!("failed to read {}", path.display())),
    };
    let network = serde_json::from_slice(&text).wrap_err_with(|| {
        format!(
            "{} is not a devnet's description: restore it, or start a new network with --fresh",
            path.display()
        )
    })?;
    Ok(Some(network))
}

/// Replaces the description at once and durably, readable by this user only.
pub(super) fn write(home: &Path, network: &DevnetFile) -> Result<()> {
    let path = home.join(DESCRIPTION);
    let part = home.join("devnet.json.part");
    let text = serde_json::to_vec_pretty(network)?;
    let replace = || {
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&part)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&part, &path)?;
        File::open(home)?.sync_all()
    };
    replace().wrap_err_with(|| format!("failed to write {}", path.display()))
}

/// The number at the end of the name of the folder's last chain; 0 if there is none.
pub(super) fn last_number(home: &Path) -> u32 {
    let described = fs::read(home.join(DESCRIPTION)).ok();
    let described = described.and_then(|text| serde_json::from_slice::<DevnetFile>(&text).ok());
    let begun = fs::read_to_string(home.join(UNFINISHED)).ok();
    let number = |chain_id: String| chain_id.rsplit('-').next()?.parse().ok();
    let numbers = [described.map(|network| network.chain_id), begun].into_iter().flatten().filter_map(number);
    numbers.max().unwrap_or_default()
}

/// Notes that the network in the folder is not whole, until [`finish`].
pub(super) fn begin(home: &Path, chain_id: &str) -> Result<()> {
    let path = home.join(UNFINISHED);
    let note = || {
        let mut file = File::create(&path)?;
        file.write_all(chain_id.as_bytes())?;
        file.sync_all()?;
        File::open(home)?.sync_all()
    };
    note().wrap_err_with(|| format!("failed to write {}", path.display()))
}

/// Notes that the network is whole.
pub(super) fn finish(home: &Path) -> Result<()> {
    let path = home.join(UNFINISHED);
    fs::remove_file(&path).wrap_err_with(|| format!("failed to remove {}", path.display()))
}

/// Removes a network's files and the keys of its accounts, and nothing else that may be in the folder. Gives
/// the names of the keys that stay, which its user made.
pub(super) fn remove_network(home: &Path) -> Result<Vec<String>> {
    for entry in fs::read_dir(home).wrap_err_with(|| format!("failed to read {}", home.display()))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let known = ["provider", "logs", "genesis.json", DESCRIPTION, "devnet.json.part"];
        if !known.contains(&name) && !is_numbered(name, "node") && !is_numbered(name, "observer") {
            continue;
        }
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.wrap_err_with(|| format!("failed to remove {}", path.display()))?;
    }
    remove_keys(home)
}

/// By the files' names, as a damaged key must not keep a network from being removed.
fn remove_keys(home: &Path) -> Result<Vec<String>> {
    let folder = home.join(KEYRING);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut kept = Vec::new();
    for entry in fs::read_dir(&folder).wrap_err_with(|| format!("failed to read {}", folder.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
        if ACCOUNTS.contains(&name) || is_numbered(name, OPERATOR) {
            fs::remove_file(&path).wrap_err_with(|| format!("failed to remove {}", path.display()))?;
        } else {
            kept.push(name.to_owned());
        }
    }
    kept.sort();
    Ok(kept)
}

/// Whether a name is its kind and a number, such as `node0`.
fn is_numbered(name: &str, kind: &str) -> bool {
    name.strip_prefix(kind)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The keys of the network's accounts, beside which its user may keep more.
pub(super) fn keyring(home: &Path) -> Result<Keyring> {
    Ok(Keyring::open(home.join(KEYRING), Backend::Test)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_a_folder_that_no_devnet_made() {
        let folder = tempfile::tempdir().unwrap();
        check_ours(folder.path()).unwrap();
        drop(lock(folder.path()).unwrap());
        check_ours(folder.path()).unwrap();
        fs::create_dir(folder.path().join("keyring-test")).unwrap();
        let error = check_ours(folder.path()).unwrap_err().to_string();
        assert!(error.contains("keyring-test") && error.contains("--home"), "{error}");
    }

    #[test]
    fn keys_of_the_user_outlive_the_network() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        let keyring = keyring(home).unwrap();
        for name in ["mine", "tenant", "validator0", "validator12", "validator", "validators"] {
            keyring.add(name, virtengine_crypto::hd::DEFAULT_PATH).unwrap();
        }
        fs::create_dir(home.join("node0")).unwrap();
        fs::write(home.join("notes"), "mine").unwrap();
        assert_eq!(remove_network(home).unwrap(), ["mine", "validator", "validators"]);
        assert!(keyring.show("mine").is_ok() && keyring.show("tenant").is_err());
        assert!(home.join("notes").exists() && !home.join("node0").exists());
    }

    #[test]
    fn an_unfinished_network_is_ours_and_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(last_number(folder.path()), 0);
        begin(folder.path(), "virtengine-devnet-7").unwrap();
        assert_eq!(last_number(folder.path()), 7);
        fs::create_dir(folder.path().join("node0")).unwrap();
        fs::write(folder.path().join(DESCRIPTION), "{").unwrap();
        check_ours(folder.path()).unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
        finish(folder.path()).unwrap();
        let error = format!("{:#}", read(folder.path()).unwrap_err());
        assert!(error.contains("devnet.json") && error.contains("--fresh"), "{error}");
    }
}
