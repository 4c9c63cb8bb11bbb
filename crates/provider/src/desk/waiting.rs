//! Orders that were skipped for want of capacity, and when to decide on them again.

use super::OpenOrder;
use std::collections::BTreeMap;
use virtengine_types::{Height, market::OrderId};

/// Most orders that are remembered; others are found again by listing the open ones.
pub(super) const MAX_WAITING: usize = 1_000;
/// Fewest blocks between two listings of open orders.
pub(super) const LIST_BLOCKS: u64 = 20;

/// Orders in the order in which they were posted, for as long as they take bids.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) orders: BTreeMap<OrderId, OpenOrder>,
    /// Whether capacity was released since these orders were decided on.
    pub(super) released: bool,
    /// Whether capacity was released since open orders were listed.
    unlisted: bool,
    /// Whether orders may wait that are not remembered.
    forgotten: bool,
    listed_at: Height,
}

impl Waiting {
    /// None, but for what may have been skipped before this start.
    pub(super) const fn new() -> Self {
        Self {
            orders: BTreeMap::new(),
            released: false,
            unlisted: false,
            forgotten: true,
            listed_at: Height(0),
        }
    }

    pub(super) fn remember(&mut self, order: &OpenOrder) {
        if self.orders.len() < MAX_WAITING || self.orders.contains_key(&order.id) {
            self.orders.insert(order.id, order.clone());
        } else {
            self.forgotten = true;
        }
    }

    /// Forgets orders that take no more bids.
    pub(super) fn expire(&mut self, height: Height) {
        self.orders.retain(|_, order| order.bids_until > height);
    }

    pub(super) const fn release(&mut self) {
        self.released = true;
        self.unlisted = true;
    }

    /// Whether to list the open orders now; then they are taken as listed.
    pub(super) fn list(&mut self, height: Height) -> bool {
        let due = self.forgotten && self.unlisted && height >= self.listed_at.plus(LIST_BLOCKS);
        if due {
            (self.forgotten, self.unlisted, self.listed_at) = (false, false, height);
        }
        due
    }
}
