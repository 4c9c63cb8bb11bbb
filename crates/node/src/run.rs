//! Running a node from its home.

mod error;

pub use error::RunError;

use crate::{
    backend::{NodeBackend, stale_ms},
    budgets::{Budgets, Objects},
    config::NodeConfig,
    genesis::{CheckedGenesis, read_aside, rows},
    home::Home,
    indexer::{Indexer, rebuild},
    limits::allow_files,
    metrics::{self, NodeMetrics},
    servers::{Listeners, Telemetry},
    source::{StateAccounts, source},
    starting,
};
use commonware_codec::{Copying, DecodeExt as _};
use commonware_runtime::{Runner as _, Supervisor as _, tokio as runtime};
use parking_lot::{Mutex, RwLock};
use prometheus_client::registry::Registry;
use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::watch;
use virtengine_chain::genesis::{Head, Seat};
use virtengine_consensus::{
    Identity,
    genesis::{Genesis as EngineGenesis, committee},
    node::{self, NetworkConfig, NodeSetup},
};
use virtengine_crypto::node_key;
use virtengine_events::{History, Hub, HubConfig};
use virtengine_mempool::Mempool;
use virtengine_rpc::{
    Context, Router,
    comet::{self, AppState},
    server::Limits,
};
use virtengine_types::Height;
use virtengine_views::Views;

/// Time without a new final block after which the node says so.
const QUIET: Duration = Duration::from_secs(30);

/// Resolves when a node is to stop.
pub type Shutdown = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs the node of `home` until `shutdown` resolves. Blocks the calling thread, which must not belong to
/// another runtime.
///
/// # Errors
/// Why it does not start, or stopped by itself.
pub fn run(home: &Home, shutdown: Shutdown) -> Result<(), RunError> {
    home.check()?;
    let _lock = home.lock()?;
    home.check_room()?;
    let config = home.config()?;
    let identity = home.identity()?;
    let votes = home.bls_key()?.is_some();
    home.check_voter(votes.then_some(&identity))?;
    allow_files(&config)?;
    let runner = runtime::Runner::new(
        runtime::Config::new()
            .with_worker_threads(config.engine.threads)
            .with_storage_directory(home.engine())
            .with_catch_panics(false),
    );
    // The engine panics when its storage fails, in whichever task it happens, and the runner passes that on.
    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| {
        runner.start(|context| async move {
            let mut shutdown = shutdown;
            let listeners = Listeners::open(&config).await?;
            let reading = read_aside(home.clone());
            let reason = "the node is starting: it reads the genesis file";
            let reading = starting::answer_until(reading, &listeners, Limits::from(&config.api), reason);
            let genesis = tokio::select! {
                biased;
                () = &mut shutdown => return Ok(()),
                genesis = reading => genesis??,
            };
            let parts = Parts { home: home.clone(), config, genesis, identity, votes };
            parts.check_company()?;
            Box::pin(parts.run(context, listeners, shutdown)).await
        })
    }));
    let path = home.data().display().to_string();
    let error = match ran {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error,
        Err(panic) => RunError::GaveUp { path: path.clone(), cause: words(&*panic) },
    };
    // The engine does not say why a write failed, so the disk is asked.
    let full = home.check_room().is_err_and(|error| error.is_full_disk());
    if full || error.to_string().contains("No space left") {
        return Err(RunError::DiskFull { path, cause: Box::new(error) });
    }
    Err(error)
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it said nothing").to_owned()
}

struct Parts {
    home: Home,
    config: NodeConfig,
    genesis: CheckedGenesis,
    identity: node_key::Identity,
    /// Whether it is a validator's node.
    votes: bool,
}

impl Parts {
    /// Refuses settings that connect the node to nobody, unless it is the whole network.
    fn check_company(&self) -> Result<(), RunError> {
        let own = self.identity.public_key();
        let validators = &self.genesis.summary.seats;
        let whole = self.votes && validators.iter().all(|one| one.consensus_key == own);
        if whole || !self.peers()?.is_empty() {
            return Ok(());
        }
        let path = self.home.config_file().display().to_string();
        Err(RunError::Alone { path, validators: validators.len() })
    }

