//! The mempool as consensus and the mempool's own admission see the node.

use futures::future::BoxFuture;
use std::{collections::HashSet, sync::Arc};
use tokio::sync::watch;
use virtengine_chain::bank;
use virtengine_consensus::{BatchLimits, TxSource, node::Reader};
use virtengine_crypto::cosmos::Unverified;
use virtengine_mempool::{AccountSource, BlockSpace, LookupError, Mempool};
use virtengine_types::{
    Address,
    block::{FinalizedBlock, Hash},
    code::Rejection,
    ledger::Account,
    tx::{DecodedTx, VerifiedTx},
};

/// The state's reader, once the databases are open.
pub(crate) type LateReader = watch::Receiver<Option<Reader>>;

/// Waits for the databases to open.
pub(crate) async fn opened(reader: &LateReader) -> Option<Reader> {
    let mut reader = reader.clone();
    let opened = reader.wait_for(Option::is_some).await.ok()?;
    opened.clone()
}

/// Reads accounts of the last applied state.
pub(crate) struct StateAccounts(pub(crate) LateReader);

impl AccountSource for StateAccounts {
    async fn accounts(&self, addresses: &[Address]) -> Result<Vec<Option<Account>>, LookupError> {
        let failed = |error: &dyn std::fmt::Display| LookupError(error.to_string());
        let reader = opened(&self.0).await.ok_or_else(|| LookupError("the node is stopping".to_owned()))?;
        let keys = addresses
            .iter()
            .map(|address| bank::ACCOUNTS.key(address))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| failed(&error))?;
        let rows = reader.get_many(&keys).await.map_err(|error| failed(&error))?;
        rows.into_iter()
            .map(|row| row.map(|row| bank::ACCOUNTS.decode(&row).map(|(_, account)| account)).transpose())
            .collect::<Result<_, _>>()
            .map_err(|error| failed(&error))
    }
}

/// The mempool as the source of blocks' transactions.
pub(crate) struct MempoolSource(pub(crate) Mempool);

impl TxSource for MempoolSource {
    fn next(&self, limits: BatchLimits, exclude: HashSet<Hash>) -> BoxFuture<'_, Vec<VerifiedTx>> {
        let space =
            BlockSpace { bytes: limits.bytes, gas: self.0.params().max_block_gas, count: limits.count };
        Box::pin(async move { self.0.propose(space, &exclude) })
    }

    fn arrived(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.arrived())
    }

    fn decoded(&self, hash: &Hash) -> Option<Arc<DecodedTx>> {
        self.0.decoded(hash)
    }

    fn verify(&self, txs: Vec<Unverified>) -> BoxFuture<'_, Vec<Result<VerifiedTx, Rejection>>> {
        Box::pin(self.0.verify(txs))
    }

    fn refused(&self, txs: Vec<(Hash, Rejection)>) {
        self.0.refused(&txs);
    }

    fn committed(&self, block: &FinalizedBlock) {
        if let Err(error) = self.0.committed(block) {
            // The block was executed from the same rows, so this cannot be decided later either.
            tracing::error!(%error, height = block.header.height.0, "the mempool cannot follow a block");
        }
    }
}

/// A source behind a pointer, as the engine takes it.
pub(crate) fn source(mempool: Mempool) -> Arc<dyn TxSource> {
    Arc::new(MempoolSource(mempool))
}
