//! Orders, bids and leases as stored. Prices and deposits are uve.

mod spec;

pub use spec::{Endpoint, EndpointKind, Gpu, OrderSpec, ResourceUnit, Selection, SpecError, Storage};

use crate::{Address, Amount, Coin, Height, proto::virtengine::market::v1 as wire};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Declares an identifier that is a number: height, transaction and position within it.
macro_rules! id {
    ($name:ident, $what:literal) => {
        #[doc = $what]
        ///
        /// `(height + 256) << 24 | transaction index << 8 | position in the transaction`: unique without a
        /// counter, so that independent transactions never contend for one.
        #[derive(
            Clone,
            Copy,
            Debug,
            Default,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            BorshSerialize,
            BorshDeserialize,
            Serialize,
            Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(OrderId, "Names an order.");
id!(BidId, "Names a bid.");
id!(LeaseId, "Names a lease.");

/// Where an order stands.
///
/// ```text
/// open -> matched -> active -> closed
///   |  \-> cancelled            (a tenant's close with reopen returns to open)
///   \-> expired
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum OrderStatus {
    /// Takes bids or waits for the tenant's choice.
    Open,
    /// A bid was chosen and its lease runs.
    Matched,
    /// The provider has confirmed that the workload runs.
    Active,
    /// Its lease ended.
    Closed,
    /// Nobody was chosen in time.
    Expired,
    /// The tenant withdrew it.
    Cancelled,
}

/// Where a bid stands as stored. An open bid of an order that is no longer open has lost or expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum BidStatus {
    /// May be chosen.
    Open,
    /// Was chosen.
    Won,
    /// Another bid was chosen.
    Lost,
    /// Its provider took it back.
    Withdrawn,
    /// The order ended without a choice.
    Expired,
}

/// Whether a lease runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum LeaseStatus {
    /// Payment flows.
    Active,
    /// Ended, for the reason given.
    Closed(CloseReason),
}

/// Why a lease ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum CloseReason {
    /// The tenant no longer wants it.
    Tenant,
    /// The provider gave it up.
    Provider,
    /// The escrow account ran out.
    Unfunded,
    /// The tenant says that the workload does not run as leased.
    Unhealthy,
    /// Its agreed time ended.
    Expired,
}

/// A tenant's wish.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Order {
    /// Who posted it.
    pub tenant: Address,
    /// What is wanted.
    pub spec: OrderSpec,
    /// Where it stands.
    pub status: OrderStatus,
    /// When it was posted.
    pub created_height: Height,
    /// Last height at which bids are taken.
    pub bids_until: Height,
    /// Height at which it expires if nobody was chosen.
    pub expires_at: Height,
    /// The present or last lease.
    pub lease: Option<LeaseId>,
}

/// A provider's offer.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Bid {
    /// The order it answers.
    pub order: OrderId,
    /// Who offers.
    pub provider: Address,
    /// uve per block for the whole order.
    pub price: Amount,
    /// Locked until the bid is decided, or to the lease's end if it won.
    pub deposit: Amount,
    /// Whether the deposit is still locked.
    pub deposit_locked: bool,
    /// Where it stands.
    pub status: BidStatus,
    /// When it was made.
    pub created_height: Height,
}

/// One open bid in an order's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RankedBid {
    /// uve per block.
    pub price: Amount,
    /// Provider's reputation when it bid.
    pub reputation: i64,
    /// The bid; earlier bids have smaller numbers.
    pub bid: BidId,
    /// Who offers.
    pub provider: Address,
}

/// An order's open bids, best first: by price, then reputation (higher first), then age.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OrderBids {
    /// At most the parameter `max_bids_per_order`.
    pub ranked: Vec<RankedBid>,
}

/// A running or ended agreement.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Lease {
    /// The order it serves.
    pub order: OrderId,
    /// The bid that won.
    pub bid: BidId,
    /// Who pays.
    pub tenant: Address,
    /// Who serves.
    pub provider: Address,
    /// uve per block.
    pub price: Amount,
    /// Whether it runs.
    pub status: LeaseStatus,
    /// When it began.
    pub created_height: Height,
    /// When it ended.
    pub closed_height: Option<Height>,
    /// Whether the provider has confirmed that the workload runs.
    pub confirmed: bool,
}

