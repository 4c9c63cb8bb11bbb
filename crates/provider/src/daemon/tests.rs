use super::*;
use axum::{Json, Router, routing::post};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
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
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(run(config, key, Box::pin(async move { drop(stopped.await) })));
    stop.send(()).unwrap();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), running).await;
    ended.unwrap().unwrap().unwrap();
}
