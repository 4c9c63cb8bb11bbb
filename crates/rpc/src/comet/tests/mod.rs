//! The surface over real sockets, with a chain of hand-made blocks behind it.

mod bounds;
mod events;
mod http;
mod websocket;

use super::{
    AppState, Application, Broadcast, Checked, Comet, CometConfig, Genesis, NodeInfo, Peer, Pending,
    QueryAnswer, QueryRequest, Refused, Reply, Validator, router,
};
use crate::server;
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::path::Path;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use virtengine_events::{Config, History, Hub, HubConfig, tx_hash};
use virtengine_types::block::{BlockHeader, BlockOutcome, Event, FinalizedBlock, Hash, TxResult};
use virtengine_types::tx::{DecodedTx, Fee};
use virtengine_types::{Address, Coins, Gas, Height, Timestamp};

const CHAIN: &str = "virtengine-test-1";

/// A chain that takes every transaction but those that begin with `bad`, once.
struct Chain {
    behind: AtomicBool,
    seen: Mutex<HashSet<Bytes>>,
    pool: Mutex<Vec<Bytes>>,
}

impl Application for Chain {
    fn query(&self, request: QueryRequest) -> Reply<QueryAnswer> {
        let answer = match request.path.as_str() {
            "/never" => return Box::pin(std::future::pending()),
            "/echo" => QueryAnswer { value: request.data, height: 7, ..QueryAnswer::default() },
            path => QueryAnswer {
                code: 6,
                codespace: "sdk".to_owned(),
                log: format!("unknown query path {path}: unknown request"),
                height: 7,
                ..QueryAnswer::default()
            },
        };
        Box::pin(std::future::ready(answer))
    }

    fn broadcast(&self, tx: Bytes) -> Reply<Broadcast> {
        if !self.seen.lock().insert(tx.clone()) {
            return Box::pin(std::future::ready(Err(Refused("tx already exists in cache".to_owned()))));
        }
        if !tx.starts_with(b"bad") {
            self.pool.lock().push(tx.clone());
        }
        self.check(tx)
    }

    fn check(&self, tx: Bytes) -> Reply<Broadcast> {
        let checked = if tx.starts_with(b"bad") {
            Checked {
                code: 4,
                codespace: "sdk".to_owned(),
                log: "unauthorized".to_owned(),
                ..Checked::default()
            }
        } else {
            Checked { gas_wanted: 9, ..Checked::default() }
        };
        Box::pin(std::future::ready(Ok(checked)))
    }

    fn pending(&self, limit: usize) -> Pending {
        let pool = self.pool.lock();
        Pending {
            count: pool.len(),
            bytes: pool.iter().map(|tx| tx.len() as u64).sum(),
            txs: pool.iter().take(limit).cloned().collect(),
        }
    }

    fn peers(&self) -> Vec<Peer> {
        vec![Peer { key: [3; 32], address: "10.0.0.9:26656".to_owned(), outbound: true }]
    }

    fn is_catching_up(&self) -> bool {
        self.behind.load(Ordering::Relaxed)
    }
}

/// A running surface.
struct Fixture {
    directory: TempDir,
    hub: Hub,
    comet: Comet,
    chain: Arc<Chain>,
    address: String,
}

fn block_hash(height: u64) -> Hash {
    if height == 0 { [9; 32] } else { tx_hash(format!("block {height}").as_bytes()) }
}

fn decoded(raw: &Bytes) -> Arc<DecodedTx> {
    Arc::new(DecodedTx {
        hash: tx_hash(raw),
        raw: raw.clone(),
        body_bytes: Bytes::new(),
        auth_info_bytes: Bytes::new(),
        messages: Vec::new(),
        signers: Vec::new(),
        fee: Fee { amount: Coins::default(), gas_limit: Gas(1), payer: Address([0; 20]) },
        memo: String::new(),
        timeout_height: 0,
    })
}

/// A block of these transactions, each moving coins from `x` to a recipient and posting an order.
fn block(height: u64, txs: &[(&str, &str)]) -> FinalizedBlock {
    let result = |recipient: &str| TxResult {
        data: Bytes::from_static(b"data"),
        gas_wanted: Gas(100),
        gas_used: Gas(70),
        events: vec![
            Event::new("transfer").with("recipient", recipient).with("sender", "x").with("amount", "5uve"),
            Event::new("market.order.created").with("order_id", height).with("region", recipient),
        ],
        ..TxResult::default()
    };
    let raw: Vec<Bytes> = txs.iter().map(|(raw, _)| Bytes::copy_from_slice(raw.as_bytes())).collect();
    FinalizedBlock {
        header: BlockHeader {
            chain_id: CHAIN.to_owned(),
            height: Height(height),
            time: Timestamp(1_795_431_600_000 + height),
            parent: block_hash(height - 1),
            proposer: [1; 32],
            state_root: [0xA; 32],
            ..BlockHeader::default()
        },
        hash: block_hash(height),
        txs: raw.iter().map(decoded).collect(),
        outcome: Arc::new(BlockOutcome {
            results: txs.iter().map(|(_, recipient)| result(recipient)).collect(),
            events: vec![Event::new("market.order.expired").with("order_id", 1)],
            gas_used: Gas(0),
        }),
        writes: Arc::new(Vec::new()),
        certificate: None,
    }
}

