//! Making a new devnet: funded accounts, nodes and the provider's settings.

use super::files::{self, AccountEntry, DevnetFile, NodeEntry};
use crate::cmd::network::{self, Made, PORTS_EACH, Wanted, local};
use eyre::{Context as _, OptionExt as _, Result, ensure};
use std::{fs, path::Path};
use virtengine_crypto::{hd, mnemonic::Mnemonic};
use virtengine_node::{Home, NodeConfig};
use virtengine_types::{Amount, address::ACCOUNT_PREFIX, coin::BASE_DENOM, params::Params};

/// Name of every devnet's chain, before its number.
const CHAIN_NAME: &str = "virtengine-devnet";
/// What each account for people owns: 1,000,000 VE.
const FUNDS: Amount = Amount(1_000_000_000_000);
/// What a validator's operator owns besides: 1,000 VE.
const OPERATOR_FUNDS: Amount = Amount(1_000_000_000);
/// Seconds between undelegating and receiving, short enough to be watched.
const UNBONDING_SECONDS: u64 = 60;
/// P2P of the first node, as an offset among its ports.
const P2P_OFFSET: u16 = 6;
/// The provider's status page, as an offset among the ports of the first node.
const PROVIDER_STATUS_OFFSET: u16 = 4;

/// Makes a network of `validators` in the folder; an interrupted attempt is made anew.
/// `say` hears which keys of the user's own are kept.
///
/// The chain has a number of its own: whoever followed the one before must not take this one for it.
pub(super) fn create(home: &Path, validators: u16, base_port: u16, say: impl Fn(&str)) -> Result<DevnetFile> {
    let last = u32::from(base_port) + u32::from(validators + 1) * u32::from(PORTS_EACH);
    ensure!(last <= 65_535, "--base-port {base_port} leaves no room for {validators} nodes below port 65536");
    let chain_id = format!("{CHAIN_NAME}-{}", files::last_number(home).saturating_add(1));
    files::begin(home, &chain_id)?;
    let kept = files::remove_network(home)?;
    if !kept.is_empty() {
        say(&format!(
            "kept {} in {}: the new chain has no accounts of {}",
            kept.join(", "),
            home.join(files::KEYRING).display(),
            if kept.len() == 1 { "this key" } else { "these keys" }
        ));
    }
    let keyring = files::keyring(home)?;
    let mut accounts = Vec::new();
    let mut funded = Vec::new();
    for name in files::ACCOUNTS {
        let mnemonic = Mnemonic::generate_24();
        let info = keyring.import(name, &mnemonic.phrase(), hd::DEFAULT_PATH)?;
        funded.push((info.address, FUNDS));
        accounts.push(AccountEntry {
            name: name.to_owned(),
            address: info.address.to_string(),
            mnemonic: mnemonic.phrase().to_string(),
        });
    }
    let mut operators = Vec::new();
    for index in 0..validators {
        let name = format!("{}{index}", files::OPERATOR);
        let (info, _) = keyring.add(&name, hd::DEFAULT_PATH)?;
        funded.push((info.address, OPERATOR_FUNDS));
        operators.push((name, info.address));
    }
    let params = Params { unbonding_seconds: UNBONDING_SECONDS, ..Params::default() };
    let gas_price = params.gas_price_text();
    let made = network::make(Wanted {
        home,
        base_port,
        chain_id: &chain_id,
        params,
        accounts: funded,
        operators,
        observers: 1,
        config: NodeConfig::default(),
    })?;
    let nodes: Vec<NodeEntry> = made.validators.into_iter().map(entry).collect();
    write_provider(home, base_port)?;
    let first = nodes.first().ok_or_eyre("a network has a node")?.clone();
    let network = DevnetFile {
        chain_id,
        bech32_prefix: ACCOUNT_PREFIX.to_owned(),
        denom: BASE_DENOM.to_owned(),
        gas_price,
        rpc: first.rpc,
        grpc: first.grpc,
        rest: first.rest,
        metrics: first.metrics,
        nodes,
        observers: made.observers.iter().map(|node| node.home.display().to_string()).collect(),
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

/// The first port that the network was made with.
pub(super) fn base_port_of(network: &DevnetFile) -> Result<u16> {
    let first = network.nodes.first().ok_or_eyre("the network's description names no node")?;
    let config = Home::new(&first.home).config()?;
    Ok(config.p2p_addr.port().saturating_sub(P2P_OFFSET))
}

fn entry(Made { name, home, config }: Made) -> NodeEntry {
    NodeEntry {
        name,
        pid: 0,
        rpc: format!("http://{}", config.rpc_addr),
        grpc: config.api.grpc_addr.to_string(),
        rest: format!("http://{}", config.api.rest_addr),
        metrics: format!("http://{}", config.metrics_addr),
        home: home.display().to_string(),
    }
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
        keyring = text(home.join(files::KEYRING).display().to_string()),
        status = local(base_port, 0, PROVIDER_STATUS_OFFSET),
    );
    virtengine_provider::Config::parse(&config)?;
    let path = folder.join("provider.toml");
    fs::write(&path, config).wrap_err_with(|| format!("failed to write {}", path.display()))
}
