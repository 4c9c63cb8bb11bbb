//! Where a provider stands: how far it has read the event log, what it has promised and what runs.
//!
//! ```text
//! order -> reservation -> (bid known) -> lease -> freed
//!               \-> freed: refused, lost, withdrawn, expired
//! ```
//!
//! A position changes only by [`Change`]s, which the journal keeps; the same changes give the same position.

use crate::allocation::Allocation;
use borsh::{BorshDeserialize, BorshSerialize};
use serde::Serialize;
use std::collections::BTreeMap;
use virtengine_types::{
    Address, Amount, Height,
    market::{BidId, LeaseId, OrderId},
};

/// Capacity that is held for an order until its fate is known.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub struct Reservation {
    /// What is held.
    pub allocation: Allocation,
    /// uve per block that is asked.
    pub price: Amount,
    /// When it was made.
    pub since: Height,
    /// Height from which the order cannot be matched any more, as far as is known.
    pub expires_at: Height,
    /// The bid, once the chain has it.
    pub bid: Option<BidId>,
}

/// Capacity that a lease has.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub struct HeldLease {
    /// The order it serves.
    pub order: OrderId,
    /// What it has.
    pub allocation: Allocation,
    /// uve per block.
    pub price: Amount,
    /// When it began.
    pub since: Height,
    /// Whether the chain knows that the capacity is held.
    pub confirmed: bool,
    /// Height of the last withdrawal, at first that of its beginning.
    pub withdrawn_at: Height,
}

/// Why capacity is free again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Freed {
    /// The chain or the node refused the bid.
    Refused,
    /// Another bid was chosen.
    Lost,
    /// The bid was taken back.
    Withdrawn,
    /// The order ended without a choice.
    Expired,
}

/// One step of a position.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Change {
    /// Everything up to this sequence of a subscription is decided.
    Read {
        /// Name of the subscription.
        subscription: String,
        /// The last decided event.
        sequence: u64,
    },
    /// Capacity is held for an order.
    Reserved {
        /// The order.
        order: OrderId,
        /// What is held.
        reservation: Reservation,
    },
    /// The chain has the bid of a reservation.
    BidPlaced {
        /// The order.
        order: OrderId,
        /// The bid.
        bid: BidId,
    },
    /// The order can be matched for longer than was known.
    Extended {
        /// The order.
        order: OrderId,
        /// The new end.
        expires_at: Height,
    },
    /// A reservation ended without a lease.
    Freed {
        /// The order.
        order: OrderId,
        /// Why.
        why: Freed,
    },
    /// A lease began; it takes over the reservation of its order.
    LeaseStarted {
        /// The lease.
        lease: LeaseId,
        /// What it has.
        held: HeldLease,
    },
    /// The chain knows that the lease's capacity is held.
    LeaseConfirmed {
        /// The lease.
        lease: LeaseId,
    },
    /// Earnings up to a height were withdrawn.
    Withdrawn {
        /// The lease.
        lease: LeaseId,
        /// The height.
        height: Height,
    },
    /// A lease ended.
    LeaseClosed {
        /// The lease.
        lease: LeaseId,
    },
    /// How far a subscription is read is no longer known.
    Forgotten {
        /// Name of the subscription.
        subscription: String,
    },
}

/// Where a provider stands.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub struct Position {
    /// The chain.
    pub chain_id: String,
    /// The provider.
    pub provider: Address,
    /// Last decided event of each subscription by its name.
    pub cursors: BTreeMap<String, u64>,
    /// Capacity held for orders.
    pub reservations: BTreeMap<OrderId, Reservation>,
    /// Leases that run.
    pub leases: BTreeMap<LeaseId, HeldLease>,
    /// What reservations and leases hold together; derived from them.
    #[borsh(skip)]
    pub used: Allocation,
}

impl Position {
    /// That of a provider which has done nothing yet.
    #[must_use]
    pub fn new(chain_id: String, provider: Address) -> Self {
        Self {
            chain_id,
            provider,
            cursors: BTreeMap::new(),
            reservations: BTreeMap::new(),
            leases: BTreeMap::new(),
            used: Allocation::default(),
        }
    }

    /// Takes one step. A change that has been applied before, or whose subject has gone, does nothing.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Read { subscription, sequence } => {
                let cursor = self.cursors.entry(subscription.clone()).or_default();
                *cursor = (*cursor).max(*sequence);
            }
            Change::Reserved { order, reservation } => {
                if !self.reservations.contains_key(order) {
                    self.used.take(&reservation.allocation);
                    self.reservations.insert(*order, reservation.clone());
                }
            }
            Change::BidPlaced { order, bid } => {
                if let Some(reservation) = self.reservations.get_mut(order) {
                    reservation.bid = Some(*bid);
                }
            }
            Change::Extended { order, expires_at } => {
                if let Some(reservation) = self.reservations.get_mut(order) {
                    reservation.expires_at = *expires_at;
                }
            }
            Change::Freed { order, .. } => self.free(*order),
            Change::LeaseStarted { lease, held } => {
                self.free(held.order);
                if !self.leases.contains_key(lease) {
                    self.used.take(&held.allocation);
                    self.leases.insert(*lease, held.clone());
                }
            }
            Change::LeaseConfirmed { lease } => {
                if let Some(held) = self.leases.get_mut(lease) {
                    held.confirmed = true;
                }
            }
            Change::Withdrawn { lease, height } => {
                if let Some(held) = self.leases.get_mut(lease) {
                    held.withdrawn_at = held.withdrawn_at.max(*height);
                }
            }
            Change::LeaseClosed { lease } => {
                if let Some(held) = self.leases.remove(lease) {
                    self.used.give_back(&held.allocation);
                }
            }
            Change::Forgotten { subscription } => {
                self.cursors.remove(subscription);
            }
        }
    }

    /// Derives what is derived, after the rest was read from a file.
    ///
    /// Cost: the number of reservations and leases.
    pub fn recount(&mut self) {
        let mut used = Allocation::default();
        self.reservations.values().for_each(|reservation| used.take(&reservation.allocation));
        self.leases.values().for_each(|held| used.take(&held.allocation));
        self.used = used;
    }

    fn free(&mut self, order: OrderId) {
        if let Some(reservation) = self.reservations.remove(&order) {
            self.used.give_back(&reservation.allocation);
        }
    }
}
