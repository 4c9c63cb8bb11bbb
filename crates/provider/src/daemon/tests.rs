use super::*;
use crate::status::Question;
use axum::{
    Json, Router,
    extract::ws::{Message, WebSocketUpgrade},
    routing::{get, post},
};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use virtengine_crypto::KeyKind;

const CONFIG: &str = r#"
node = "http://127.0.0.1:26657"
home = "/srv/provider"
key = "provider"
region = "eu-west"
host_uri = "https://provider.example"
[capacity]
cpu_milli = 1000
memory_bytes = 1073741824
storage_bytes = { default = 1073741824 }
[rates]
cpu = "1"
memory_gib = "1"
storage_gib = { default = "1" }
"#;

/// A node that is starting for its first calls, and then at height 7.
async fn node(starting: usize) -> (SocketAddr, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let answer = move || {
        let call = counted.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Json(if call < starting {
            let error = json!({"code": -32000, "message": "Server error", "data": "the node is starting"});
            json!({"jsonrpc": "2.0", "id": 1, "error": error})
        } else {
            let sync = json!({"latest_block_height": "7", "earliest_block_height": "1"});
            let status = json!({"node_info": {"network": "test-1"}, "sync_info": sync});
            json!({"jsonrpc": "2.0", "id": 1, "result": status})
        }))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answer))).await });
    (address, calls)
}

#[tokio::test]
async fn a_node_that_is_starting_is_waited_for() {
    let (address, calls) = node(2).await;
    let client = Client::new(&address.to_string()).unwrap();
    let status = available("ask for the newest height", || client.status()).await.unwrap();
    assert_eq!((status.latest_height, calls.load(Ordering::SeqCst)), (7, 3));
}

#[tokio::test]
async fn a_daemon_that_waits_for_its_node_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens there once the listener is dropped.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let config = Config {
        node: format!("http://{address}"),
        home: folder.path().to_owned(),
        ..Config::parse(CONFIG).unwrap()
    };
    let key = SigningKey::generate(KeyKind::Secp256k1);
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(run(config, key, Box::pin(async move { drop(stopped.await) })));
    stop.send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), running).await;
    ended.unwrap().unwrap().unwrap();
}

/// Height of the node of a quiet market.
const LATEST: u64 = 7;

/// A node of a market without orders, bids and leases. A subscription begins where it wants to, or behind the
/// newest block, and brings nothing.
async fn quiet_market() -> SocketAddr {
    async fn answer(Json(request): Json<Value>) -> Json<Value> {
        let result = if request["method"] == "status" {
            let sync = json!({"latest_block_height": LATEST.to_string(), "earliest_block_height": "1"});
            json!({"node_info": {"network": "test-1"}, "sync_info": sync})
        } else {
            json!({"response": {"code": 0, "value": ""}})
        };
        Json(json!({"jsonrpc": "2.0", "id": 1, "result": result}))
    }
    let subscribe = |upgrade: WebSocketUpgrade| {
        std::future::ready(upgrade.on_upgrade(|mut socket| async move {
            let Some(Ok(Message::Text(text))) = socket.recv().await else { return };
            let request: Value = serde_json::from_str(&text).unwrap();
            let next = match request["subscribe"]["from_sequence"].as_u64().unwrap() {
                0 => (LATEST + 1) * 1_000_000,
                from => from,
            };
            let subscribed = json!({"id": "client", "subscribed": {"next_sequence": next}}).to_string();
            socket.send(Message::Text(subscribed.into())).await.unwrap();
            while let Some(Ok(_)) = socket.recv().await {} // until the daemon ends
        }))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", post(answer)).route("/events", get(subscribe));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A daemon's loop at a quiet market that has read each of its subscriptions up to `read`.
async fn work(folder: &TempDir, read: u64, tasks: JoinSet<()>) -> Work {
    let config = Config { home: folder.path().to_owned(), ..Config::parse(CONFIG).unwrap() };
    let key = SigningKey::generate(KeyKind::Secp256k1);
    let (journal, mut position) = Journal::open(&config.home, "test-1", key.address()).unwrap();
    let names = feed::Feed::orders(&config).into_iter().map(|feed| feed.name);
    position.cursors = names.chain([feed::OWN.to_owned()]).map(|name| (name, read)).collect();
    let client = Client::new(&quiet_market().await.to_string()).unwrap();
    let chain = Chain { account: Account::new(client, key), deposit: Amount(1) };
    let desk = Desk::new(&config, Profile::default(), position);
    Work::new(config, Arc::new(chain), desk, journal, Arc::new(Metrics::new()), tasks)
}

/// How far each subscription is read, as the daemon answers.
async fn cursors(questions: &mpsc::Sender<Question>) -> Vec<u64> {
    let (sender, answer) = oneshot::channel();
    questions.send(sender).await.unwrap();
    let status = serde_json::to_value(answer.await.unwrap()).unwrap();
    status["position"]["cursors"].as_object().unwrap().values().map(|read| read.as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cursors_beyond_the_chain_lead_to_a_fresh_listing() {
    let folder = tempfile::tempdir().unwrap();
    let (questions, asked) = mpsc::channel(1);
    let running = tokio::spawn(work(&folder, 10_u64.pow(18), JoinSet::new()).await.run(asked));
    let rewound = async {
        loop {
            let cursors = cursors(&questions).await;
            if cursors.len() == 5 && cursors.iter().all(|read| *read == (LATEST + 1) * 1_000_000 - 1) {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), rewound).await.unwrap();
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_panics_ends_the_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async { panic!("deaf") });
    let (_questions, asked) = mpsc::channel(1);
    let running = work(&folder, 7_000_000, tasks).await.run(asked);
    let ended = tokio::time::timeout(Duration::from_secs(20), running).await.unwrap();
    let Err(error @ RunError::Task(_)) = ended else { panic!("{ended:?}") };
    assert!(error.to_string().contains("deaf"), "{error}");
}
