//! The authenticated state on disk: five QMDB databases, one for each [`virtengine_state::Partition`].
//!
//! A block reads through a [`BlockBatch`] over its parent's state and seals it with its writes; the
//! header commits to what comes out ([`Sealed::roots`]). The engine applies and persists sealed
//! batches, and syncs an empty node from its peers through [`sync`]. Queries use a [`Reader`], and
//! [`proof::verify`] checks what a reader proved without any database.
//!
//! Only this crate and `consensus` name the engine's storage types.

mod batch;
mod database;
mod genesis;
pub mod proof;
mod reader;
pub mod sync;

pub use batch::{BlockBatch, LoadError, Sealed, targets};
pub use database::{Config, Database, Databases, DatabasesConfig, DatabasesTargets, StoreContext, configs};
pub use genesis::{GenesisError, GenesisWriter, destroy, write_genesis};
pub use proof::{ProofError, Proven};
pub use reader::{ReadError, Reader};

#[cfg(test)]
mod tests;
