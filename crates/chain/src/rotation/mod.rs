//! Who has a seat in an epoch, and who endorses with whom: drawn from a seed.
//!
//! ```text
//! bonded validators ──by stake──> seats of the committee      seed, epoch
//!                   ──evenly────> shards of endorsers         seed, epoch
//! ```
//!
//! Pure functions of what is given; they own no rows.
//!
//! Invariants
//! 1. The next seat goes to each candidate without one with the probability of its part of their tokens.
//! 2. A validator has at most one seat; all have one if there are no more than seats.
//! 3. Every member is in exactly one shard, and the sizes of shards differ by at most one.
//! 4. All orders of members over the shards are equally likely.

mod errors;
mod random;
mod seats;
mod shards;

pub use errors::RotationError;
pub use seats::Stakes;
pub use shards::{SHARDS, Shards};
