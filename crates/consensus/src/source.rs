//! Where transactions come from: the mempool, or a generator in simulations.

use futures::future::BoxFuture;
use std::{collections::HashSet, sync::Arc};
use virtengine_crypto::cosmos::Unverified;
use virtengine_types::{
    block::{FinalizedBlock, Hash},
    code::Rejection,
    tx::{DecodedTx, VerifiedTx},
};

/// What a proposal has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Sum of raw sizes in bytes.
    pub bytes: usize,
    /// Number of transactions.
    pub count: usize,
}

/// The side of the mempool that consensus sees.
///
/// Calls may come from several proposals and verifications at once, and their futures may be dropped at
/// any point.
pub trait TxSource: Send + Sync + 'static {
    /// Transactions for a block, best first, those of one account in the order of their sequences.
    ///
    /// `exclude` holds the transactions of ancestors that are not final yet. A batch may be short of the
    /// limits, and must be empty at once if there is nothing.
    fn next(&self, limits: BatchLimits, exclude: HashSet<Hash>) -> BoxFuture<'_, Vec<VerifiedTx>>;

    /// Resolves once a transaction arrives that was not there when this was called.
    fn arrived(&self) -> BoxFuture<'_, ()>;

    /// A transaction of this hash that was decoded before, so that a block's need not be decoded again.
    fn decoded(&self, hash: &Hash) -> Option<Arc<DecodedTx>>;

    /// Checks the signatures of a proposed block's transactions, those already known for free.
    ///
    /// Answers with one result for each, in order. Takes the heavy part off the calling thread.
    fn verify(&self, txs: Vec<Unverified>) -> BoxFuture<'_, Vec<Result<VerifiedTx, Rejection>>>;

    /// Transactions of a batch that the chain did not admit, with the reasons.
    ///
    /// A sequence that is too high is no fault: the one before it may not have fitted into the block.
    fn refused(&self, txs: Vec<(Hash, Rejection)>);

    /// A block became final: its transactions are done.
    fn committed(&self, block: &FinalizedBlock);
}
