//! The provider daemon: an ordinary client that follows the event log for orders it can serve, prices them
//! by a rate card, bids, and looks after the leases that it wins.
//!
//! - [`Config`] says what is sold, and [`run`] sells it
//! - [`allocation`], [`price`] and [`fit`] judge one order
//! - [`desk`] decides: it holds the [`position`], takes what happens and gives what is to be done; it is
//!   pure, so a restart, a replay and a test go the same way
//! - [`journal`] makes the position durable before anything is done about it
//!
//! In this version the daemon sells and accounts for capacity; it does not run workloads.

pub mod allocation;
mod chain;
pub mod config;
mod daemon;
pub mod decimal;
pub mod desk;
pub mod fit;
pub mod journal;
mod metrics;
pub mod position;
pub mod price;
mod status;
#[cfg(test)]
pub(crate) mod testing;

pub use config::{Config, ConfigError, KeyringBackend};
pub use daemon::{RunError, Running, Shutdown, run};
