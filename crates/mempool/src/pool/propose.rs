//! Choosing the next block's transactions.

use super::{Pool, Priority, TxId, slots};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use virtengine_types::{Address, block::Hash, tx::VerifiedTx};

/// Transactions that do not fit before the search for smaller ones ends.
const MAX_MISFITS: usize = 64;

/// Room for transactions in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSpace {
    /// Sum of their sizes in bytes, at most.
    pub bytes: usize,
    /// Sum of their gas limits, at most.
    pub gas: u64,
    /// Their number, at most.
    pub count: usize,
}

impl Pool {
    /// Transactions for the next block, in an order in which they can be executed: the best fee per gas
    /// first, each after those of its signers with lower sequences. They stay in the pool.
    ///
    /// `included` are those that blocks not yet committed hold: they count as done. Costs grow with the
    /// transactions chosen and skipped, not with the pool.
    #[must_use]
    pub fn propose(&self, space: BlockSpace, included: &HashSet<Hash>) -> Vec<VerifiedTx> {
        let mut chosen = Vec::new();
        let (mut bytes, mut gas, mut misfits) = (0usize, 0u64, 0);
        let mut next: FxHashMap<Address, u64> = FxHashMap::default();
        let mut unlocked: BinaryHeap<Reverse<Priority>> = BinaryHeap::new();
        let mut heads = self.heads.iter().copied().peekable();
        while chosen.len() < space.count && misfits < MAX_MISFITS {
            let best = match (heads.peek(), unlocked.peek()) {
                (Some(head), Some(Reverse(other))) if other < head => unlocked.pop().map(|best| best.0),
                (Some(_), _) => heads.next(),
                (None, _) => unlocked.pop().map(|best| best.0),
            };
            let Some(best) = best else { break };
            let Some(entry) = self.entries.get(&best.id) else { continue };
            let tx = &entry.tx.tx;
            if !included.contains(&tx.hash) {
                let (with_bytes, with_gas) = (bytes + tx.raw.len(), gas.saturating_add(tx.fee.gas_limit.0));
                if with_bytes > space.bytes || with_gas > space.gas {
                    misfits += 1;
                    continue;
                }
                (bytes, gas) = (with_bytes, with_gas);
                chosen.push(entry.tx.clone());
            }
            next.extend(slots(tx).map(|(address, sequence)| (address, sequence + 1)));
            let mut followers: Vec<TxId> = slots(tx)
                .filter_map(|(address, sequence)| self.queues.get(&address)?.at(sequence + 1))
                .collect();
            followers.sort_unstable();
            followers.dedup();
            for follower in followers {
                if let Some(entry) = self.entries.get(&follower)
                    && slots(&entry.tx.tx).all(|slot| self.is_next(slot, &next))
                {
                    unlocked.push(Reverse(entry.priority));
                }
            }
        }
        chosen
    }

    fn is_next(&self, (address, sequence): (Address, u64), next: &FxHashMap<Address, u64>) -> bool {
        let first = || self.queues.get(&address).map(|queue| queue.next);
        next.get(&address).copied().or_else(first) == Some(sequence)
    }
}
