//! Wiring of one node: the only place where the engine's parts meet.
//!
//! Futures of the engine's own parts are many kilobytes large, and nested calls would add them up on the
//! stack of whoever polls. So the large ones are boxed where they are awaited, here and below.

mod archives;
mod chain;
mod state_sync;

pub use chain::Chain;

use crate::{
    Block, Committee, Committees, Config, Delivery, Digest, Identity, Scheme,
    application::{Application, Shared},
    config::ConfigError,
    epochs::{self, Epochs},
    finalized::Outlet,
    genesis::{Contents, Genesis, GenesisError, RESTORE},
    network::Channels,
    pacing::Paced,
    recent::Recent,
    source::TxSource,
};
use archives::Archives;
use commonware_actor::Feedback;
use commonware_broadcast::buffered;
use commonware_consensus::{
    Reporter, Reporters,
    marshal::{
        self, Update,
        core::Actor as MarshalActor,
        resolver::p2p as marshal_resolver,
        standard::{Deferred, Standard},
    },
    types::{Epoch, FixedEpocher, Height, ViewDelta},
};
use commonware_cryptography::{Digested, Digestible as _};
use commonware_glue::stateful::{
    self, PruneConfig, Stateful, SyncPlan,
    db::SyncEngineConfig,
    probe::{self, Probe},
};
use commonware_p2p::{Blocker, Provider, Receiver, Sender};
use commonware_runtime::{
    Clock, Handle, Metrics, Network, Spawner, Storage, Strategizer,
    buffer::paged::{CacheRef, page_size},
};
use commonware_utils::{Acknowledgement as _, NZU64, NZUsize, NonZeroDuration, channel::mpsc};
use futures::{FutureExt as _, future::select_all};
use rand::CryptoRng;
use state_sync::fetchers;
use std::{
    num::{NonZeroU64, NonZeroUsize},
    sync::Arc,
    time::Duration,
};
use thiserror::Error;
use tracing::info;
use virtengine_store::sync;

/// Bytes of a page on disk, checksum included. Fixed for the life of the data.
const PAGE_BYTES: u32 = 4096;
/// Blocks in one file of an archive. Part of the format on disk.
const BLOCKS_PER_FILE: NonZeroU64 = NZU64!(256);
const MAILBOX: NonZeroUsize = NZUsize!(1024);
const REPLAY_BUFFER: NonZeroUsize = NZUsize!(1 << 20);
/// Views whose uncertified blocks are kept.
const VIEW_RETENTION: ViewDelta = ViewDelta::new(64);
const FETCH_TIMEOUT: Duration = Duration::from_secs(2);
const RETRY_DELAY: Duration = Duration::from_millis(200);

/// What the engine needs of the runtime.
pub trait EngineContext: Spawner + Metrics + CryptoRng + Clock + Storage + Network + Strategizer {}

impl<T: Spawner + Metrics + CryptoRng + Clock + Storage + Network + Strategizer> EngineContext for T {}

/// Told of every new final height, also of those whose blocks this node does not have yet.
pub type OnTip = Arc<dyn Fn(commonware_consensus::types::Round, Height, Digest) + Send + Sync>;

/// Tells the network whom to connect to in an epoch. The first epoch may be announced twice.
pub type Track = Box<dyn FnMut(Epoch, Arc<Committee>) + Send>;

/// What a node is started with.
pub struct Setup<M, B> {
    /// What the chain starts from.
    pub genesis: Genesis,
    /// This node's key on the network.
    pub identity: Identity,
    /// Who votes, and whether this node does.
    pub committees: Committees,
    /// Settings.
    pub config: Config,
    /// Start of the names of everything stored.
    pub prefix: String,
    /// Where transactions come from.
    pub source: Arc<dyn TxSource>,
    /// The network's sets of peers.
    pub peers: M,
    /// The network's way to shut out a peer that sent provably bad data.
    pub blocker: B,
    /// Told of the committee of every epoch entered, to connect to it.
    pub track: Track,
    /// Told of new tips.
    pub on_tip: OnTip,
}

/// Why a node does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The settings contradict each other.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The genesis does not fit the data.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// An archive cannot be opened.
    #[error("the {name} archive cannot be opened: {cause}: {RESTORE}")]
    Archive {
        /// Which one.
        name: &'static str,
        /// What the storage says.
        cause: String,
    },
    /// Peers gave no recent finalization to sync to.
    #[error("the probe for a recent finalization ended without one")]
    Probe,
}

