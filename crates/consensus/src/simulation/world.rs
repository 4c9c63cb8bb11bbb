//! Nodes of a simulated network, wired like real ones.

use super::{
    generator::Generator,
    transfers::{ACCOUNTS, CHAIN, FUNDS, Transfers, address},
};
use crate::{
    Committee, Committees, Config, Digest, Identity,
    engine::{self, Chain, Setup},
    genesis::{Genesis, Rows},
    network::{CHANNELS, Channels, max_message_bytes},
};
use commonware_consensus::types::{Epoch, Round, View};
use commonware_cryptography::{Signer as _, ed25519};
use commonware_glue::simulate::{
    engine::{EngineDefinition, InitContext},
    processed::ProcessedHeight,
    tracker::FinalizationUpdate,
};
use commonware_runtime::{Clock as _, Handle, Quota, Spawner as _, Supervisor as _, deterministic};
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};
use tracing::info;
use virtengine_chain::bank;
use virtengine_types::{Amount, Coin, block::Hash, params::Params};

/// Blocks in an epoch, few enough that every run crosses several.
const EPOCH: u64 = 20;

/// A network to simulate.
#[derive(Clone)]
pub(crate) struct World {
    identities: Vec<Identity>,
    secrets: Vec<ed25519::PrivateKey>,
    genesis: Genesis,
    transfers: Arc<Transfers>,
    /// Of the nodes, in turn.
    threads: Vec<usize>,
}

/// What properties see of a node.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) chain: Chain<deterministic::Context>,
    /// Hashes of the finalized blocks that its indexes got, by height.
    pub(crate) delivered: Arc<Mutex<BTreeMap<u64, Hash>>>,
    pub(crate) votes: bool,
}

impl ProcessedHeight for Node {
    async fn processed_height(&self) -> u64 {
        self.chain.processed().await
    }
}

impl World {
    pub(crate) fn new(validators: u64) -> Self {
        let mut secrets: Vec<ed25519::PrivateKey> =
            (0..validators).map(ed25519::PrivateKey::from_seed).collect();
        secrets.sort_by_key(ed25519::PrivateKey::public_key);
        let identities: Vec<Identity> = secrets.iter().map(ed25519::PrivateKey::public_key).collect();
        let (rows, numbers) = accounts();
        let genesis = Genesis {
            chain_id: CHAIN.to_owned(),
            time_ms: 0,
            hash: Digest::from([1; 32]),
            rows,
            committee: Committee::new(&identities).unwrap(),
        };
        Self { identities, secrets, genesis, transfers: Transfers::new(&numbers), threads: vec![1] }
    }

    /// Adds a node without a seat, which is to sync its state.
    pub(crate) fn with_observer(mut self) -> Self {
        self.identities.push(ed25519::PrivateKey::from_seed(1_000).public_key());
        self
    }

    /// Gives the nodes so many threads for hashing and signatures, in turn.
    pub(crate) fn with_threads(mut self, threads: &[usize]) -> Self {
        self.threads = threads.to_vec();
        self
    }

    pub(crate) fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// The round at which late nodes join: well into the second epoch.
    pub(crate) fn round_of_joining(&self) -> Round {
        Round::new(Epoch::new(1), View::new(12))
    }
}

/// The rows of the accounts and parameters, and the accounts' numbers.
fn accounts() -> (Rows, Vec<u64>) {
    let mut genesis = virtengine_chain::Genesis {
        chain_id: CHAIN.to_owned(),
        genesis_time_ms: virtengine_types::Timestamp(0),
        params: Params::default(),
        committee: None,
        accounts: Vec::new(),
        validators: Vec::new(),
    };
    genesis.accounts = (0..ACCOUNTS)
        .map(|index| virtengine_chain::genesis::GenesisAccount {
            address: address(index),
            coins: vec![Coin::base(FUNDS)],
        })
        .collect();
    genesis.validators = vec![validator()];
    genesis.sort();
    let writes = genesis.writes().unwrap();
    let numbers = (0..ACCOUNTS)
        .map(|index| {
            let key = bank::ACCOUNTS.key(&address(index)).unwrap();
            let row = writes.iter().find(|(place, _)| **place == key).and_then(|(_, row)| row.clone());
            bank::ACCOUNTS.decode(&row.unwrap()).unwrap().1.number
        })
        .collect();
    (Rows::in_memory(vec![writes]), numbers)
}

/// The state needs a validator; who votes is the committee's matter.
fn validator() -> virtengine_chain::genesis::GenesisValidator {
    let secret = virtengine_crypto::bls::SecretKey::decode(&[7; 32]).unwrap();
    let operator = address(0);
    virtengine_chain::genesis::GenesisValidator {
        operator,
        moniker: "simulated".to_owned(),
        consensus_key: [9; 32],
        bls_key: secret.public_key().to_bytes(),
        proof_of_possession: secret.prove_possession(&operator, CHAIN).to_bytes(),
        tokens: Amount(1_000_000),
    }
}

impl EngineDefinition for World {
    type PublicKey = Identity;
    type Engine = Handle<()>;
    type State = Node;

    fn participants(&self) -> Vec<Identity> {
        self.identities.clone()
    }

    fn channels(&self) -> Vec<(u64, Quota)> {
        CHANNELS.to_vec()
    }

    fn max_message_size(&self) -> u32 {
        max_message_bytes()
    }

    async fn init(&self, init: InitContext<'_, Identity>) -> (Handle<()>, Node) {
        let InitContext { context, index, public_key, oracle, channels, monitor, .. } = init;
        let mut ends = channels.into_iter();
        let channels = Channels::register(|_, _| ends.next().unwrap());
        let votes = index < self.secrets.len();
        let config = Config {
            epoch_length: EPOCH,
            retained_blocks: 60,
            retained_state_blocks: 30,
            prune_interval: 10,
            page_cache_pages: 64,
            write_buffer: 4096,
            threads: self.threads[index % self.threads.len()],
            idle_block_interval: Duration::from_millis(500),
            state_sync: !votes,
            ..Config::default()
        };
        let identity = public_key.clone();
        let reporter = public_key.clone();
        let indexer = context.child("indexer");
        let setup = Setup {
            genesis: self.genesis.clone(),
            identity,
            committees: Committees::new(
                b"simulation",
                self.genesis.committee.clone(),
                self.secrets.get(index).cloned(),
            ),
            config,
            prefix: format!("node-{index}"),
            source: Generator::new(self.transfers.clone()),
            peers: oracle.manager(),
            blocker: oracle.control(public_key.clone()),
            track: Box::new(|_, _| {}),
            on_tip: Arc::new(move |round, height, digest| {
                let update =
                    FinalizationUpdate { pk: reporter.clone(), round, height, block_digest: digest.to_vec() };
                // The harness drops its end when the run is over.
                drop(monitor.send(update));
            }),
        };
        let mut started = Box::pin(engine::start(context, setup, channels)).await.unwrap();
        let delivered: Arc<Mutex<BTreeMap<u64, Hash>>> = Arc::default();
        let blocks = delivered.clone();
        indexer.spawn(move |clock| async move {
            while let Some(delivery) = started.finalized.recv().await {
                let at = clock.current().duration_since(UNIX_EPOCH).unwrap();
                info!(index, ?at, height = delivery.block.header.height.0, "delivered a block");
                blocks.lock().insert(delivery.block.header.height.0, delivery.block.hash);
                delivery.acknowledge();
            }
        });
        (started.handle, Node { chain: started.chain, delivered, votes })
    }

    fn start(engine: Handle<()>) -> Handle<()> {
        engine
    }
}
