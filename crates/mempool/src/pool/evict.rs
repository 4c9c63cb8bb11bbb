//! Making room for transactions that pay more.

use super::{Entry, Origin, Pool, Priority, TxId, rate, slots};
use crate::{Config, Refused, config::part};
use std::collections::{BTreeSet, BinaryHeap};
use virtengine_types::tx::DecodedTx;

/// How much may be kept.
#[derive(Clone, Copy, Debug)]
struct Bound {
    count: usize,
    bytes: usize,
}

impl Pool {
    /// Refuses a transaction for which there is no room and that does not outbid the worst tail.
    pub(super) fn outbids(&self, tx: &DecodedTx, origin: Origin) -> Result<(), Refused> {
        let bound = self.bound(origin);
        let fits = self.len() < bound.count && self.bytes + tx.raw.len() <= bound.bytes;
        let worst = self.tails.last().map_or(0, Priority::rate);
        if fits || rate(tx) > worst { Ok(()) } else { Err(self.full(tx, bound)) }
    }

    /// Up to where the pool grows by what `origin` brings.
    fn bound(&self, origin: Origin) -> Bound {
        let Config { max_count, max_bytes, client_percent, .. } = self.config;
        match origin {
            Origin::Peer => Bound { count: max_count, bytes: max_bytes },
            Origin::Client | Origin::Question => {
                Bound { count: part(max_count, client_percent), bytes: part(max_bytes, client_percent) }
            }
        }
    }

    /// Drops the lowest-paying tails, all of which pay less than `tx`, until it fits in place of
    /// `freed_count` transactions of `freed_bytes` bytes. Drops nothing if that does not suffice.
    pub(super) fn make_room(
        &mut self,
        tx: &DecodedTx,
        origin: Origin,
        freed_bytes: usize,
        freed_count: usize,
    ) -> Result<usize, Refused> {
        let bound = self.bound(origin);
        // A client makes room for its own transaction, not for all that peers took in beyond its bound.
        let over_count = (self.len() + 1).saturating_sub(bound.count.max(self.len()) + freed_count);
        let over_bytes =
            (self.bytes + tx.raw.len()).saturating_sub(bound.bytes.max(self.bytes) + freed_bytes);
        if over_count == 0 && over_bytes == 0 {
            return Ok(0);
        }
        let victims = self.victims(tx, over_count, over_bytes).ok_or_else(|| self.full(tx, bound))?;
        Ok(self.discard(victims))
    }

    fn victims(&self, tx: &DecodedTx, count: usize, bytes: usize) -> Option<Vec<TxId>> {
        let offered = rate(tx);
        let mut chosen = BTreeSet::new();
        let mut freed = 0;
        // The worst of the tails and of what became a tail when its followers were chosen.
        let mut bared: BinaryHeap<Priority> = BinaryHeap::new();
        let mut tails = self.tails.iter().rev().copied().peekable();
        while chosen.len() < count || freed < bytes {
            let worst = match (tails.peek(), bared.peek()) {
                (Some(tail), Some(other)) if other > tail => bared.pop(),
                (Some(_), _) => tails.next(),
                (None, _) => bared.pop(),
            }?;
            if worst.rate() >= offered {
                return None;
            }
            let entry = self.entries.get(&worst.id)?;
            // Its own signers' transactions come before it.
            let related = |(address, _)| tx.signers.iter().any(|signer| signer.address == address);
            if chosen.contains(&worst.id) || slots(&entry.tx.tx).any(related) {
                continue;
            }
            chosen.insert(worst.id);
            freed += entry.bytes();
            for (address, sequence) in slots(&entry.tx.tx) {
                let before = sequence
                    .checked_sub(1)
                    .and_then(|sequence| self.queues.get(&address)?.at(sequence))
                    .and_then(|id| self.entries.get(&id));
                if let Some(before) = before
                    && self.is_bare(before, &chosen)
                {
                    bared.push(before.priority);
                }
            }
        }
        Some(chosen.into_iter().collect())
    }

    /// Whether all that directly follows `entry` is in `chosen`.
    fn is_bare(&self, entry: &Entry, chosen: &BTreeSet<TxId>) -> bool {
        slots(&entry.tx.tx).all(|(address, sequence)| {
            let follower = self.queues.get(&address).and_then(|queue| queue.at(sequence + 1));
            follower.is_none_or(|id| chosen.contains(&id))
        })
    }

    fn full(&self, tx: &DecodedTx, bound: Bound) -> Refused {
        Refused::Full {
            count: self.len(),
            bytes: self.bytes,
            max_count: bound.count,
            max_bytes: bound.bytes,
            offered: rate(tx),
        }
    }
}
