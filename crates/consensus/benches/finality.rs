//! Time from submitting a transfer to its finality: four validators in one process, each with its own
//! runtime, disk and TCP connections, at 200 transfers a second; then the cost of idling.
//!
//! `cargo bench -p virtengine-consensus` prints one line of JSON. Transfers reach every node's source at
//! once, so gossip is not part of the figure.

#[path = "../src/simulation/transfers.rs"]
mod transfers;

use commonware_cryptography::{Signer as _, ed25519};
use commonware_runtime::{
    Runner as _,
    tokio::{Config as RuntimeConfig, Runner},
};
use futures::future::BoxFuture;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};
use transfers::{ACCOUNTS, CHAIN, FUNDS, Transfers, address};
use virtengine_chain::{
    bank,
    genesis::{GenesisAccount, GenesisValidator},
};
use virtengine_consensus::{
    BatchLimits, Committee, Config, Identity, TxSource,
    genesis::{Genesis, Rows},
    node::{self, NetworkConfig, NodeSetup},
};
use virtengine_crypto::cosmos::Unverified;
use virtengine_types::{
    Amount, Coin, Timestamp,
    block::{FinalizedBlock, Hash},
    code::Rejection,
    params::Params,
    tx::{DecodedTx, VerifiedTx},
};

const VALIDATORS: u64 = 4;
const PER_SECOND: u64 = 200;
const PORT: u16 = 27_400;

/// The transfers that were submitted and are not final, of one node.
#[derive(Default)]
struct Queue {
    open: Mutex<VecDeque<VerifiedTx>>,
    known: Mutex<HashMap<Hash, VerifiedTx>>,
    wakers: Mutex<Vec<futures::channel::oneshot::Sender<()>>>,
}

impl Queue {
    fn submit(&self, tx: VerifiedTx) {
        self.known.lock().insert(tx.tx.hash, tx.clone());
        self.open.lock().push_back(tx);
        for waker in self.wakers.lock().drain(..) {
            waker.send(()).unwrap_or_default();
        }
    }
}

impl TxSource for Queue {
    fn next(&self, limits: BatchLimits, exclude: HashSet<Hash>) -> BoxFuture<'_, Vec<VerifiedTx>> {
        let open = self.open.lock();
        let batch: Vec<VerifiedTx> =
            open.iter().filter(|tx| !exclude.contains(&tx.tx.hash)).take(limits.count).cloned().collect();
        drop(open);
        Box::pin(async move { batch })
    }

    fn arrived(&self) -> BoxFuture<'_, ()> {
        let (sender, receiver) = futures::channel::oneshot::channel();
        self.wakers.lock().push(sender);
        Box::pin(async move { receiver.await.unwrap_or_default() })
    }

    fn decoded(&self, _: &Hash) -> Option<Arc<DecodedTx>> {
        None
    }

    fn verify(&self, txs: Vec<Unverified>) -> BoxFuture<'_, Vec<Result<VerifiedTx, Rejection>>> {
        let known = self.known.lock();
        let verdicts = txs.into_iter().map(|unverified| match known.get(&unverified.tx.hash) {
            Some(tx) => Ok(tx.clone()),
            None => {
                virtengine_crypto::cosmos::verify_tx(&unverified, CHAIN).map_err(|error| error.rejection())
            }
        });
        let verdicts = verdicts.collect();
        Box::pin(async move { verdicts })
    }

    fn refused(&self, txs: Vec<(Hash, Rejection)>) {
        panic!("{} transfers were refused, the first: {}", txs.len(), txs[0].1);
    }

    fn committed(&self, block: &FinalizedBlock) {
        let done: HashSet<Hash> = block.txs.iter().map(|tx| tx.hash).collect();
        self.open.lock().retain(|tx| !done.contains(&tx.tx.hash));
    }
}

