//! Making room for transactions that pay more.

use super::{Entry, Origin, Pool, Priority, TxId, rate, slots};
use crate::{Config, Refused, config::part};
use std::collections::{BTreeSet, BinaryHeap};
use virtengine_types::tx::DecodedTx;

/// Bounds of what is kept.
#[derive(Clone, Copy, Debug)]
struct Room {
    count: usize,
    bytes: usize,
}

impl Pool {
    /// Refuses a transaction for which there is no room and that does not outbid the worst tail.
    pub(super) fn outbids(&self, tx: &DecodedTx, origin: Origin) -> Result<(), Refused> {
        let room = self.room(origin);
        let fits = self.len() < room.count && self.bytes + tx.raw.len() <= room.bytes;
        let worst = self.tails.last().map_or(0, Priority::rate);
        if fits || rate(tx) > worst { Ok(()) } else { Err(self.full(tx, room)) }
    }

    /// How much may be kept after taking in what `origin` brings. Beyond their part clients take the place of others
    /// only.
    fn room(&self, origin: Origin) -> Room {
        let Config { max_count, max_bytes, client_percent, .. } = self.config;
        match origin {
            Origin::Peer => Room { count: max_count, bytes: max_bytes },
            Origin::Client | Origin::Question => Room {
                count: part(max_count, client_percent).max(self.len()),
                bytes: part(max_bytes, client_percent).max(self.bytes),
            },
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
        let room = self.room(origin);
        let over_count = (self.len() + 1).saturating_sub(room.count + freed_count);
        let over_bytes = (self.bytes + tx.raw.len()).saturating_sub(room.bytes + freed_bytes);
        if over_count == 0 && over_bytes == 0 {
            return Ok(0);
        }
        let victims = self.victims(tx, over_count, over_bytes).ok_or_else(|| self.full(tx, room))?;
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

    fn full(&self, tx: &DecodedTx, room: Room) -> Refused {
        Refused::Full {
            count: self.len(),
            bytes: self.bytes,
            max_count: room.count,
            max_bytes: room.bytes,
            offered: rate(tx),
        }
    }
}
