//! The nodes, their links, and what they tell.

use crate::{
    geography::{one_way, region},
    load::{Inbox, Load},
    nodes::{Seat, genesis, seats},
};
use commonware_p2p::{
    Manager as _,
    simulated::{self, Link, Network, Oracle},
};
use commonware_runtime::{Clock as _, Runner as _, Spawner as _, Supervisor as _, deterministic};
use commonware_utils::{NZUsize, TryCollect as _, ordered::Set, probability};
use parking_lot::Mutex;
use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use thiserror::Error;
use virtengine_consensus::{
    Committees, Config, Delivery, Identity,
    engine::{self, Setup},
    network::{CHANNELS, Channels, max_message_bytes},
};

/// Virtual time of handing something from one part of a node to another.
pub const HAND_OVER: Duration = Duration::from_micros(100);
/// Standard deviation of a link's latency, as a part of it: most of what clouds publish is steadier.
const JITTER: f64 = 0.02;
/// From the first node's start to the first transaction.
const LEAD: Duration = Duration::from_secs(2);
/// Time between two looks at whether all is final.
const LOOK: Duration = Duration::from_millis(100);
/// Longest wait for finality after the load.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest run.
const TIMEOUT: Duration = Duration::from_secs(600);

/// What is simulated.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// Validators, which take turns in being in one of the regions.
    pub validators: usize,
    /// Transactions a second, from all regions.
    pub rate: f64,
    /// How long they arrive, in virtual time.
    pub duration: Duration,
    /// What arrives or is proposed before this is not measured.
    pub warm_up: Duration,
    /// What a node can send and receive, in bits a second; none for no bound.
    pub bandwidth: Option<u64>,
    /// Settings of the nodes.
    pub config: Config,
}

/// What nodes told in a run, in virtual time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timed {
    /// From the header's time, which the proposer wrote, to a node's delivery, of every block and node.
    pub proposal_to_final: Vec<Duration>,
    /// From a client's sending to its being told by its validator, of every transaction.
    pub submission_to_final: Vec<Duration>,
    /// Blocks in the window.
    pub blocks: u64,
    /// Transactions submitted, and those of them that became final.
    pub submitted: u64,
    /// Final at the validators that they were submitted to.
    pub committed: u64,
    /// Proposed and not admitted.
    pub refused: u64,
}

/// Why a world cannot be simulated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WorldError {
    /// Fewer than can agree, or more than messages are sized for.
    #[error("validators must be from 4 to 256, got {found}")]
    Validators {
        /// As given.
        found: usize,
    },
    /// Nothing would be measured.
    #[error("a warm-up of {warm_up:?} leaves nothing of {duration:?}")]
    WarmUp {
        /// As given.
        warm_up: Duration,
        /// As given.
        duration: Duration,
    },
    /// A node does not start.
    #[error("node {index} does not start: {cause}")]
    Start {
        /// Its place.
        index: usize,
        /// Why.
        cause: String,
    },
    /// The genesis cannot be made.
    #[error("no genesis: {cause}")]
    Genesis {
        /// Why.
        cause: String,
    },
}

impl Default for World {
    /// 50 validators at a gigabit with the node's own settings, 200 transfers a second for 20 s.
    fn default() -> Self {
        Self {
            validators: 50,
            rate: 200.0,
            duration: Duration::from_secs(20),
            warm_up: Duration::from_secs(2),
            bandwidth: Some(1_000_000_000),
            config: Config::default(),
        }
    }
}

