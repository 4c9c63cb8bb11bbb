//! Why an operation on an escrow account is refused.

use crate::outcome::rejects_as;
use thiserror::Error;
use virtengine_types::{Amount, Height, market::OrderId};

/// The rule that an operation on an escrow account breaks. Codespace `escrow`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EscrowInvalid {
    /// The order has no account: it never existed or has ended.
    #[error("order {order} has no escrow account")]
    NotFound {
        /// The order.
        order: OrderId,
    },
    /// The balance does not pay for a block.
    #[error("escrow of order {order} has {balance}uve, one block costs {rate}uve")]
    Unfunded {
        /// The order.
        order: OrderId,
        /// What is left of the deposits, in uve.
        balance: Amount,
        /// The price of a block, in uve.
        rate: Amount,
    },
    /// The funds ran out and the lease is about to close.
    #[error("escrow of order {order} ran out at height {exhausted}, it is {height} now")]
    Exhausted {
        /// The order.
        order: OrderId,
        /// First height that was not paid.
        exhausted: Height,
        /// Height of the block.
        height: Height,
    },
    /// Too many accounts have deposited.
    #[error("an escrow account has at most {max} depositors, that of order {order} has {found}")]
    TooManyDepositors {
        /// The order.
        order: OrderId,
        /// Depositors that it has.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// The deposits would not fit in an amount.
    #[error("escrow of order {order} has {balance}uve and cannot take {amount}uve more")]
    Overflow {
        /// The order.
        order: OrderId,
        /// What is left of the deposits, in uve.
        balance: Amount,
        /// The deposit, in uve.
        amount: Amount,
    },
    /// Nothing was earned since the last withdrawal.
    #[error("order {order} has 0uve of earnings at height {height}, a withdrawal needs 1uve")]
    NothingEarned {
        /// The order.
        order: OrderId,
        /// Height of the block.
        height: Height,
    },
}

impl EscrowInvalid {
    /// The stable code; docs/spec/escrow.md lists them.
    #[must_use]
    pub const fn code(&self) -> u32 {
        match self {
            Self::NotFound { .. } => 2,
            Self::Unfunded { .. } => 3,
            Self::Exhausted { .. } => 4,
            Self::TooManyDepositors { .. } => 5,
            Self::Overflow { .. } => 6,
            Self::NothingEarned { .. } => 7,
        }
    }
}

rejects_as!(EscrowInvalid, "escrow");
