//! The pending transactions of a node: pure data, no input or output.
//!
//! ```text
//! account A:  n   n+1  n+2        heads: what can be executed next, best fee per gas first
//! account B:  m   m+1             tails: what nothing follows, the worst leaves first
//! ```
//!
//! Invariants
//! 1. A signer's transactions have the sequences that follow its account's, without a gap.
//! 2. A transaction is in the queue of each of its signers or not in the pool.
//! 3. The pool holds at most `max_count` transactions of `max_bytes` bytes, and `max_per_account` of a signer. What a
//!    client brings makes it grow to `client_percent` of both only.
//! 4. The fees that an account pays for pending transactions do not exceed its balance.

mod commit;
mod entry;
mod evict;
mod insert;
mod propose;
mod recent;
#[cfg(test)]
pub(crate) mod tests;

pub use commit::Committed;
pub use entry::{Origin, SignerState};
pub use insert::Inserted;
pub use propose::BlockSpace;

use crate::Config;
use bytes::Bytes;
use entry::{Entry, Priority, Queue, TxId, fee, rate, slots};
use recent::Recent;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use virtengine_types::{Address, Height, block::Hash, tx::VerifiedTx};

/// Pending transactions in executable order, bounded.
#[derive(Debug)]
pub struct Pool {
    config: Config,
    height: Height,
    next_id: TxId,
    bytes: usize,
    /// In order of arrival.
    entries: BTreeMap<TxId, Entry>,
    by_hash: FxHashMap<Hash, TxId>,
    queues: FxHashMap<Address, Queue>,
    heads: BTreeSet<Priority>,
    tails: BTreeSet<Priority>,
    drops: BTreeSet<(Height, TxId)>,
    sends: BTreeSet<(Height, TxId)>,
    unsent: BTreeSet<TxId>,
    recent: Recent,
}

impl Pool {
    /// An empty pool of a chain at `height`.
    #[must_use]
    pub fn new(config: Config, height: Height) -> Self {
        Self {
            recent: Recent::new(config.max_remembered),
            config,
            height,
            next_id: 0,
            bytes: 0,
            entries: BTreeMap::new(),
            by_hash: FxHashMap::default(),
            queues: FxHashMap::default(),
            heads: BTreeSet::new(),
            tails: BTreeSet::new(),
            drops: BTreeSet::new(),
            sends: BTreeSet::new(),
            unsent: BTreeSet::new(),
        }
    }

