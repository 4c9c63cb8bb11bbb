//! Flags of a load and of the network under it.

use crate::cmd::network::{self, Wanted};
use clap::{Args, ValueEnum};
use eyre::{Context as _, OptionExt as _, Result};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use virtengine_crypto::KeyKind;
use virtengine_lab::{
    load::{Arrivals, Way},
    network::{Endpoint, NodeHome, Plan},
    result::Commit,
    scenario::Options,
};
use virtengine_node::NodeConfig;
use virtengine_types::{Address, params::Params};

/// What is offered. Absent flags leave the scenario's own settings.
#[derive(Args)]
pub(super) struct LoadArgs {
    /// Accounts that sign; tenants in the market.
    #[arg(long, value_name = "N")]
    accounts: Option<usize>,
    /// Accounts that only fill the state and receive.
    #[arg(long, value_name = "N")]
    size: Option<u64>,
    /// Providers in the market.
    #[arg(long, value_name = "N")]
    providers: Option<usize>,
    /// From which keys, arrivals, senders and receivers are drawn.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Kind of the senders' keys.
    #[arg(long, value_enum)]
    key: Option<Key>,
}

/// How it is offered.
#[derive(Args)]
pub(super) struct RateArgs {
    /// Transactions a second; the first rate of a search.
    #[arg(long, value_name = "TPS")]
    rate: Option<f64>,
    /// Seconds of load; of each step of a search.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    duration: Option<Duration>,
    /// Seconds that are not measured at the beginning.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    warm_up: Option<Duration>,
    /// Longest wait for finality after the load, in seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    drain: Option<Duration>,
    /// Repetitions, from which the noise is known.
    #[arg(long, value_name = "N")]
    pub(super) repeat: Option<u32>,
    /// How transactions are submitted.
    #[arg(long, value_enum)]
    way: Option<WayName>,
    /// How arrivals are spread.
    #[arg(long, value_enum)]
    arrivals: Option<ArrivalsName>,
    /// Part of the load that one hot account takes part in, 0 to 1: as receiver of transfers, as tenant in the market.
    #[arg(long, value_name = "SHARE")]
    hot_share: Option<f64>,
    /// Part of the market's transactions that are transfers, 0 to 1.
    #[arg(long, value_name = "SHARE")]
    transfer_share: Option<f64>,
    /// Bids on each order of the market.
    #[arg(long, value_name = "N")]
    bids: Option<usize>,
    /// Most transactions of one request.
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,
    /// Connections to each node.
    #[arg(long, value_name = "N")]
    connections: Option<usize>,
    /// Most transactions without an answer; arrivals above it are errors of the generator.
    #[arg(long, value_name = "N")]
    max_outstanding: Option<usize>,
    /// Look for the highest rate that holds.
    #[arg(long)]
    saturate: bool,
    /// A rate holds if the 99th percentile of its latency is at most this, in milliseconds.
    #[arg(long, value_name = "MS")]
    max_p99: Option<u64>,
}

