//! Recently used blocks, decoded, within a bound of bytes.

use super::BlockRecord;
use lru::LruCache;
use std::sync::Arc;

/// Blocks by height, with the memory of each, as counting it looks at every event; those not used for longest
/// make room for others.
pub(super) struct BlockCache {
    blocks: LruCache<u64, (Arc<BlockRecord>, u64)>,
    bytes: u64,
    max_bytes: u64,
}

impl BlockCache {
    /// A cache of at most `max_bytes`; 0 keeps nothing.
    pub(super) fn new(max_bytes: u64) -> Self {
        Self { blocks: LruCache::unbounded(), bytes: 0, max_bytes }
    }

    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    pub(super) fn get(&mut self, height: u64) -> Option<Arc<BlockRecord>> {
        self.blocks.get(&height).map(|(record, _)| record.clone())
    }

    /// Keeps a block, unless it alone exceeds the bound.
    pub(super) fn put(&mut self, record: Arc<BlockRecord>) {
        let (height, bytes) = (record.height().0, record.memory_bytes());
        self.remove(height);
        if bytes > self.max_bytes {
            return;
        }
        self.bytes += bytes;
        self.blocks.put(height, (record, bytes));
        while self.bytes > self.max_bytes {
            let Some((_, (_, oldest))) = self.blocks.pop_lru() else { break };
            self.bytes -= oldest;
        }
    }

    pub(super) fn remove(&mut self, height: u64) {
        if let Some((_, bytes)) = self.blocks.pop(&height) {
            self.bytes -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BlockMeta;
    use virtengine_types::{
        Height,
        block::{BlockHeader, BlockOutcome},
    };

    fn record(height: u64, tx_bytes: u64) -> Arc<BlockRecord> {
        let header = BlockHeader { height: Height(height), ..BlockHeader::default() };
        let meta = BlockMeta { header, hash: [0; 32], txs: 0, tx_bytes, events: 0 };
        let outcome = Arc::new(BlockOutcome::default());
        Arc::new(BlockRecord { meta, txs: Vec::new(), outcome, certificate: None })
    }

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let each = record(1, 1_000).memory_bytes();
        let mut cache = BlockCache::new(each * 3);
        (1..=3).for_each(|height| cache.put(record(height, 1_000)));
        assert!(cache.get(1).is_some());
        cache.put(record(4, 1_000));
        let held: Vec<u64> = (1..=4).filter(|height| cache.get(*height).is_some()).collect();
        assert_eq!((held, cache.bytes, cache.len()), (vec![1, 3, 4], each * 3, 3));
        // One large block takes the place of two small ones.
        cache.put(record(5, 1_000 + each));
        let held: Vec<u64> = (1..=5).filter(|height| cache.get(*height).is_some()).collect();
        assert_eq!((held, cache.bytes), (vec![4, 5], each * 3));
        cache.remove(5);
        assert_eq!(cache.bytes, each);
    }

    #[test]
    fn a_block_is_counted_once_and_one_beyond_the_bound_not_kept() {
        let each = record(1, 1_000).memory_bytes();
        let mut cache = BlockCache::new(each);
        cache.put(record(1, 1_000));
        cache.put(record(1, 1_000));
        assert_eq!(cache.bytes, each);
        cache.put(record(2, 1_001));
        assert!(cache.get(2).is_none() && cache.get(1).is_some());
        assert!(record(1, 0).memory_bytes() > 0, "empty blocks are bounded too");
    }
}
