//! Validators, their keys, and the stake delegated to them.

mod state;

pub use state::{
    BLS_KEYS, CONSENSUS_KEYS, DELEGATIONS, REDELEGATIONS, STAKE_POOL, UNBONDINGS, VALIDATORS,
};
