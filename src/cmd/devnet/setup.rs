//! Making a new devnet: keys, genesis and a home for each node.

use super::files::{self, AccountEntry, DevnetFile, NodeEntry};
use eyre::{Context as _, OptionExt as _, Result, ensure};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};
use virtengine_chain::{
    Genesis,
    genesis::{GenesisAccount, GenesisValidator},
};
use virtengine_crypto::{Backend, Keyring, bls, hd, mnemonic::Mnemonic, node_key::Identity};
use virtengine_node::{Home, NodeConfig, PeerConfig};
use virtengine_types::{Amount, Coin, Timestamp, address::ACCOUNT_PREFIX, coin::BASE_DENOM, params::Params};

const CHAIN_ID: &str = "virtengine-devnet-1";
/// Accounts that people use, each with [`FUNDS`].
const ACCOUNTS: [&str; 3] = ["tenant", "provider", "faucet"];
/// 1,000,000 VE.
const FUNDS: Amount = Amount(1_000_000_000_000);
/// Self-delegation of each validator: 100,000 VE.
const STAKE: Amount = Amount(100_000_000_000);
/// What a validator's operator owns besides: 1,000 VE.
const OPERATOR_FUNDS: Amount = Amount(1_000_000_000);
/// Seconds between undelegating and receiving, short enough to be watched.
const UNBONDING_SECONDS: u64 = 60;
/// Ports of one node.
const PORTS_EACH: u16 = 10;
/// The provider's status page, as an offset among the ports of the first node.
const PROVIDER_STATUS_OFFSET: u16 = 4;

/// Makes a network of `validators` in the folder; an interrupted attempt is made anew.
pub(super) fn create(home: &Path, validators: u16, base_port: u16) -> Result<DevnetFile> {
    let last = u32::from(base_port) + u32::from(validators + 1) * u32::from(PORTS_EACH);
    ensure!(last <= 65_535, "--base-port {base_port} leaves no room for {validators} nodes below port 65536");
    files::begin(home)?;
    files::remove_network(home)?;
    let keyring = Keyring::open(home.join("keyring-test"), Backend::Test)?;
    let mut accounts = Vec::new();
    let mut funded = Vec::new();
    for name in ACCOUNTS {
        let mnemonic = Mnemonic::generate_24();
        let info = keyring.import(name, &mnemonic.phrase(), hd::DEFAULT_PATH)?;
        funded.push(GenesisAccount { address: info.address, coins: vec![Coin::base(FUNDS)] });
        accounts.push(AccountEntry {
            name: name.to_owned(),
            address: info.address.to_string(),
            mnemonic: mnemonic.phrase().to_string(),
        });
    }
    let mut members = Vec::new();
    let mut seats = Vec::new();
    for index in 0..validators {
        let name = format!("validator{index}");
        let (info, _) = keyring.add(&name, hd::DEFAULT_PATH)?;
        funded.push(GenesisAccount { address: info.address, coins: vec![Coin::base(OPERATOR_FUNDS)] });
        let (identity, voting) = (Identity::generate(), bls::SecretKey::generate());
        seats.push(GenesisValidator {
            operator: info.address,
            moniker: name,
            consensus_key: identity.public_key(),
            bls_key: voting.public_key().to_bytes(),
            proof_of_possession: voting.prove_possession(&info.address, CHAIN_ID).to_bytes(),
            tokens: STAKE,
        });
        members.push((identity, voting));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).wrap_err("the clock is before 1970")?;
    let genesis = Genesis {
        chain_id: CHAIN_ID.to_owned(),
        genesis_time_ms: Timestamp(u64::try_from(now.as_millis())?),
        params: Params { unbonding_seconds: UNBONDING_SECONDS, ..Params::default() },
        accounts: funded,
        validators: seats,
    };
    let observer = Identity::generate();
    let peers = |identities: Vec<&Identity>, first: u16| -> Vec<PeerConfig> {
        let entry = |(index, identity): (u16, &Identity)| PeerConfig {
            identity: hex::encode(identity.public_key()),
            addr: local(base_port, first + index, 6),
        };
        (0..).zip(identities).map(entry).collect()
    };
    let validators_list = peers(members.iter().map(|(identity, _)| identity).collect(), 0);
    let observers_list = peers(vec![&observer], validators);
    let config = |name: &str, index: u16| {
        let mut config = NodeConfig {
            moniker: name.to_owned(),
            p2p_addr: local(base_port, index, 6),
            rpc_addr: local(base_port, index, 7),
            metrics_addr: local(base_port, index, 5),
            validators: validators_list.clone(),
            observers: observers_list.clone(),
            ..NodeConfig::default()
        };
        config.api.grpc_addr = local(base_port, index, 8);
        config.api.rest_addr = local(base_port, index, 9);
        config
    };
    let mut nodes = Vec::new();
    for (index, (identity, voting)) in (0..).zip(&members) {
        let name = format!("node{index}");
        let folder = home.join(&name);
        let config = config(&name, index);
        Home::new(&folder).init(&config, &genesis, identity, Some(voting))?;
        nodes.push(entry(name, &folder, &config));
    }
    let follower = home.join("observer0");
    let mut config = config("observer0", validators);
    config.engine.state_sync = true;
    Home::new(&follower).init(&config, &genesis, &observer, None)?;
    write_provider(home, base_port)?;
    let first = nodes.first().ok_or_eyre("a network has a node")?.clone();
    let network = DevnetFile {
        chain_id: CHAIN_ID.to_owned(),
        bech32_prefix: ACCOUNT_PREFIX.to_owned(),
        denom: BASE_DENOM.to_owned(),
        gas_price: genesis.params.gas_price_text(),
        rpc: first.rpc,
        grpc: first.grpc,
        rest: first.rest,
        metrics: first.metrics,
        nodes,
        observers: vec![follower.display().to_string()],
        accounts,
    };
    files::write(home, &network)?;
    files::finish(home)?;
    Ok(network)
}

