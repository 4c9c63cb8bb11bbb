//! Whether to bid on an order, and how much.

use super::{Chore, Desk};
use crate::{
    allocation::{Allocation, Shortage},
    fit::{Attested, Misfit},
    position::{Change, Reservation},
    price::price,
};
use thiserror::Error;
use virtengine_types::{
    Address, Amount, Height,
    market::{OrderId, OrderSpec},
};

/// An open order as the chain has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// Its number.
    pub id: OrderId,
    /// Whose it is.
    pub tenant: Address,
    /// What is wanted.
    pub spec: OrderSpec,
    /// What the auditors that it names say of this provider.
    pub attested: Vec<Attested>,
    /// Last height at which bids are taken.
    pub bids_until: Height,
    /// Height from which it cannot be matched any more.
    pub expires_at: Height,
}

/// Why an order is not bid on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Skip {
    /// A bid or a lease of it is held already.
    #[error("a bid or a lease of this order is held already")]
    Held,
    /// It takes no more bids.
    #[error("bids were taken up to height {bids_until}, the chain is at {height}")]
    Closed {
        /// Last height of its window.
        bids_until: Height,
        /// Height of the chain.
        height: Height,
    },
    /// It is this provider's own.
    #[error("the order is this provider's own")]
    Own,
    /// A class that is not sold.
    #[error("orders of class {class} are not in bidding.classes")]
    Class {
        /// The order's class.
        class: &'static str,
    },
    /// The order does not want this provider.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// As many bids are open as may be.
    #[error("{open} bids are open, bidding.max_open_bids is {max}")]
    OpenBids {
        /// Open bids.
        open: usize,
        /// The limit.
        max: u32,
    },
    /// Not enough of a resource is free.
    #[error("{} wanted of {}, {} free", .0.wanted, .0.resource, .0.free)]
    Shortage(Shortage),
    /// The rate card has no price for it.
    #[error("the rate card has no price for it")]
    NoPrice,
    /// The price exceeds the order's ceiling.
    #[error("the price is {price} uve per block, the order pays at most {max}")]
    AboveCeiling {
        /// By the rate card.
        price: Amount,
        /// The order's.
        max: Amount,
    },
}

impl Skip {
    /// One word for metrics.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Closed { .. } => "closed",
            Self::Own => "own",
            Self::Class { .. } => "class",
            Self::Misfit(_) => "misfit",
            Self::OpenBids { .. } => "open_bids",
            Self::Shortage(_) => "shortage",
            Self::NoPrice => "no_price",
            Self::AboveCeiling { .. } => "above_ceiling",
        }
    }
}

/// What becomes of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Capacity is held and a bid goes out at this price.
    Bid(Amount),
    /// Nothing, and why.
    Skip(Skip),
}

impl Desk {
    /// Decides on an open order; a bid reserves its capacity and starts [`Chore::Submit`]. An order that is
    /// skipped for want of capacity is remembered, for [`Desk::reconsider`].
    pub fn consider(&mut self, order: &OpenOrder) -> Decision {
        self.waiting.orders.remove(&order.id);
        match self.judge(order) {
            Ok((allocation, price)) => {
                self.reserve(order, allocation, price);
                Decision::Bid(price)
            }
            Err(skip) => {
                if self.may_fit_later(order, &skip) {
                    self.waiting.remember(order);
                }
                Decision::Skip(skip)
            }
        }
    }

    /// Decides again on the orders that wait for capacity, if some was released since: those posted first
    /// come first, as many as there is room to bid on. Returns those that are bid on.
    ///
    /// Cost: the number of waiting orders, if capacity was released.
    pub fn reconsider(&mut self) -> Vec<(OrderId, Amount)> {
        let mut bids = Vec::new();
        if !std::mem::take(&mut self.waiting.released) {
            return bids;
        }
        for (id, order) in std::mem::take(&mut self.waiting.orders) {
            // The rest is decided when there is room again.
            if self.busy.len() >= self.bidding.max_concurrent as usize {
                self.waiting.released = true;
                self.waiting.orders.insert(id, order);
                continue;
            }
            match self.judge(&order) {
                Ok((allocation, price)) => {
                    self.reserve(&order, allocation, price);
                    bids.push((id, price));
                }
                Err(skip) if self.may_fit_later(&order, &skip) => {
                    self.waiting.orders.insert(id, order);
                }
                Err(_) => {}
            }
        }
        bids
    }

    /// Whether capacity is all that is missing, and all that is offered would be enough.
    fn may_fit_later(&self, order: &OpenOrder, skip: &Skip) -> bool {
        matches!(skip, Skip::OpenBids { .. } | Skip::Shortage(_))
            && Allocation::of_order(&order.spec, &self.offered).is_ok()
    }

    fn reserve(&mut self, order: &OpenOrder, allocation: Allocation, price: Amount) {
        let (since, expires_at) = (self.height, order.expires_at);
        let reservation = Reservation { allocation, price, since, expires_at, bid: None };
        self.change(Change::Reserved { order: order.id, reservation });
        self.start(Chore::Submit(order.id));
    }

    fn judge(&self, order: &OpenOrder) -> Result<(Allocation, Amount), Skip> {
        if self.holds(order.id) {
            return Err(Skip::Held);
        }
        let (bids_until, height) = (order.bids_until, self.height);
        if height >= bids_until {
            return Err(Skip::Closed { bids_until, height });
        }
        if order.tenant == self.position.provider {
            return Err(Skip::Own);
        }
        let class = order.spec.class();
        if !self.bidding.classes.iter().any(|sold| sold == class) {
            return Err(Skip::Class { class });
        }
        self.profile.fit(&order.spec, &order.attested)?;
        let (open, max) = (self.position.reservations.len(), self.bidding.max_open_bids);
        if open >= max as usize {
            return Err(Skip::OpenBids { open, max });
        }
        let free = self.offered.minus(&self.position.used);
        let allocation = Allocation::of_order(&order.spec, &free).map_err(Skip::Shortage)?;
        let price = price(&allocation, &self.rates).ok_or(Skip::NoPrice)?;
        let max = order.spec.max_price;
        if price > max {
            return Err(Skip::AboveCeiling { price, max });
        }
        Ok((allocation, price))
    }
}
