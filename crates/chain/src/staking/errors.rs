//! Why a staking message is refused.

use crate::outcome::rejects_as;
use thiserror::Error;
use virtengine_types::{Address, Amount, Height, Timestamp, coin::CoinError};

/// The rule that a staking message breaks. Rates are in units of 10^-18, amounts in uve.
///
/// Numbers up to 44 are those of Cosmos clients; our own rules start at 101.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StakingInvalid {
    /// Nobody's operator.
    #[error("validator does not exist: {}", .validator.operator())]
    NoValidator {
        /// Account of the operator that was named.
        validator: Address,
    },
    /// The account already runs a validator.
    #[error("validator already exists for operator {}", .validator.operator())]
    ValidatorExists {
        /// The operator's account.
        validator: Address,
    },
    /// The ed25519 key is another validator's.
    #[error("consensus key {key} is already that of validator {}", .owner.operator())]
    ConsensusKeyTaken {
        /// The key in hex.
        key: String,
        /// Operator that has it.
        owner: Address,
    },
    /// The new rate exceeds the validator's highest.
    #[error("commission rate {rate} cannot be more than the max rate {max}")]
    RateOverMax {
        /// Rate asked for.
        rate: u128,
        /// The validator's `max_rate`.
        max: u128,
    },
    /// The rate changed less than a day ago.
    #[error("commission cannot be changed more than once in 24h: last {last}, now {now}", last = .last.rfc3339(), now = .now.rfc3339())]
    RateChangedToday {
        /// When it last changed.
        last: Timestamp,
        /// Time of the block.
        now: Timestamp,
    },
    /// The rate rises by more than the validator promised.
    #[error("commission cannot rise by more than {max} a day: from {from} to {to}")]
    RateRisesTooMuch {
        /// Present rate.
        from: u128,
        /// Rate asked for.
        to: u128,
        /// The validator's `max_change_rate`.
        max: u128,
    },
    /// The operator's own stake is less than it promises.
    #[error("self-delegation {found} is below the minimum self-delegation {min}")]
    SelfDelegationBelowMinimum {
        /// The operator's own stake.
        found: Amount,
        /// What it promises.
        min: Amount,
    },
    /// A promise only rises.
    #[error("minimum self-delegation can only be raised: it is {present}, got {found}")]
    MinSelfDelegationNotRaised {
        /// The promise that stands.
        present: Amount,
        /// Promise asked for.
        found: Amount,
    },
    /// The account has no stake with the validator.
    #[error("no delegation of {delegator} to {}", .validator.operator())]
    NoDelegation {
        /// Who should have delegated.
        delegator: Address,
        /// Operator to whom.
        validator: Address,
    },
    /// The account has less stake with the validator than is taken.
    #[error("not enough delegation shares: {available} delegated, {needed} needed")]
    NotEnoughDelegated {
        /// What is delegated.
        available: Amount,
        /// What is taken.
        needed: Amount,
    },
    /// Nothing unbonds between the two.
    #[error("no unbonding delegation of {delegator} from {}", .validator.operator())]
    NoUnbonding {
        /// Who should have undelegated.
        delegator: Address,
        /// Operator from whom.
        validator: Address,
    },
    /// Too many pending undelegations.
    #[error("too many unbonding delegation entries: {max} are pending, {max} are allowed")]
    TooManyUnbondings {
        /// The parameter `max_unbonding_entries`.
        max: u32,
    },
    /// The destination of a redelegation is nobody's operator.
    #[error("redelegation destination validator not found: {}", .validator.operator())]
    NoDestination {
        /// Account of the operator that was named.
        validator: Address,
    },
    /// The source received stake of this delegator by a redelegation that is still pending.
    #[error("redelegation from {} is not possible: {pending} redelegations of {delegator} to it are pending", .source_validator.operator())]
    TransitiveRedelegation {
        /// Who redelegates.
        delegator: Address,
        /// Operator from whom.
        source_validator: Address,
        /// Entries that are pending.
        pending: u32,
    },
    /// Too many pending redelegations.
    #[error("too many redelegation entries: {max} are pending, {max} are allowed")]
    TooManyRedelegations {
        /// The parameter `max_unbonding_entries`.
        max: u32,
    },
    /// All that the validator's shares stood for is burned, so that no number of new ones is right.
    #[error("cannot delegate to validator {} with an invalid (zero) ex-rate: its {shares} shares stand for 0uve", .validator.operator())]
    NoExchangeRate {
        /// The operator's account.
        validator: Address,
        /// Shares that there are.
        shares: Amount,
    },
    /// No undelegation of that height is pending.
    #[error("unbonding operation not found at height {height}")]
    NoUnbondingEntry {
        /// Height that was named.
        height: Height,
    },
    /// The BLS key was registered by another validator.
    #[error("BLS key {key} is already that of validator {}", .owner.operator())]
    BlsKeyTaken {
        /// The key in hex.
        key: String,
        /// Operator that has it.
        owner: Address,
    },
    /// The BLS key or its proof of possession is not valid.
    #[error("BLS key {key} is refused: {cause}")]
    BlsKey {
        /// The key in hex.
        key: String,
        /// The rule broken.
        cause: virtengine_crypto::bls::BlsError,
    },
    /// A validator promises less than the chain asks for.
    #[error("minimum self-delegation must be at least {min}, got {found}")]
    MinSelfDelegationTooLow {
        /// Promise given.
        found: Amount,
        /// The parameter `min_self_delegation`.
        min: Amount,
    },
    /// More is cancelled than unbonds.
    #[error("cannot cancel {needed} of an unbonding delegation entry of {available}")]
    CancelsTooMuch {
        /// What is left of the entry.
        available: Amount,
        /// What is to be cancelled.
        needed: Amount,
    },
    /// The entry's time is over: its coins are on their way.
    #[error("unbonding delegation completed at second {completes}, now is {now}")]
    AlreadyCompleted {
        /// Second since 1970 at which it completed.
        completes: u64,
        /// Second of the block.
        now: u64,
    },
    /// Stake does not fit.
    #[error("stake overflows: {0}")]
    Overflow(#[from] CoinError),
}

impl StakingInvalid {
    /// The code in codespace `staking`.
    #[must_use]
    pub const fn code(&self) -> u32 {
        match self {
            Self::NoValidator { .. } => 3,
            Self::ValidatorExists { .. } => 4,
            Self::ConsensusKeyTaken { .. } => 5,
            Self::RateOverMax { .. } => 11,
            Self::RateChangedToday { .. } => 12,
            Self::RateRisesTooMuch { .. } => 15,
            Self::SelfDelegationBelowMinimum { .. } => 16,
            Self::MinSelfDelegationNotRaised { .. } => 17,
            Self::NoDelegation { .. } => 19,
            Self::NotEnoughDelegated { .. } => 24,
            Self::NoUnbonding { .. } => 26,
            Self::TooManyUnbondings { .. } => 27,
            Self::NoDestination { .. } => 31,
            Self::TransitiveRedelegation { .. } => 32,
            Self::TooManyRedelegations { .. } => 33,
            Self::NoExchangeRate { .. } => 34,
            Self::NoUnbondingEntry { .. } => 41,
            Self::BlsKeyTaken { .. } => 101,
            Self::BlsKey { .. } => 102,
            Self::MinSelfDelegationTooLow { .. } => 103,
            Self::CancelsTooMuch { .. } => 104,
            Self::AlreadyCompleted { .. } => 105,
            Self::Overflow(_) => 106,
        }
    }
}

rejects_as!(StakingInvalid, "staking");