/// The network: its own processes, or nodes that run already.
#[derive(Args)]
pub(super) struct NetworkArgs {
    /// Validators, each a process of its own.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=32))]
    validators: Option<u16>,
    /// First port: node i has p2p at +10i+6, RPC +7, gRPC +8, REST +9 and metrics +5.
    #[arg(long, value_name = "PORT")]
    base_port: Option<u16>,
    /// Empty folder for the nodes' homes, which is kept; default a temporary one.
    #[arg(long, value_name = "DIR", conflicts_with = "endpoint")]
    home: Option<PathBuf>,
    /// Program that runs the nodes; default this one.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// A node that runs already, as rpc=URL,grpc=ADDR; once for each node.
    #[arg(long, value_name = "rpc=URL,grpc=ADDR", conflicts_with = "validators")]
    pub(super) endpoint: Vec<Endpoint>,
    /// Words of an account that funds the senders on a network that runs already.
    #[arg(long, env = "VIRTENGINE_LAB_MNEMONIC", hide_env_values = true, value_name = "WORDS")]
    mnemonic: Option<String>,
    /// A devnet's devnet.json, whose faucet funds the senders.
    #[arg(long, value_name = "FILE", conflicts_with = "mnemonic")]
    devnet: Option<PathBuf>,
    /// Commit that is measured; default that of the tree in which the program lies, else the SHA-256 of the
    /// program.
    #[arg(long, value_name = "HASH")]
    commit: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Key {
    Secp256k1,
    Ed25519,
}

impl Key {
    pub(super) fn kind(self) -> KeyKind {
        match self {
            Self::Secp256k1 => KeyKind::Secp256k1,
            Self::Ed25519 => KeyKind::Ed25519,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum WayName {
    /// JSON-RPC, one call a transaction.
    Single,
    /// JSON-RPC, many calls a request.
    Batch,
    /// gRPC, many transactions a message of one stream.
    Stream,
}

#[derive(Clone, Copy, ValueEnum)]
enum ArrivalsName {
    /// Independent of each other.
    Poisson,
    /// At equal distances.
    Uniform,
}

impl LoadArgs {
    pub(super) fn apply(&self, options: &mut Options) {
        set(&mut options.accounts, self.accounts);
        set(&mut options.size, self.size);
        set(&mut options.providers, self.providers);
        set(&mut options.seed, self.seed);
        set(&mut options.key, self.key.map(Key::kind));
    }
}

impl RateArgs {
    pub(super) fn apply(&self, options: &mut Options) {
        set(&mut options.rate, self.rate);
        set(&mut options.duration, self.duration);
        // A short run keeps most of itself.
        let short = options.warm_up.min(options.duration / 5);
        options.warm_up = self.warm_up.unwrap_or(short);
        set(&mut options.drain, self.drain);
        set(&mut options.repeat, self.repeat);
        let way = |way| match way {
            WayName::Single => Way::Single,
            WayName::Batch => Way::Batch,
            WayName::Stream => Way::Stream,
        };
        set(&mut options.way, self.way.map(way));
        let arrivals = |arrivals| match arrivals {
            ArrivalsName::Poisson => Arrivals::Poisson,
            ArrivalsName::Uniform => Arrivals::Uniform,
        };
        set(&mut options.arrivals, self.arrivals.map(arrivals));
        set(&mut options.hot_share, self.hot_share);
        set(&mut options.transfer_share, self.transfer_share);
        set(&mut options.bids, self.bids);
        options.batch = self.batch_size;
        options.connections = self.connections.or(options.connections);
        set(&mut options.max_outstanding, self.max_outstanding);
        // A rate that is given is not looked for, unless that is asked for too.
        options.saturate = self.saturate || (options.saturate && self.rate.is_none());
        set(&mut options.max_p99, self.max_p99.map(Duration::from_millis));
    }
}

impl NetworkArgs {
    /// General settings on this network.
    pub(super) fn options(&self) -> Result<Options> {
        let program = match &self.program {
            Some(program) => program.clone(),
            None => std::env::current_exe()
                .wrap_err("failed to find this program's own file: name it with --program")?,
        };
        let commit = match &self.commit {
            Some(commit) => Commit::try_from(commit.clone())?,
            None => Commit::of_program(&program)?,
        };
        let mut options = Options::new(program, make_homes, commit);
        set(&mut options.validators, self.validators);
        set(&mut options.base_port, self.base_port);
        options.home.clone_from(&self.home);
        options.endpoints.clone_from(&self.endpoint);
        options.mnemonic = match &self.devnet {
            Some(path) => Some(faucet(path)?),
            None => self.mnemonic.clone(),
        };
        Ok(options)
    }
}

fn set<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("{text:?} is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|cause| format!("{text:?} is no number of seconds: {cause}"))
}

/// The mnemonic of the faucet of a devnet.
fn faucet(path: &Path) -> Result<String> {
    let text = std::fs::read(path).wrap_err_with(|| format!("failed to read {}", path.display()))?;
    let network: serde_json::Value = serde_json::from_slice(&text)
        .wrap_err_with(|| format!("{} is no devnet's description", path.display()))?;
    let accounts = network["accounts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let faucet = accounts.iter().find(|account| account["name"] == "faucet");
    let words = faucet.and_then(|account| account["mnemonic"].as_str());
    Ok(words.ok_or_eyre("the devnet's description names no faucet: give --mnemonic")?.to_owned())
}

/// Makes the nodes of a network for the lab, with the settings of the program's own defaults but for the bounds that a
/// load of few senders would meet.
fn make_homes(plan: &Plan) -> Result<Vec<NodeHome>> {
    // Nobody signs as an operator. Accounts are numbered in the order of addresses, so these are the same in each
    // network, or one seed would not give one set of transactions.
    let operators = (0..plan.validators)
        .map(|index| format!("validator{index}"))
        .map(|name| (name.clone(), Address::of_module(&name)))
        .collect();
    let mut config = NodeConfig::default();
    config.comet.max_batch = config.comet.max_batch.max(plan.max_batch);
    config.mempool.max_per_account = plan.max_per_account;
    let made = network::make(Wanted {
        home: &plan.home,
        base_port: plan.base_port,
        chain_id: &plan.chain_id,
        params: Params::default(),
        accounts: plan.accounts.clone(),
        operators,
        observers: 0,
        config,
    })?;
    let node = |made: network::Made| NodeHome {
        name: made.name,
        home: made.home,
        endpoint: Endpoint {
            rpc: format!("http://{}", made.config.rpc_addr),
            grpc: format!("http://{}", made.config.api.grpc_addr),
            metrics: Some(format!("http://{}", made.config.metrics_addr)),
        },
    };
    Ok(made.validators.into_iter().map(node).collect())
}
