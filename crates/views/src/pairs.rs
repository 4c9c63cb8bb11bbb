//! Rows named by two accounts, as delegations are; dense, as there are more of them than of anything else.

use crate::{
    ListPage, ViewError,
    page::{Page, decode_cursor, encode_cursor},
    ranks::Ranks,
};
use hashbrown::HashTable;
use std::hash::{BuildHasher as _, RandomState};
use virtengine_state::{Key, Record, Table};
use virtengine_types::Address;

pub(crate) type Pair = (Address, Address);

/// Pairs, found by either account and by the key of their row: some 72 bytes each. A slot is given again once its
/// row is gone.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    pairs: Vec<Pair>,
    /// A part of each row's key, which is all that a deletion names.
    marks: Vec<u64>,
    free: Vec<u32>,
    slots: HashTable<u32>,
    /// Seeded at random, so that nobody can choose keys that collide.
    hasher: RandomState,
    /// Whether there are orders: after the fill, which sorts once.
    ordered: bool,
    by_first: Ranks,
    by_second: Ranks,
}

impl Pairs {
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Takes in a row.
    pub(crate) fn insert(&mut self, key: &Key, pair: Pair) {
        let mark = mark(key);
        let hash = self.hasher.hash_one(mark);
        if self.slots.find(hash, |slot| self.pairs[*slot as usize] == pair).is_some() {
            return;
        }
        let slot = self.place(mark, pair);
        let Self { pairs, marks, slots, hasher, by_first, by_second, .. } = self;
        slots.insert_unique(hash, slot, |slot| hasher.hash_one(marks[*slot as usize]));
        if self.ordered {
            by_first.insert(slot, |other| pairs[other as usize].cmp(&pair));
            by_second.insert(slot, |other| turned(pairs[other as usize]).cmp(&turned(pair)));
        }
    }

    /// Forgets the row of `table` at `key`, if there is one.
    pub(crate) fn remove<V: Record>(&mut self, table: &Table<Pair, V>, key: &Key) {
        let Self { pairs, marks, free, slots, by_first, by_second, .. } = self;
        let mark = mark(key);
        let is_it = |slot: &u32| {
            let slot = *slot as usize;
            marks[slot] == mark && table.key(&pairs[slot]).is_ok_and(|known| known == *key)
        };
        let Ok(found) = slots.find_entry(self.hasher.hash_one(mark), is_it) else { return };
        let (slot, _) = found.remove();
        let pair = pairs[slot as usize];
        by_first.remove(|other| pairs[other as usize].cmp(&pair));
        by_second.remove(|other| turned(pairs[other as usize]).cmp(&turned(pair)));
        free.push(slot);
    }

    /// Sorts all slots; from now on every write keeps the orders up.
    pub(crate) fn order(&mut self) {
        let Self { pairs, slots, .. } = self;
        let all: Vec<u32> = slots.iter().copied().collect();
        self.by_first = Ranks::sorted(all.clone(), |slot| pairs[slot as usize]);
        self.by_second = Ranks::sorted(all, |slot| turned(pairs[slot as usize]));
        self.ordered = true;
    }

    /// Those with this first and this second account, by the first and then the second, one page.
    pub(crate) fn page(
        &self,
        first: Option<Address>,
        second: Option<Address>,
        page: &ListPage,
    ) -> Result<Page<Pair>, ViewError> {
        // Those of one second account are together when pairs are turned round.
        let (ranks, view): (_, fn(Pair) -> Pair) = if first.is_none() && second.is_some() {
            (&self.by_second, turned)
        } else {
            (&self.by_first, |pair| pair)
        };
        let place = |slot: u32| view(self.pairs[slot as usize]);
        let found = match (first, second) {
            (None, None) => 0..ranks.len(),
            (Some(one), None) | (None, Some(one)) => ranks.range(|slot| place(slot).0.cmp(&one)),
            (Some(first), Some(second)) => ranks.range(|slot| place(slot).cmp(&(first, second))),
        };
        let total = Some(found.len() as u64);
        let cursor = page.cursor.as_ref().map(decode_cursor::<Pair>).transpose()?;
        let cursor = cursor.map(|at| ranks.range(|slot| place(slot).cmp(&view(at))));
        let (slots, next) = ranks.page(found, cursor, page);
        let pair = |slot: u32| self.pairs[slot as usize];
        let next = next.map(|slot| encode_cursor(&pair(slot))).transpose()?;
        Ok(Page { items: slots.into_iter().map(pair).collect(), next, total })
    }

    /// Gives a slot to a pair that has none.
    fn place(&mut self, mark: u64, pair: Pair) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.pairs[slot as usize] = pair;
            self.marks[slot as usize] = mark;
            return slot;
        }
        let slot =
            u32::try_from(self.pairs.len()).expect("2^32 pairs would take a quarter of a terabyte of memory");
        self.pairs.push(pair);
        self.marks.push(mark);
        slot
    }
}

/// Eight of a key's uniform bytes; the first is the same for the whole table.
const fn mark(key: &Key) -> u64 {
    let [_, a, b, c, d, e, f, g, h, ..] = key.bytes;
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

const fn turned((first, second): Pair) -> Pair {
    (second, first)
}