    async fn run(
        self,
        context: runtime::Context,
        listeners: Listeners,
        mut shutdown: Shutdown,
    ) -> Result<(), RunError> {
        let chain_id = self.head().chain_id.clone();
        let history = self.open_history()?;
        let hub = Hub::new(history.clone(), HubConfig::default());
        let views = Views::default();
        let (reader_sender, reader) = watch::channel(None);
        let (ready_sender, views_built) = watch::channel(false);
        let height = history.latest().map_or(Height(0), |meta| meta.header.height);
        let (tip_sender, tip) = watch::channel(history.latest().map(|meta| meta.header.clone()));
        let (mempool, admission) = Mempool::new(
            self.config.mempool.clone(),
            chain_id.clone(),
            height,
            self.head().params.clone(),
            StateAccounts(reader.clone()),
        );
        let known = Arc::new(RwLock::new(height.0));
        let setup = self.engine_setup(&mempool, &known)?;
        let reason = self.reason_to_wait(history.latest().is_none())?;
        self.home.note_voter(self.votes.then_some(&self.identity))?;
        let engine = node::start(context.child("node"), setup);
        let starting = starting::answer_until(engine, &listeners, Limits::from(&self.config.api), &reason);
        let (started, network) = tokio::select! {
            // First, so that a signal is heard from the first answer on. State sync waits for peers as long as it takes.
            biased;
            () = &mut shutdown => return Ok(()),
            started = starting => started??,
        };

        let mut registry = Registry::default();
        let metrics = NodeMetrics::register(&mut registry, &chain_id, self.genesis.summary.seats.len());
        mempool.metrics().register(registry.sub_registry_with_prefix("virtengine_mempool"));
        metrics::mempool(&mut registry, &chain_id, mempool.metrics());
        let objects = objects(&mempool, &views, &hub);
        let budgets = Budgets::register(&mut registry, self.config.budgets.clone(), objects);
        let backend = NodeBackend {
            reader,
            views: views.clone(),
            views_built,
            mempool: mempool.clone(),
            tip,
            known,
            router: Arc::new(OnceLock::new()),
            peers: Arc::new(self.peers()?),
            stale_ms: stale_ms(self.config.engine.consensus().idle_block_interval),
        };
        let genesis_header = started.chain.genesis().header.clone();
        let info = self.comet_genesis(&genesis_header);
        let router = self.router(&backend, &hub, &info);
        backend.router.get_or_init(|| router.clone());
        let surface = comet::Comet::new(
            Arc::new(backend.clone()),
            hub.clone(),
            info,
            self.node_info(),
            self.config.comet.clone(),
        );
        let telemetry = Telemetry {
            runtime: Arc::new(Mutex::new(context.child("telemetry"))),
            registry: Arc::new(registry),
            chain_id: chain_id.as_str().into(),
            backend,
        };
        let (stop, stopping) = watch::channel(false);
        let config = self.config.clone();
        let servers = tokio::spawn(async move {
            listeners.serve(&config, router, surface, telemetry, stopping).await;
        });
        let (gossip_sender, gossip_receiver) = started.gossip;
        let admission = tokio::spawn(admission.run(tokio::time::sleep));
        let clock = context.child("gossip");
        let gossip =
            tokio::spawn(virtengine_mempool::gossip::run(clock, mempool, gossip_sender, gossip_receiver));

        let chain = started.chain.clone();
        let mut finalized = started.finalized;
        let whole = !self.config.engine.state_sync;
        let mut indexer = Indexer { history, whole, hub, views: views.clone(), metrics, tip: tip_sender };
        let quiet = QUIET.max(self.config.engine.consensus().idle_block_interval.saturating_mul(4));
        let index = async move {
            let mut build = std::pin::pin!(async {
                let reader = chain.reader().await;
                reader_sender.send_replace(Some(reader.clone()));
                rebuild(&reader, &views).await
            });
            let mut building = true;
            let mut look = tokio::time::interval(quiet);
            let mut heard = true;
            loop {
                tokio::select! {
                    _ = look.tick() => if !std::mem::take(&mut heard) {
                        let seconds = quiet.as_secs();
                        tracing::warn!(seconds, "no block became final: do two thirds of the validators run and reach each other?");
                    },
                    built = &mut build, if building => {
                        built?;
                        building = false;
                        ready_sender.send_replace(true);
                    }
                    delivery = finalized.recv() => match delivery {
                        Some(delivery) => {
                            heard = true;
                            indexer.take(delivery).await?;
                        }
                        None => return Err(RunError::Ended { part: "engine" }),
                    },
                }
            }
        };
        tracing::info!(chain_id, rpc = %self.config.rpc_addr, rest = %self.config.api.rest_addr, "node started");
        let outcome = tokio::select! {
            () = shutdown => Ok(()),
            outcome = index => outcome,
            never = budgets.watch() => match never {},
            _ = started.handle => Err(RunError::Ended { part: "engine" }),
            _ = network => Err(RunError::Ended { part: "network" }),
            _ = admission => Err(RunError::Ended { part: "mempool" }),
            _ = gossip => Err(RunError::Ended { part: "gossip" }),
        };
        stop.send_replace(true);
        if let Err(error) = servers.await {
            tracing::warn!(%error, "a surface ended badly");
        }
        outcome
    }

    /// Why the engine may not run at once. Refuses a node that is to sync from fewer peers than have to agree.
    fn reason_to_wait(&self, empty: bool) -> Result<String, RunError> {
        if !(empty && self.config.engine.state_sync) {
            return Ok("the node is starting".to_owned());
        }
        let validators = &self.genesis.summary.seats;
        let serves = |key: &[u8; 32]| validators.iter().any(|one| one.consensus_key == *key);
        let listed = self.peers()?.iter().filter(|peer| serves(&peer.key)).count();
        let needed = validators.len().saturating_sub(1) / 3 + 1;
        if listed < needed {
            let path = self.home.config_file().display().to_string();
            return Err(RunError::FewPeers { path, listed, needed, validators: validators.len() });
        }
        Ok(format!(
            "the node is starting: it asks {listed} validators for the state and waits until {needed} of them answer; \
             they answer nodes that they list under [[observers]] in their node.toml, as identity {}",
            hex::encode(self.identity.public_key())
        ))
    }

