//! Why a node's folder cannot be used, and what to do about it.

use super::FORMAT;
use crate::config::ConfigError;
use std::{io, path::Path};
use thiserror::Error;
use virtengine_chain::genesis::GenesisError;
use virtengine_crypto::node_key::NodeKeyError;

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
    /// The file that says the format is lost or damaged, the rest is there.
    #[error(
        "{path} says {found:?}, expected a number: restore the home from a backup, or write the format of the release \
         that made it, {FORMAT} for this one"
    )]
    Marker {
        /// The file.
        path: String,
        /// What it says.
        found: String,
    },
    /// Another process has the folder.
    #[error("{path} is in use by another process: stop the node that runs in it, or choose another --home")]
    Locked {
        /// The folder.
        path: String,
    },
    /// The genesis file does not parse.
    #[error("{path} is not a genesis file: {cause}: copy the chain's genesis file there again")]
    Genesis {
        /// The file.
        path: String,
        /// What is wrong.
        cause: String,
    },
    /// The genesis file breaks a rule.
    #[error("{path} is refused as genesis file: {cause}")]
    GenesisRule {
        /// The file.
        path: String,
        /// The rule.
        cause: GenesisError,
    },
    /// The data was made for another genesis file.
    #[error(
        "the data was made for the genesis file with SHA-256 {noted}, {path} has {found}: copy the chain's genesis file \
         there again, or use another --home"
    )]
    OtherGenesis {
        /// The file.
        path: String,
        /// Hash of the file that the data was made for.
        noted: String,
        /// Hash of the file.
        found: String,
    },
    /// The genesis file changed after it was checked.
    #[error(
        "{path} had SHA-256 {checked} when it was checked and then {found}: start again, and leave the file alone"
    )]
    GenesisChanged {
        /// The file.
        path: String,
        /// Hash when it was checked.
        checked: String,
        /// Hash when it was read again.
        found: String,
    },
    /// The settings are refused.
    #[error("{path}: {cause}")]
    Config {
        /// The file.
        path: String,
        /// What is wrong.
        cause: ConfigError,
    },
    /// The data holds the votes of another key.
    #[error(
        "{path} says that the votes in the data are of node key {noted:?}, {key} {given}: restore that key; to \
         follow only, or to vote with another key, make a new home. Do not remove the data to get around this: a key \
         without its votes can vote against itself"
    )]
    Voter {
        /// The file that says whose votes the data holds.
        path: String,
        /// Public key that it says.
        noted: String,
        /// The file that is another, or missing.
        key: String,
        /// What it holds.
        given: String,
    },
    /// A key file is refused.
    #[error(transparent)]
    Key(#[from] NodeKeyError),
    /// The system refuses.
    #[error("failed to {what} {path}: {cause}{}", hint(cause))]
    File {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: String,
        /// What the system says.
        cause: io::Error,
    },
}

impl HomeError {
    pub(crate) fn file(what: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.display().to_string();
        move |cause| Self::File { what, path: path.clone(), cause }
    }

    /// Whether the disk has no room.
    #[must_use]
    pub fn is_full_disk(&self) -> bool {
        matches!(self, Self::File { cause, .. } if full(cause))
    }
}

fn full(cause: &io::Error) -> bool {
    matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn hint(cause: &io::Error) -> &'static str {
    match cause.kind() {
        _ if full(cause) => ": free some room and start again",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ": let this user read and write the folder, or choose another --home"
        }
        io::ErrorKind::NotADirectory => ": --home names a folder",
        io::ErrorKind::NotFound => ": restore it from a backup",
        _ => "",
    }
}
