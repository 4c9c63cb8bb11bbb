//! Reading blocks and transactions by their names.

use super::rows::{array, unpack};
use super::{BlockMeta, BlockRecord, History, HistoryError, TxRecord};
use bytes::Bytes;
use std::sync::Arc;
use virtengine_types::block::Hash;

impl History {
    /// The header, hash and sizes of the block at a height; `None` if it is not kept.
    ///
    /// # Errors
    /// - `Store`, `Corrupt` - the disk failed
    pub fn header(&self, height: u64) -> Result<Option<BlockMeta>, HistoryError> {
        if self.check_held(height).is_err() {
            return Ok(None);
        }
        self.inner.rows.header(height)
    }

    /// Recently used blocks in memory.
    #[must_use]
    pub fn cached_blocks(&self) -> usize {
        self.inner.cache.lock().len()
    }

    /// The block at a height; `None` if it is not kept. Recently used blocks are answered from memory.
    ///
    /// # Errors
    /// - `Store`, `Corrupt` - the disk failed
    pub fn block(&self, height: u64) -> Result<Option<Arc<BlockRecord>>, HistoryError> {
        if self.check_held(height).is_err() {
            return Ok(None);
        }
        if let Some(record) = self.inner.cache.lock().get(height) {
            return Ok(Some(record));
        }
        let record = self.load(height)?.map(Arc::new);
        if let Some(record) = &record {
            self.inner.cache.lock().put(record.clone());
        }
        Ok(record)
    }

    /// The block of a hash; `None` if it is not kept.
    ///
    /// # Errors
    /// - `Store`, `Corrupt` - the disk failed
    pub fn block_by_hash(&self, hash: &Hash) -> Result<Option<Arc<BlockRecord>>, HistoryError> {
        let Some(row) = self.inner.rows.blocks.get(hash)? else {
            return Ok(None);
        };
        self.block(u64::from_be_bytes(array(&row, "blocks")?))
    }

    /// The transaction of a hash; `None` if it is not in a kept block.
    ///
    /// # Errors
    /// - `Store`, `Corrupt` - the disk failed
    pub fn tx(&self, hash: &Hash) -> Result<Option<TxRecord>, HistoryError> {
        let Some((height, index)) = self.place(hash)? else {
            return Ok(None);
        };
        Ok(self.block(height)?.and_then(|record| record.tx(index)))
    }

    /// Height and index of a transaction.
    pub(super) fn place(&self, hash: &Hash) -> Result<Option<(u64, u32)>, HistoryError> {
        if let Some(place) = self.inner.head.read().fresh.place(hash) {
            return Ok(Some(place));
        }
        let Some(row) = self.inner.rows.txs.get(hash)? else {
            return Ok(None);
        };
        let place: [u8; 12] = array(&row, "txs")?;
        let (height, index) = place.split_at(8);
        Ok(Some((u64::from_be_bytes(array(height, "txs")?), u32::from_be_bytes(array(index, "txs")?))))
    }

    /// Reads a block from disk.
    pub(super) fn load(&self, height: u64) -> Result<Option<BlockRecord>, HistoryError> {
        let rows = &self.inner.rows;
        let key = height.to_be_bytes();
        let (Some(meta), Some(body), Some(results)) =
            (rows.header(height)?, rows.bodies.get(key)?, rows.results.get(key)?)
        else {
            return Ok(None);
        };
        let (txs, certificate): (Vec<Bytes>, Option<Bytes>) = unpack(&body, &format!("bodies/{height}"))?;
        let outcome = unpack(&results, &format!("results/{height}"))?;
        Ok(Some(BlockRecord { meta, txs, outcome: Arc::new(outcome), certificate }))
    }
}