impl World {
    /// Simulates with a seed, from which keys, arrivals, jitter and the order of tasks are drawn.
    ///
    /// # Errors
    /// - `Validators`, `WarmUp` - settings that cannot be simulated
    /// - `Start`, `Genesis` - a defect
    pub fn run(&self, seed: u64) -> Result<Timed, WorldError> {
        if !(4..=256).contains(&self.validators) {
            return Err(WorldError::Validators { found: self.validators });
        }
        if self.warm_up >= self.duration {
            return Err(WorldError::WarmUp { warm_up: self.warm_up, duration: self.duration });
        }
        let load = Load::new(self.validators, self.rate, self.duration, seed);
        let seats = seats(self.validators, seed);
        let genesis = genesis(&seats, &load.addresses).map_err(|cause| WorldError::Genesis { cause })?;
        let config =
            deterministic::Config::new().with_seed(seed).with_cycle(HAND_OVER).with_timeout(Some(TIMEOUT));
        let world = self.clone();
        deterministic::Runner::new(config).start(|context| async move {
            let oracle = world.connect(&context, &seats).await;
            let start = context.current() + LEAD;
            let ledger = Arc::new(Ledger { load, start, warm_up: world.warm_up, told: Mutex::default() });
            let refused = Arc::new(AtomicU64::new(0));
            for (index, seat) in seats.iter().enumerate() {
                let inbox = Inbox::new(
                    ledger.load.clone(),
                    context.child("inbox").with_attribute("index", index),
                    start,
                    index,
                    refused.clone(),
                );
                let node = context.child("validator").with_attribute("index", index);
                world.start(node, index, seat, &genesis, &oracle, inbox, ledger.clone()).await?;
            }
            let submitted = ledger.load.transfers.len() as u64;
            let end = start + world.duration + PATIENCE;
            while ledger.told.lock().committed < submitted && context.current() < end {
                context.sleep(LOOK).await;
            }
            let refused = refused.load(Ordering::Relaxed);
            let told = ledger.told.lock().clone();
            Ok(Timed { submitted, refused, ..told })
        })
    }

    /// Links every two nodes.
    async fn connect(
        &self,
        context: &deterministic::Context,
        seats: &[Seat],
    ) -> Oracle<Identity, deterministic::Context> {
        let (network, oracle) = Network::<_, Identity>::new(
            context.child("network"),
            simulated::Config {
                max_size: max_message_bytes(),
                max_peers_per_set: NonZeroUsize::new(seats.len()).unwrap_or(NonZeroUsize::MIN),
                disconnect_on_block: true,
                tracked_peer_sets: NZUsize!(1),
            },
        );
        network.start();
        let all: Set<Identity> =
            seats.iter().map(|seat| seat.identity.clone()).try_collect().expect("identities differ");
        let mut manager = oracle.manager();
        manager.track(0, all);
        for (from, sender) in seats.iter().enumerate() {
            if let Some(bits) = self.bandwidth {
                let bytes = usize::try_from(bits / 8).ok();
                oracle
                    .limit_bandwidth(sender.identity.clone(), bytes, bytes)
                    .await
                    .expect("the network lives as long as its context");
            }
            for (to, receiver) in seats.iter().enumerate().filter(|(to, _)| *to != from) {
                let latency = one_way(region(from), region(to));
                let link = Link { latency, jitter: latency.mul_f64(JITTER), success_rate: probability!(1.0) };
                oracle
                    .add_link(sender.identity.clone(), receiver.identity.clone(), link)
                    .await
                    .expect("a link between two nodes");
            }
        }
        oracle
    }

