//! Validators, delegations and unbondings as stored. Amounts are uve.

use crate::{Amount, Height, Timestamp};
use borsh::{BorshDeserialize, BorshSerialize};

/// Who a validator says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Description {
    /// Name, at most 70 bytes.
    pub moniker: String,
    /// Identity signature (for example a Keybase id), at most 3,000 bytes.
    pub identity: String,
    /// Web page, at most 140 bytes.
    pub website: String,
    /// Security contact, at most 140 bytes.
    pub security_contact: String,
    /// Anything else, at most 280 bytes.
    pub details: String,
}

/// Commission rates in units of 10^-18, so 10^17 is 10 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Commission {
    /// Present rate.
    pub rate: u128,
    /// Highest rate it may ever take.
    pub max_rate: u128,
    /// Largest change in a day.
    pub max_change_rate: u128,
    /// When the rate last changed.
    pub updated: Timestamp,
}

/// Whether a validator's stake counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ValidatorStatus {
    /// Its self-delegation is at least the minimum.
    Bonded,
    /// Its self-delegation fell below the minimum.
    Unbonded,
}

/// A validator, stored under its operator's account address.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Validator {
    /// Ed25519 key of its node, as CometBFT clients know it.
    pub consensus_key: [u8; 32],
    /// BLS12-381 key of its consensus votes, once set.
    pub bls_key: Option<[u8; 48]>,
    /// Sum of all delegations. Shares equal tokens: nothing is slashed yet.
    pub tokens: Amount,
    /// The operator's own delegation.
    pub self_delegation: Amount,
    /// Self-delegation that the operator promised to keep.
    pub min_self_delegation: Amount,
    /// Who it says it is.
    pub description: Description,
    /// What it keeps of rewards.
    pub commission: Commission,
    /// Whether its stake counts.
    pub status: ValidatorStatus,
    /// When it was created.
    pub created_height: Height,
}

/// A delegation, stored under (delegator, validator operator).
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Delegation {
    /// Delegated tokens.
    pub amount: Amount,
}

/// Stake on its way out, stored under (delegator, validator operator), entries by completion.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Unbonding {
    /// What is pending; at most the parameter `max_unbonding_entries`.
    pub entries: Vec<UnbondingEntry>,
}

/// One undelegation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UnbondingEntry {
    /// Height of the undelegation.
    pub created_height: Height,
    /// Second since 1970 at which the coins return.
    pub completes: u64,
    /// Amount at the undelegation.
    pub initial: Amount,
    /// Amount still to return; less than `initial` after a cancellation.
    pub balance: Amount,
}

/// Stake moved between validators, stored under (delegator, source, destination).
///
/// While entries are pending, stake received this way may not move on again.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Redelegation {
    /// What is pending; at most the parameter `max_unbonding_entries`.
    pub entries: Vec<UnbondingEntry>,
}

/// Running sums over all validators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StakePool {
    /// Tokens delegated to bonded validators.
    pub bonded: Amount,
    /// Tokens delegated to unbonded validators, and tokens unbonding.
    pub not_bonded: Amount,
    /// Number of validators.
    pub validators: u64,
}