/// The ports of a node with what they are for.
pub(super) fn ports_of(node: &NodeEntry) -> Result<Vec<(&'static str, u16)>> {
    let config = Home::new(&node.home).config()?;
    Ok(config.listeners().into_iter().map(|(setting, addr)| (setting, addr.port())).collect())
}

fn entry(name: String, folder: &Path, config: &NodeConfig) -> NodeEntry {
    NodeEntry {
        name,
        pid: 0,
        rpc: format!("http://{}", config.rpc_addr),
        grpc: config.api.grpc_addr.to_string(),
        rest: format!("http://{}", config.api.rest_addr),
        metrics: format!("http://{}", config.metrics_addr),
        home: folder.display().to_string(),
    }
}

fn local(base_port: u16, index: u16, offset: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, base_port + index * PORTS_EACH + offset).into()
}

/// The provider sells a machine of 64 cores with cards and two classes of persistent storage.
fn write_provider(home: &Path, base_port: u16) -> Result<()> {
    let folder = home.join("provider");
    fs::create_dir_all(&folder).wrap_err_with(|| format!("failed to make {}", folder.display()))?;
    let text = |value: String| toml::Value::from(value).to_string();
    let config = format!(
        "# The devnet's provider. Prices are in uve per block.\n\
         node = {node}\n\
         home = {home}\n\
         key = \"provider\"\n\
         keyring_backend = \"test\"\n\
         keyring_dir = {keyring}\n\
         region = \"local\"\n\
         host_uri = \"http://127.0.0.1:8443\"\n\
         status = \"{status}\"\n\
         \n\
         [attributes]\n\
         host = \"devnet\"\n\
         \n\
         [capacity]\n\
         cpu_milli = 64_000\n\
         memory_bytes = 274_877_906_944\n\
         leased_ips = 16\n\
         storage_bytes = {{ default = 4_398_046_511_104, beta2 = 4_398_046_511_104, beta3 = 4_398_046_511_104 }}\n\
         gpus = [{{ vendor = \"nvidia\", model = \"a100\", count = 8 }}, {{ vendor = \"nvidia\", model = \"rtx4090\", count = 8 }}]\n\
         \n\
         [rates]\n\
         cpu = \"4\"\n\
         memory_gib = \"1\"\n\
         storage_gib = {{ default = \"0.02\", beta2 = \"0.04\", beta3 = \"0.05\" }}\n\
         gpu = {{ a100 = \"500\", rtx4090 = \"200\" }}\n\
         leased_ip = \"5\"\n\
         minimum = \"1\"\n\
         \n\
         [earnings]\n\
         withdraw_every_blocks = 100\n",
        node = text(format!("http://{}", local(base_port, 0, 7))),
        home = text(folder.display().to_string()),
        keyring = text(home.join("keyring-test").display().to_string()),
        status = local(base_port, 0, PROVIDER_STATUS_OFFSET),
    );
    virtengine_provider::Config::parse(&config)?;
    let path = folder.join("provider.toml");
    fs::write(&path, config).wrap_err_with(|| format!("failed to write {}", path.display()))
}
