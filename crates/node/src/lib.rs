//! Assembles a node: configuration, wiring, telemetry.
//!
//! ```text
//! home/
//!   FORMAT            version of this layout     node.lock     held by the process that runs
//!   config/node.toml  settings           config/genesis.json  what the chain starts from
//!   keys/             identity on the network, a validator's BLS key
//!   data/engine/      blocks and state   data/history/        indexes and the event log
//!   data/voter        whose votes are in the data
//!   data/genesis      what the genesis file says in short, once it was checked
//! ```

mod backend;
mod budgets;
mod config;
mod genesis;
mod home;
mod indexer;
mod limits;
mod metrics;
mod run;
mod servers;
mod source;
mod starting;

pub use budgets::{BudgetConfig, BudgetError};
pub use config::{ConfigError, EngineConfig, NodeConfig, PeerConfig};
pub use genesis::CheckedGenesis;
pub use home::{Home, HomeError, HomeLock, check_room};
pub use limits::FilesError;
pub use run::{RunError, Shutdown, run};
