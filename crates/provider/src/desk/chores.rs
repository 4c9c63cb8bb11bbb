//! What is to be done on the chain, and what follows from how it went.

use super::{Desk, OpenOrder};
use crate::{
    allocation::Allocation,
    position::{Change, Freed, HeldLease, Reservation},
};
use virtengine_types::{
    Amount, Height,
    market::{BidId, BidStatus, LeaseId, OrderId, OrderStatus},
};

/// One thing to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chore {
    /// Submit the bid of a reservation.
    Submit(OrderId),
    /// Look up what became of an order and of this provider's bid on it.
    Check(OrderId),
    /// Take a bid back that nobody took.
    WithdrawBid(OrderId, BidId),
    /// Ask for the deposit of a bid that can no longer win.
    Release(BidId),
    /// Say that a lease's capacity is held.
    Confirm(LeaseId),
    /// Collect a lease's earnings.
    Withdraw(LeaseId),
    /// Look up whether a lease still runs.
    CheckLease(LeaseId),
}

/// This provider's bid on an order, the newest if there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnBid {
    /// Its number.
    pub id: BidId,
    /// Where it stands.
    pub status: BidStatus,
    /// uve per block.
    pub price: Amount,
    /// Whether its deposit is still locked.
    pub deposit_locked: bool,
}

/// What a look at an order shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderSeen {
    /// The order, with its times whatever its status.
    pub order: OpenOrder,
    /// Where it stands.
    pub status: OrderStatus,
    /// This provider's bid.
    pub bid: Option<OwnBid>,
    /// The lease of that bid, if it won and the lease runs.
    pub lease: Option<LeaseSeen>,
}

/// What a look at a lease shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseSeen {
    /// Its number.
    pub id: LeaseId,
    /// uve per block.
    pub price: Amount,
    /// When it began.
    pub since: Height,
    /// Whether it runs.
    pub active: bool,
    /// Whether the chain knows that its capacity is held.
    pub confirmed: bool,
}

/// How a chore went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// The message is in a block. For [`Chore::Submit`] with the bid it made.
    Sent(Option<BidId>),
    /// The chain refused the message, for a reason that another attempt does not change by itself.
    Refused,
    /// It is not known whether the message will be in a block, or the node did not answer.
    Unknown,
    /// What [`Chore::Check`] found; `None` if there is no such order.
    Order(Option<Box<OrderSeen>>),
    /// What [`Chore::CheckLease`] found; `None` if there is no such lease.
    Lease(Option<LeaseSeen>),
}

impl Desk {
    /// Takes word of a chore.
    pub fn done(&mut self, chore: Chore, done: Done) {
        self.busy.remove(&chore);
        match (chore, done) {
            (Chore::Submit(order), Done::Sent(Some(bid))) => self.placed(order, bid),
            // Perhaps because an earlier attempt has arrived: the chain knows.
            (Chore::Submit(order), Done::Refused) => {
                self.refused.insert(order);
                self.start(Chore::Check(order));
            }
            // The next block looks for a bid without word.
            (Chore::Submit(_), _) => {}
            (Chore::Check(order), Done::Order(seen)) => self.seen(order, seen),
            (Chore::WithdrawBid(order, bid), Done::Sent(_)) => self.free_bid(order, bid, Freed::Withdrawn),
            (Chore::WithdrawBid(order, bid), Done::Refused) => {
                self.retry_later(Chore::WithdrawBid(order, bid));
                self.start(Chore::Check(order));
            }
            (Chore::Confirm(lease), Done::Sent(_)) => self.confirmed(lease),
            (Chore::Withdraw(lease), Done::Sent(_)) => self.withdrawn(lease),
            (Chore::Confirm(lease) | Chore::Withdraw(lease), Done::Refused) => {
                self.retry_later(chore);
                self.start(Chore::CheckLease(lease));
            }
            (Chore::CheckLease(lease), Done::Lease(seen)) => self.lease_seen(lease, seen),
            // The chain returns the deposit by itself if it has not already.
            (Chore::Release(_), _) => {}
            (chore, _) => self.retry_later(chore),
        }
    }

    pub(super) fn placed(&mut self, order: OrderId, bid: BidId) {
        if self.position.reservations.get(&order).is_some_and(|reservation| reservation.bid.is_none()) {
            self.change(Change::BidPlaced { order, bid });
        }
    }

    /// Frees the reservation that `bid` stands for; another round of the same order keeps its own.
    pub(super) fn free_bid(&mut self, order: OrderId, bid: BidId, why: Freed) {
        if self.position.reservations.get(&order).is_some_and(|reservation| reservation.bid == Some(bid)) {
            self.change(Change::Freed { order, why });
        }
    }

    fn withdrawn(&mut self, lease: LeaseId) {
        self.change(Change::Withdrawn { lease, height: self.height });
    }

