//! Transaction admission, ordering and gossip.
//!
//! ```text
//! clients, peers --submit--> decode, stateless checks
//!                              | bounded queue
//!                            Admission: accounts of a batch -> signatures of a batch -> Pool
//!                                                                                       |
//!            proposer <--propose-- Mempool --take_unsent--> gossip --> every validator <-'
//! ```
//!
//! [`Pool`] is the data structure, without input or output. [`Mempool`] is the handle that the rest of the
//! node holds. [`Admission`] and [`gossip::run`] are the two tasks that the node runs.
//! Spec: docs/spec/mempool.md

mod accounts;
mod admission;
mod config;
mod errors;
pub mod gossip;
mod mempool;
mod metrics;
mod pool;
#[cfg(test)]
mod testing;

pub use accounts::{AccountSource, LookupError};
pub use admission::{Admission, Ticket};
pub use config::{Config, ConfigError};
pub use errors::Refused;
pub use mempool::{Mempool, Status};
pub use metrics::{Metrics, RejectedLabels, StageLabels};
pub use pool::{BlockSpace, Committed, Inserted, Origin, Pool, SignerState};
