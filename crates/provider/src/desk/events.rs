//! What the event log says of this provider's own bids and leases.

use super::{Chore, Desk, LeaseSeen};
use crate::position::Freed;
use virtengine_types::{
    Amount, Coin, Height,
    market::{BidId, LeaseId, OrderId},
};

/// An event of a bid or a lease of this provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnEvent {
    /// Its topic, such as `market.bid.won`.
    pub topic: String,
    /// Height of its block.
    pub height: Height,
    /// The order.
    pub order: OrderId,
    /// The bid.
    pub bid: BidId,
    /// The lease, for events of leases and of bids that won.
    pub lease: Option<LeaseId>,
    /// uve per block.
    pub price: Amount,
}

impl OwnEvent {
    /// Reads an event; `None` if it lacks what events of bids and leases have.
    #[must_use]
    pub fn read(event: &virtengine_client::Event) -> Option<Self> {
        let price: Coin = event.get("price")?.parse().ok()?;
        Some(Self {
            topic: event.topic.clone(),
            height: Height(event.height),
            order: OrderId(event.number("order_id")?),
            bid: BidId(event.number("bid_id")?),
            lease: event.number("lease_id").map(LeaseId),
            price: price.amount,
        })
    }
}

impl Desk {
    /// Takes word of an own bid or lease. Events that were taken before change nothing.
    pub fn event(&mut self, event: &OwnEvent) {
        let (order, bid) = (event.order, event.bid);
        match (event.topic.as_str(), event.lease) {
            ("market.bid.created", _) if self.position.reservations.contains_key(&order) => {
                self.placed(order, bid);
            }
            // Somebody bids with this provider's key: the chain tells on what.
            ("market.bid.created", _) => self.start(Chore::Check(order)),
            ("market.bid.lost", _) => self.free_bid(order, bid, Freed::Lost),
            ("market.bid.expired", _) => self.free_bid(order, bid, Freed::Expired),
            ("market.bid.withdrawn", _) => self.free_bid(order, bid, Freed::Withdrawn),
            ("market.bid.won" | "market.lease.created", Some(id)) => self.won(event, id),
            ("market.lease.confirmed", Some(lease)) => self.confirmed(lease),
            ("market.lease.closed", Some(lease)) => self.close(lease),
            _ => {}
        }
    }

    fn won(&mut self, event: &OwnEvent, id: LeaseId) {
        if self.position.leases.contains_key(&id) {
            return;
        }
        match self.position.reservations.get(&event.order) {
            Some(reservation) if reservation.bid.is_none_or(|bid| bid == event.bid) => {
                let allocation = reservation.allocation.clone();
                let lease =
                    LeaseSeen { id, price: event.price, since: event.height, active: true, confirmed: false };
                self.begin_with(event.order, lease, allocation);
            }
            _ => self.start(Chore::Check(event.order)),
        }
    }
}