    fn seen(&mut self, order: OrderId, seen: Option<Box<OrderSeen>>) {
        let refused = self.refused.remove(&order);
        let Some(seen) = seen else {
            return self.free(order, Freed::Expired);
        };
        match (seen.bid, seen.lease) {
            (Some(bid), Some(lease)) if bid.status == BidStatus::Won && lease.active => {
                self.begin(&seen.order, lease);
            }
            (Some(bid), _) if bid.status == BidStatus::Open => self.open_bid(&seen.order, bid),
            (Some(bid), _) if self.stands_for(order, bid.id) || seen.status != OrderStatus::Open => {
                self.ended(order, bid);
            }
            _ if refused => self.free(order, Freed::Refused),
            _ => self.unbid(&seen),
        }
    }

    /// Whether the reservation of `order` is that of `bid`.
    fn stands_for(&self, order: OrderId, bid: BidId) -> bool {
        self.position.reservations.get(&order).is_some_and(|reservation| reservation.bid == Some(bid))
    }

    /// An open bid: holds capacity for it, whatever is free, for the chain may make it a lease.
    fn open_bid(&mut self, order: &OpenOrder, bid: OwnBid) {
        let (id, expires_at) = (order.id, order.expires_at);
        if let Some(reservation) = self.position.reservations.get(&id) {
            let extended = reservation.expires_at != expires_at;
            self.placed(id, bid.id);
            if extended {
                self.change(Change::Extended { order: id, expires_at });
            }
            if self.height >= expires_at {
                self.retry_later(Chore::Check(id)); // a busy block carries the end of the window over
            }
            return;
        }
        let allocation = self.allocation_of(order);
        let (price, since) = (bid.price, self.height);
        let reservation = Reservation { allocation, price, since, expires_at, bid: Some(bid.id) };
        self.change(Change::Reserved { order: id, reservation });
    }

    fn ended(&mut self, order: OrderId, bid: OwnBid) {
        let why = match bid.status {
            BidStatus::Lost => Freed::Lost,
            BidStatus::Withdrawn => Freed::Withdrawn,
            // A bid that won and whose lease no longer runs holds nothing either.
            BidStatus::Open | BidStatus::Won | BidStatus::Expired => Freed::Expired,
        };
        self.free(order, why);
        if bid.deposit_locked && bid.status != BidStatus::Won {
            self.start(Chore::Release(bid.id));
        }
    }

    /// The chain has no bid of the reservation: it is sent once more while the order takes bids.
    fn unbid(&mut self, seen: &OrderSeen) {
        let id = seen.order.id;
        if !self.position.reservations.contains_key(&id) {
            return;
        }
        if seen.status == OrderStatus::Open && self.height < seen.order.bids_until {
            self.start(Chore::Submit(id));
        } else {
            self.free(id, Freed::Expired);
        }
    }

    fn free(&mut self, order: OrderId, why: Freed) {
        if self.position.reservations.contains_key(&order) {
            self.change(Change::Freed { order, why });
        }
    }

    /// A lease runs: it takes over its reservation, or what its order wants.
    pub(super) fn begin(&mut self, order: &OpenOrder, lease: LeaseSeen) {
        let allocation = match self.position.reservations.get(&order.id) {
            Some(reservation) => reservation.allocation.clone(),
            None => self.allocation_of(order),
        };
        self.begin_with(order.id, lease, allocation);
    }

    pub(super) fn begin_with(&mut self, order: OrderId, lease: LeaseSeen, allocation: Allocation) {
        if self.position.leases.contains_key(&lease.id) {
            return;
        }
        let LeaseSeen { id, price, since, confirmed, .. } = lease;
        let held = HeldLease { order, allocation, price, since, confirmed, withdrawn_at: since };
        self.change(Change::LeaseStarted { lease: id, held });
        if !confirmed {
            self.start(Chore::Confirm(id));
        }
    }

    /// What an order takes when it is too late to refuse it: of what is free if that is enough, else of
    /// all that is offered, else as much as can be named.
    fn allocation_of(&self, order: &OpenOrder) -> Allocation {
        let free = self.offered.minus(&self.position.used);
        Allocation::of_order(&order.spec, &free)
            .or_else(|_| Allocation::of_order(&order.spec, &self.offered))
            .unwrap_or_else(|_| Allocation::wanted(&order.spec))
    }

    fn lease_seen(&mut self, lease: LeaseId, seen: Option<LeaseSeen>) {
        match seen {
            Some(seen) if seen.active => {
                if seen.confirmed {
                    self.confirmed(lease);
                }
            }
            _ => self.close(lease),
        }
    }

    /// The answer to its transaction and the event log both tell of a confirmation.
    pub(super) fn confirmed(&mut self, lease: LeaseId) {
        if self.position.leases.get(&lease).is_some_and(|held| !held.confirmed) {
            self.change(Change::LeaseConfirmed { lease });
        }
    }

    pub(super) fn close(&mut self, lease: LeaseId) {
        if self.position.leases.contains_key(&lease) {
            self.change(Change::LeaseClosed { lease });
        }
    }
}
