//! What this node knows of blocks that it executed and that are not final yet.

use crate::Digest;
use commonware_utils::NZUsize;
use lru::LruCache;
use parking_lot::Mutex;
use std::{num::NonZeroUsize, sync::Arc, time::Duration};
use virtengine_types::{
    block::{BlockOutcome, StateWrite},
    tx::DecodedTx,
};

/// Executed blocks remembered. A block leaves when it is final; forks leave by age.
const CAPACITY: NonZeroUsize = NZUsize!(256);

/// What executing a block produced, kept until it is final.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) txs: Vec<Arc<DecodedTx>>,
    pub(crate) outcome: Arc<BlockOutcome>,
    pub(crate) writes: Arc<Vec<StateWrite>>,
    pub(crate) processed_in: Duration,
}

/// Outcomes by block hash, shared by all clones of the application.
#[derive(Clone)]
pub(crate) struct Recent(Arc<Mutex<LruCache<Digest, Outcome>>>);

impl Default for Recent {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(CAPACITY))))
    }
}

impl Recent {
    pub(crate) fn insert(&self, block: Digest, outcome: Outcome) {
        self.0.lock().put(block, outcome);
    }

    pub(crate) fn get(&self, block: &Digest) -> Option<Outcome> {
        self.0.lock().get(block).cloned()
    }

    pub(crate) fn remove(&self, block: &Digest) {
        self.0.lock().pop(block);
    }

    pub(crate) fn hashes(&self, block: &Digest) -> Option<Vec<[u8; 32]>> {
        self.0.lock().peek(block).map(|known| known.txs.iter().map(|tx| tx.hash).collect())
    }
}
