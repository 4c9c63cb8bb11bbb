//! Slots in an order, from which pages are cut by rank.

use crate::ListPage;
use rayon::slice::ParallelSliceMut as _;
use std::{cmp::Ordering, ops::Range};

/// Most slots of a block.
const BLOCK: usize = 512;
/// Slots of a block after a fill: room for some before it is split.
const FILLED: usize = 416;

/// Slots in ascending order, in blocks that are split and joined as they grow and shrink. Two neighbours together
/// always hold more than half a block, so a slot takes 4.9 bytes after a fill, 6 as random changes go on, and 16 at most.
///
/// The order is the owner's. Each operation is given how a slot compares with the sought place: less for the first
/// slots, equal for some, greater for the last. A search costs O(log n) comparisons.
#[derive(Debug, Default)]
pub(crate) struct Ranks {
    blocks: Vec<Vec<u32>>,
    len: usize,
}

impl Ranks {
    /// These slots by a key, sorted on all cores.
    pub(crate) fn sorted<K: Ord>(mut slots: Vec<u32>, key: impl Fn(u32) -> K + Sync) -> Self {
        slots.par_sort_unstable_by_key(|slot| key(*slot));
        Self::of_sorted(&slots)
    }

    /// Slots that are in their order already.
    pub(crate) fn of_sorted(slots: &[u32]) -> Self {
        let block = |slots: &[u32]| {
            let mut block = Vec::with_capacity(BLOCK);
            block.extend_from_slice(slots);
            block
        };
        Self { blocks: slots.chunks(FILLED).map(block).collect(), len: slots.len() }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Puts in a slot, before those that compare as equal or greater.
    pub(crate) fn insert(&mut self, slot: u32, compare: impl Fn(u32) -> Ordering) {
        let (mut block, mut index) = self.place(|slot| compare(slot).is_lt());
        if self.blocks.is_empty() {
            self.blocks.push(Vec::with_capacity(BLOCK));
        } else if block == self.blocks.len() {
            block -= 1;
            index = self.blocks[block].len();
        }
        self.blocks[block].insert(index, slot);
        self.len += 1;
        if self.blocks[block].len() == BLOCK {
            let mut behind = Vec::with_capacity(BLOCK);
            behind.extend(self.blocks[block].drain(BLOCK / 2..));
            self.blocks.insert(block + 1, behind);
        }
    }

    /// Takes out the first slot that compares as equal, if there is one.
    pub(crate) fn remove(&mut self, compare: impl Fn(u32) -> Ordering) {
        let (block, index) = self.place(|slot| compare(slot).is_lt());
        if !self.blocks.get(block).is_some_and(|slots| compare(slots[index]).is_eq()) {
            return;
        }
        self.blocks[block].remove(index);
        self.len -= 1;
        if self.blocks[block].is_empty() {
            self.blocks.remove(block);
            return;
        }
        for left in [block.saturating_sub(1), block] {
            let [first, second, ..] = &mut self.blocks[left..] else { return };
            if first.len() + second.len() <= BLOCK / 2 {
                first.append(second);
                self.blocks.remove(left + 1);
                return;
            }
        }
    }

    /// Ranks of the slots that compare as equal. Cost: two searches, and a look at each block.
    pub(crate) fn range(&self, compare: impl Fn(u32) -> Ordering) -> Range<usize> {
        let start = self.place(|slot| compare(slot).is_lt());
        let end = self.place(|slot| compare(slot).is_le());
        self.rank(start)..self.rank(end)
    }

    /// All slots in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.blocks.iter().flatten().copied()
    }

    /// The slots of a range of ranks. Cost: their number, and a look at each block before.
    pub(crate) fn slots(&self, range: Range<usize>) -> impl Iterator<Item = u32> {
        let mut skip = range.start;
        let first = self.blocks.iter().position(|block| {
            let here = skip < block.len();
            if !here {
                skip -= block.len();
            }
            here
        });
        let blocks = self.blocks.get(first.unwrap_or(self.blocks.len())..).unwrap_or_default();
        blocks.iter().flatten().copied().skip(skip).take(range.len())
    }

