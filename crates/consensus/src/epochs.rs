//! One consensus engine an epoch.
//!
//! The last block of an epoch is the genesis of the next. When it is final here, the next epoch's engine
//! starts and the old one ends; only then is that block acknowledged, so a crash in between repeats the
//! step. A node that hears of a later epoch asks that peer for the end of its own.
//!
//! A node whose state was synced may lack the block before its epoch. It starts the epoch from the
//! finalization at which it joined, which is recorded for its restarts within that epoch.

use crate::{
    Block, Committees, Config, Digest, Finalization, Identity, Scheme, engine::Track,
    evidence::EvidenceReporter,
};
use commonware_actor::{
    Feedback,
    mailbox::{self, Policy},
};
use commonware_consensus::Epochable as _;
use commonware_consensus::{
    CertifiableAutomaton, Heightable as _, Relay, Reporter,
    marshal::{Update, core::Mailbox as MarshalMailbox, standard::Standard},
    simplex::{
        self, Floor, ForwardPolicy, Plan, SkipBudget, SkipPolicy,
        elector::RoundRobin,
        types::{Activity, Context},
    },
    types::{Epoch, Epocher as _, FixedEpocher, Height, ViewDelta},
};
use commonware_cryptography::{Digested, Digestible as _, Sha256, certificate::Provider as _};
use commonware_macros::select_loop;
use commonware_p2p::{
    Blocker, Channel, Message as P2pMessage, Receiver, Sender,
    utils::mux::{Builder as _, MuxHandle, Muxer},
};
use commonware_parallel::Rayon;
use commonware_runtime::{
    Clock, ContextCell, Handle, Metrics, Network, Spawner, Storage,
    buffer::paged::CacheRef,
    spawn_cell,
    telemetry::metrics::{Gauge, MetricsExt as _},
};
use commonware_storage::metadata::{self, Metadata};
use commonware_utils::{
    Acknowledgement as _, NZUsize, NonZeroDuration, acknowledgement::Exact, channel::mpsc, sequence::U64,
    vec::NonEmptyVec,
};
use futures::future::BoxFuture;
use rand::CryptoRng;
use std::{collections::VecDeque, num::NonZeroUsize, time::Duration};
use tracing::{debug, info};

/// Views behind the final one whose votes are kept.
const VIEW_RETENTION: ViewDelta = ViewDelta::new(64);
/// Messages waiting for a part of the engine.
const MAILBOX: NonZeroUsize = NZUsize!(1024);
/// Buffer of the vote journal in bytes.
const JOURNAL_BUFFER: NonZeroUsize = NZUsize!(64 * 1024);
const FLOOR: U64 = U64::new(0);

/// What the epochs are run with.
pub(crate) struct Setup<B, A> {
    pub(crate) blocker: B,
    pub(crate) committees: Committees,
    pub(crate) marshal: MarshalMailbox<Scheme, Standard<Block>>,
    pub(crate) application: A,
    pub(crate) strategy: Rayon,
    pub(crate) config: Config,
    pub(crate) epocher: FixedEpocher,
    pub(crate) page_cache: CacheRef,
    pub(crate) prefix: String,
    pub(crate) track: Track,
    /// Finalization at which state sync joined, if it did.
    pub(crate) joined: Option<Finalization>,
    /// Resolves with the name of a part of the node that ended although it must not.
    pub(crate) ended: BoxFuture<'static, String>,
}

/// A finalized block, for the actor.
pub(crate) struct Finalized {
    block: Digested<Block>,
    acknowledgement: Exact,
}

impl Policy for Finalized {
    type Overflow = VecDeque<Self>;

    fn handle(overflow: &mut VecDeque<Self>, message: Self) {
        // A dropped report would leave its block unacknowledged for ever.
        overflow.push_back(message);
    }
}

/// Reports finalized blocks to the actor.
#[derive(Clone)]
pub(crate) struct Mailbox(mailbox::Sender<Finalized>);

impl Reporter for Mailbox {
    type Activity = Update<Block>;

    fn report(&mut self, activity: Update<Block>) -> Feedback {
        match activity {
            Update::Block(block, acknowledgement) => self.0.enqueue(Finalized { block, acknowledgement }),
            Update::Tip(..) => Feedback::Ok,
        }
    }
}

/// Runs the engines.
pub(crate) struct Epochs<E: Spawner, B, A> {
    context: ContextCell<E>,
    mailbox: mailbox::Receiver<Finalized>,
    setup: Setup<B, A>,
    gauge: Gauge,
}

struct Active {
    epoch: Epoch,
    handle: Handle<()>,
}

