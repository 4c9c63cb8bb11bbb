//! Taking in finalized blocks and dropping old ones.

use super::fresh::{Appending, Fresh};
use super::index::{BlockIndex, row_key};
use super::rows::{START, encode};
use super::{BlockMeta, BlockRecord, Head, History, HistoryError};
use crate::Entry;
use bytes::Bytes;
use fjall::{OwnedWriteBatch, PersistMode};
use std::sync::Arc;
use virtengine_types::block::{FinalizedBlock, MAX_BLOCK_EVENTS};

impl History {
    /// Keeps a finalized block; on return it is on disk. A block that is already kept changes nothing, so
    /// redelivery after a crash is harmless; one that was pruned is not kept again. If blocks are missing
    /// before it, which state sync covered, the history begins anew with it.
    ///
    /// # Errors
    /// - `Conflict` - another block is known at this height
    /// - `OtherChain`, `Results`, `Events` - it is not a block of this chain, or not a whole one
    /// - `Store` - the disk failed; the block is not kept
    pub fn append(&self, block: &FinalizedBlock) -> Result<Arc<BlockRecord>, HistoryError> {
        let mut appending = self.inner.appending.lock();
        let head = self.inner.head.read().clone();
        let record = Arc::new(BlockRecord::new(block));
        let height = record.height().0;
        if record.meta.header.chain_id != self.inner.chain_id {
            let found = record.meta.header.chain_id.clone();
            return Err(HistoryError::OtherChain { expected: self.inner.chain_id.clone(), found });
        }
        let (txs, results) = (record.txs.len(), record.outcome.results.len());
        if txs != results {
            return Err(HistoryError::Results { height, txs, results });
        }
        let events = record.meta.events;
        if events > MAX_BLOCK_EVENTS {
            return Err(HistoryError::Events { height, found: events, max: MAX_BLOCK_EVENTS });
        }
        if head.latest.as_ref().is_some_and(|latest| height <= latest.height().0) {
            return self.known(record);
        }
        self.write(&mut appending, head, record)
    }

    fn known(&self, record: Arc<BlockRecord>) -> Result<Arc<BlockRecord>, HistoryError> {
        let height = record.height().0;
        let Some(known) = self.block(height)? else {
            return Ok(record);
        };
        if known.meta.hash == record.meta.hash {
            return Ok(known);
        }
        let (known, given) = (hex::encode(known.meta.hash), hex::encode(record.meta.hash));
        Err(HistoryError::Conflict { height, known, given })
    }

    fn write(
        &self,
        appending: &mut Appending,
        mut head: Head,
        record: Arc<BlockRecord>,
    ) -> Result<Arc<BlockRecord>, HistoryError> {
        let rows = &self.inner.rows;
        let height = record.height().0;
        let key = height.to_be_bytes();
        let body: (&Vec<Bytes>, &Option<Bytes>) = (&record.txs, &record.certificate);
        let mut batch = rows.db.batch().durability(Some(PersistMode::SyncData));
        appending.write_index(rows, &self.inner.config, &mut head.fresh, &mut batch)?;
        let packer = &mut appending.packer;
        batch.insert(&rows.headers, key, encode(&record.meta, "headers")?);
        batch.insert(&rows.bodies, key, packer.pack(&body, "bodies")?);
        batch.insert(&rows.results, key, packer.pack(record.outcome.as_ref(), "results")?);
        batch.insert(&rows.blocks, record.meta.hash, key);
        if record.meta.events > 0 {
            let entries: Vec<Entry> = record.entries().collect();
            batch.insert(&rows.log, key, packer.pack(&entries, "log")?);
        }
        let meta = Arc::new(record.meta.clone());
        head.earliest = match (head.earliest, &head.latest) {
            (Some(earliest), Some(latest)) if height > latest.height().0 + 1 => {
                batch.insert(&rows.about, START, key);
                let oldest = if head.leftover.is_empty() { earliest.height().0 } else { head.leftover.start };
                head.leftover = oldest..latest.height().0 + 1;
                Some(meta.clone())
            }
            (Some(earliest), _) => {
                Some(self.prune(appending, &mut batch, &mut head.fresh, earliest, height)?)
            }
            (None, _) => Some(meta.clone()),
        };
        head.latest = Some(meta);
        for gone in head.leftover.by_ref().take(self.inner.config.prune_per_block as usize) {
            self.remove(appending, &mut batch, &mut head.fresh, gone)?;
        }
        head.fresh.insert(BlockIndex::new(&self.inner.config, &record));
        batch.commit()?;
        self.inner.cache.lock().put(record.clone());
        *self.inner.head.write() = head;
        Ok(record)
    }

    /// Removes blocks that are too old once `latest` is kept, a bounded number; answers the oldest left.
    fn prune(
        &self,
        appending: &mut Appending,
        batch: &mut OwnedWriteBatch,
        fresh: &mut Fresh,
        earliest: Arc<BlockMeta>,
        latest: u64,
    ) -> Result<Arc<BlockMeta>, HistoryError> {
        let Some(retain) = self.inner.config.retain_blocks else {
            return Ok(earliest);
        };
        let wanted = (latest + 1).saturating_sub(retain.max(1));
        let reachable = earliest.height().0 + u64::from(self.inner.config.prune_per_block);
        let first_kept = wanted.min(reachable).min(latest - 1).max(earliest.height().0);
        for height in earliest.height().0..first_kept {
            self.remove(appending, batch, fresh, height)?;
        }
        let kept = self.inner.rows.header(first_kept)?;
        Ok(kept.map_or(earliest, Arc::new))
    }

    fn remove(
        &self,
        appending: &mut Appending,
        batch: &mut OwnedWriteBatch,
        fresh: &mut Fresh,
        height: u64,
    ) -> Result<(), HistoryError> {
        let rows = &self.inner.rows;
        let Some(record) = self.load(height)? else {
            return Ok(());
        };
        let key = height.to_be_bytes();
        for keyspace in [&rows.headers, &rows.bodies, &rows.results] {
            batch.remove(keyspace, key);
        }
        batch.remove(&rows.blocks, record.meta.hash);
        if fresh.is_sealed(height) {
            appending.settle(rows, fresh, batch)?;
        }
        if !fresh.remove(height) {
            let mut index = BlockIndex::new(&self.inner.config, &record);
            index.terms.dedup_by_key(|(term, _)| *term);
            for (hash, _) in index.hashes {
                batch.remove(&rows.txs, hash);
            }
            for (term, _) in index.terms {
                batch.remove(&rows.index, row_key(term, height));
            }
        }
        if record.meta.events > 0 {
            batch.remove(&rows.log, key);
        }
        self.inner.cache.lock().remove(height);
        Ok(())
    }
}
