//! What this node knows of blocks that it executed and that are not final yet.

use crate::{Block, Digest, StageTimes};
use commonware_consensus::types::Height;
use commonware_cryptography::{Hasher as _, Sha256};
use commonware_utils::NZUsize;
use lru::LruCache;
use parking_lot::Mutex;
use std::{num::NonZeroUsize, sync::Arc};
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
    pub(crate) times: StageTimes,
}

/// Outcomes by block hash, shared by all clones of the application.
#[derive(Clone)]
pub(crate) struct Recent(Arc<Mutex<Inner>>);

struct Inner {
    outcomes: LruCache<Digest, Outcome>,
    /// Height of the last final block.
    finalized: Height,
}

impl Default for Recent {
    fn default() -> Self {
        let outcomes = LruCache::new(CAPACITY);
        Self(Arc::new(Mutex::new(Inner { outcomes, finalized: Height::zero() })))
    }
}

impl Recent {
    pub(crate) fn insert(&self, block: Digest, outcome: Outcome) {
        self.0.lock().outcomes.put(block, outcome);
    }

    pub(crate) fn get(&self, block: &Digest) -> Option<Outcome> {
        self.0.lock().outcomes.get(block).cloned()
    }

    /// Forgets a block that is final.
    pub(crate) fn finalized(&self, height: Height, block: &Digest) {
        let mut inner = self.0.lock();
        inner.outcomes.pop(block);
        inner.finalized = inner.finalized.max(height);
    }

    /// Hashes of a block's transactions; `None` if it is final, as the mempool knows them then. Those of a
    /// block that this node did not execute yet are computed.
    pub(crate) fn pending(&self, digest: &Digest, block: &Block) -> Option<Vec<[u8; 32]>> {
        {
            let inner = self.0.lock();
            if let Some(known) = inner.outcomes.peek(digest) {
                return Some(known.txs.iter().map(|tx| tx.hash).collect());
            }
            if block.header.height <= inner.finalized {
                return None;
            }
        }
        Some(block.txs.iter().map(|tx| Sha256::hash(&[tx]).0).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::tests::sample;
    use bytes::Bytes;
    use commonware_cryptography::Digestible as _;

    #[test]
    fn a_block_that_is_not_executed_yet_is_pending_and_one_that_is_final_is_not() {
        let block = sample(vec![Bytes::from_static(b"tx")]);
        let (digest, height) = (block.digest(), block.header.height);
        let recent = Recent::default();
        recent.finalized(Height::new(height.get() - 1), &digest);
        assert_eq!(recent.pending(&digest, &block), Some(vec![Sha256::hash(&[b"tx"]).0]));
        recent.finalized(height, &digest);
        assert_eq!(recent.pending(&digest, &block), None);
    }
}
