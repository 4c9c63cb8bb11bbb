//! The chain as the engine sees it: building, checking and finalizing blocks.
//!
//! A block's time is later than its parent's. A validator whose clock is behind waits before it votes,
//! for a bounded time.

use crate::{
    Committees, Config, Context, Digest, Scheme,
    block::{Block, Header, txs_root},
    execution::{Decided, Undecided, Watch, WorkingSet, remember},
    finalized::Outlet,
    recent::Recent,
    source::TxSource,
};
use bytes::Bytes;
use commonware_codec::Encode as _;
use commonware_consensus::{
    Epochable as _, Heightable as _,
    marshal::{ancestry::Ancestry, core::Mailbox as MarshalMailbox, standard::Standard},
    types::{Epoch, Height},
};
use commonware_cryptography::{Digested, Digestible as _, Hasher, Sha256};
use commonware_glue::stateful::{
    Application as StatefulApplication, Finality, Input, Proposed, db::DatabaseSet,
};
use commonware_runtime::Clock;
use futures::StreamExt as _;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tracing::{debug, error, warn};
use virtengine_chain::{BlockContext, Mode};
use virtengine_store::{BlockBatch, Databases, DatabasesTargets, Sealed, StoreContext, targets};
use virtengine_types::{
    Timestamp,
    block::{BlockOutcome, FinalizedBlock, PartitionRoot},
    tx::{DecodedTx, VerifiedTx},
};

/// The application. Clones share what they know.
#[derive(Clone)]
pub struct Application {
    shared: Arc<Shared>,
    recent: Recent,
}

/// What the application works with.
pub(crate) struct Shared {
    pub(crate) chain_id: String,
    pub(crate) genesis: Block,
    pub(crate) committees: Committees,
    pub(crate) config: Config,
    pub(crate) source: Arc<dyn TxSource>,
    pub(crate) outlet: Outlet,
    pub(crate) marshal: MarshalMailbox<Scheme, Standard<Block>>,
}

type Unmerkleized<E> = <Databases<E> as DatabaseSet<E>>::Unmerkleized;
type Merkleized<E> = <Databases<E> as DatabaseSet<E>>::Merkleized;
type Readers<E> = <Databases<E> as DatabaseSet<E>>::Readers;

/// Hash by which headers name their chain.
#[must_use]
pub fn chain_digest(chain_id: &str) -> Digest {
    Sha256::hash(&[b"virtengine/chain", chain_id.as_bytes()])
}

impl Application {
    pub(crate) fn new(shared: Shared, recent: Recent) -> Self {
        Self { shared: Arc::new(shared), recent }
    }

    fn block_context(&self, epoch: Epoch, height: Height, time_ms: u64) -> BlockContext {
        BlockContext {
            chain_id: self.shared.chain_id.clone(),
            epoch: epoch.get(),
            height: virtengine_types::Height(height.get()),
            time: Timestamp(time_ms),
        }
    }

    fn header(
        &self,
        context: Context,
        parent: &Digested<Block>,
        time_ms: u64,
        txs: &[Bytes],
        outcome: &BlockOutcome,
        partitions: [PartitionRoot; 5],
    ) -> Header {
        let epoch = context.epoch();
        Header {
            chain: self.shared.genesis.header.chain,
            parent: parent.digest(),
            height: parent.height().next(),
            time_ms,
            txs_root: txs_root(txs),
            results_root: outcome.results_root().into(),
            gas_used: outcome.gas_used.0,
            partitions,
            state_root: virtengine_types::block::state_root(&partitions).into(),
            committee: self.shared.committees.committee(epoch).hash(),
            next_committee: self.shared.committees.committee(epoch.next()).hash(),
            context,
        }
    }

