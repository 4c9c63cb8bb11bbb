//! The durable store of finalized blocks, their results, the indexes over them and the event log.
//!
//! One row set a block, written in one batch that is on disk when [`History::append`] returns:
//!
//! | keyspace | key | value |
//! |---|---|---|
//! | `headers` | height | [`BlockMeta`] |
//! | `bodies` | height | transactions and certificate, zstd |
//! | `results` | height | `BlockOutcome`, zstd |
//! | `blocks` | block hash | height |
//! | `txs` | transaction hash | height, index |
//! | `index` | term, height | indexes of the block's transactions that have the term |
//! | `log` | height | the block's [`Entry`]s, zstd; no row if it has none |
//! | `about` | name | format, chain, the height after the last gap, the height up to which `txs` and `index` are written |
//!
//! `txs` and `index` follow from the rest and are written for many blocks at once (`fresh.rs`).
//!
//! Numbers are big-endian, so rows are in the order of heights. What is held is contiguous: the first block
//! may have any height (a node that joined later), each following one is the next. After a gap, which state
//! sync leaves, the history begins anew; what was before is not answered any more and removed bit by bit.

mod append;
mod cache;
mod fresh;
mod index;
mod log;
mod read;
mod record;
mod rows;
mod search;
#[cfg(test)]
mod tests;

pub use log::EventPage;
use record::first_sequence;
pub use record::{BlockMeta, BlockRecord, TxRecord, tx_hash};
pub use search::{Found, Order, Page};

#[cfg(doc)]
use crate::Entry;
use cache::BlockCache;
use fresh::{Appending, Fresh};
use parking_lot::{Mutex, RwLock};
use rows::Rows;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

/// Settings of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Blocks to keep; `None`, the default, keeps all. Older ones are removed as new ones arrive.
    pub retain_blocks: Option<u64>,
    /// Most old blocks that one new block removes. Default 8.
    pub prune_per_block: u32,
    /// `type.attribute` keys that can be searched without reading blocks, beside every attribute of the
    /// event log's topics. Default: the keys that wallets and explorers search by.
    pub indexed_keys: BTreeSet<String>,
    /// Index rows that are kept in memory before they are written together; as many more while those are written.
    /// Default 131,072.
    pub index_batch_rows: usize,
    /// Most index rows that one search may read; a block that must be read itself counts as 50. A search
    /// beyond it is refused. Default 1,000,000.
    pub max_search_work: u64,
    /// Most log entries that one call of [`History::events`] looks at. Default 10,000.
    pub max_scanned_events: usize,
    /// Most items of one page of a search. Default 1,000.
    pub max_page: usize,
    /// Most bytes of one page of events; further ones are left to the next. Default 4 MiB.
    pub max_event_page_bytes: u64,
    /// Memory for recently used blocks, decoded, in bytes; larger blocks are not kept. Default 16 MiB.
    pub block_cache_bytes: u64,
    /// Memory for recently used disk pages, in bytes. Default 16 MiB.
    pub page_cache_bytes: u64,
}

impl Default for Config {
    fn default() -> Self {
        let keys = [
            "message.sender",
            "message.action",
            "message.module",
            "transfer.recipient",
            "transfer.sender",
            "tx.acc_seq",
            "delegate.validator",
        ];
        Self {
            retain_blocks: None,
            prune_per_block: 8,
            indexed_keys: keys.map(str::to_owned).into(),
            index_batch_rows: 131_072,
            max_search_work: 1_000_000,
            max_scanned_events: 10_000,
            max_page: 1_000,
            max_event_page_bytes: 4 << 20,
            block_cache_bytes: 16 << 20,
            page_cache_bytes: 16 << 20,
        }
    }
}

