//! Why a message about rewards is refused.

use crate::outcome::rejects_as;
use thiserror::Error;
use virtengine_types::Address;

/// The rule that a message about rewards breaks. The numbers are those of Cosmos clients.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DistributionInvalid {
    /// The account has no stake with the validator.
    #[error("no delegation distribution info: {delegator} has no delegation to {}", .validator.operator())]
    NoDelegation {
        /// Who should have delegated.
        delegator: Address,
        /// Operator to whom.
        validator: Address,
    },
    /// Nobody's operator.
    #[error("no validator distribution info: validator does not exist: {}", .validator.operator())]
    NoValidator {
        /// Account of the operator that was named.
        validator: Address,
    },
    /// Less than 1 uve of commission was earned since the last withdrawal.
    #[error("no validator commission to withdraw: {} has earned {units} of {needed} units", .validator.operator())]
    NoCommission {
        /// Account of the operator.
        validator: Address,
        /// What it has earned, in units of 10^-18 uve.
        units: u128,
        /// 1 uve in the same units.
        needed: u128,
    },
}

impl DistributionInvalid {
    /// The code in codespace `distribution`.
    #[must_use]
    pub const fn code(&self) -> u32 {
        match self {
            Self::NoDelegation { .. } => 5,
            Self::NoValidator { .. } => 6,
            Self::NoCommission { .. } => 7,
        }
    }
}

rejects_as!(DistributionInvalid, "distribution");