    /// Decodes a block's transactions and checks their signatures against the parent's state.
    async fn verified<E: StoreContext>(
        &self,
        set: WorkingSet<E>,
        txs: &[Bytes],
    ) -> Result<(WorkingSet<E>, Vec<VerifiedTx>), Undecided> {
        let mut watch = Watch::start();
        let mut decoded = Vec::with_capacity(txs.len());
        for raw in txs {
            let hash = Sha256::hash(&[raw]);
            let tx = match self.shared.source.decoded(&hash.0) {
                Some(tx) => tx,
                None => Arc::new(
                    DecodedTx::decode(raw.clone()).map_err(|error| Undecided::Invalid(error.rejection()))?,
                ),
            };
            decoded.push(tx);
        }
        let (set, unverified) = set.with_accounts(decoded).await?;
        let decode = watch.lap();
        let mut verified = Vec::with_capacity(unverified.len());
        for result in self.shared.source.verify(unverified).await {
            verified.push(result.map_err(Undecided::Invalid)?);
        }
        Ok((set.verified_in(decode, watch.lap()), verified))
    }

    async fn check<E: StoreContext + Clock>(
        &self,
        clock: &E,
        block: &Digested<Block>,
        parent: &Digested<Block>,
        batches: Unmerkleized<E>,
        finality: Finality,
    ) -> Result<Merkleized<E>, Undecided> {
        let Block { header, txs } = block.inner();
        let broken = |cause: String| {
            Undecided::Invalid(virtengine_types::code::Rejection::sdk(
                virtengine_types::code::SdkCode::InvalidRequest,
                cause,
            ))
        };
        let parent_ms = parent.inner().header.time_ms;
        if header.time_ms <= parent_ms {
            return Err(broken(format!("time {} is not after the parent's {parent_ms}", header.time_ms)));
        }
        if finality == Finality::Candidate && !self.reached(clock, header.time_ms).await {
            return Err(broken(format!("time {} is too far ahead of this node's clock", header.time_ms)));
        }
        let set = WorkingSet::new(BlockBatch::new(batches));
        let (set, verified) = Box::pin(self.verified(set, txs)).await?;
        let decoded = verified.iter().map(|verified| verified.tx.clone()).collect();
        let context = self.block_context(header.context.epoch(), block.height(), header.time_ms);
        let Decided { executed, sealed: Sealed { batches, roots }, times } =
            Box::pin(set.execute(context, verified, Mode::Verify)).await?;
        let outcome = &executed.outcome;
        let expected = self.header(header.context.clone(), parent, header.time_ms, txs, outcome, roots);
        if expected != *header {
            return Err(broken(format!("expected header {expected:?}, got {header:?}")));
        }
        self.recent.insert(block.digest(), remember(*executed, decoded, times));
        Ok(batches)
    }