    /// Pending transactions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of the pending transactions.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The last committed height.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.height
    }

    /// Whether these bytes are pending or were included lately.
    #[must_use]
    pub fn knows(&self, hash: &Hash) -> bool {
        self.by_hash.contains_key(hash) || self.recent.contains(hash)
    }

    /// Whether these bytes are pending.
    #[must_use]
    pub fn contains(&self, hash: &Hash) -> bool {
        self.by_hash.contains_key(hash)
    }

    /// The sequence that an account's next new transaction has to have, if any of it is pending.
    #[must_use]
    pub fn next_sequence(&self, address: &Address) -> Option<u64> {
        self.queues.get(address).map(Queue::end)
    }

    /// Pending transactions in order of arrival, at most `limit`.
    #[must_use]
    pub fn oldest(&self, limit: usize) -> Vec<Bytes> {
        self.entries.values().take(limit).map(|entry| entry.tx.tx.raw.clone()).collect()
    }

    fn append(&mut self, tx: VerifiedTx, origin: Origin) {
        let decoded = Arc::clone(&tx.tx);
        let id = self.store(tx, origin);
        for (address, _) in slots(&decoded) {
            let Some(queue) = self.queues.get_mut(&address) else { continue };
            if let Some(before) = queue.txs.back().and_then(|id| self.entries.get(id)) {
                self.tails.remove(&before.priority);
            }
            queue.txs.push_back(id);
        }
        self.mark(id);
    }

    fn swap(&mut self, old: TxId, tx: VerifiedTx, origin: Origin) {
        let decoded = Arc::clone(&tx.tx);
        self.forget(old);
        let id = self.store(tx, origin);
        for (address, sequence) in slots(&decoded) {
            if let Some(queue) = self.queues.get_mut(&address) {
                queue.replace(sequence, id);
            }
        }
        self.mark(id);
    }

    /// Keeps the entry and counts it; its queues are the caller's to change.
    fn store(&mut self, tx: VerifiedTx, origin: Origin) -> TxId {
        let id = self.next_id;
        self.next_id += 1;
        let decoded = &tx.tx;
        let age = self.height.plus(self.config.max_age_blocks);
        let timeout = decoded.timeout_height;
        let drop_at = if timeout > 0 { age.min(Height(timeout)) } else { age };
        let send_at = self.height.plus(self.config.gossip_again_blocks);
        let fee = fee(decoded);
        self.by_hash.insert(decoded.hash, id);
        self.bytes += decoded.raw.len();
        self.drops.insert((drop_at, id));
        if origin == Origin::Client {
            self.unsent.insert(id);
            self.sends.insert((send_at, id));
        }
        if let Some(queue) = self.queues.get_mut(&decoded.fee.payer) {
            queue.fees = queue.fees.saturating_add(fee);
        }
        let priority = Entry::priority_of(decoded, id);
        self.entries.insert(id, Entry { tx, priority, fee, drop_at, send_at });
        id
    }

    /// Takes back what [`Pool::store`] did. False if it is not there.
    fn forget(&mut self, id: TxId) -> bool {
        let Some(entry) = self.entries.remove(&id) else { return false };
        let decoded = &entry.tx.tx;
        self.by_hash.remove(&decoded.hash);
        self.bytes -= entry.bytes();
        self.drops.remove(&(entry.drop_at, id));
        self.sends.remove(&(entry.send_at, id));
        self.unsent.remove(&id);
        self.heads.remove(&entry.priority);
        self.tails.remove(&entry.priority);
        if let Some(queue) = self.queues.get_mut(&decoded.fee.payer) {
            queue.fees = queue.fees.saturating_sub(entry.fee);
        }
        true
    }

    /// Takes transactions out together with all that cannot be executed without them.
    fn discard(&mut self, mut ids: Vec<TxId>) -> usize {
        let mut touched = BTreeSet::new();
        let mut count = 0;
        while let Some(id) = ids.pop() {
            let Some(decoded) = self.entries.get(&id).map(Entry::decoded) else { continue };
            self.forget(id);
            count += 1;
            for (address, sequence) in slots(&decoded) {
                touched.insert(address);
                if let Some(queue) = self.queues.get_mut(&address) {
                    ids.extend(queue.cut(sequence, id));
                }
            }
        }
        self.settle(touched);
        count
    }

    /// Brings heads and tails up to date for accounts whose queues changed.
    fn settle(&mut self, accounts: impl IntoIterator<Item = Address>) {
        for address in accounts {
            let Some(queue) = self.queues.get(&address) else { continue };
            let ends = [queue.txs.front().copied(), queue.txs.back().copied()];
            if queue.txs.is_empty() {
                self.queues.remove(&address);
            }
            for id in ends.into_iter().flatten() {
                self.mark(id);
            }
        }
    }

    /// Notes whether a transaction is a head or a tail.
    fn mark(&mut self, id: TxId) {
        let Some(entry) = self.entries.get(&id) else { return };
        let queues = || slots(&entry.tx.tx).map(|(address, at)| (self.queues.get(&address), at));
        if queues().all(|(queue, at)| queue.is_some_and(|queue| queue.next == at)) {
            self.heads.insert(entry.priority);
        }
        if queues().all(|(queue, at)| queue.is_some_and(|queue| queue.end() == at + 1)) {
            self.tails.insert(entry.priority);
        }
    }
}
