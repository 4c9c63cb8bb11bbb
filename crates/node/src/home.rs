//! The folder of a node: made once, checked at every start.

use crate::config::{ConfigError, NodeConfig};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};
use thiserror::Error;
use virtengine_chain::Genesis;
use virtengine_crypto::{
    bls,
    node_key::{self, Identity, NodeKeyError},
};

/// Version of the folder's layout and of everything in it.
const FORMAT: u32 = 1;
/// Largest genesis file in bytes.
const MAX_GENESIS_BYTES: u64 = 1 << 30;

/// A node's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
}

/// Why a folder cannot be used.
#[derive(Debug, Error)]
pub enum HomeError {
    /// There is no node in the folder.
    #[error("{path} holds no node: make one with `virtengine node init --home {path}`")]
    Missing {
        /// The folder.
        path: String,
    },
    /// There is a node already.
    #[error("{path} holds a node already: choose another --home, or remove it first")]
    Exists {
        /// The folder.
        path: String,
    },
    /// Making the folder was cut short.
    #[error("{path} was not finished being made: remove it and run `virtengine node init` again")]
    HalfWritten {
        /// The folder.
        path: String,
    },
    /// Another release made it.
    #[error("{path} has format {found}, this release knows {FORMAT}: use the release that made it")]
    Format {
        /// The folder.
        path: String,
        /// Format found.
        found: String,
    },
    /// The genesis file does not parse.
    #[error("{path} is not a genesis file: {cause}")]
    Genesis {
        /// The file.
        path: String,
        /// What is wrong.
        cause: String,
    },
    /// The settings are refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A key file is refused.
    #[error(transparent)]
    Key(#[from] NodeKeyError),
    /// The system refuses.
    #[error("failed to {what} {path}: {cause}{hint}")]
    File {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: String,
        /// What the system says.
        cause: std::io::Error,
        /// What may help.
        hint: &'static str,
    },
}

impl Home {
    /// A folder, which need not exist yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `config/node.toml`.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.path.join("config/node.toml")
    }

    /// `config/genesis.json`.
    #[must_use]
    pub fn genesis_file(&self) -> PathBuf {
        self.path.join("config/genesis.json")
    }

    /// `keys/`.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }

    /// `data/engine/`: blocks and state.
    #[must_use]
    pub fn engine(&self) -> PathBuf {
        self.path.join("data/engine")
    }

    /// `data/history/`: indexes and the event log.
    #[must_use]
    pub fn history(&self) -> PathBuf {
        self.path.join("data/history")
    }

    /// Makes the folder: settings, genesis and keys; `voting_key` for a validator. What marks it as
    /// complete is written last.
    ///
    /// # Errors
    /// - `Exists`, `HalfWritten` - something is there already
    /// - `Key`, `File` - the system refuses
    pub fn init(
        &self,
        config: &NodeConfig,
        genesis: &Genesis,
        identity: &Identity,
        voting_key: Option<&bls::SecretKey>,
    ) -> Result<(), HomeError> {
        match self.check() {
            Err(HomeError::Missing { .. }) => {}
            Err(other) => return Err(other),
            Ok(()) => return Err(HomeError::Exists { path: self.display() }),
        }
        config.validate()?;
        for folder in [self.path.join("config"), self.engine(), self.history()] {
            fs::create_dir_all(&folder).map_err(file("make", &folder))?;
        }
        self.write_config(config)?;
        let json = serde_json::to_vec_pretty(genesis).map_err(|error| HomeError::Genesis {
            path: self.genesis_file().display().to_string(),
            cause: error.to_string(),
        })?;
        write_durably(&self.genesis_file(), &json)?;
        identity.store(&self.keys())?;
        if let Some(key) = voting_key {
            node_key::store_voting_key(&self.keys(), key)?;
        }
        write_durably(&self.path.join("FORMAT"), format!("{FORMAT}\n").as_bytes())
    }

    /// Checks that the folder holds a complete node of this release's format.
    ///
    /// # Errors
    /// - `Missing`, `HalfWritten`, `Format` - it does not
    /// - `File` - the system refuses
    pub fn check(&self) -> Result<(), HomeError> {
        let marker = self.path.join("FORMAT");
        match fs::read_to_string(&marker) {
            Ok(text) if text.trim() == FORMAT.to_string() => Ok(()),
            Ok(text) => {
                Err(HomeError::Format { path: self.display(), found: text.trim().chars().take(32).collect() })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if self.path.join("config").exists() || self.path.join("data").exists() {
                    Err(HomeError::HalfWritten { path: self.display() })
                } else {
                    Err(HomeError::Missing { path: self.display() })
                }
            }
            Err(error) => Err(file("read", &marker)(error)),
        }
    }

    /// Checks that the node can write where it keeps its data.
    ///
    /// # Errors
    /// - `File` - it cannot
    pub fn check_writable(&self) -> Result<(), HomeError> {
        let probe = self.path.join("data/.write-check");
        fs::write(&probe, b"ok").and_then(|()| fs::remove_file(&probe)).map_err(file("write into", &probe))
    }