    /// The page of the slots in `found`, whose cursor compares as equal with the slots at `cursor`; also the first
    /// slot of the page after.
    pub(crate) fn page(
        &self,
        found: Range<usize>,
        cursor: Option<Range<usize>>,
        page: &ListPage,
    ) -> (Vec<u32>, Option<u32>) {
        let mut rest = found;
        match cursor {
            Some(cursor) if page.reverse => rest.end = rest.end.min(cursor.end),
            Some(cursor) => rest.start = rest.start.max(cursor.start),
            None => {}
        }
        let skip = usize::try_from(page.offset).unwrap_or(usize::MAX).min(rest.len());
        let length = page.limit.saturating_add(1).min(rest.len() - skip);
        let wanted = if page.reverse {
            rest.end - skip - length..rest.end - skip
        } else {
            rest.start + skip..rest.start + skip + length
        };
        let mut slots: Vec<u32> = self.slots(wanted).collect();
        if page.reverse {
            slots.reverse();
        }
        let next = if slots.len() > page.limit { slots.pop() } else { None };
        (slots, next)
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<Vec<u32>>() + self.blocks.len() * BLOCK * size_of::<u32>()
    }

    /// Block and index of the first slot that is not `before`; the number of blocks if there is none.
    fn place(&self, before: impl Fn(u32) -> bool) -> (usize, usize) {
        let block = self.blocks.partition_point(|block| block.last().is_some_and(|last| before(*last)));
        let index = self.blocks.get(block).map(|block| block.partition_point(|slot| before(*slot)));
        (block, index.unwrap_or_default())
    }

    fn rank(&self, (block, index): (usize, usize)) -> usize {
        self.blocks.iter().take(block).map(Vec::len).sum::<usize>() + index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn ranks_are_as_in_a_sorted_list(
            filled in 0u32..3_000,
            changes in prop::collection::vec((0u32..3_000, any::<bool>()), 0..1_500),
            low in 0u32..3_000,
            width in 0u32..500,
        ) {
            let mut model: Vec<u32> = (0..filled).map(|number| number * 3_000 / filled).collect();
            model.dedup();
            let mut ranks = Ranks::of_sorted(&model);
            for (slot, put) in changes {
                match model.binary_search(&slot) {
                    Err(place) if put => {
                        model.insert(place, slot);
                        ranks.insert(slot, |other| other.cmp(&slot));
                    }
                    Ok(place) if !put => {
                        model.remove(place);
                        ranks.remove(|other| other.cmp(&slot));
                    }
                    Err(_) => ranks.remove(|other| other.cmp(&slot)),
                    Ok(_) => {}
                }
            }
            prop_assert_eq!(ranks.len(), model.len());
            prop_assert!(ranks.iter().eq(model.iter().copied()));
            let range = ranks.range(|slot| {
                if slot < low { Ordering::Less } else if slot < low + width { Ordering::Equal } else { Ordering::Greater }
            });
            let start = model.partition_point(|slot| *slot < low);
            let end = model.partition_point(|slot| *slot < low + width);
            prop_assert_eq!((range.start, range.end), (start, end));
            prop_assert!(ranks.slots(range).eq(model[start..end].iter().copied()));
        }
    }

    #[test]
    fn blocks_are_at_least_a_quarter_full_whatever_was_removed() {
        let mut ranks = Ranks::default();
        for slot in 0..100_000u32 {
            ranks.insert(slot, |other| other.cmp(&slot));
        }
        for slot in (0..100_000u32).filter(|slot| slot % 250 != 0) {
            ranks.remove(|other| other.cmp(&slot));
        }
        assert_eq!(ranks.len(), 400);
        assert!(ranks.blocks.windows(2).all(|pair| pair[0].len() + pair[1].len() > BLOCK / 2));
        for slot in (0..100_000u32).step_by(250) {
            ranks.remove(|other| other.cmp(&slot));
        }
        assert!(ranks.blocks.is_empty());
    }
}
