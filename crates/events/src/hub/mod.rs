//! Live subscribers of finalized blocks and of the event log.
//!
//! A subscriber holds a position and asks for what follows. The newest blocks are shared in a bounded ring in
//! memory; a subscriber whose position has left it reads [`History`] instead. So there is no queue that could
//! overflow: being slow costs a subscriber a notice ([`Delivery::Lagged`]) and reads from disk, never an entry.

mod blocks;
mod multiplex;
mod subscription;
#[cfg(test)]
mod tests;

pub use blocks::BlockCursor;
pub use multiplex::Multiplex;
pub use subscription::{Delivery, Subscription};

use crate::{Attributes, BlockMeta, BlockRecord, Entry, Filter, History};
use parking_lot::RwLock;
use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;

/// Settings of the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubConfig {
    /// Blocks shared in memory. Default 128.
    pub ring_blocks: usize,
    /// Bytes of transactions and events that they may have together; the newest block is always kept.
    /// Default 32 MiB.
    pub ring_bytes: u64,
    /// Most entries handed to a subscriber at once. Default 256.
    pub batch: usize,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self { ring_blocks: 128, ring_bytes: 32 << 20, batch: 256 }
    }
}

/// The end of what subscribers may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Height of the newest published block; 0 if there is none.
    pub height: u64,
    /// First sequence that belongs to a later block.
    pub next_sequence: u64,
}

/// A published block, decoded once for all subscribers.
#[derive(Debug)]
pub struct Published {
    /// The block.
    pub record: Arc<BlockRecord>,
    /// Its entries of the event log.
    pub entries: Vec<Entry>,
    attributes: OnceLock<Vec<Attributes>>,
    bytes: u64,
}

impl Published {
    fn new(record: Arc<BlockRecord>) -> Self {
        let (entries, bytes) = (record.entries().collect(), record.memory_bytes());
        Self { record, entries, attributes: OnceLock::new(), bytes }
    }

    /// What queries see of each transaction; built when first asked for.
    #[must_use]
    pub fn tx_attributes(&self) -> &[Attributes] {
        let build = || (0..self.record.meta.txs).map(|index| self.record.tx_attributes(index)).collect();
        self.attributes.get_or_init(build)
    }
}

/// Publishes blocks and serves subscribers. Clones share one hub.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    history: History,
    config: HubConfig,
    ring: RwLock<Ring>,
    tip: watch::Sender<Tip>,
}

/// The newest published blocks, oldest first.
#[derive(Default)]
struct Ring {
    blocks: VecDeque<Arc<Published>>,
    bytes: u64,
}

impl Hub {
    /// A hub over a history; what the history holds already counts as published.
    #[must_use]
    pub fn new(history: History, config: HubConfig) -> Self {
        let height = history.latest().map_or(0, |latest| latest.height().0);
        let tip = Tip { height, next_sequence: history.next_sequence() };
        let ring = RwLock::new(Ring::default());
        Self { inner: Arc::new(Inner { history, config, ring, tip: watch::Sender::new(tip) }) }
    }

    /// The blocks and events behind it.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.inner.history
    }

    /// The end of what is published.
    #[must_use]
    pub fn tip(&self) -> Tip {
        *self.inner.tip.borrow()
    }

    /// The newest published block.
    #[must_use]
    pub fn latest(&self) -> Option<Arc<BlockMeta>> {
        let ring = self.inner.ring.read();
        let newest = ring.blocks.back().map(|block| Arc::new(block.record.meta.clone()));
        drop(ring);
        newest.or_else(|| self.inner.history.latest())
    }

    /// Positions that subscribers hold in the blocks and in the event log.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.inner.tip.receiver_count()
    }

    /// Blocks in memory, decoded: the shared ones and the recently read. A block may be among both.
    #[must_use]
    pub fn held_blocks(&self) -> usize {
        let shared = self.inner.ring.read().blocks.len();
        shared + self.inner.history.cached_blocks()
    }

    /// Lets subscribers see a block that [`History::append`] returned, once queries can see its effects.
    /// Blocks up to the newest published one change nothing.
    pub fn publish(&self, record: Arc<BlockRecord>) {
        let tip = Tip { height: record.height().0, next_sequence: record.meta.next_sequence() };
        let before = self.tip().height;
        if tip.height <= before {
            return;
        }
        let published = Arc::new(Published::new(record));
        let mut ring = self.inner.ring.write();
        // The ring is contiguous, and what was before a gap is not held any more.
        if tip.height > before + 1 {
            *ring = Ring::default();
        }
        ring.bytes += published.bytes;
        ring.blocks.push_back(published);
        while ring.blocks.len() > 1
            && (ring.blocks.len() > self.inner.config.ring_blocks
                || ring.bytes > self.inner.config.ring_bytes)
        {
            if let Some(oldest) = ring.blocks.pop_front() {
                ring.bytes -= oldest.bytes;
            }
        }
        drop(ring);
        self.inner.tip.send_replace(tip);
    }

    /// A position in the event log: entries that match, from sequence `from` on, or from now on for `None`.
    /// A sequence of the future is waited for.
    #[must_use]
    pub fn subscribe(&self, filter: Filter, from: Option<u64>) -> Subscription {
        Subscription::new(self.clone(), filter, from)
    }

    /// An empty set of subscriptions of one connection.
    #[must_use]
    pub fn multiplex(&self) -> Multiplex {
        Multiplex::new(self)
    }

    /// A position in the chain: every block published from now on.
    #[must_use]
    pub fn blocks(&self) -> BlockCursor {
        BlockCursor::new(self.clone(), self.tip().height + 1)
    }
}