impl Drop for Active {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

struct Muxed<S: Sender> {
    votes: MuxHandle<S>,
    late_votes: mpsc::Receiver<(Channel, P2pMessage<S::PublicKey>)>,
    certificates: MuxHandle<S>,
    late_certificates: mpsc::Receiver<(Channel, P2pMessage<S::PublicKey>)>,
    resolver: MuxHandle<S>,
}

impl<E, B, A> Epochs<E, B, A>
where
    E: Spawner + Metrics + CryptoRng + Clock + Storage + Network,
    B: Blocker<PublicKey = Identity>,
    A: CertifiableAutomaton<Context = Context<Digest, Identity>, Digest = Digest>
        + Relay<Digest = Digest, PublicKey = Identity, Plan = Plan<Identity>>
        + Reporter<Activity = Activity<Scheme, Digest>>,
{
    /// The mailbox comes first: marshal reports to it before everything else of the setup exists.
    pub(crate) fn mailbox(context: &E) -> (Mailbox, mailbox::Receiver<Finalized>) {
        let (sender, receiver) = mailbox::new(context.child("epochs_mailbox"), MAILBOX);
        (Mailbox(sender), receiver)
    }

    pub(crate) fn new(context: E, mailbox: mailbox::Receiver<Finalized>, setup: Setup<B, A>) -> Self {
        let gauge = context.gauge("epoch", "current epoch");
        Self { context: ContextCell::new(context), mailbox, setup, gauge }
    }

    pub(crate) fn start<S, R>(mut self, votes: (S, R), certificates: (S, R), resolver: (S, R)) -> Handle<()>
    where
        S: Sender<PublicKey = Identity>,
        R: Receiver<PublicKey = Identity>,
    {
        spawn_cell!(self.context, Box::pin(self.run(votes, certificates, resolver)))
    }

    async fn run<S, R>(mut self, votes: (S, R), certificates: (S, R), resolver: (S, R))
    where
        S: Sender<PublicKey = Identity>,
        R: Receiver<PublicKey = Identity>,
    {
        let mut muxed = self.mux(votes, certificates, resolver);
        let Some((epoch, floor)) = Box::pin(self.first()).await else { return };
        let Some(mut active) = Box::pin(self.enter(epoch, floor, &mut muxed)).await else { return };
        let mut ended = std::mem::replace(&mut self.setup.ended, Box::pin(futures::future::pending()));
        select_loop! {
            self.context,
            on_stopped => {
                debug!("stopping");
            },
            Some((theirs, (from, _))) = muxed.late_votes.recv() else break => {
                self.catch_up(active.epoch, Epoch::new(theirs), from);
            },
            Some((theirs, (from, _))) = muxed.late_certificates.recv() else break => {
                self.catch_up(active.epoch, Epoch::new(theirs), from);
            },
            part = &mut ended => {
                panic!("{part} ended, the node cannot go on");
            },
            result = &mut active.handle => match result {
                Ok(()) => break,
                Err(cause) => panic!(
                    "the consensus engine of epoch {} ended: {cause}. If the node ends so at every start, its votes \
                     on disk are damaged, or of another node key than it has now",
                    active.epoch
                ),
            },
            Some(Finalized { block, acknowledgement }) = self.mailbox.recv() else break => {
                let next = self.epoch_after(block.height());
                if next > active.epoch {
                    let Some(floor) = self.boundary(next, &block).await else { break };
                    let Some(entered) = Box::pin(self.enter(next, floor, &mut muxed)).await else { break };
                    active = entered;
                }
                acknowledgement.acknowledge();
            },
        }
    }

    fn mux<S, R>(&self, votes: (S, R), certificates: (S, R), resolver: (S, R)) -> Muxed<S>
    where
        S: Sender<PublicKey = Identity>,
        R: Receiver<PublicKey = Identity>,
    {
        let (mux, votes, late_votes) =
            Muxer::builder(self.context.child("votes"), votes.0, votes.1).with_backup().build();
        mux.start();
        let (mux, certificates, late_certificates) =
            Muxer::builder(self.context.child("certificates"), certificates.0, certificates.1)
                .with_backup()
                .build();
        mux.start();
        let (mux, resolver) = Muxer::new(self.context.child("resolver"), resolver.0, resolver.1);
        mux.start();
        Muxed { votes, late_votes, certificates, late_certificates, resolver }
    }

    /// The epoch in which the block after `height` is.
    fn epoch_after(&self, height: Height) -> Epoch {
        let Some(info) = self.setup.epocher.containing(height.next()) else {
            panic!("height {height} is beyond every epoch");
        };
        info.epoch()
    }

    /// The epoch to start in, and from where.
    async fn first(&mut self) -> Option<(Epoch, Floor<Scheme, Digest>)> {
        let processed = self.setup.marshal.get_processed().await;
        let epoch = processed.map(|processed| self.epoch_after(processed.height()));
        if let Some(joined) = self.joined().await
            && epoch.is_none_or(|epoch| epoch <= joined.epoch())
        {
            return Some((joined.epoch(), Floor::Finalized(joined)));
        }
        let epoch = epoch.unwrap_or_else(Epoch::zero);
        let height = epoch.previous().and_then(|before| self.setup.epocher.last(before));
        let block = self.setup.marshal.get_block(height.unwrap_or_else(Height::zero)).await?;
        Some((epoch, Floor::Genesis(block.digest())))
    }

    /// The finalization at which state sync joined, recorded so that a restart finds it.
    async fn joined(&mut self) -> Option<Finalization> {
        let context = self.context.child("joined");
        let partition = format!("{}-joined", self.setup.prefix);
        let seats = crate::network::MAX_COMMITTEE as usize;
        let config = metadata::Config { partition, codec_config: seats };
        let record: Metadata<_, U64, Finalization> = match Box::pin(Metadata::init(context, config)).await {
            Ok(record) => record,
            Err(error) => panic!("the record of the state sync cannot be read: {error}"),
        };
        let Some(joined) = self.setup.joined.take() else { return record.get(&FLOOR).cloned() };
        if let Err(error) = record.put_sync(FLOOR, joined.clone()).await {
            panic!("the record of the state sync cannot be written: {error}");
        }
        Some(joined)
    }

    /// The start of epoch `next`, given a finalized block at or after the end of the one before.
    async fn boundary(&mut self, next: Epoch, block: &Digested<Block>) -> Option<Floor<Scheme, Digest>> {
        let last = next.previous().and_then(|before| self.setup.epocher.last(before))?;
        if block.height() == last {
            return Some(Floor::Genesis(block.digest()));
        }
        let block = self.setup.marshal.get_block(last).await?;
        Some(Floor::Genesis(block.digest()))
    }

    fn catch_up(&self, ours: Epoch, theirs: Epoch, from: Identity) {
        if theirs <= ours {
            return;
        }
        if let Some(last) = self.setup.epocher.last(ours) {
            debug!(%ours, %theirs, ?from, "a peer is in a later epoch");
            self.setup.marshal.hint_finalized(last, NonEmptyVec::new(from));
        }
    }

    async fn enter<S>(
        &mut self,
        epoch: Epoch,
        floor: Floor<Scheme, Digest>,
        muxed: &mut Muxed<S>,
    ) -> Option<Active>
    where
        S: Sender<PublicKey = Identity>,
    {
        let Setup { config, committees, application, .. } = &self.setup;
        let Some(scheme) = committees.scheme(epoch) else { panic!("epoch {epoch} has no committee") };
        let context = self.context.child("simplex").with_attribute("epoch", epoch);
        let engine = simplex::Engine::new(
            context,
            simplex::Config {
                scheme: scheme.as_ref().clone(),
                elector: RoundRobin::<Sha256>::default(),
                blocker: self.setup.blocker.clone(),
                automaton: application.clone(),
                relay: application.clone(),
                reporter: EvidenceReporter { committees: committees.clone(), next: application.clone() },
                strategy: self.setup.strategy.clone(),
                partition: format!("{}-votes-{epoch}", self.setup.prefix),
                mailbox_size: MAILBOX,
                epoch,
                floor,
                replay_buffer: JOURNAL_BUFFER,
                write_buffer: JOURNAL_BUFFER,
                page_cache: self.setup.page_cache.clone(),
                leader_timeout: config.leader_timeout,
                certification_timeout: config.certification_timeout,
                timeout_retry: config.timeout_retry,
                fetch_timeout: NonZeroDuration::new_panic(Duration::from_secs(2)),
                fetch_retry_delay: Duration::from_millis(200),
                view_retention: VIEW_RETENTION,
                skip: SkipPolicy::Enabled { timeout: config.skip_timeout, budget: SkipBudget::Participants },
                forward: ForwardPolicy::SilentVoters,
                track_historical_votes: false,
            },
        );
        (self.setup.track)(epoch, self.setup.committees.committee(epoch));
        let votes = muxed.votes.register(epoch.get()).await.ok()?;
        let certificates = muxed.certificates.register(epoch.get()).await.ok()?;
        let resolver = muxed.resolver.register(epoch.get()).await.ok()?;
        let handle = engine.start(votes, certificates, resolver);
        self.gauge.set(i64::try_from(epoch.get()).unwrap_or(i64::MAX));
        info!(%epoch, "entered an epoch");
        Some(Active { epoch, handle })
    }
}