    #[allow(clippy::too_many_arguments)] // each is another part of a node
    async fn start(
        &self,
        context: deterministic::Context,
        index: usize,
        seat: &Seat,
        genesis: &virtengine_consensus::genesis::Genesis,
        oracle: &Oracle<Identity, deterministic::Context>,
        inbox: Arc<Inbox>,
        ledger: Arc<Ledger>,
    ) -> Result<(), WorldError> {
        let control = oracle.control(seat.identity.clone());
        let mut ends = Vec::with_capacity(CHANNELS.len());
        for (number, quota) in CHANNELS {
            ends.push(control.register(number, quota).await.expect("channels are registered once"));
        }
        let mut ends = ends.into_iter();
        let channels = Channels::register(|_, _| ends.next().expect("as many ends as channels"));
        let observer = context.child("observer");
        let setup = Setup {
            genesis: genesis.clone(),
            identity: seat.identity.clone(),
            committees: Committees::new(b"world", genesis.committee.clone(), Some(seat.key.clone())),
            // Memory is for as many nodes as there are; it decides no virtual time.
            config: Config { page_cache_pages: 64, write_buffer: 4096, ..self.config.clone() },
            prefix: format!("node-{index}"),
            source: inbox,
            peers: oracle.manager(),
            blocker: oracle.control(seat.identity.clone()),
            track: Box::new(|_, _| {}),
            on_tip: Arc::new(|_, _, _| {}),
        };
        let started = Box::pin(engine::start(context, setup, channels)).await;
        let mut started = started.map_err(|error| WorldError::Start { index, cause: error.to_string() })?;
        observer.spawn(move |clock| async move {
            // The engine ends with its handle, and an unused channel with its end.
            let _parts = (started.handle, started.gossip, started.chain);
            while let Some(delivery) = started.finalized.recv().await {
                ledger.delivered(index, clock.current(), &delivery);
                delivery.acknowledge();
            }
        });
        Ok(())
    }
}

/// Notes what nodes tell.
struct Ledger {
    load: Arc<Load>,
    start: SystemTime,
    warm_up: Duration,
    told: Mutex<Timed>,
}

impl Ledger {
    fn delivered(&self, node: usize, now: SystemTime, delivery: &Delivery) {
        let proposed = UNIX_EPOCH + Duration::from_millis(delivery.block.header.time.0);
        let since = |earlier: SystemTime| now.duration_since(earlier).unwrap_or_default();
        let mut told = self.told.lock();
        let last = self.load.transfers.last().map_or(Duration::ZERO, |transfer| transfer.due);
        if (self.start + self.warm_up..self.start + last).contains(&proposed) {
            told.proposal_to_final.push(since(proposed));
            told.blocks += u64::from(node == 0);
        }
        for tx in &delivery.block.txs {
            let Some((_, transfer)) = self.load.find(&tx.hash).filter(|(_, transfer)| transfer.home == node)
            else {
                continue;
            };
            told.committed += 1;
            if transfer.due >= self.warm_up {
                // Back to the client, which is in its validator's region.
                let back = one_way(region(node), region(node));
                told.submission_to_final.push(since(self.start + transfer.due) + back);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> World {
        World {
            validators: 4,
            rate: 40.0,
            duration: Duration::from_secs(3),
            warm_up: Duration::from_secs(1),
            ..World::default()
        }
    }

    #[test]
    fn a_seed_gives_the_same_figures_and_another_seed_others() {
        let (first, again, other) =
            (small().run(1).unwrap(), small().run(1).unwrap(), small().run(2).unwrap());
        assert_eq!(first, again);
        assert_ne!(first.submission_to_final, other.submission_to_final);
        for told in [&first, &other] {
            assert!(told.submitted > 80 && told.committed == told.submitted, "{told:?}");
            assert!(told.blocks > 5 && told.refused == 0, "{told:?}");
            // No node is told of a block before the light was there and back.
            let shortest = crate::geography::propagation(4).into_iter().min().unwrap();
            assert!(told.proposal_to_final.iter().all(|time| *time > shortest.mul_f64(0.8)), "{told:?}");
        }
    }

    #[test]
    fn rejects_what_cannot_be_simulated() {
        let few = World { validators: 3, ..World::default() };
        assert_eq!(few.run(1), Err(WorldError::Validators { found: 3 }));
        let short = World { duration: Duration::from_secs(2), ..World::default() };
        let (warm_up, duration) = (Duration::from_secs(2), Duration::from_secs(2));
        assert_eq!(short.run(1), Err(WorldError::WarmUp { warm_up, duration }));
    }
}
