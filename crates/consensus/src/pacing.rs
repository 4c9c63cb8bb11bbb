//! When a proposer builds, and from what.
//!
//! A proposer without transactions waits until the idle interval has passed since the parent; one with
//! transactions waits for the minimal interval, so that blocks fill, unless its batch is full already.
//! The wait comes before the build is asked for, because blocks cannot be applied while one is built.

use crate::{
    Config, Context, Scheme,
    application::Application,
    block::Block,
    recent::Recent,
    source::{BatchLimits, TxSource},
};
use commonware_consensus::marshal::ancestry::Ancestry;
use commonware_cryptography::{Digested, Digestible as _};
use commonware_glue::stateful;
use commonware_macros::select;
use commonware_runtime::Clock;
use futures::StreamExt as _;
use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, SystemTime},
};
use virtengine_store::StoreContext;
use virtengine_types::{block::Hash, tx::VerifiedTx};

/// Ancestors looked at for transactions that are on their way to finality.
const MAX_PENDING_ANCESTORS: usize = 64;

/// The application with its proposals paced.
pub(crate) struct Paced<E: StoreContext> {
    inner: stateful::Mailbox<E, Application>,
    source: Arc<dyn TxSource>,
    recent: Recent,
    config: Config,
}

impl<E: StoreContext> Clone for Paced<E> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            source: self.source.clone(),
            recent: self.recent.clone(),
            config: self.config.clone(),
        }
    }
}

impl<E: StoreContext> Paced<E> {
    pub(crate) const fn new(
        inner: stateful::Mailbox<E, Application>,
        source: Arc<dyn TxSource>,
        recent: Recent,
        config: Config,
    ) -> Self {
        Self { inner, source, recent, config }
    }

    /// Transactions of the parent and its ancestors that this node has not seen final. All of them, also of
    /// blocks that it has not executed: one that is proposed again is refused, and takes the place of another.
    async fn pending(&self, parent: &Digested<Block>, mut ancestry: impl Ancestry<Block>) -> HashSet<Hash> {
        let mut pending = HashSet::new();
        let mut next = Some(parent.clone());
        for _ in 0..MAX_PENDING_ANCESTORS {
            let Some(block) = next else { break };
            let Some(hashes) = self.recent.pending(&block.digest(), block.inner()) else { break };
            pending.extend(hashes);
            next = ancestry.next().await;
        }
        pending
    }

    /// Waits for transactions as long as pacing allows, and takes them.
    async fn batch(&self, clock: &E, parent_ms: u64, exclude: HashSet<Hash>) -> Vec<VerifiedTx> {
        let Self { config, source, .. } = self;
        let limits = BatchLimits { bytes: config.max_batch_bytes, count: config.max_batch_count };
        let parent = SystemTime::UNIX_EPOCH + Duration::from_millis(parent_ms);
        // A parent from the future, by this node's clock, does not lengthen the wait.
        let start = parent.min(clock.current());
        let (earliest, latest) = (start + config.min_block_interval, start + config.idle_block_interval);
        loop {
            let arrived = source.arrived();
            let batch = source.next(limits, exclude.clone()).await;
            let now = clock.current();
            if now >= latest || is_full(&batch, limits) || (!batch.is_empty() && now >= earliest) {
                return batch;
            }
            if batch.is_empty() {
                select! {
                    _ = arrived => {},
                    _ = clock.sleep_until(latest) => {},
                };
            } else {
                clock.sleep_until(earliest).await;
            }
        }
    }
}

fn is_full(batch: &[VerifiedTx], limits: BatchLimits) -> bool {
    let bytes: usize = batch.iter().map(|verified| verified.tx.raw.len()).sum();
    batch.len() >= limits.count || bytes.saturating_add(bytes / 8) >= limits.bytes
}

impl<E: StoreContext + Clock> commonware_consensus::Application<E> for Paced<E> {
    type SigningScheme = Scheme;
    type Context = Context;
    type Block = Block;
    type Input = ();

    async fn propose(
        &mut self,
        (clock, context): (E, Context),
        ancestry: impl Ancestry<Block>,
        (): (),
    ) -> Option<Digested<Block>> {
        let mut ahead = ancestry.clone();
        let parent = ahead.next().await?;
        let exclude = self.pending(&parent, ahead).await;
        let batch = self.batch(&clock, parent.inner().header.time_ms, exclude).await;
        self.inner.propose((clock, context), ancestry, batch).await
    }

    async fn verify(&mut self, context: (E, Context), ancestry: impl Ancestry<Block>) -> bool {
        self.inner.verify(context, ancestry).await
    }
}