impl OrderStatus {
    /// The wire form.
    #[must_use]
    pub const fn to_wire(self) -> wire::OrderStatus {
        match self {
            Self::Open => wire::OrderStatus::Open,
            Self::Matched => wire::OrderStatus::Matched,
            Self::Active => wire::OrderStatus::Active,
            Self::Closed => wire::OrderStatus::Closed,
            Self::Expired => wire::OrderStatus::Expired,
            Self::Cancelled => wire::OrderStatus::Cancelled,
        }
    }

    /// Lower-case word, as messages and the command line say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Matched => "matched",
            Self::Active => "active",
            Self::Closed => "closed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

impl BidStatus {
    /// The wire form.
    #[must_use]
    pub const fn to_wire(self) -> wire::BidStatus {
        match self {
            Self::Open => wire::BidStatus::Open,
            Self::Won => wire::BidStatus::Won,
            Self::Lost => wire::BidStatus::Lost,
            Self::Withdrawn => wire::BidStatus::Withdrawn,
            Self::Expired => wire::BidStatus::Expired,
        }
    }

    /// Lower-case word, as messages and the command line say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    /// What a stored status means given where the order stands now and which bid it chose.
    #[must_use]
    pub const fn seen_with(self, order: OrderStatus) -> Self {
        match (self, order) {
            (Self::Open, OrderStatus::Open) => Self::Open,
            (Self::Open, OrderStatus::Expired | OrderStatus::Cancelled) => Self::Expired,
            (Self::Open, _) => Self::Lost,
            (decided, _) => decided,
        }
    }
}

impl CloseReason {
    /// The wire form.
    #[must_use]
    pub const fn to_wire(self) -> wire::CloseReason {
        match self {
            Self::Tenant => wire::CloseReason::Tenant,
            Self::Provider => wire::CloseReason::Provider,
            Self::Unfunded => wire::CloseReason::Unfunded,
            Self::Unhealthy => wire::CloseReason::Unhealthy,
            Self::Expired => wire::CloseReason::Expired,
        }
    }

    /// Lower-case word, as events and the command line say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Provider => "provider",
            Self::Unfunded => "unfunded",
            Self::Unhealthy => "unhealthy",
            Self::Expired => "expired",
        }
    }
}

impl Order {
    /// The wire form; `open_bids` is the length of the order's list of bids.
    #[must_use]
    pub fn to_wire(&self, id: OrderId, open_bids: u32) -> wire::Order {
        wire::Order {
            id: id.0,
            tenant: self.tenant.to_string(),
            spec: Some(self.spec.to_wire()),
            status: self.status.to_wire().into(),
            created_height: self.created_height.signed(),
            bids_until: self.bids_until.signed(),
            expires_at: self.expires_at.signed(),
            open_bids,
            lease_id: self.lease.map_or(0, |lease| lease.0),
        }
    }
}

impl Bid {
    /// The wire form, given where the order stands.
    #[must_use]
    pub fn to_wire(&self, id: BidId, order: OrderStatus) -> wire::Bid {
        wire::Bid {
            id: id.0,
            order_id: self.order.0,
            provider: self.provider.to_string(),
            price: Some(Coin::base(self.price).to_wire()),
            deposit: Some(Coin::base(self.deposit).to_wire()),
            status: self.status.seen_with(order).to_wire().into(),
            created_height: self.created_height.signed(),
            deposit_locked: self.deposit_locked,
        }
    }
}

impl Lease {
    /// The wire form.
    #[must_use]
    pub fn to_wire(&self, id: LeaseId) -> wire::Lease {
        let (status, reason) = match self.status {
            LeaseStatus::Active => (wire::LeaseStatus::Active, wire::CloseReason::Unspecified),
            LeaseStatus::Closed(reason) => (wire::LeaseStatus::Closed, reason.to_wire()),
        };
        wire::Lease {
            id: id.0,
            order_id: self.order.0,
            bid_id: self.bid.0,
            tenant: self.tenant.to_string(),
            provider: self.provider.to_string(),
            price: Some(Coin::base(self.price).to_wire()),
            status: status.into(),
            close_reason: reason.into(),
            created_height: self.created_height.signed(),
            closed_height: self.closed_height.map_or(0, Height::signed),
            confirmed: self.confirmed,
        }
    }
}
