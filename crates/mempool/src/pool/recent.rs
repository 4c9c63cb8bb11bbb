//! Hashes of the transactions that blocks took lately.

use rustc_hash::FxHashSet;
use std::collections::VecDeque;
use virtengine_types::block::Hash;

/// The last `max` hashes; the oldest are forgotten.
#[derive(Debug)]
pub(super) struct Recent {
    order: VecDeque<Hash>,
    known: FxHashSet<Hash>,
    max: usize,
}

impl Recent {
    pub(super) fn new(max: usize) -> Self {
        Self { order: VecDeque::new(), known: FxHashSet::default(), max }
    }

    pub(super) fn contains(&self, hash: &Hash) -> bool {
        self.known.contains(hash)
    }

    pub(super) fn insert(&mut self, hash: Hash) {
        if self.known.insert(hash) {
            self.order.push_back(hash);
        }
        while self.order.len() > self.max {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }
}
