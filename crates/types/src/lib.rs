//! Domain and wire types: units, addresses, transactions, stored records and their stateless checks.
//!
//! Bytes from outside become a [`tx::DecodedTx`] here, with every check that needs no state done; what
//! the chain stores and what clients see are the types of the module folders' names ([`market`],
//! [`escrow`], [`provider`], [`staking`], [`ledger`], [`params`]).
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

pub mod address;
pub mod block;
pub mod code;
pub mod coin;
pub mod decimal;
pub mod due;
pub mod escrow;
pub mod ledger;
pub mod market;
pub mod msg;
pub mod params;
pub mod proto;
pub mod provider;
pub mod ratio;
pub mod sign;
pub mod staking;
pub mod tx;
pub mod units;

pub use address::Address;
pub use coin::{Amount, Coin, Coins, Denom};
pub use units::{Gas, Height, Timestamp};
