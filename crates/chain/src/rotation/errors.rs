//! Why nothing is drawn.

use thiserror::Error;
use virtengine_types::Address;

/// What candidates must be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RotationError {
    /// Candidates come in one order, so that all nodes draw the same.
    #[error("candidates ascend by operator, each once: {operator} follows {previous}")]
    Order {
        /// The candidate before.
        previous: Address,
        /// The candidate.
        operator: Address,
    },
    /// A candidate has stake.
    #[error("a candidate has at least 1 uve of stake, {operator} has 0")]
    NoTokens {
        /// The candidate.
        operator: Address,
    },
    /// All stake is one number.
    #[error("the candidates' stake {sum} and the {tokens} uve of {operator} exceed 2^128 - 1")]
    Overflow {
        /// Stake of the candidates before.
        sum: u128,
        /// The candidate.
        operator: Address,
        /// Its stake.
        tokens: u128,
    },
}
