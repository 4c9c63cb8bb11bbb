//! Transactions whose signatures were checked already, by hash.

use lru::LruCache;
use parking_lot::Mutex;
use std::num::NonZeroUsize;
use virtengine_types::block::Hash;
use virtengine_types::tx::VerifiedTx;

/// Locks, so that threads seldom wait for each other.
const SHARDS: usize = 16;

/// Verified transactions, bounded by count and bytes; the longest unused go first.
///
/// An entry says that the signatures hold for the account numbers and keys in it, which executing the
/// transaction compares with the state. It never gets stale, only useless.
#[derive(Debug)]
pub struct VerifiedCache {
    shards: [Mutex<Shard>; SHARDS],
    max_bytes: usize,
}

#[derive(Debug)]
struct Shard {
    entries: LruCache<Hash, VerifiedTx>,
    bytes: usize,
}

impl VerifiedCache {
    /// A cache of at most `max_count` transactions of together at most `max_bytes` raw bytes, each bound
    /// divided over 16 parts and rounded up.
    #[must_use]
    pub fn new(max_count: NonZeroUsize, max_bytes: usize) -> Self {
        let count = NonZeroUsize::new(max_count.get().div_ceil(SHARDS)).unwrap_or(NonZeroUsize::MIN);
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Shard { entries: LruCache::new(count), bytes: 0 })),
            max_bytes: max_bytes.div_ceil(SHARDS),
        }
    }

    /// The transaction of this hash, if it is there.
    #[must_use]
    pub fn get(&self, hash: &Hash) -> Option<VerifiedTx> {
        self.shard(hash).lock().entries.get(hash).cloned()
    }

    /// Keeps a transaction, unless it alone exceeds the bound in bytes.
    pub fn insert(&self, tx: VerifiedTx) {
        let size = tx.tx.raw.len();
        if size > self.max_bytes {
            return;
        }
        let hash = tx.tx.hash;
        let mut guard = self.shard(&hash).lock();
        let shard = &mut *guard;
        shard.bytes += size;
        if let Some((_, replaced)) = shard.entries.push(hash, tx) {
            shard.bytes -= replaced.tx.raw.len();
        }
        while shard.bytes > self.max_bytes {
            let Some((_, oldest)) = shard.entries.pop_lru() else { break };
            shard.bytes -= oldest.tx.raw.len();
        }
    }

    /// Forgets a transaction, for example once it is final.
    pub fn remove(&self, hash: &Hash) {
        let mut shard = self.shard(hash).lock();
        if let Some(removed) = shard.entries.pop(hash) {
            shard.bytes -= removed.tx.raw.len();
        }
    }

    /// Transactions in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().entries.len()).sum()
    }

    /// Whether nothing is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, hash: &Hash) -> &Mutex<Shard> {
        &self.shards[usize::from(hash[0]) % SHARDS]
    }
}