    /// Reads and checks the settings.
    ///
    /// # Errors
    /// - `Config` - malformed, an unknown field, or a relation that does not hold
    /// - `File` - the system refuses
    pub fn config(&self) -> Result<NodeConfig, HomeError> {
        let path = self.config_file();
        let text = fs::read_to_string(&path).map_err(file("read", &path))?;
        let config: NodeConfig = toml::from_str(&text).map_err(|error| ConfigError::Malformed {
            path: path.display().to_string(),
            cause: error.to_string(),
        })?;
        config.validate()?;
        Ok(config)
    }

    /// Replaces the settings.
    ///
    /// # Errors
    /// - `File` - the system refuses
    pub fn write_config(&self, config: &NodeConfig) -> Result<(), HomeError> {
        let path = self.config_file();
        let text = toml::to_string_pretty(config).map_err(|error| ConfigError::Malformed {
            path: path.display().to_string(),
            cause: error.to_string(),
        })?;
        write_durably(&path, text.as_bytes())
    }

    /// Reads the genesis file.
    ///
    /// # Errors
    /// - `Genesis` - too large or malformed
    /// - `File` - the system refuses
    pub fn genesis(&self) -> Result<Genesis, HomeError> {
        read_genesis(&self.genesis_file())
    }

    /// Reads the identity on the network.
    ///
    /// # Errors
    /// - `Key` - missing or damaged
    pub fn identity(&self) -> Result<Identity, HomeError> {
        Ok(Identity::load(&self.keys())?)
    }

    /// Reads the voting key; `None` for a node that only follows.
    ///
    /// # Errors
    /// - `Key` - damaged
    pub fn voting_key(&self) -> Result<Option<bls::SecretKey>, HomeError> {
        if !self.keys().join(node_key::VOTING_FILE).exists() {
            return Ok(None);
        }
        Ok(Some(node_key::load_voting_key(&self.keys())?))
    }

    fn display(&self) -> String {
        self.path.display().to_string()
    }
}

/// Reads a genesis file of at most 1 GiB.
pub(crate) fn read_genesis(path: &Path) -> Result<Genesis, HomeError> {
    let bytes = fs::metadata(path).map_err(file("read", path))?.len();
    let refused = |cause: String| HomeError::Genesis { path: path.display().to_string(), cause };
    if bytes > MAX_GENESIS_BYTES {
        return Err(refused(format!("at most {MAX_GENESIS_BYTES} bytes are read, it has {bytes}")));
    }
    let text = fs::read(path).map_err(file("read", path))?;
    serde_json::from_slice(&text).map_err(|error| refused(error.to_string()))
}

/// Writes a file so that after a crash it is either absent, old or complete.
fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    let part = path.with_extension("part");
    let write = || {
        let mut new = fs::File::create(&part)?;
        new.write_all(bytes)?;
        new.sync_all()?;
        fs::rename(&part, path)?;
        path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    };
    write().map_err(file("write", path))
}

fn file(what: &'static str, path: &Path) -> impl Fn(std::io::Error) -> HomeError {
    let path = path.display().to_string();
    move |cause| {
        let hint = match cause.kind() {
            std::io::ErrorKind::StorageFull => ": free some room and start again",
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                ": make the folder writable for this user, or choose another --home"
            }
            _ => "",
        };
        HomeError::File { what, path: path.clone(), cause, hint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use virtengine_types::{Timestamp, params::Params};

    fn genesis() -> Genesis {
        Genesis {
            chain_id: "test-1".into(),
            genesis_time_ms: Timestamp(1),
            params: Params::default(),
            accounts: Vec::new(),
            validators: Vec::new(),
        }
    }

    #[test]
    fn a_made_home_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("node"));
        assert!(matches!(home.check(), Err(HomeError::Missing { .. })));
        let identity = Identity::generate();
        home.init(&NodeConfig::default(), &genesis(), &identity, None).unwrap();
        home.check().unwrap();
        home.check_writable().unwrap();
        assert_eq!(home.config().unwrap(), NodeConfig::default());
        assert_eq!(home.genesis().unwrap(), genesis());
        assert_eq!(home.identity().unwrap().public_key(), identity.public_key());
        assert!(home.voting_key().unwrap().is_none());
        let again = home.init(&NodeConfig::default(), &genesis(), &identity, None);
        assert!(matches!(again, Err(HomeError::Exists { .. })));
    }

    #[test]
    fn rejects_a_half_written_or_newer_home() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        fs::create_dir(folder.path().join("config")).unwrap();
        assert!(matches!(home.check(), Err(HomeError::HalfWritten { .. })));
        fs::write(folder.path().join("FORMAT"), "2\n").unwrap();
        let error = home.check().unwrap_err().to_string();
        assert!(error.contains("format 2, this release knows 1"), "{error}");
    }

    #[test]
    fn rejects_a_damaged_genesis_file_naming_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("genesis.json");
        fs::write(&path, "{\n  \"chain_id\": 5\n}").unwrap();
        let error = read_genesis(&path).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }
}
