//! Validators around the world in virtual time: how soon is a transaction final, were the network between them real?
//!
//! Nodes are wired as real ones are, with real signatures, over simulated links and disks. Time passes only while all
//! of them wait, so the figures are of links and waiting alone: what the nodes compute takes no time, but for
//! [`HAND_OVER`] each time that one part of a node hands something to another. Transactions are submitted in all
//! regions and reach the other validators as gossip would bring them; the mempool itself is not part of it, as it lives
//! on the clock of the machine.
//!
//! - [`geography`] - the regions, their distances, and the least that finality takes by these
//! - `load` - signed transfers and when each node knows of them
//! - [`world`] - the nodes, and what they tell
//! - [`report`] - the document of the scale lab
//!
//! Same settings and seed, same figures, on every machine.

pub mod geography;
mod load;
mod nodes;
pub mod report;
pub mod world;

pub use world::{HAND_OVER, Timed, World, WorldError};
