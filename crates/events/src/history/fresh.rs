//! Index rows that are not on disk yet.
//!
//! Terms and hashes are spread evenly, so writing them a block at a time costs far more than many blocks' at once,
//! sorted, straight into a table of their own. A thread does that while further blocks are taken in. Until the table is
//! finished the rows are searched in memory. They follow from the blocks, which are on disk, so after a crash they are
//! made again.

use super::index::{BlockIndex, Term, encode_list, row_key};
use super::rows::{ON_DISK, Packer, Rows, lost};
use super::{Config, History, HistoryError};
use fjall::OwnedWriteBatch;
use std::collections::BTreeMap;
use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::thread::JoinHandle;
use virtengine_types::block::Hash;

/// Most blocks in memory that are not being written, however small, as a restart reads them again.
const MAX_BLOCKS: usize = 256;

/// The index of the newest blocks.
#[derive(Clone, Default)]
pub(super) struct Fresh {
    /// All rows of the blocks up to this height are on disk, and those of later ones do not count.
    pub(super) on_disk: u64,
    /// Blocks above `on_disk` and up to this height are being written.
    sealed: u64,
    blocks: BTreeMap<u64, Arc<BlockIndex>>,
    /// Of the blocks that are not being written.
    rows: usize,
}

impl Fresh {
    /// An index whose rows up to a height are on disk.
    pub(super) fn after(on_disk: u64) -> Self {
        Self { on_disk, sealed: on_disk, ..Self::default() }
    }

    pub(super) fn insert(&mut self, index: BlockIndex) {
        self.remove(index.height);
        self.rows += index.rows();
        self.blocks.insert(index.height, Arc::new(index));
    }

    /// Forgets a block that is not being written; `false` if its rows are on disk.
    pub(super) fn remove(&mut self, height: u64) -> bool {
        if let Some(index) = self.blocks.remove(&height) {
            self.rows -= index.rows();
        }
        height > self.on_disk
    }

    /// Whether it is time to write.
    fn is_full(&self, config: &Config) -> bool {
        self.rows >= config.index_batch_rows.max(1)
            || self.blocks.range(self.sealed.saturating_add(1)..).count() >= MAX_BLOCKS
    }

    /// Whether a block is being written.
    pub(super) fn is_sealed(&self, height: u64) -> bool {
        self.on_disk < height && height <= self.sealed
    }

    /// All blocks, to be written. They are searched here until that is done.
    fn seal(&mut self) -> Vec<Arc<BlockIndex>> {
        self.rows = 0;
        self.sealed = self.blocks.last_key_value().map_or(self.on_disk, |(height, _)| *height);
        self.blocks.values().cloned().collect()
    }

    /// The blocks up to a height are on disk.
    fn written(&mut self, height: u64) {
        self.on_disk = self.on_disk.max(height);
        self.blocks = self.blocks.split_off(&self.on_disk.saturating_add(1));
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
}

/// What taking in blocks needs, one at a time.
pub(super) struct Appending {
    pub(super) packer: Packer,
    /// Writes index rows; answers the height up to which they are on disk.
    writing: Option<JoinHandle<Result<u64, HistoryError>>>,
}

impl Appending {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { packer: Packer::new()?, writing: None })
    }

    /// Notes what was written, and begins to write if there is enough; waits only if that much came meanwhile.
    pub(super) fn write_index(
        &mut self,
        rows: &Rows,
        config: &Config,
        fresh: &mut Fresh,
        batch: &mut OwnedWriteBatch,
    ) -> Result<(), HistoryError> {
        let full = fresh.is_full(config);
        if full || self.writing.as_ref().is_some_and(JoinHandle::is_finished) {
            self.settle(rows, fresh, batch)?;
        }
        if full {
            let (rows, blocks) = (rows.clone(), fresh.seal());
            let thread = std::thread::Builder::new().name("history index".to_owned());
            let writing = thread.spawn(move || write(&rows, &blocks));
            self.writing = Some(writing.map_err(fjall::Error::Io)?);
        }
        Ok(())
    }

    /// Waits for what is being written.
    pub(super) fn settle(
        &mut self,
        rows: &Rows,
        fresh: &mut Fresh,
        batch: &mut OwnedWriteBatch,
    ) -> Result<(), HistoryError> {
        let Some(writing) = self.writing.take() else { return Ok(()) };
        let written = writing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        fresh.written(written);
        batch.insert(&rows.about, ON_DISK, fresh.on_disk.to_be_bytes());
        Ok(())
    }
}

impl Drop for Appending {
    fn drop(&mut self) {
        if let Some(writing) = self.writing.take() {
            // What it wrote is written again at the next start, as nothing says that it is there.
            drop(writing.join());
        }
    }
}

/// Writes the rows of blocks in ascending order; on return they are on disk. Answers the last height.
fn write(rows: &Rows, blocks: &[Arc<BlockIndex>]) -> Result<u64, HistoryError> {
    let mut terms = Vec::new();
    let mut hashes = Vec::new();
    for index in blocks {
        terms.extend(index.terms.iter().map(|(term, place)| (*term, index.height, *place)));
        hashes.extend(index.hashes.iter().map(|(hash, place)| (*hash, index.height, *place)));
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
    Ok(blocks.last().map_or(0, |index| index.height))
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
