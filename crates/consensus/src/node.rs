//! The engine on a real network: authenticated connections over TCP to peers with known addresses.

use crate::{Committees, Config, TxSource};
use crate::{
    Identity,
    committee::Committee,
    engine::{self, OnTip, StartError, Started},
    genesis::Genesis,
    network::{Channels, max_message_bytes},
};
use commonware_consensus::types::Epoch;
use commonware_cryptography::{ChaCha20Poly1305, Signer as _, ed25519};
use commonware_p2p::{
    Address, AddressableManager as _, AddressableTrackedPeers,
    authenticated::lookup::{self, Network},
};
use commonware_runtime::{Handle, Quota, Supervisor as _, tokio};
use commonware_stream::{
    cups::{self, Cups},
    sake::{self, Sake},
};
use commonware_utils::{NZU32, NZUsize, ordered::Map};
use futures::{FutureExt as _, future::BoxFuture};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    sync::Arc,
    time::Duration,
};

/// Start of the namespace that keeps the connections of two chains apart; the chain id follows.
const NAMESPACE: &[u8] = b"virtengine/p2p/";

/// Sender of a channel of the real network.
pub type Sender = lookup::Sender<Identity, tokio::Context>;
/// Receiver of a channel of the real network.
pub type Receiver = lookup::Receiver<Identity>;
/// A node on the real network.
pub type Node = Started<tokio::Context, Sender, Receiver>;
/// Reads of its blocks and state.
pub type Chain = engine::Chain<tokio::Context>;
/// A reader of its state.
pub type Reader = virtengine_store::Reader<tokio::Context>;
/// Sender of transaction gossip.
pub type GossipSender = crate::network::Guarded<Sender>;

/// Connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Addresses of all validators, by identity. One without an address is not dialed.
    pub validators: BTreeMap<Identity, SocketAddr>,
    /// Nodes that follow without voting, by identity. Every node must list those it is to serve.
    pub observers: BTreeMap<Identity, SocketAddr>,
    /// Whether peers may have private addresses, such as on one machine.
    pub allow_private_addresses: bool,
    /// Time between attempts to reach the same peer.
    pub peer_cooldown: Duration,
    /// Time for which a peer that sent provably bad data is shut out.
    pub block_duration: Duration,
    /// Handshakes a second from one IP address.
    pub handshakes_per_second: u32,
}

impl NetworkConfig {
    /// Settings for listening at `listen`, without peers.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            validators: BTreeMap::new(),
            observers: BTreeMap::new(),
            allow_private_addresses: true,
            peer_cooldown: Duration::from_secs(1),
            block_duration: Duration::from_mins(10),
            handshakes_per_second: 64,
        }
    }
}

/// What a node on the real network is started with.
pub struct NodeSetup {
    /// What the chain starts from.
    pub genesis: Genesis,
    /// Key of this node on the network.
    pub identity: ed25519::PrivateKey,
    /// Whether it votes with that key if it has a seat; otherwise it only follows.
    pub votes: bool,
    /// Settings of the engine.
    pub config: Config,
    /// Settings of the connections.
    pub network: NetworkConfig,
    /// Where transactions come from.
    pub source: Arc<dyn TxSource>,
    /// Told of new tips.
    pub on_tip: OnTip,
}

/// Starts a node on the real network. The handle that comes with it is the network's; the node has its own.
///
/// Call it within the runtime, whose storage directory holds the node's data. If either handle ends, the
/// process must end.
///
/// The future is boxed here so that the engine is compiled with this crate, once, not with each that starts it.
///
/// # Errors
/// As [`engine::start`].
pub fn start(
    context: tokio::Context,
    setup: NodeSetup,
) -> BoxFuture<'static, Result<(Node, Handle<()>), StartError>> {
    launch(context, setup).boxed()
}

async fn launch(context: tokio::Context, setup: NodeSetup) -> Result<(Node, Handle<()>), StartError> {
    let NodeSetup { genesis, identity, votes, config, network, source, on_tip } = setup;
    let namespace = virtengine_crypto::votes::namespace(&genesis.chain_id);
    let key = votes.then(|| identity.clone());
    let committees = Committees::new(&namespace, genesis.committee.clone(), key);
    let public = identity.public_key();
    let connections = connections(&network, identity, &genesis.chain_id);
    let (mut listener, oracle) = Network::new(context.child("network"), connections);
    let channels = Channels::register(|number, quota| listener.register(number, quota));
    let mut manager = oracle.clone();
    let mut tracked = None;
    let track = move |epoch: Epoch, committee: Arc<Committee>| {
        // The first epoch is announced twice, to the probe and to its engine.
        if tracked < Some(epoch.get()) {
            tracked = Some(epoch.get());
            manager.track(epoch.get(), peers(&network, &committee));
        }
    };
    let network_handle = listener.start();
    let setup = engine::Setup {
        genesis,
        identity: public,
        committees,
        config,
        prefix: "node".to_owned(),
        source,
        peers: oracle.clone(),
        blocker: oracle,
        track: Box::new(track),
        on_tip,
    };
    let node = Box::pin(engine::start(context.child("engine"), setup, channels)).await?;
    Ok((node, network_handle))
}

type Handshake = Cups<Sake<ed25519::PrivateKey>, ChaCha20Poly1305>;

fn connections(
    network: &NetworkConfig,
    signer: ed25519::PrivateKey,
    chain_id: &str,
) -> lookup::Config<Handshake> {
    let handshake = Cups::new(
        Sake {
            signer,
            synchrony_bound: Duration::from_secs(5),
            max_handshake_age: Duration::from_secs(10),
            version: sake::Version::V1,
        },
        cups::Version::V1,
    );
    let count = network.validators.len() + network.observers.len() + 1;
    let rate = NonZeroU32::new(network.handshakes_per_second).unwrap_or(NonZeroU32::MIN);
    lookup::Config {
        allow_private_ips: network.allow_private_addresses,
        bypass_ip_check: true,
        peer_connection_cooldown: network.peer_cooldown,
        allowed_handshake_rate_per_ip: Quota::per_second(rate),
        allowed_handshake_rate_per_subnet: Quota::per_second(rate.saturating_mul(NZU32!(2))),
        dial_frequency: Duration::from_millis(250),
        ping_frequency: Duration::from_secs(10),
        block_duration: network.block_duration,
        ..lookup::Config::local(
            handshake,
            &[NAMESPACE, chain_id.as_bytes()].concat(),
            network.listen,
            NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN),
            max_message_bytes(),
            NZUsize!(1024),
        )
    }
}

/// The committee and the other validators are primary, everybody else secondary.
fn peers(network: &NetworkConfig, committee: &Committee) -> AddressableTrackedPeers<Identity> {
    let seats =
        network.validators.iter().filter(|(identity, _)| committee.identities().position(identity).is_some());
    let primary = seats.map(|(identity, address)| (identity.clone(), Address::Symmetric(*address)));
    let others =
        network.validators.iter().filter(|(identity, _)| committee.identities().position(identity).is_none());
    let secondary = others
        .chain(&network.observers)
        .map(|(identity, address)| (identity.clone(), Address::Symmetric(*address)));
    AddressableTrackedPeers::new(Map::from_iter_dedup(primary), Map::from_iter_dedup(secondary))
}
