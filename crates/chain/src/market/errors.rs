//! Why an operation of the market is refused.

use crate::outcome::rejects_as;
use thiserror::Error;
use virtengine_types::{
    Address, Amount, Height,
    market::{BidId, BidStatus, CloseReason, LeaseId, OrderId, OrderStatus},
};

/// The rule that an operation of the market breaks. Codespace `market`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs)] // the fields are the values in the message
pub enum MarketInvalid {
    /// There is no such order.
    #[error("order {order} does not exist")]
    OrderNotFound { order: OrderId },
    /// There is no such bid.
    #[error("bid {bid} does not exist")]
    BidNotFound { bid: BidId },
    /// There is no such lease.
    #[error("lease {lease} does not exist")]
    LeaseNotFound { lease: LeaseId },
    /// Only the order's tenant may do this.
    #[error("order {order} belongs to {tenant}, not to {sender}")]
    NotTenant { order: OrderId, tenant: Address, sender: Address },
    /// Only the provider of the bid or lease may do this.
    #[error("{what} {id} belongs to provider {provider}, not to {sender}")]
    NotProvider { what: &'static str, id: u64, provider: Address, sender: Address },
    /// Only the tenant and the provider of a lease may close it.
    #[error("lease {lease} is between {tenant} and {provider}, {sender} is neither")]
    NotParty { lease: LeaseId, tenant: Address, provider: Address, sender: Address },
    /// The first deposit of an order is too small.
    #[error("an order's deposit is at least {min}uve, got {found}uve")]
    OrderDeposit { min: Amount, found: Amount },
    /// The bid window is too short or too long.
    #[error("a bid window has {min} to {max} blocks, got {found}")]
    BidWindow { min: u64, max: u64, found: u64 },
    /// The order would take too much room.
    #[error("an order's specification has at most {max} bytes, got {found}")]
    OrderTooLarge { max: usize, found: usize },
    /// The order is not open.
    #[error("order {order} must be open, it is {}", .status.name())]
    OrderNotOpen { order: OrderId, status: OrderStatus },
    /// A deposit on an order that has ended.
    #[error("order {order} must be open, matched or active, it is {}", .status.name())]
    OrderEnded { order: OrderId, status: OrderStatus },
    /// The order's bid window is over.
    #[error("order {order} takes bids until height {bids_until}, it is {height} now")]
    BidsClosed { order: OrderId, bids_until: Height, height: Height },
    /// The time in which a bid could be chosen is over.
    #[error("order {order} expires at height {expires_at}, it is {height} now")]
    OrderExpired { order: OrderId, expires_at: Height, height: Height },
    /// The chain chooses, not the tenant.
    #[error("order {order} is matched by the chain at height {at}, its tenant cannot accept bid {bid}")]
    AutoSelection { order: OrderId, at: Height, bid: BidId },
    /// A tenant bids on its own order.
    #[error("order {order} is {provider}'s own, a provider bids on orders of others")]
    OwnOrder { order: OrderId, provider: Address },
    /// The price exceeds the order's ceiling.
    #[error("order {order} pays at most {max}uve a block, got a bid of {found}uve")]
    AboveCeiling { order: OrderId, max: Amount, found: Amount },
    /// The bid's deposit is too small.
    #[error("a bid's deposit is at least {min}uve, got {found}uve")]
    BidDeposit { min: Amount, found: Amount },
    /// The provider has an open bid on the order.
    #[error("provider {provider} has open bid {bid} on order {order}, it may have 1")]
    AlreadyBid { order: OrderId, provider: Address, bid: BidId },
    /// The order has as many bids as it may.
    #[error("an order has at most {max} open bids, order {order} has {found}")]
    TooManyBids { order: OrderId, max: u32, found: usize },
    /// The bid is decided or withdrawn.
    #[error("bid {bid} must be open, it is {}", .status.name())]
    BidNotOpen { bid: BidId, status: BidStatus },
    /// The bid may still win, so its deposit stays.
    #[error("bid {bid} on order {order} is open: its provider withdraws it, nobody else releases it")]
    BidOpen { bid: BidId, order: OrderId },
    /// The bid's deposit was returned before.
    #[error("bid {bid} has 0uve locked, its {deposit}uve were returned")]
    DepositReturned { bid: BidId, deposit: Amount },
    /// The bid won and its deposit stays until the lease ends.
    #[error("bid {bid} won: its {deposit}uve stay locked until lease {lease} ends")]
    DepositBacksLease { bid: BidId, deposit: Amount, lease: LeaseId },
    /// The lease has ended.
    #[error("lease {lease} must be active, it closed at height {height} ({})", .reason.name())]
    LeaseClosed { lease: LeaseId, height: Height, reason: CloseReason },
    /// The provider has confirmed the lease before.
    #[error("lease {lease} of provider {provider} is confirmed already")]
    AlreadyConfirmed { lease: LeaseId, provider: Address },
    /// A side gives a reason that is the other side's to give.
    #[error("lease {lease} cannot be closed by its {side} for reason {}", .reason.name())]
    NotYourReason { lease: LeaseId, side: &'static str, reason: CloseReason },
    /// A provider wants the order to open again.
    #[error("order {order} is reopened by its tenant {tenant} only, not by {sender}")]
    ReopenByProvider { order: OrderId, tenant: Address, sender: Address },
    /// Deposits of the order's last round of bids are still being returned.
    #[error(
        "order {order} has {found} losing bids that still hold their deposits, one that reopens must have 0: release them or wait"
    )]
    BidsNotFreed { order: OrderId, found: usize },
}

impl MarketInvalid {
    /// The stable code; docs/spec/market.md lists them.
    #[must_use]
    pub const fn code(&self) -> u32 {
        match self {
            Self::OrderNotFound { .. } => 2,
            Self::BidNotFound { .. } => 3,
            Self::LeaseNotFound { .. } => 4,
            Self::NotTenant { .. } => 5,
            Self::NotProvider { .. } => 6,
            Self::NotParty { .. } => 7,
            Self::OrderDeposit { .. } => 8,
            Self::BidWindow { .. } => 9,
            Self::OrderTooLarge { .. } => 10,
            Self::OrderNotOpen { .. } => 11,
            Self::BidsClosed { .. } => 12,
            Self::OrderExpired { .. } => 13,
            Self::AutoSelection { .. } => 14,
            Self::OwnOrder { .. } => 15,
            Self::AboveCeiling { .. } => 16,
            Self::BidDeposit { .. } => 17,
            Self::AlreadyBid { .. } => 18,
            Self::TooManyBids { .. } => 19,
            Self::BidNotOpen { .. } => 20,
            Self::BidOpen { .. } => 21,
            Self::DepositReturned { .. } => 22,
            Self::DepositBacksLease { .. } => 23,
            Self::LeaseClosed { .. } => 24,
            Self::AlreadyConfirmed { .. } => 25,
            Self::NotYourReason { .. } => 26,
            Self::ReopenByProvider { .. } => 27,
            Self::BidsNotFreed { .. } => 28,
            Self::OrderEnded { .. } => 29,
        }
    }
}

rejects_as!(MarketInvalid, "market");