fn main() {
    let (genesis, numbers) = genesis();
    let transfers = Transfers::new(&numbers);
    let folder = std::env::temp_dir().join(format!("virtengine-finality-{}", std::process::id()));
    let queues: Vec<Arc<Queue>> = (0..VALIDATORS).map(|_| Arc::default()).collect();
    let finals: Arc<Mutex<Vec<(Hash, Instant)>>> = Arc::default();
    let blocks: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let height = Arc::new(AtomicU64::new(0));
    for (seed, queue) in (0..VALIDATORS).zip(&queues) {
        let setup = NodeSetup {
            genesis: genesis.clone(),
            identity: identity(seed),
            votes: true,
            config: Config::default(),
            network: network(seed),
            source: queue.clone(),
            on_tip: Arc::new(|_, _, _| {}),
        };
        let runner =
            RuntimeConfig::new().with_worker_threads(2).with_storage_directory(folder.join(seed.to_string()));
        let (finals, blocks, height) = (finals.clone(), blocks.clone(), height.clone());
        thread::spawn(move || {
            Runner::new(runner).start(|context| async move {
                let (mut node, _network) = node::start(context, setup).await.unwrap();
                while let Some(delivery) = node.finalized.recv().await {
                    if seed == 0 {
                        let now = Instant::now();
                        blocks.lock().push(now);
                        finals.lock().extend(delivery.block.txs.iter().map(|tx| (tx.hash, now)));
                        height.store(delivery.block.header.height.0, Ordering::Relaxed);
                    }
                    delivery.acknowledge();
                }
            });
        });
    }
    wait_until(|| height.load(Ordering::Relaxed) >= 3);

    let (cpu, started) = (cpu_seconds(), Instant::now());
    thread::sleep(Duration::from_secs(10));
    let idle = (cpu_seconds() - cpu) / started.elapsed().as_secs_f64() / VALIDATORS as f64;

    let first_block = blocks.lock().len();
    let mut submitted = BTreeMap::new();
    let all = transfers.in_turn();
    let start = Instant::now();
    for (index, tx) in all.iter().enumerate() {
        let due = start + Duration::from_secs(1) * u32::try_from(index).unwrap() / PER_SECOND as u32;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        submitted.insert(tx.tx.hash, due);
        queues.iter().for_each(|queue| queue.submit(tx.clone()));
    }
    wait_until(|| finals.lock().len() >= all.len());
    let took = start.elapsed();
    let mut latencies: Vec<Duration> =
        finals.lock().iter().map(|(hash, at)| at.saturating_duration_since(submitted[hash])).collect();
    latencies.sort_unstable();
    let at = |share: usize| latencies[(latencies.len() - 1) * share / 100].as_millis();
    let made = blocks.lock().len() - first_block;
    println!(
        "{{\"transfers\":{},\"blocks\":{made},\"block_ms\":{:.0},\"p50_ms\":{},\"p95_ms\":{},\"p99_ms\":{},\"idle_core_share_per_node\":{idle:.4},\"rss_mib_per_node\":{:.0}}}",
        all.len(),
        took.as_secs_f64() * 1000.0 / made as f64,
        at(50),
        at(95),
        at(99),
        rss_mib() / VALIDATORS as f64,
    );
    drop(std::fs::remove_dir_all(folder));
    std::process::exit(0);
}

fn wait_until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(120), "the network made no progress for two minutes");
        thread::sleep(Duration::from_millis(20));
    }
}

fn identity(seed: u64) -> ed25519::PrivateKey {
    ed25519::PrivateKey::from_seed(seed)
}

fn socket(seed: u64) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, PORT + u16::try_from(seed).unwrap()).into()
}

fn network(seed: u64) -> NetworkConfig {
    let validators = (0..VALIDATORS).map(|peer| (identity(peer).public_key(), socket(peer))).collect();
    NetworkConfig { validators, ..NetworkConfig::new(socket(seed)) }
}

fn genesis() -> (Genesis, Vec<u64>) {
    let members: Vec<Identity> = (0..VALIDATORS).map(|seed| identity(seed).public_key()).collect();
    let voting = virtengine_crypto::bls::SecretKey::decode(&[7; 32]).unwrap();
    let mut state = virtengine_chain::Genesis {
        chain_id: CHAIN.to_owned(),
        genesis_time_ms: Timestamp(0),
        params: Params::default(),
        committee: None,
        accounts: (0..ACCOUNTS)
            .map(|index| GenesisAccount { address: address(index), coins: vec![Coin::base(FUNDS)] })
            .collect(),
        validators: vec![GenesisValidator {
            operator: address(0),
            moniker: "bench".to_owned(),
            consensus_key: [9; 32],
            bls_key: voting.public_key().to_bytes(),
            proof_of_possession: voting.prove_possession(&address(0), CHAIN).to_bytes(),
            tokens: Amount(1_000_000),
        }],
    };
    state.sort();
    let writes = state.writes().unwrap();
    let numbers = (0..ACCOUNTS)
        .map(|index| {
            let key = bank::ACCOUNTS.key(&address(index)).unwrap();
            let row = writes.iter().find(|(place, _)| **place == key).and_then(|(_, row)| row.clone());
            bank::ACCOUNTS.decode(&row.unwrap()).unwrap().1.number
        })
        .collect();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let time_ms = u64::try_from(now.as_millis()).unwrap();
    let committee = Committee::new(&members).unwrap();
    let (hash, rows) = ([0; 32].into(), Rows::in_memory(vec![writes]));
    (Genesis { chain_id: CHAIN.to_owned(), time_ms, hash, rows, committee }, numbers)
}

/// Processor time of this process so far, of all its threads.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11..=12].iter().map(|field| field.parse::<u64>().unwrap()).sum();
    ticks as f64 / 100.0
}

fn rss_mib() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages as f64 * 4096.0 / (1024.0 * 1024.0)
}