/// A running node.
pub struct Started<E: EngineContext, S: Sender, R: Receiver> {
    /// Ends when the engine does. Aborting it ends everything that it started.
    pub handle: Handle<()>,
    /// Finalized blocks in order, each to be acknowledged. The engine stops advancing if nobody does.
    pub finalized: mpsc::Receiver<Delivery>,
    /// Transaction gossip.
    pub gossip: (crate::network::Guarded<S>, R),
    /// Reads of blocks and state.
    pub chain: Chain<E>,
}

#[derive(Clone)]
struct TipReporter(OnTip);

impl Reporter for TipReporter {
    type Activity = Update<Block>;

    fn report(&mut self, activity: Update<Block>) -> Feedback {
        match activity {
            Update::Tip(round, height, digest) => (self.0)(round, height, digest),
            Update::Block(_, acknowledgement) => acknowledgement.acknowledge(),
        }
        Feedback::Ok
    }
}

/// Starts a node over `channels`. Everything runs in children of `context`.
///
/// With state sync on an empty data directory this waits for peers.
///
/// # Errors
/// - `Config`, `Genesis`, `Archive`, `Probe` - the node cannot start, see [`StartError`]
pub async fn start<E, M, B, S, R>(
    context: E,
    setup: Setup<M, B>,
    channels: Channels<S, R>,
) -> Result<Started<E, S, R>, StartError>
where
    E: EngineContext,
    M: Provider<PublicKey = Identity>,
    B: Blocker<PublicKey = Identity>,
    S: Sender<PublicKey = Identity>,
    R: Receiver<PublicKey = Identity>,
{
    let Setup { genesis, identity, committees, config, prefix, source, peers, blocker, track, on_tip } =
        setup;
    config.validate()?;
    let at_least_one = |value: usize| NonZeroUsize::new(value).unwrap_or(NonZeroUsize::MIN);
    let strategy = context.strategy(at_least_one(config.threads));
    let page_cache = CacheRef::new(page_size(PAGE_BYTES), at_least_one(config.page_cache_pages));
    let write_buffer = at_least_one(config.write_buffer);
    let epocher = FixedEpocher::new(NonZeroU64::new(config.epoch_length).unwrap_or(NonZeroU64::MIN));
    let store = virtengine_store::Config {
        prefix: format!("{prefix}-state"),
        page_cache: page_cache.clone(),
        write_buffer,
        strategy: strategy.clone(),
    };

    let plan = SyncPlan::<E, Scheme, Standard<Block>>::init(context.child("plan"), prefix.clone());
    let mut plan = Box::pin(plan).await;
    let syncing = plan.should_sync(config.state_sync);
    let contents = match (plan.may_sync(), syncing) {
        (false, _) => Contents::Kept,
        (true, true) => Contents::Sync,
        (true, false) => Contents::Genesis,
    };
    let genesis_block = Box::pin(genesis.block(&context, &prefix, &store, contents)).await?;

    let resolver = marshal_resolver::init(
        context.child("backfill"),
        marshal_resolver::Config {
            public_key: identity.clone(),
            peer_provider: peers.clone(),
            blocker: blocker.clone(),
            mailbox_size: MAILBOX,
            fetch_timeout: NonZeroDuration::new_panic(FETCH_TIMEOUT),
            fetch_retry_delay: RETRY_DELAY,
            priority_requests: false,
            priority_responses: false,
        },
        channels.backfill,
    );
    let (broadcast, buffer) = buffered::Engine::new(
        context.child("broadcast"),
        buffered::Config {
            public_key: identity.clone(),
            mailbox_size: MAILBOX,
            deque_size: 8,
            priority: false,
            codec_config: (),
            peer_provider: peers.clone(),
            strategy: strategy.clone(),
        },
    );
    let broadcast = broadcast.start(channels.blocks);

    let archives = Archives { prefix: &prefix, page_cache: &page_cache, write_buffer };
    let certificates = archives.certificates(context.child("finalizations")).await?;
    let blocks = archives.blocks(context.child("blocks")).await?;

    let (probe, probe_mailbox) = Probe::new(probe::Config {
        context: context.child("probe"),
        provider: committees.clone(),
        strategy: strategy.clone(),
        mailbox_size: MAILBOX,
        blocker: blocker.clone(),
        minimum_epoch: Epoch::zero(),
        retry_timeout: NonZeroDuration::new_panic(FETCH_TIMEOUT),
    });
    probe.start(channels.probe);
    let mut track = track;
    // Peers are needed before the first epoch is entered: for the probe and for backfill.
    track(Epoch::zero(), committees.committee(Epoch::zero()));
    if syncing {
        info!("asking peers for a recent finalization to sync to");
        let floor = probe_mailbox.subscribe().await.map_err(|_| StartError::Probe)?;
        plan = Box::pin(plan.set_floor(floor)).await;
    }
    let joined = plan.floor().cloned();

    let marshal = MarshalActor::<_, Standard<Block>, _, _, _, _, _>::init(
        context.child("marshal"),
        certificates,
        blocks,
        marshal::Config {
            provider: committees.clone(),
            epocher: epocher.clone(),
            start: plan.marshal_start(digested(genesis_block.clone())),
            partition_prefix: prefix.clone(),
            mailbox_size: MAILBOX,
            view_retention: VIEW_RETENTION,
            prunable_items_per_section: BLOCKS_PER_FILE,
            page_cache: page_cache.clone(),
            replay_buffer: REPLAY_BUFFER,
            key_write_buffer: write_buffer,
            value_write_buffer: write_buffer,
            block_codec_config: (),
            max_repair: NZUsize!(32),
            max_pending_acks: at_least_one(config.pending_blocks),
            strategy: strategy.clone(),
        },
    );
    let (marshal_actor, marshal, floor) = Box::pin(marshal).await;

    let resolvers = Box::pin(fetchers(&context, &identity, &peers, &blocker, channels.sync)).await;
    let (outlet, finalized) = Outlet::new(config.pending_blocks);
    let recent = Recent::default();
    let shared = Shared {
        chain_id: genesis.chain_id.clone(),
        genesis: genesis_block.clone(),
        committees: committees.clone(),
        config: config.clone(),
        source: source.clone(),
        outlet,
        marshal: marshal.clone(),
    };
    let application = Application::new(shared, recent.clone());
    let (stateful_actor, stateful) = Stateful::new(
        context.child("stateful"),
        stateful::Config {
            application,
            db_config: virtengine_store::configs::<E>(&store),
            provider: (),
            marshal: (marshal.clone(), floor),
            mailbox_size: MAILBOX,
            plan,
            resolvers,
            sync_config: SyncEngineConfig {
                fetch_batch_size: sync::MAX_OPERATIONS,
                apply_batch_size: sync::MAX_OPERATIONS,
                max_outstanding_requests: sync::REQUESTS_IN_FLIGHT,
            },
            prune_config: Some(PruneConfig {
                maintenance_interval: at_least_one(config.prune_interval),
                retained_marshal_blocks: config.retained_blocks,
                retained_qmdb_blocks: config.retained_state_blocks,
            }),
            strategy: strategy.clone(),
        },
    );
    let paced = Paced::new(stateful.clone(), source, recent, config.clone());
    let deferred = Deferred::new(context.child("deferred"), paced, marshal.clone(), epocher.clone());
    let (epochs_mailbox, epochs_receiver) = Epochs::<E, B, Automaton<E>>::mailbox(&context);
    let reporters =
        Reporters::from((stateful.clone(), Reporters::from((epochs_mailbox, TipReporter(on_tip)))));
    let marshal_handle = marshal_actor.start(reporters, buffer, resolver);
    probe_mailbox.attach(marshal.clone());
    let stateful_handle = stateful_actor.start();
    let ended = first_to_end(vec![
        ("block dissemination", broadcast),
        ("block ordering", marshal_handle),
        ("block execution", stateful_handle),
    ]);

    let chain = Chain { marshal: marshal.clone(), stateful, genesis: genesis_block };
    let epochs = Epochs::new(
        context,
        epochs_receiver,
        epochs::Setup {
            blocker,
            committees,
            marshal,
            application: deferred,
            strategy,
            config,
            epocher,
            page_cache,
            prefix,
            track,
            joined,
            ended,
        },
    );
    let handle = epochs.start(channels.votes, channels.certificates, channels.resolver);
    Ok(Started { handle, finalized, gossip: channels.gossip, chain })
}

type Automaton<E> = Deferred<E, Scheme, Paced<E>, Block, FixedEpocher>;

fn digested(block: Block) -> Digested<Block> {
    let digest = block.digest();
    Digested::precomputed(block, digest)
}

/// Resolves with the name and the cause of the first part that ends.
fn first_to_end(parts: Vec<(&'static str, Handle<()>)>) -> futures::future::BoxFuture<'static, String> {
    let parts = parts.into_iter().map(|(name, handle)| {
        async move {
            match handle.await {
                Ok(()) => name.to_owned(),
                Err(error) => format!("{name} ({error})"),
            }
        }
        .boxed()
    });
    select_all(parts).map(|(name, _, _)| name).boxed()
}
