//! Validators, their keys, and the stake delegated to them.
//!
//! ```text
//! validator   created ──> bonded <──> unbonded      by whether it is free and has stake
//!             free ──promise broken──> jailed ──unjail──> free      free, jailed ──evidence──> tombstoned
//! stake       coins ──delegate──> delegated ──undelegate──> unbonding ──time──> coins
//!                                     ^ └─redelegate─> locked ─time─┐ │
//!                                     └───────────────cancel────────┴─┘
//! ```
//!
//! A delegation holds shares of its validator's tokens. They are as many as the tokens until a slash, which
//! takes tokens and no shares. Roundings of a share's worth never take from another delegation.
//!
//! Invariants
//! 1. A validator's `shares` are the sum of its delegations' and at least its `tokens`; without shares it has no
//!    tokens; its `self_shares` are its operator's.
//! 2. A validator is bonded exactly if it is free and has tokens; one whose self-delegation is worth less than
//!    it promised is not free.
//! 3. `StakePool.bonded` is the sum of the bonded validators' tokens; `not_bonded` that of the others'
//!    tokens and of everything unbonding.
//! 4. An unbonding entry pays exactly once: when its time has come, or into a delegation when cancelled.
//! 5. A delegation of no shares, and an unbonding of zero, have no row.
//! 6. Every ed25519 and every BLS key belongs to one operator for ever.
//! 7. Stake that arrived by a redelegation does not move on while that redelegation is pending.

mod cancel_unbonding;
mod create_validator;
mod delegate;
mod edit_validator;
mod errors;
mod events;
mod hints;
pub mod invariants;
mod mature;
mod pool;
mod position;
mod redelegate;
mod set_consensus_key;
mod slash;
mod state;
#[cfg(test)]
mod tests;
mod undelegate;

pub use cancel_unbonding::cancel_unbonding;
pub use create_validator::create_validator;
pub use delegate::delegate;
pub use edit_validator::edit_validator;
pub use errors::StakingInvalid;
pub(crate) use hints::hints;
pub(crate) use mature::{mature_redelegation, mature_unbonding};
pub use redelegate::begin_redelegate;
pub use set_consensus_key::{POSSESSION_GAS, set_consensus_key};
pub(crate) use slash::{free, tombstone};
pub(crate) use state::validator;
pub use state::{
    BLS_KEYS, CONSENSUS_KEYS, DELEGATIONS, INCOMING, REDELEGATIONS, STAKE_POOL, UNBONDINGS, VALIDATORS,
    stake_pool,
};
pub use undelegate::undelegate;
