//! Index rows that are not on disk yet.
//!
//! Terms and hashes are spread evenly, so writing them a block at a time costs far more than many blocks' at once,
//! sorted, straight into a table of their own. Until there are enough of them they are searched in memory. They follow
//! from the blocks, which are on disk, so after a crash they are made again.

use super::index::{BlockIndex, Term, encode_list, row_key};
use super::rows::{Rows, lost};
use super::{Config, History, HistoryError};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use virtengine_types::block::Hash;

/// Most blocks in memory, however small, as a restart reads them again.
const MAX_BLOCKS: usize = 256;

/// The index of the newest blocks.
#[derive(Clone, Default)]
pub(super) struct Fresh {
    /// All rows of the blocks up to this height are on disk, none of the later ones.
    pub(super) on_disk: u64,
    blocks: BTreeMap<u64, Arc<BlockIndex>>,
    rows: usize,
}

impl Fresh {
    /// An index whose rows up to a height are on disk.
    pub(super) fn after(on_disk: u64) -> Self {
        Self { on_disk, ..Self::default() }
    }

    pub(super) fn insert(&mut self, index: BlockIndex) {
        self.remove(index.height);
        self.rows += index.terms.len() + index.hashes.len();
        self.blocks.insert(index.height, Arc::new(index));
    }

    /// Forgets a block; `false` if its rows are on disk.
    pub(super) fn remove(&mut self, height: u64) -> bool {
        if let Some(index) = self.blocks.remove(&height) {
            self.rows -= index.terms.len() + index.hashes.len();
        }
        height > self.on_disk
    }

    /// Whether it is time to write.
    pub(super) fn is_full(&self, config: &Config) -> bool {
        self.rows >= config.index_batch_rows.max(1) || self.blocks.len() >= MAX_BLOCKS
    }

    /// The blocks of a range of heights.
    pub(super) fn blocks(&self, heights: RangeInclusive<u64>) -> Vec<Arc<BlockIndex>> {
        self.blocks.range(heights).map(|(_, index)| index.clone()).collect()
    }

    /// The transactions of a block that have a term.
    pub(super) fn list(&self, term: Term, height: u64) -> Option<Vec<u32>> {
        self.blocks.get(&height)?.list(term)
    }

    /// Height and index of a transaction.
    pub(super) fn place(&self, hash: &Hash) -> Option<(u64, u32)> {
        self.blocks.iter().rev().find_map(|(height, index)| Some((*height, index.place(hash)?)))
    }

    /// Writes all rows; on return they are on disk, and the caller has to note that up to which height.
    pub(super) fn write(&mut self, rows: &Rows) -> Result<(), HistoryError> {
        let mut terms = Vec::new();
        let mut hashes = Vec::new();
        for (height, index) in &self.blocks {
            terms.extend(index.terms.iter().map(|(term, place)| (*term, *height, *place)));
            hashes.extend(index.hashes.iter().map(|(hash, place)| (*hash, *height, *place)));
        }
        terms.sort_unstable();
        // The bytes of one transaction may be in two blocks; the later place is the one that is kept.
        hashes.sort_unstable_by(|(a, a_height, _), (b, b_height, _)| a.cmp(b).then(b_height.cmp(a_height)));
        hashes.dedup_by_key(|(hash, ..)| *hash);
        let mut table = rows.index.start_ingestion()?;
        for same in terms.chunk_by(|(a, a_height, _), (b, b_height, _)| (a, a_height) == (b, b_height)) {
            if let [(term, height, _), ..] = same {
                let list: Vec<u32> = same.iter().map(|(.., place)| *place).collect();
                table.write(row_key(*term, *height), encode_list(&list))?;
            }
        }
        table.finish()?;
        let mut table = rows.txs.start_ingestion()?;
        for (hash, height, place) in hashes {
            table.write(hash, [&height.to_be_bytes(), place.to_be_bytes().as_slice()].concat())?;
        }
        table.finish()?;
        let last = self.blocks.last_key_value().map_or(0, |(height, _)| *height);
        *self = Self::after(self.on_disk.max(last));
        Ok(())
    }
}

impl History {
    /// Makes the rows again that were not on disk when the store was closed.
    pub(super) fn index_again(&self) -> Result<(), HistoryError> {
        let mut fresh = Fresh::after(self.inner.rows.on_disk()?);
        for height in self.inner.rows.heights_from(fresh.on_disk.saturating_add(1))? {
            let record = self.load(height)?.ok_or_else(|| lost(height))?;
            fresh.insert(BlockIndex::new(&self.inner.config, &record));
        }
        self.inner.head.write().fresh = fresh;
        Ok(())
    }
}
