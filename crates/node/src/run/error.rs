//! Why a node does not start, or stopped, and what to do about it.

use crate::{
    config::ConfigError,
    home::HomeError,
    indexer::{IndexError, remedy},
    limits::FilesError,
    servers::ListenError,
};
use thiserror::Error;
use virtengine_consensus::{
    engine::StartError,
    genesis::{GenesisError, RESTORE},
};
use virtengine_events::HistoryError;

/// Why a node does not start, or stopped.
#[derive(Debug, Error)]
pub enum RunError {
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The first committee is none.
    #[error("the genesis file is refused: {0}")]
    Genesis(#[from] GenesisError),
    /// The thread that reads the genesis file ended without an answer.
    #[error("the genesis file was not read to its end: start the node again")]
    GenesisUnread,
    /// A node's identity is no point of the curve.
    #[error("identity {key} is not an ed25519 public key")]
    Identity {
        /// The key in hex.
        key: String,
    },
    /// A peer in the settings is refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The settings name no other node.
    #[error(
        "{path}: neither [[validators]] nor [[observers]] lists another node, and the first committee has {validators} \
         validators: this node could reach nobody"
    )]
    Alone {
        /// The settings' file.
        path: String,
        /// Validators of the first committee.
        validators: usize,
    },
    /// The history cannot be opened.
    #[error("{path} cannot be opened: {cause}: {}", remedy(cause))]
    History {
        /// Its folder.
        path: String,
        /// What the history says.
        cause: HistoryError,
    },
    /// The system allows too few open files.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A port is in use.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] StartError),
    /// The indexes cannot follow.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// The engine or the network ended by itself.
    #[error(
        "the {part} stopped: see the messages above; starting the node again resumes at the last final block"
    )]
    Ended {
        /// Which.
        part: &'static str,
    },
    /// More validators have to agree on the state than it could ask.
    #[error(
        "{path}: to sync the state {needed} of the {validators} validators have to answer, [[validators]] lists {listed} \
         of them: list more, or set engine.state_sync = false to execute all blocks instead"
    )]
    FewPeers {
        /// The settings.
        path: String,
        /// Validators that it lists.
        listed: usize,
        /// Validators that have to agree.
        needed: usize,
        /// Validators of the first committee.
        validators: usize,
    },
    /// A listener cannot be shared.
    #[error("a listener cannot be shared: {0}")]
    Share(#[from] std::io::Error),
    /// The engine gave up: it does not go on after its storage failed.
    #[error(
        "the engine gave up: {cause}: start the node again; if it says the same, {path} is damaged: {RESTORE}"
    )]
    GaveUp {
        /// The folder of the data.
        path: String,
        /// What it said.
        cause: String,
    },
    /// The disk has no room.
    #[error(
        "the disk of {path} is full: free some room and start the node again, it goes on where it stopped ({cause})"
    )]
    DiskFull {
        /// The folder of the data.
        path: String,
        /// What failed first.
        cause: Box<Self>,
    },
}
