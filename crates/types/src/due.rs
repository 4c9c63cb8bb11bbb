//! What can come due: the entries of the time wheel.

use crate::{Address, Height, market::OrderId};
use borsh::{BorshDeserialize, BorshSerialize};

/// A deadline's action. Stale entries are harmless: each checks the record it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Due {
    /// The bid window of an order with automatic selection closes, or an order expires.
    OrderWindow(OrderId),
    /// The escrow account of an order runs out of funds.
    EscrowExhausted(OrderId),
    /// Deposits of an order's losing bids are to be freed.
    FreeBids(OrderId),
    /// An unbonding or redelegation entry matures.
    Unbonding {
        /// Who unbonds.
        delegator: Address,
        /// From which validator.
        validator: Address,
    },
    /// A redelegation's lock ends.
    Redelegation {
        /// Who redelegated.
        delegator: Address,
        /// From which validator.
        source: Address,
        /// To which validator.
        destination: Address,
    },
}

/// When something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum Deadline {
    /// At the block of this height.
    Height(Height),
    /// At the first block whose time has reached this second since 1970.
    Second(u64),
}
