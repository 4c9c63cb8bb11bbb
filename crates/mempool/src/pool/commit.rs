//! Following the chain, and what is passed on to peers.

use super::{Entry, Pool, Queue, SignerState, TxId, slots};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use virtengine_types::{Address, Height, block::Hash, tx::DecodedTx};

/// Most transactions that a block's commit hands to peers again.
const MAX_SENT_AGAIN: usize = 1_024;

/// What a committed block changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Committed {
    /// Pending transactions that the block holds.
    pub included: usize,
    /// Pending transactions that cannot be executed any more: their sequence is used, one before them is
    /// gone, or the money for their fee is.
    pub stale: usize,
    /// Pending transactions whose time is over.
    pub expired: usize,
}

impl Pool {
    /// Follows a committed block: its transactions, and the accounts that it changed as they are now.
    pub fn committed<'a>(
        &mut self,
        height: Height,
        txs: impl IntoIterator<Item = &'a DecodedTx>,
        accounts: impl IntoIterator<Item = (Address, SignerState)>,
    ) -> Committed {
        self.height = self.height.max(height);
        let mut outcome = Committed::default();
        let mut next: BTreeMap<Address, u64> = BTreeMap::new();
        for tx in txs {
            self.recent.insert(tx.hash);
            if let Some(id) = self.by_hash.get(&tx.hash).copied() {
                self.forget(id);
                outcome.included += 1;
            }
            for (address, sequence) in slots(tx) {
                let last = next.entry(address).or_default();
                *last = (*last).max(sequence.saturating_add(1));
            }
        }
        for (address, state) in accounts {
            if let Some(queue) = self.queues.get_mut(&address) {
                queue.funds = state.funds.0;
                let last = next.entry(address).or_default();
                *last = (*last).max(state.sequence);
            }
        }
        let mut stale = Vec::new();
        for (address, next) in &next {
            if let Some(queue) = self.queues.get_mut(address) {
                stale.extend(queue.advance(*next));
            }
        }
        outcome.stale = self.discard(stale);
        outcome.stale += self.drop_unfunded(next.keys());
        self.settle(next.into_keys());
        outcome.expired = self.expire();
        self.send_again();
        outcome
    }

    /// Drops transactions that turned out not to be admissible, and what follows them.
    pub fn remove(&mut self, hashes: &[Hash]) -> usize {
        let ids = hashes.iter().filter_map(|hash| self.by_hash.get(hash).copied()).collect();
        self.discard(ids)
    }

    /// Transactions for peers that were not handed out yet, in order of arrival; `cost` is what each
    /// takes of `max_bytes` beyond its own size. The first is handed out whatever its size.
    pub fn take_unsent(&mut self, max_bytes: usize, max_count: usize, cost: usize) -> Vec<Bytes> {
        let mut taken = Vec::new();
        let mut bytes = 0;
        while let Some(id) = self.unsent.first().copied() {
            let Some(entry) = self.entries.get(&id) else {
                self.unsent.pop_first();
                continue;
            };
            bytes += entry.bytes() + cost;
            if taken.len() >= max_count || (bytes > max_bytes && !taken.is_empty()) {
                break;
            }
            taken.push(entry.tx.tx.raw.clone());
            self.unsent.pop_first();
        }
        taken
    }

    /// Whether [`Pool::take_unsent`] has something to hand out.
    #[must_use]
    pub fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Takes over a signer's state if it is newer than what the pool knows.
    pub(super) fn refresh(&mut self, address: Address, state: SignerState) {
        let Some(queue) = self.queues.get_mut(&address) else { return };
        if state.sequence < queue.next {
            return;
        }
        queue.funds = state.funds.0;
        let stale = queue.advance(state.sequence);
        if !stale.is_empty() {
            self.discard(stale);
        }
        self.drop_unfunded([&address]);
        self.settle([address]);
    }

    /// Drops the first transaction whose fee the account cannot pay any more, and all after it.
    fn drop_unfunded<'a>(&mut self, accounts: impl IntoIterator<Item = &'a Address>) -> usize {
        let mut ids: BTreeSet<TxId> = BTreeSet::new();
        for address in accounts {
            if let Some(queue) = self.queues.get(address) {
                ids.extend(self.first_unfunded(address, queue));
            }
        }
        self.discard(ids.into_iter().collect())
    }

    fn first_unfunded(&self, address: &Address, queue: &Queue) -> Option<TxId> {
        if queue.fees <= queue.funds {
            return None;
        }
        let mut fees = 0u128;
        queue.txs.iter().copied().find(|id| {
            let pays = |entry: &&Entry| entry.tx.tx.fee.payer == *address;
            fees = fees.saturating_add(self.entries.get(id).filter(pays).map_or(0, |entry| entry.fee));
            fees > queue.funds
        })
    }

    fn expire(&mut self) -> usize {
        let height = self.height;
        let over = self.drops.iter().take_while(|(at, _)| *at <= height).map(|(_, id)| *id);
        let over = over.collect();
        self.discard(over)
    }

    fn send_again(&mut self) {
        for _ in 0..MAX_SENT_AGAIN {
            match self.sends.first().copied() {
                Some((at, id)) if at <= self.height => {
                    self.sends.pop_first();
                    let send_at = self.height.plus(self.config.gossip_again_blocks);
                    if let Some(entry) = self.entries.get_mut(&id) {
                        entry.send_at = send_at;
                        self.sends.insert((send_at, id));
                        self.unsent.insert(id);
                    }
                }
                _ => break,
            }
        }
    }
}
