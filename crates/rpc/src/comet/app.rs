//! What the surface asks of the rest of the node.

use bytes::Bytes;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use virtengine_types::block::{Event, Hash};
use virtengine_types::{Address, Timestamp};

/// An answer that takes time.
pub type Reply<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The chain behind the surface: queries of state, the mempool and the network.
pub trait Application: Send + Sync + 'static {
    /// Answers a state query; failures are answers with a code.
    fn query(&self, request: QueryRequest) -> Reply<QueryAnswer>;

    /// Takes a transaction into the mempool after checking it.
    fn broadcast(&self, tx: Bytes) -> Reply<Broadcast>;

    /// Checks a transaction as [`Application::broadcast`] does, without keeping it.
    fn check(&self, tx: Bytes) -> Reply<Broadcast>;

    /// The mempool: its size and at most `limit` of its transactions.
    fn pending(&self, limit: usize) -> Pending;

    /// Nodes connected now.
    fn peers(&self) -> Vec<Peer>;

    /// Whether this node lacks blocks that are final. It takes no transactions then.
    fn is_catching_up(&self) -> bool;
}

/// Either an outcome of the checks, or why there were none.
pub type Broadcast = Result<Checked, Refused>;

/// A state query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryRequest {
    /// `/<service>/<Method>`.
    pub path: String,
    /// The encoded request message.
    pub data: Bytes,
    /// Height to answer at; 0 for the latest, negative ones are refused by the application.
    pub height: i64,
    /// Whether a proof is wanted.
    pub prove: bool,
}

/// The answer to a state query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryAnswer {
    /// 0 for success; otherwise a code of `codespace`.
    pub code: u32,
    /// Whose code it is; empty on success.
    pub codespace: String,
    /// Message of a failure.
    pub log: String,
    /// The encoded response message.
    pub value: Bytes,
    /// Height answered at.
    pub height: u64,
}

/// What checking a transaction found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// 0 if it was accepted; otherwise a code of `codespace`.
    pub code: u32,
    /// Whose code it is; empty if accepted.
    pub codespace: String,
    /// Message of a rejection.
    pub log: String,
    /// Gas limit of the transaction.
    pub gas_wanted: u64,
    /// Gas used by the checks.
    pub gas_used: u64,
    /// Events of the checks.
    pub events: Vec<Event>,
}

/// A transaction that was not checked, with the text for the client: `tx already exists in cache`,
/// `mempool is full`, `tx too large`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused(pub String);

/// What waits in the mempool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pending {
    /// Number of all transactions.
    pub count: usize,
    /// Bytes of all transactions.
    pub bytes: u64,
    /// Some of them, those that come first.
    pub txs: Vec<Bytes>,
}

/// A connected node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its ed25519 key.
    pub key: [u8; 32],
    /// Its socket address, `host:port`.
    pub address: String,
    /// Whether this node opened the connection.
    pub outbound: bool,
}

/// A validator as CometBFT clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    /// Its ed25519 key, from which its consensus address follows.
    pub key: [u8; 32],
    /// Its voting power.
    pub power: u64,
}

impl Validator {
    /// The consensus address: the first 20 bytes of the key's SHA-256.
    #[must_use]
    pub fn address(&self) -> Address {
        Address::of_hash(&self.key)
    }
}

/// How the chain began, and what never changes since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// Name of the chain.
    pub chain_id: String,
    /// Time of the genesis.
    pub time: Timestamp,
    /// Hash of the genesis block, the parent of block 1.
    pub hash: Hash,
    /// Root of the state before block 1.
    pub state_root: Hash,
    /// The validators.
    pub validators: Vec<Validator>,
    /// Most bytes of transactions in a block.
    pub max_block_bytes: u64,
    /// Most gas in a block; `None` for no limit.
    pub max_block_gas: Option<u64>,
    /// The modules' part of the genesis.
    pub app_state: AppState,
}

/// What stands under `app_state` in the genesis: the JSON of a file, which may be larger than memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppState {
    /// The file.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
}

/// How this node presents itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeInfo {
    /// Ed25519 key of the node; its id and validator address follow from it.
    pub key: [u8; 32],
    /// Voting power of that key; 0 if it does not validate.
    pub power: u64,
    /// Name chosen by the operator.
    pub moniker: String,
    /// Address it listens on for other nodes, such as `tcp://127.0.0.1:26656`.
    pub listen_addr: String,
    /// Address of this surface, such as `tcp://127.0.0.1:26657`.
    pub rpc_addr: String,
    /// Version of the program.
    pub version: String,
}
