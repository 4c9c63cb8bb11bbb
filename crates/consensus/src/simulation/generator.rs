//! The transfers as a node's source of transactions.

use super::transfers::{CHAIN, Transfers};
use crate::source::{BatchLimits, TxSource};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};
use virtengine_crypto::cosmos::Unverified;
use virtengine_types::{
    block::{FinalizedBlock, Hash},
    code::Rejection,
    tx::{DecodedTx, VerifiedTx},
};

/// Transfers of each account in a block.
const PER_BLOCK: usize = 3;

/// One node's view of the transfers.
pub(crate) struct Generator {
    transfers: Arc<Transfers>,
    known: HashMap<Hash, VerifiedTx>,
    done: Mutex<HashSet<Hash>>,
}

impl Generator {
    pub(crate) fn new(transfers: Arc<Transfers>) -> Arc<Self> {
        let all = transfers.in_turn().into_iter();
        let known = all.map(|verified| (verified.tx.hash, verified)).collect();
        Arc::new(Self { transfers, known, done: Mutex::default() })
    }
}

impl TxSource for Generator {
    fn next(&self, limits: BatchLimits, exclude: HashSet<Hash>) -> BoxFuture<'_, Vec<VerifiedTx>> {
        let done = self.done.lock();
        let open = |queue: &'_ Vec<VerifiedTx>| {
            let open = queue
                .iter()
                .filter(|verified| !done.contains(&verified.tx.hash) && !exclude.contains(&verified.tx.hash));
            open.take(PER_BLOCK).cloned().collect::<Vec<_>>()
        };
        let batch: Vec<VerifiedTx> = self.transfers.queues.iter().flat_map(open).take(limits.count).collect();
        drop(done);
        Box::pin(async move { batch })
    }

    fn arrived(&self) -> BoxFuture<'_, ()> {
        Box::pin(futures::future::pending())
    }

    fn decoded(&self, hash: &Hash) -> Option<Arc<DecodedTx>> {
        // Only some: blocks are the same whatever a node remembers.
        let known = self.known.get(hash).filter(|_| hash[0].is_multiple_of(2))?;
        Some(known.tx.clone())
    }

    fn verify(&self, txs: Vec<Unverified>) -> BoxFuture<'_, Vec<Result<VerifiedTx, Rejection>>> {
        let verdicts = txs.into_iter().map(|unverified| match self.known.get(&unverified.tx.hash) {
            Some(verified) => Ok(verified.clone()),
            None => {
                virtengine_crypto::cosmos::verify_tx(&unverified, CHAIN).map_err(|error| error.rejection())
            }
        });
        let verdicts = verdicts.collect();
        Box::pin(async move { verdicts })
    }

    fn refused(&self, txs: Vec<(Hash, Rejection)>) {
        // Only a node that restarted offers what is final already: its generator starts anew.
        self.done.lock().extend(txs.into_iter().map(|(hash, _)| hash));
    }

    fn committed(&self, block: &FinalizedBlock) {
        self.done.lock().extend(block.txs.iter().map(|tx| tx.hash));
    }
}