/// Why the store refuses or fails.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// The disk or the database failed; nothing of the call took effect.
    #[error("history store failed: {0}")]
    Store(#[from] fjall::Error),
    /// A row cannot be read back.
    #[error("history row {row} is corrupt: {reason}")]
    Corrupt {
        /// The row.
        row: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The directory belongs to another chain.
    #[error("history is of chain {found:?}, this node runs {expected:?}")]
    OtherChain {
        /// The chain of this node.
        expected: String,
        /// The chain of the directory or block.
        found: String,
    },
    /// The directory was written by another version.
    #[error("history has format {found}, this version reads {supported}")]
    Format {
        /// Format of the directory.
        found: u32,
        /// The format known here.
        supported: u32,
    },
    /// Another block is already known at this height.
    #[error("block {height} is {known} in the history, got {given}")]
    Conflict {
        /// The height.
        height: u64,
        /// Hash of the known block, hex.
        known: String,
        /// Hash of the refused block, hex.
        given: String,
    },
    /// The height is below the oldest block.
    #[error("height {height} is not available, lowest height is {lowest}")]
    NotHeld {
        /// Height wanted.
        height: u64,
        /// Height of the oldest block.
        lowest: u64,
    },
    /// The block has more events than sequences.
    #[error("block {height} has {found} events, a block has at most {max}")]
    Events {
        /// The height.
        height: u64,
        /// Events of the block.
        found: u64,
        /// The limit.
        max: u64,
    },
    /// The block does not hold one result for each transaction.
    #[error("block {height} has {txs} transactions and {results} results")]
    Results {
        /// The height.
        height: u64,
        /// Transactions of the block.
        txs: usize,
        /// Results of the block.
        results: usize,
    },
    /// A search would read too much.
    #[error("the search reads more than {limit} rows: bound it by tx.height or block.height")]
    TooBroad {
        /// The limit, in index rows.
        limit: u64,
    },
    /// The items of a page take too much memory.
    #[error("a page has at most {max} bytes, its first {items} items have {found}: ask for fewer items")]
    TooLarge {
        /// The limit.
        max: u64,
        /// Bytes of the items that were read.
        found: u64,
        /// Number of those.
        items: usize,
    },
}

/// The finalized chain on disk. Clones share one store.
///
/// Calls read or write the disk and may block; async callers wrap them.
#[derive(Clone)]
pub struct History {
    inner: Arc<Inner>,
}

struct Inner {
    rows: Rows,
    chain_id: String,
    config: Config,
    head: RwLock<Head>,
    /// Locked while a block is taken in.
    appending: Mutex<Appending>,
    cache: Mutex<BlockCache>,
}

/// What the store covers.
#[derive(Clone, Default)]
struct Head {
    earliest: Option<Arc<BlockMeta>>,
    latest: Option<Arc<BlockMeta>>,
    /// Heights from before the last gap whose rows may still be on disk.
    leftover: Range<u64>,
    /// Index rows that are not on disk.
    fresh: Fresh,
}

impl Head {
    fn next_sequence(&self) -> u64 {
        self.latest.as_ref().map_or(first_sequence(1), |latest| latest.next_sequence())
    }
}

impl History {
    /// Opens the store in `directory`, making it if there is none or an empty one. After a crash every block whose
    /// `append` returned is there.
    ///
    /// # Errors
    /// - `Store` - the directory cannot be read or written, or another process has it open
    /// - `OtherChain`, `Format` - the directory is of another chain or version
    /// - `Corrupt` - a keyspace is lost, or its first or one of its last blocks cannot be read
    pub fn open(directory: &Path, chain_id: &str, config: Config) -> Result<Self, HistoryError> {
        let rows = Rows::open(directory, chain_id, config.page_cache_bytes)?;
        let head = rows.head()?;
        let cache = Mutex::new(BlockCache::new(config.block_cache_bytes));
        let inner = Inner {
            rows,
            chain_id: chain_id.to_owned(),
            config,
            head: RwLock::new(head),
            appending: Mutex::new(Appending::new().map_err(fjall::Error::Io)?),
            cache,
        };
        let history = Self { inner: Arc::new(inner) };
        history.index_again()?;
        if let Some(earliest) = history.earliest() {
            let height = earliest.height().0;
            history.load(height)?.ok_or_else(|| rows::lost(height))?;
        }
        Ok(history)
    }

    /// The settings the store was opened with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The chain whose blocks it holds.
    #[must_use]
    pub fn chain_id(&self) -> &str {
        &self.inner.chain_id
    }

    /// The newest block.
    #[must_use]
    pub fn latest(&self) -> Option<Arc<BlockMeta>> {
        self.inner.head.read().latest.clone()
    }

    /// The oldest block that is kept.
    #[must_use]
    pub fn earliest(&self) -> Option<Arc<BlockMeta>> {
        self.inner.head.read().earliest.clone()
    }

    /// Refuses heights below the oldest block.
    ///
    /// # Errors
    /// - `NotHeld` - the height is below it
    pub fn check_held(&self, height: u64) -> Result<(), HistoryError> {
        match self.earliest().map(|earliest| earliest.height().0) {
            Some(lowest) if height < lowest => Err(HistoryError::NotHeld { height, lowest }),
            _ => Ok(()),
        }
    }

    /// The first sequence after the newest block.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.inner.head.read().next_sequence()
    }

    /// The sequence from which on every event is held; 1 if nothing of the chain is missing.
    #[must_use]
    pub fn earliest_sequence(&self) -> u64 {
        match self.earliest() {
            Some(earliest) if earliest.height().0 > 1 => earliest.first_sequence(),
            _ => 1,
        }
    }
}
