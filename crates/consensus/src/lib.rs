//! The blockchain: blocks, the application that executes them, and the engine that agrees on them.
//!
//! ```text
//!  TxSource --batches--> Application --blocks--> simplex, one engine an epoch (epochs)
//!  (mempool)                  |                     |
//!                        chain executor          marshal: dissemination, backfill, order
//!                             |                     |
//!                        store partitions <--finalized blocks--> Delivery channel (indexes)
//! ```
//!
//! [`engine::start`] wires one node over any runtime and network: real ones in `node`, simulated ones
//! in the tests. A validator votes; any other node follows, serves reads and can sync its state.
//!
//! The engine panics when it cannot go on without risking a wrong vote: a failed disk, a state that
//! differs from what the network agreed on, a broken bound. The process must then end with an error.

pub mod application;
pub mod block;
pub mod committee;
pub mod config;
pub mod engine;
mod epochs;
mod evidence;
mod execution;
pub mod finalized;
pub mod genesis;
pub mod network;
// Tests run over the simulated runtime; compiling the engine for the real one too would double their build.
#[cfg(not(test))]
pub mod node;
mod pacing;
mod recent;
pub mod source;

pub use block::{Block, Header};
pub use committee::{Committee, Committees};
pub use config::Config;
pub use finalized::{Delivery, StageTimes};
pub use source::{BatchLimits, TxSource};

#[cfg(test)]
mod simulation;

use commonware_consensus::simplex::{self, types};
use commonware_cryptography::{ed25519, sha256};

/// Hash of a block, of a root, of anything.
pub type Digest = sha256::Digest;
/// Identity of a node on the network.
pub type Identity = ed25519::PublicKey;
/// How votes are signed and certificates formed: by the keys that name the nodes, each signature by itself.
pub type Scheme = simplex::scheme::ed25519::Scheme;
/// What consensus knows of a proposal: round, leader, parent.
pub type Context = types::Context<Digest, Identity>;
/// A certificate that a block is final.
pub type Finalization = types::Finalization<Scheme, Digest>;
