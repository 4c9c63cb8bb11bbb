//! The desk: takes what happens and says what changes and what is to be done.
//!
//! ```text
//! order seen -> reserve, submit ----> bid placed -> won -> lease, confirm, withdraw ... -> closed
//!          \-> skip (with a reason)        \-> lost, expired, withdrawn -> freed
//!                 ^--- decided again when capacity is released ------------/
//! ```
//!
//! 1. What reservations and leases hold never exceeds what is offered, but for what the chain already
//!    holds this provider to.
//! 2. A reservation ends: with a lease, with word of its bid's end, or with a look at the chain when its
//!    order can no longer be matched.
//! 3. Each chore is under way at most once, and at most `max_concurrent` of those that wait for no order.
//! 4. Changes are to be durable before chores begin: whatever a crash interrupts is looked up on the chain.

mod chores;
mod decide;
mod events;
#[cfg(test)]
mod tests;
mod waiting;

pub use chores::{Chore, Done, LeaseSeen, OrderSeen, OwnBid};
pub use decide::{Decision, OpenOrder, Skip};
pub use events::OwnEvent;

use crate::{
    allocation::Allocation,
    config::{Bidding, Config, Earnings, Rates},
    fit::Profile,
    position::{Change, Position},
};
use std::collections::{BTreeMap, BTreeSet};
use virtengine_types::{Height, market::OrderId};
use waiting::Waiting;

/// Blocks after which a chore that failed is tried again.
const RETRY_BLOCKS: u64 = 5;

/// What follows from something that happened.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Steps the position has taken; to be made durable first.
    pub changes: Vec<Change>,
    /// What is to be done then.
    pub chores: Vec<Chore>,
}

/// A provider's terms and where it stands.
#[derive(Debug)]
pub struct Desk {
    offered: Allocation,
    rates: Rates,
    bidding: Bidding,
    earnings: Earnings,
    profile: Profile,
    position: Position,
    height: Height,
    /// Chores under way.
    busy: BTreeSet<Chore>,
    /// Chores that failed, and when to try them again.
    not_before: BTreeMap<Chore, Height>,
    /// Orders whose bids were refused and are being looked up.
    refused: BTreeSet<OrderId>,
    /// Orders skipped for want of capacity.
    waiting: Waiting,
    /// Not taken yet.
    output: Output,
}

impl Desk {
    /// The desk of a provider with this profile on the chain.
    #[must_use]
    pub fn new(config: &Config, profile: Profile, position: Position) -> Self {
        Self {
            offered: Allocation::offered(&config.capacity, &config.overcommit),
            rates: config.rates.clone(),
            bidding: config.bidding.clone(),
            earnings: config.earnings.clone(),
            profile,
            position,
            height: Height(0),
            busy: BTreeSet::new(),
            not_before: BTreeMap::new(),
            refused: BTreeSet::new(),
            waiting: Waiting::new(),
            output: Output::default(),
        }
    }

    /// Where the provider stands.
    #[must_use]
    pub const fn position(&self) -> &Position {
        &self.position
    }

    /// All that is offered.
    #[must_use]
    pub const fn offered(&self) -> &Allocation {
        &self.offered
    }

    /// Height of the newest block that was heard of.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.height
    }

    /// Chores under way.
    #[must_use]
    pub fn busy(&self) -> usize {
        self.busy.len()
    }

    /// Orders that wait for capacity.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.orders.len()
    }

    /// Whether the open orders are to be listed: capacity was released, and orders may wait for it that are
    /// not remembered. True once, and not again for some blocks.
    pub fn wants_listing(&mut self) -> bool {
        self.waiting.list(self.height)
    }

    /// Takes what the chain says of this provider now.
    pub fn set_profile(&mut self, profile: Profile) {
        self.profile = profile;
    }

    /// What has changed and is to be done since the last call.
    #[must_use]
    pub fn take(&mut self) -> Output {
        std::mem::take(&mut self.output)
    }

    /// Notes that a subscription's events up to `sequence` are decided.
    pub fn read(&mut self, subscription: &str, sequence: u64) {
        self.change(Change::Read { subscription: subscription.to_owned(), sequence });
    }

    /// Notes that no event ever had the sequence up to which a subscription counts as decided.
    pub fn forget(&mut self, subscription: &str) {
        self.change(Change::Forgotten { subscription: subscription.to_owned() });
    }

    /// A new block: looks for reservations whose time has come, bids without word, leases to confirm and
    /// earnings to withdraw.
    ///
    /// Cost: the number of reservations, leases and waiting orders.
    pub fn tick(&mut self, height: Height) {
        if height <= self.height {
            return;
        }
        self.height = height;
        self.waiting.expire(height);
        let withdraw_after = self.bidding.withdraw_after_blocks.unwrap_or(u64::MAX);
        let mut due = Vec::new();
        for (&order, reservation) in &self.position.reservations {
            // A submission that is under way brings word itself.
            if self.busy.contains(&Chore::Submit(order)) {
                continue;
            }
            match reservation.bid {
                Some(bid) if height.since(reservation.since) >= withdraw_after => {
                    due.push(Chore::WithdrawBid(order, bid));
                }
                Some(_) if height < reservation.expires_at => {}
                Some(_) | None => due.push(Chore::Check(order)),
            }
        }
        for (&lease, held) in &self.position.leases {
            if !held.confirmed {
                due.push(Chore::Confirm(lease));
            }
            let blocks = height.since(held.withdrawn_at);
            let earned = held.price.0.saturating_mul(u128::from(blocks));
            let enough = self.earnings.withdraw_at.is_some_and(|amount| earned >= amount.0);
            if blocks >= self.earnings.withdraw_every_blocks || enough && blocks > 0 {
                due.push(Chore::Withdraw(lease));
            }
        }
        // Looks at the chain that failed have nobody else to bring them up again.
        let again =
            self.not_before.iter().filter(|(chore, at)| **at <= height && matches!(chore, Chore::Check(_)));
        due.extend(again.map(|(chore, _)| *chore));
        self.not_before.retain(|_, at| *at > height);
        due.into_iter().for_each(|chore| self.start_if_room(chore));
    }

    fn change(&mut self, change: Change) {
        self.position.apply(&change);
        // A lease's beginning ends an open bid, of which there may be a limited number.
        if matches!(change, Change::Freed { .. } | Change::LeaseStarted { .. } | Change::LeaseClosed { .. }) {
            self.waiting.release();
        }
        self.output.changes.push(change);
    }

    fn start(&mut self, chore: Chore) {
        if self.busy.insert(chore) {
            self.output.chores.push(chore);
        }
    }

    /// Starts a chore that a later block would bring up again.
    fn start_if_room(&mut self, chore: Chore) {
        let room = self.busy.len() < self.bidding.max_concurrent as usize;
        if room && !self.not_before.contains_key(&chore) {
            self.start(chore);
        }
    }

    fn retry_later(&mut self, chore: Chore) {
        self.not_before.insert(chore, self.height.plus(RETRY_BLOCKS));
    }

    fn holds(&self, order: OrderId) -> bool {
        self.position.reservations.contains_key(&order)
            || self.position.leases.values().any(|held| held.order == order)
    }
}
