//! The state transition: a block in, an outcome out.
//!
//! Pure and synchronous: no clock, randomness, network, files, floats, threads or hash-map iteration.
//! [`block`] spells the order of a block once, [`execute`] maps each message to its operation, and each
//! module is a folder of free functions over a [`virtengine_state::State`].
#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::cast_possible_truncation
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::cast_possible_truncation
    )
)]

pub mod ante;
pub mod bank;
pub mod block;
pub mod context;
pub mod distribution;
pub mod due;
pub mod escrow;
pub mod execute;
pub mod genesis;
pub mod invariants;
pub mod market;
pub mod outcome;
pub mod params;
pub mod provider;
pub mod rotation;
pub mod slashing;
pub mod staking;

#[cfg(test)]
pub(crate) mod testing;

pub use block::{BlockExecutor, Executed, Mode, Step};
pub use context::{BlockContext, TxContext};
pub use genesis::Genesis;
pub use outcome::{Fatal, Outcome, Stop};
