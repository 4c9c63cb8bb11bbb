//! Why a message about misbehaviour is refused.

use crate::outcome::rejects_as;
use thiserror::Error;
use virtengine_types::{Address, Amount};

/// The rule that a message about misbehaviour breaks.
///
/// Numbers up to 8 are those of Cosmos clients; our own rules start at 101.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SlashingInvalid {
    /// The account runs no validator.
    #[error("address is not associated with any known validator: {}", .validator.operator())]
    NoValidator {
        /// The account.
        validator: Address,
    },
    /// A tombstoned validator never returns.
    #[error("validator still jailed; cannot be unjailed: {} is tombstoned", .validator.operator())]
    Tombstoned {
        /// The operator's account.
        validator: Address,
    },
    /// Only a jailed validator returns.
    #[error("validator not jailed; cannot be unjailed: {}", .validator.operator())]
    NotJailed {
        /// The operator's account.
        validator: Address,
    },
    /// The operator has no stake of its own.
    #[error("validator has no self-delegation; cannot be unjailed: {}", .validator.operator())]
    NoSelfDelegation {
        /// The operator's account.
        validator: Address,
    },
    /// The operator's own stake is less than it promised.
    #[error("validator's self delegation less than minimum; cannot be unjailed: {found} less than {min}")]
    SelfDelegationTooLow {
        /// What it is worth.
        found: Amount,
        /// What it promised.
        min: Amount,
    },
    /// The key of the votes is no validator's.
    #[error("consensus key {key} is not that of a validator")]
    UnknownKey {
        /// The key in hex.
        key: String,
    },
    /// The validator has been slashed for conflicting votes already.
    #[error("validator {} is tombstoned already", .validator.operator())]
    AlreadyTombstoned {
        /// The operator's account.
        validator: Address,
    },
    /// The votes are of an epoch that has not begun.
    #[error("epoch {epoch} has not begun at epoch {now}")]
    UnknownEpoch {
        /// Epoch of the votes.
        epoch: u64,
        /// Epoch of the block.
        now: u64,
    },
    /// The stake that answers for the votes is gone.
    #[error("evidence of epoch {epoch} was taken until second {last}, now is {now}")]
    TooOld {
        /// Epoch of the votes.
        epoch: u64,
        /// Last second since 1970 at which it was taken.
        last: u64,
        /// Second of the block.
        now: u64,
    },
    /// A vote's signature is not of the key.
    #[error("evidence is refused: {cause}")]
    Signature {
        /// The rule broken.
        cause: virtengine_crypto::votes::VoteError,
    },
}

impl SlashingInvalid {
    /// The code in codespace `slashing`.
    #[must_use]
    pub const fn code(&self) -> u32 {
        match self {
            Self::NoValidator { .. } => 2,
            Self::Tombstoned { .. } => 4,
            Self::NotJailed { .. } => 5,
            Self::NoSelfDelegation { .. } => 6,
            Self::SelfDelegationTooLow { .. } => 7,
            Self::UnknownKey { .. } => 101,
            Self::AlreadyTombstoned { .. } => 102,
            Self::UnknownEpoch { .. } => 103,
            Self::TooOld { .. } => 104,
            Self::Signature { .. } => 105,
        }
    }
}

rejects_as!(SlashingInvalid, "slashing");