/// A file that holds the state of the modules.
fn state_file(folder: &Path, json: &[u8]) -> AppState {
    let path = folder.join("genesis.json");
    std::fs::write(&path, json).unwrap();
    AppState { path, bytes: json.len() as u64 }
}

impl Fixture {
    async fn start(config: CometConfig) -> Self {
        Self::with_state(config, br#"{"bank": {}}"#).await
    }

    /// A surface whose genesis has this state of the modules.
    async fn with_state(config: CometConfig, state: &[u8]) -> Self {
        let directory = TempDir::new().unwrap();
        let history = History::open(directory.path(), CHAIN, Config::default()).unwrap();
        let hub = Hub::new(history, HubConfig { ring_blocks: 2, ..HubConfig::default() });
        let chain = Arc::new(Chain {
            behind: AtomicBool::new(false),
            seen: Mutex::default(),
            pool: Mutex::default(),
        });
        let genesis = Genesis {
            chain_id: CHAIN.to_owned(),
            time: Timestamp(1_795_431_600_000),
            hash: block_hash(0),
            state_root: [8; 32],
            validators: (1..=4).map(|index| Validator { key: [index; 32], power: 10 }).collect(),
            max_block_bytes: 4_000_000,
            max_block_gas: None,
            app_state: state_file(directory.path(), state),
        };
        let node = NodeInfo {
            key: [1; 32],
            power: 10,
            moniker: "n0".to_owned(),
            listen_addr: "tcp://127.0.0.1:26656".to_owned(),
            rpc_addr: "tcp://127.0.0.1:26657".to_owned(),
            version: "0.1.0".to_owned(),
        };
        let comet = Comet::new(chain.clone(), hub.clone(), genesis, node, config);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let app = router(comet.clone());
        let limits = server::Limits::from(&crate::Config::default());
        tokio::spawn(server::serve(listener, app, limits, std::future::pending()));
        Self { directory, hub, comet, chain, address }
    }

    /// A surface over five blocks with one transaction each, `tx1` to `tx5`, to `a` and `b` in turn.
    async fn filled() -> Self {
        let fixture = Self::start(CometConfig::default()).await;
        for height in 1..=5 {
            fixture.publish(height, &[(&format!("tx{height}"), if height % 2 == 1 { "a" } else { "b" })]);
        }
        fixture
    }

    fn publish(&self, height: u64, txs: &[(&str, &str)]) {
        let record = self.hub.history().append(&block(height, txs)).unwrap();
        self.hub.publish(record);
    }

    /// The whole answer to a body, with its HTTP status.
    async fn post(&self, body: impl ToString) -> (u16, Value) {
        let request = reqwest::Client::new().post(format!("http://{}", self.address)).body(body.to_string());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    /// The answer to a call, which must have status 200.
    async fn call(&self, method: &str, params: Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 123_456_789_012_u64, "method": method, "params": params});
        let (status, answer) = self.post(body).await;
        assert_eq!(
            (status, &answer["jsonrpc"], &answer["id"]),
            (200, &json!("2.0"), &json!(123_456_789_012_u64))
        );
        answer
    }

    async fn result(&self, method: &str, params: Value) -> Value {
        let mut answer = self.call(method, params).await;
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].take()
    }

    async fn error(&self, method: &str, params: Value) -> (i64, String) {
        let answer = self.call(method, params).await;
        assert!(answer.get("result").is_none(), "{answer}");
        let error = &answer["error"];
        (error["code"].as_i64().unwrap(), error["data"].as_str().unwrap().to_owned())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let response = reqwest::get(format!("http://{}{path}", self.address)).await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn connect(&self, path: &str) -> Client {
        let (socket, _) =
            tokio_tungstenite::connect_async(format!("ws://{}{path}", self.address)).await.unwrap();
        Client { socket }
    }
}

/// A WebSocket client.
struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    async fn say(&mut self, value: impl ToString) {
        self.socket.send(Message::text(value.to_string())).await.unwrap();
    }

    /// The next JSON message.
    async fn hear(&mut self) -> Value {
        let next = async {
            loop {
                match self.socket.next().await.unwrap().unwrap() {
                    Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                    Message::Ping(_) => {}
                    other => panic!("expected a text, got {other:?}"),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), next).await.unwrap()
    }

    async fn ask(&mut self, id: u64, method: &str, params: Value) -> Value {
        self.say(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await;
        self.hear().await
    }
}
