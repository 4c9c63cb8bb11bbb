//! The folder of a node: made once, checked at every start.

mod disk;
mod error;

use crate::{
    config::{ConfigError, NodeConfig},
    genesis::{CheckedGenesis, hash},
};
pub(crate) use disk::regular;
pub use disk::{HomeLock, check_room};
use disk::{copy_durably, read_file, write_durably};
pub use error::HomeError;
use std::{
    fs,
    path::{Path, PathBuf},
};
use virtengine_crypto::{
    bls,
    node_key::{self, Identity},
};

/// Version of the folder's layout and of everything in it.
const FORMAT: u32 = 3;
/// Largest note of what a genesis file says, in bytes: its committee may have long names.
const MAX_NOTE_BYTES: u64 = 1 << 26;
/// Largest file of settings in bytes.
const MAX_CONFIG_BYTES: u64 = 1 << 20;
/// Largest of the files that hold one line, in bytes.
const MAX_LINE_BYTES: u64 = 4096;

/// A node's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
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

    /// `data/`: everything that the chain made.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// `data/history/`: indexes and the event log.
    #[must_use]
    pub fn history(&self) -> PathBuf {
        self.path.join("data/history")
    }

    /// `data/voter`: the public key whose votes are in the data.
    fn voter(&self) -> PathBuf {
        self.data().join("voter")
    }

    /// `data/genesis`: what the genesis file says in short, once it was checked.
    fn genesis_note(&self) -> PathBuf {
        self.data().join("genesis")
    }

    /// Makes the folder: settings, a copy of the file `genesis`, and keys; `bls_key` for a validator. What marks it
    /// as complete is written last.
    ///
    /// # Errors
    /// - `Exists`, `HalfWritten` - something is there already
    /// - `Key`, `File` - the system refuses
    pub fn init(
        &self,
        config: &NodeConfig,
        genesis: &Path,
        identity: &Identity,
        bls_key: Option<&bls::SecretKey>,
    ) -> Result<(), HomeError> {
        match self.check() {
            Err(HomeError::Missing { .. }) => {}
            Err(other) => return Err(other),
            Ok(()) => return Err(HomeError::Exists { path: self.display() }),
        }
        config.validate().map_err(self.refused())?;
        for folder in [self.path.join("config"), self.engine(), self.history()] {
            fs::create_dir_all(&folder).map_err(HomeError::file("make", &folder))?;
        }
        self.write_config(config)?;
        copy_durably(genesis, &self.genesis_file())?;
        identity.store(&self.keys())?;
        if let Some(key) = bls_key {
            node_key::store_bls_key(&self.keys(), key)?;
        }
        write_durably(&self.path.join("FORMAT"), format!("{FORMAT}\n").as_bytes())
    }

    /// Checks that the folder holds a complete node of this release's format.
    ///
    /// # Errors
    /// - `Missing`, `HalfWritten`, `Marker`, `Format` - it does not
    /// - `File` - the system refuses
    pub fn check(&self) -> Result<(), HomeError> {
        let marker = self.path.join("FORMAT");
        let damaged = |found: &str| HomeError::Marker {
            path: marker.display().to_string(),
            found: found.chars().take(32).collect(),
        };
        match read_file(&marker, MAX_LINE_BYTES) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                let found = text.trim();
                match found.parse::<u32>() {
                    Ok(FORMAT) => Ok(()),
                    Ok(_) => Err(HomeError::Format { path: self.display(), found: found.to_owned() }),
                    Err(_) => Err(damaged(found)),
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let used = fs::read_dir(self.engine()).is_ok_and(|mut entries| entries.next().is_some());
                if used {
                    Err(damaged(""))
                } else if self.path.join("config").exists() || self.data().exists() {
                    Err(HomeError::HalfWritten { path: self.display() })
                } else {
                    Err(HomeError::Missing { path: self.display() })
                }
            }
            Err(error) => Err(HomeError::file("read", &marker)(error)),
        }
    }

    /// Keeps other nodes out of the home while the answer lives.
    ///
    /// # Errors
    /// - `Locked` - another process has it
    /// - `File` - the system refuses, as on a read-only disk
    pub fn lock(&self) -> Result<HomeLock, HomeError> {
        disk::lock(&self.path, &self.path.join("node.lock"))
    }

    /// Checks that the node can write where it keeps its data, and that the disk has some room. The data may
    /// have been removed to fetch it again.
    ///
    /// # Errors
    /// - `File` - it cannot
    pub fn check_room(&self) -> Result<(), HomeError> {
        let data = self.data();
        fs::create_dir_all(&data).map_err(HomeError::file("make", &data))?;
        check_room(&data)
    }

    /// Reads and checks the settings.
    ///
    /// # Errors
    /// - `Config` - malformed, an unknown field, or a relation that does not hold
    /// - `File` - the system refuses
    pub fn config(&self) -> Result<NodeConfig, HomeError> {
        let path = self.config_file();
        let bytes = read_file(&path, MAX_CONFIG_BYTES).map_err(HomeError::file("read", &path))?;
        NodeConfig::parse(&bytes).map_err(self.refused())
    }

    /// Replaces the settings.
    ///
    /// # Errors
    /// - `File` - the system refuses
    pub fn write_config(&self, config: &NodeConfig) -> Result<(), HomeError> {
        let path = self.config_file();
        let text = toml::to_string_pretty(config).map_err(ConfigError::from).map_err(self.refused())?;
        write_durably(&path, text.as_bytes())
    }

    /// What the genesis file says in short. The first time the whole file is checked, later its hash tells that it is
    /// the same.
    ///
    /// # Errors
    /// - `Genesis`, `GenesisRule` - it is no genesis file, or breaks a rule
    /// - `OtherGenesis` - the data was made for another file
    /// - `File` - no file, or the system refuses
    pub fn genesis(&self) -> Result<CheckedGenesis, HomeError> {
        let (file, note) = (self.genesis_file(), self.genesis_note());
        // A note that is lost or damaged is made anew; the engine knows the file's hash too.
        let noted = read_file(&note, MAX_NOTE_BYTES).ok();
        if let Some(noted) = noted.and_then(|text| serde_json::from_slice::<CheckedGenesis>(&text).ok()) {
            let (found, _) = hash(&file)?;
            if found == noted.sha256 {
                return Ok(noted);
            }
            let (noted, found) = (hex::encode(noted.sha256), hex::encode(found));
            return Err(HomeError::OtherGenesis { path: file.display().to_string(), noted, found });
        }
        let checked = CheckedGenesis::of(&file, &|_| ())?;
        let text = serde_json::to_vec_pretty(&checked)
            .map_err(std::io::Error::other)
            .map_err(HomeError::file("write", &note))?;
        write_durably(&note, &text)?;
        Ok(checked)
    }

    /// Reads the identity on the network.
    ///
    /// # Errors
    /// - `Key` - missing or damaged
    pub fn identity(&self) -> Result<Identity, HomeError> {
        Ok(Identity::load(&self.keys())?)
    }

    /// Reads a validator's BLS key; `None` for a node that only follows.
    ///
    /// # Errors
    /// - `Key` - damaged
    pub fn bls_key(&self) -> Result<Option<bls::SecretKey>, HomeError> {
        if !self.keys().join(node_key::BLS_FILE).exists() {
            return Ok(None);
        }
        Ok(Some(node_key::load_bls_key(&self.keys())?))
    }

    /// Refuses another voter than the one whose votes are in the data, or none: the engine cannot go on with the
    /// votes of another key, and a key may only go on with its own, or it could vote against itself.
    ///
    /// # Errors
    /// - `Voter` - the node has another key, or is no validator's any more
    /// - `File` - the system refuses
    pub fn check_voter(&self, voter: Option<&Identity>) -> Result<(), HomeError> {
        let path = self.voter();
        let noted = match read_file(&path, MAX_LINE_BYTES) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).trim().to_owned(),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(cause) => return Err(HomeError::file("read", &path)(cause)),
        };
        let given = voter.map(public_hex);
        if given.as_ref() == Some(&noted) {
            return Ok(());
        }
        let file = if voter.is_some() { node_key::IDENTITY_FILE } else { node_key::BLS_FILE };
        Err(HomeError::Voter {
            path: path.display().to_string(),
            noted: noted.chars().take(96).collect(),
            key: self.keys().join(file).display().to_string(),
            given: given.map_or_else(|| "is missing".to_owned(), |given| format!("holds {given:?}")),
        })
    }

    /// Notes whose votes will be in the data, before the first of them.
    ///
    /// # Errors
    /// - `File` - the system refuses
    pub fn note_voter(&self, voter: Option<&Identity>) -> Result<(), HomeError> {
        match voter {
            Some(voter) if !self.voter().exists() => {
                write_durably(&self.voter(), format!("{}\n", public_hex(voter)).as_bytes())
            }
            _ => Ok(()),
        }
    }

    fn refused(&self) -> impl Fn(ConfigError) -> HomeError {
        let path = self.config_file().display().to_string();
        move |cause| HomeError::Config { path: path.clone(), cause }
    }

    fn display(&self) -> String {
        self.path.display().to_string()
    }
}

fn public_hex(identity: &Identity) -> String {
    hex::encode(identity.public_key())
}

#[cfg(test)]
mod tests;
