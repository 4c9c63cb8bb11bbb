//! Making a network of nodes on this machine: keys, genesis and a home for each node.

use eyre::{Context as _, Result};
use std::{
    fs::{self, File},
    io::BufWriter,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};
use virtengine_chain::genesis::{GenesisAccount, GenesisValidator, Head, Writer};
use virtengine_crypto::{bls, node_key::Identity};
use virtengine_node::{Home, NodeConfig, PeerConfig};
use virtengine_types::{Address, Amount, Coin, Timestamp, params::Params};

/// Ports of one node.
pub(super) const PORTS_EACH: u16 = 10;
/// Self-delegation of each validator: 100,000 VE.
pub(super) const STAKE: Amount = Amount(100_000_000_000);

/// The network that is wanted.
pub(super) struct Wanted<'a> {
    /// Where the homes are made.
    pub(super) home: &'a Path,
    /// Node i has p2p at `base_port + 10 i + 6`, RPC at 7, gRPC at 8, REST at 9 and metrics at 5.
    pub(super) base_port: u16,
    pub(super) chain_id: &'a str,
    pub(super) params: Params,
    /// Accounts that exist from the start, and the uve that they own.
    pub(super) accounts: Vec<(Address, Amount)>,
    /// Name and account of each validator's operator.
    pub(super) operators: Vec<(String, Address)>,
    /// Nodes that every node expects as observers.
    pub(super) observers: u16,
    /// Settings common to all nodes; addresses and peers are filled in.
    pub(super) config: NodeConfig,
}

/// A node that has been made.
pub(super) struct Made {
    pub(super) name: String,
    pub(super) home: PathBuf,
    pub(super) config: NodeConfig,
}

/// The nodes that have been made.
pub(super) struct MadeNetwork {
    pub(super) validators: Vec<Made>,
    pub(super) observers: Vec<Made>,
}

/// Threads of one of `nodes` that share the machine's cores: with more of them than cores they only get into each
/// other's way.
fn threads_each(wanted: usize, nodes: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    wanted.min(cores / nodes.max(1)).max(1)
}

/// Keys of a node; a BLS key if it is a validator's.
pub(super) type NodeKeys = (Identity, Option<bls::SecretKey>);

/// Makes the keys, the genesis and every node's home.
pub(super) fn make(wanted: Wanted<'_>) -> Result<MadeNetwork> {
    let Wanted { home, base_port, chain_id, params, accounts, operators, observers, config } = wanted;
    let mut members = Vec::new();
    let mut seats = Vec::new();
    for (moniker, operator) in operators {
        let (identity, voting) = (Identity::generate(), bls::SecretKey::generate());
        seats.push(GenesisValidator {
            operator,
            moniker,
            consensus_key: identity.public_key(),
            bls_key: voting.public_key().to_bytes(),
            proof_of_possession: voting.prove_possession(&operator, chain_id).to_bytes(),
            tokens: STAKE,
        });
        members.push((identity, Some(voting)));
    }
    let followers: Vec<_> = (0..observers).map(|_| (Identity::generate(), None)).collect();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).wrap_err("the clock is before 1970")?;
    let head = Head {
        chain_id: chain_id.to_owned(),
        genesis_time_ms: Timestamp(u64::try_from(now.as_millis())?),
        params,
        committee: None,
    };
    let genesis = home.join("genesis.json");
    write_genesis(&genesis, &head, seats, accounts)
        .wrap_err_with(|| format!("failed to write {}", genesis.display()))?;
    let made = homes(home, base_port, config, &genesis, &members, &followers)?;
    // Each home has a copy.
    fs::remove_file(&genesis).wrap_err_with(|| format!("failed to remove {}", genesis.display()))?;
    Ok(made)
}

/// Account after account, as there may be millions.
fn write_genesis(
    path: &Path,
    head: &Head,
    mut validators: Vec<GenesisValidator>,
    mut accounts: Vec<(Address, Amount)>,
) -> std::io::Result<()> {
    validators.sort_by_key(|validator| validator.operator);
    accounts.sort_unstable_by_key(|(address, _)| *address);
    let mut file = Writer::new(BufWriter::new(File::create(path)?), head)?;
    validators.iter().try_for_each(|validator| file.validator(validator))?;
    for (address, amount) in accounts {
        file.account(&GenesisAccount { address, coins: vec![Coin::base(amount)] })?;
    }
    file.finish().map(drop)
}

/// Makes the home of every node of a genesis file. `config` is common to all; addresses and peers are filled in.
pub(super) fn homes(
    home: &Path,
    base_port: u16,
    config: NodeConfig,
    genesis: &Path,
    members: &[NodeKeys],
    followers: &[NodeKeys],
) -> Result<MadeNetwork> {
    let validators = u16::try_from(members.len())?;
    let mut config = NodeConfig {
        validators: peers(members, base_port, 0),
        observers: peers(followers, base_port, validators),
        ..config
    };
    config.engine.threads = threads_each(config.engine.threads, members.len());
    let make_all = |kind: &str, nodes: &[NodeKeys], first: u16| {
        let one = |(index, (identity, voting)): (u16, &NodeKeys)| {
            let name = format!("{kind}{index}");
            let mut config = at_ports(&config, &name, base_port, first + index);
            config.engine.state_sync |= voting.is_none();
            let folder = home.join(&name);
            Home::new(&folder).init(&config, genesis, identity, voting.as_ref())?;
            Ok(Made { name, home: folder, config })
        };
        (0..).zip(nodes).map(one).collect::<Result<Vec<_>>>()
    };
    Ok(MadeNetwork {
        validators: make_all("node", members, 0)?,
        observers: make_all("observer", followers, validators)?,
    })
}

fn peers(nodes: &[NodeKeys], base_port: u16, first: u16) -> Vec<PeerConfig> {
    let peer = |(index, (identity, _)): (u16, &(Identity, _))| PeerConfig {
        identity: hex::encode(identity.public_key()),
        addr: local(base_port, first + index, 6),
    };
    (0..).zip(nodes).map(peer).collect()
}

fn at_ports(config: &NodeConfig, name: &str, base_port: u16, index: u16) -> NodeConfig {
    let mut config = NodeConfig {
        moniker: name.to_owned(),
        p2p_addr: local(base_port, index, 6),
        rpc_addr: local(base_port, index, 7),
        metrics_addr: local(base_port, index, 5),
        ..config.clone()
    };
    config.api.grpc_addr = local(base_port, index, 8);
    config.api.rest_addr = local(base_port, index, 9);
    config
}

/// The address at an offset among the ports of node `index`.
pub(super) fn local(base_port: u16, index: u16, offset: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, base_port + index * PORTS_EACH + offset).into()
}