    fn open_history(&self) -> Result<History, RunError> {
        let config = virtengine_events::Config {
            retain_blocks: self.config.retain_blocks,
            block_cache_bytes: self.config.block_cache_bytes,
            ..Default::default()
        };
        let folder = self.home.history();
        History::open(&folder, &self.head().chain_id, config)
            .map_err(|cause| RunError::History { path: folder.display().to_string(), cause })
    }

    fn engine_setup(&self, mempool: &Mempool, known: &Arc<RwLock<u64>>) -> Result<NodeSetup, RunError> {
        let mut network = NetworkConfig::new(self.config.p2p_addr);
        network.validators = peers(&self.config.validators)?;
        network.observers = peers(&self.config.observers)?;
        let known = known.clone();
        Ok(NodeSetup {
            genesis: EngineGenesis {
                chain_id: self.head().chain_id.clone(),
                time_ms: self.head().genesis_time_ms.0,
                hash: self.genesis.sha256.into(),
                rows: rows(self.home.genesis_file(), &self.genesis),
                committee: committee(&self.genesis.summary.seats)?,
            },
            identity: self.identity.signer(),
            votes: self.votes,
            config: self.config.engine.consensus(),
            network,
            source: source(mempool.clone()),
            on_tip: Arc::new(move |_, height, _| {
                let mut known = known.write();
                *known = height.get().max(*known);
            }),
        })
    }

    fn router(&self, backend: &NodeBackend, hub: &Hub, info: &comet::Genesis) -> Router {
        Router::new(Context::new(
            Arc::new(backend.clone()),
            hub.clone(),
            info.clone(),
            self.node_info(),
            self.config.api.clone(),
        ))
    }

    fn comet_genesis(&self, header: &virtengine_consensus::Header) -> comet::Genesis {
        let head = self.head();
        let validator = |seat: &Seat| comet::Validator { key: seat.consensus_key, power: 1 };
        comet::Genesis {
            chain_id: head.chain_id.clone(),
            time: head.genesis_time_ms,
            hash: header.digest().0,
            state_root: header.state_root.0,
            validators: self.genesis.summary.seats.iter().map(validator).collect(),
            max_block_bytes: head.params.max_block_bytes,
            max_block_gas: Some(head.params.max_block_gas),
            app_state: AppState { path: self.home.genesis_file(), bytes: self.genesis.bytes },
        }
    }

    const fn head(&self) -> &Head {
        &self.genesis.summary.head
    }

    fn node_info(&self) -> comet::NodeInfo {
        let key = self.identity.public_key();
        let seated = self.genesis.summary.seats.iter().any(|seat| seat.consensus_key == key);
        comet::NodeInfo {
            key,
            power: u64::from(seated && self.votes),
            moniker: self.config.moniker.clone(),
            listen_addr: format!("tcp://{}", self.config.p2p_addr),
            rpc_addr: format!("tcp://{}", self.config.rpc_addr),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    fn peers(&self) -> Result<Vec<comet::Peer>, RunError> {
        let own = self.identity.public_key();
        let mut peers = Vec::new();
        for peer in self.config.validators.iter().chain(&self.config.observers) {
            let key = peer.key()?;
            if key != own {
                peers.push(comet::Peer { key, address: peer.addr.to_string(), outbound: true });
            }
        }
        Ok(peers)
    }
}

/// What is counted against the budget of objects: all that grows with the chain or with what clients ask for.
fn objects(mempool: &Mempool, views: &Views, hub: &Hub) -> Vec<Objects> {
    let pending = mempool.metrics().size.clone();
    let (views, blocks, subscribers) = (views.clone(), hub.clone(), hub.clone());
    vec![
        Objects { kind: "mempool_txs", count: Box::new(move || usize::try_from(pending.get()).unwrap_or(0)) },
        Objects { kind: "list_rows", count: Box::new(move || views.rows()) },
        Objects { kind: "blocks", count: Box::new(move || blocks.held_blocks()) },
        Objects { kind: "subscriptions", count: Box::new(move || subscribers.subscribers()) },
    ]
}

fn peers(list: &[crate::PeerConfig]) -> Result<BTreeMap<Identity, std::net::SocketAddr>, RunError> {
    list.iter().map(|peer| Ok((identity(&peer.key()?)?, peer.addr))).collect()
}

fn identity(key: &[u8; 32]) -> Result<Identity, RunError> {
    Identity::decode(Copying(key.as_slice())).map_err(|_| RunError::Identity { key: hex::encode(key) })
}