    /// Waits until a block's time is within the drift of this node's clock; `false` if that takes longer
    /// than the drift once more, which only a broken clock explains.
    async fn reached(&self, clock: &impl Clock, time_ms: u64) -> bool {
        let drift = self.shared.config.max_clock_drift;
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(time_ms);
        let now = clock.current();
        if time > now + 2 * drift {
            clock.sleep(drift).await;
            return false;
        }
        if time > now + drift {
            clock.sleep_until(time - drift).await;
        }
        true
    }
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl<E: StoreContext> StatefulApplication<E> for Application {
    type SigningScheme = Scheme;
    type Context = Context;
    type Block = Block;
    type Databases = Databases<E>;
    type Captured = ();
    type Provider = ();
    type Input = Vec<VerifiedTx>;

    fn sync_targets(block: &Block) -> DatabasesTargets {
        // Decoding refuses headers without targets, and own headers come from databases.
        targets(&block.header.partitions).unwrap_or_else(|| unreachable!("a header's ranges are not empty"))
    }

    async fn genesis(&mut self) -> Block {
        self.shared.genesis.clone()
    }

    async fn propose(
        &mut self,
        (clock, context): (E, Context),
        ancestry: impl Ancestry<Block>,
        batches: Unmerkleized<E>,
        input: Input<Vec<VerifiedTx>, ()>,
    ) -> Option<Proposed<Self, E>> {
        let mut ancestry = ancestry;
        let parent = ancestry.next().await?;
        let parent_ms = parent.inner().header.time_ms;
        let batch = input.upstream;
        let time_ms = milliseconds(clock.current()).max(parent_ms.saturating_add(1));

        let candidates: Vec<Arc<DecodedTx>> = batch.iter().map(|verified| verified.tx.clone()).collect();
        let block_context = self.block_context(context.epoch(), parent.height().next(), time_ms);
        let set = WorkingSet::new(BlockBatch::new(batches));
        let Decided { mut executed, sealed: Sealed { batches, roots }, times } =
            match Box::pin(set.execute(block_context, batch, Mode::Propose)).await {
                Ok(done) => done,
                Err(undecided) => return stop_or_decline(undecided, "cannot build a block"),
            };
        let refused = std::mem::take(&mut executed.refused);
        let refused = refused.into_iter().filter_map(|(index, why)| Some((candidates.get(index)?.hash, why)));
        let refused: Vec<_> = refused.collect();
        if !refused.is_empty() {
            self.shared.source.refused(refused);
        }
        let included = executed.included.iter().filter_map(|index| candidates.get(*index).cloned());
        let included: Vec<Arc<DecodedTx>> = included.collect();
        let txs: Vec<Bytes> = included.iter().map(|tx| tx.raw.clone()).collect();
        let outcome = &executed.outcome;
        let header = self.header(context, &parent, time_ms, &txs, outcome, roots);
        debug!(height = %header.height, txs = txs.len(), "built a block");
        self.recent.insert(header.digest(), remember(*executed, included, times));
        Some(Proposed { block: Block { header, txs }, merkleized: batches })
    }

    async fn process(
        &mut self,
        (clock, _): (E, Context),
        ancestry: impl Ancestry<Block>,
        batches: Unmerkleized<E>,
        finality: Finality,
    ) -> Option<Merkleized<E>> {
        let mut ancestry = ancestry;
        let block = ancestry.next().await?;
        let parent = ancestry.next().await?;
        match Box::pin(self.check(&clock, &block, &parent, batches, finality)).await {
            Ok(merkleized) => Some(merkleized),
            Err(undecided) if finality == Finality::Finalized => panic!(
                "block {} is final, and this node cannot reproduce it: {undecided}. Its data is damaged or the \
                 program differs from the validators'",
                block.height()
            ),
            Err(undecided) => {
                warn!(height = %block.height(), reason = %undecided, "refused a block");
                stop_or_decline(undecided, "cannot check a block")
            }
        }
    }

    async fn capture(&mut self, _: (E, Context), _: &Block, _: &Merkleized<E>, _: Readers<E>) {}

    async fn finalized(&mut self, _: (E, Context), block: &Block, (): (), _: Readers<E>) {
        let hash = block.digest();
        let Some(known) = self.recent.get(&hash) else {
            panic!(
                "block {} is final and its outcome is not remembered: restart to execute it again",
                block.height()
            );
        };
        let finalization = self.shared.marshal.get_finalization(block.height()).await;
        let finalized = FinalizedBlock {
            header: block.header.to_plain(&self.shared.chain_id),
            hash: hash.0,
            txs: known.txs,
            outcome: known.outcome,
            writes: known.writes,
            certificate: finalization.map(|finalization| finalization.encode()),
        };
        // In this order a proposal in between never meets a transaction that is neither done nor pending.
        self.shared.source.committed(&finalized);
        self.recent.finalized(block.height(), &hash);
        if !self.shared.outlet.deliver(finalized, known.times).await {
            // Without the indexes this block must not count as processed. Waiting keeps it so until the
            // process ends; a stopping node gets here, too.
            error!(height = %block.height(), "nobody takes finalized blocks any more");
            futures::future::pending::<()>().await;
        }
    }
}

/// Declines what is merely invalid or outdated, and stops the node if it cannot decide.
fn stop_or_decline<T>(undecided: Undecided, what: &str) -> Option<T> {
    match undecided {
        Undecided::Invalid(_) | Undecided::Abandoned => None,
        Undecided::Fatal(_) | Undecided::Load(_) => panic!("{what}: {undecided}"),
    }
}
