//! The files of a devnet: its description, its lock and its folder.

use eyre::{Context as _, OptionExt as _, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

const DESCRIPTION: &str = "devnet.json";
const LOCK: &str = "devnet.lock";

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

/// The description of the network in the folder, if there is one.
pub(super) fn read(home: &Path) -> Result<Option<DevnetFile>> {
    let path = home.join(DESCRIPTION);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(cause).wrap_err_with(|| format!("failed to read {}", path.display())),
    };
    let network = serde_json::from_slice(&text).wrap_err_with(|| {
        format!("{} is not a devnet's description: start a new network with --fresh", path.display())
    })?;
    Ok(Some(network))
}

/// Replaces the description at once, readable by this user only.
pub(super) fn write(home: &Path, network: &DevnetFile) -> Result<()> {
    let path = home.join(DESCRIPTION);
    let part = home.join("devnet.json.part");
    let text = serde_json::to_vec_pretty(network)?;
    let replace = || {
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&part)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&part, &path)
    };
    replace().wrap_err_with(|| format!("failed to write {}", path.display()))
}

/// Removes a network's files, and nothing else that may be in the folder.
pub(super) fn remove_network(home: &Path) -> Result<()> {
    for entry in fs::read_dir(home).wrap_err_with(|| format!("failed to read {}", home.display()))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let numbered = |start: &str| {
            name.strip_prefix(start)
                .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let known = ["provider", "logs", "keyring-test", "genesis.json", DESCRIPTION, "devnet.json.part"];
        if !known.contains(&name) && !numbered("node") && !numbered("observer") {
            continue;
        }
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.wrap_err_with(|| format!("failed to remove {}", path.display()))?;
    }
    Ok(())
}
