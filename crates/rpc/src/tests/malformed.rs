//! Garbage on every method, path and socket.

use super::Node;
use crate::Config;
use axum::body::Body;
use axum::http::{Method, Request};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceExt;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
fn any_bytes_to_any_method_are_answered() {
    let runtime = runtime();
    let node = runtime.block_on(Node::start());
    let paths: Vec<&str> = node.router.routes().map(|route| route.path).collect();
    let config = ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() };
    let input = (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..128), any::<i64>());
    let run = proptest::test_runner::TestRunner::new(config).run(&input, |(path, data, height)| {
        let path = paths[path.index(paths.len())];
        let height = if height % 2 == 0 { 0 } else { height };
        // Whatever it says, it says something.
        match runtime.block_on(node.router.query(path, Bytes::from(data), height)) {
            Ok(answer) => prop_assert_eq!(answer.height, node.chain.hub().tip().height),
            Err(status) => prop_assert!(!status.message.is_empty()),
        }
        Ok(())
    });
    run.unwrap();
}

#[test]
fn any_path_query_and_body_are_answered_with_json() {
    let runtime = runtime();
    let node = runtime.block_on(Node::start());
    let app = crate::rest_app(node.router);
    let config = ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() };
    let known = prop::sample::select(vec![
        "/cosmos/bank/v1beta1/balances/",
        "/cosmos/tx/v1beta1/txs",
        "/cosmos/tx/v1beta1/simulate",
        "/cosmos/staking/v1beta1/validators/",
        "/virtengine/market/v1/orders/",
        "/virtengine/market/v1/orders",
        "/",
    ]);
    let input = (any::<bool>(), known, "[a-z0-9%+&=./?_-]{0,40}", prop::collection::vec(any::<u8>(), 0..64));
    let run = proptest::test_runner::TestRunner::new(config).run(&input, |(post, known, rest, body)| {
        let method = if post { Method::POST } else { Method::GET };
        let Ok(request) =
            Request::builder().method(method).uri(format!("{known}{rest}")).body(Body::from(body))
        else {
            return Ok(());
        };
        let response = runtime.block_on(app.clone().oneshot(request)).unwrap();
        let body = runtime.block_on(axum::body::to_bytes(response.into_body(), 1 << 20)).unwrap();
        prop_assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
        Ok(())
    });
    run.unwrap();
}

#[tokio::test]
async fn garbage_on_a_socket_costs_only_its_connection() {
    let node = Node::start().await;
    for address in [node.rest, node.grpc] {
        for garbage in [&b"\x16\x03\x01\x02\x00\x01"[..], b"GET / HTTP/9.9\r\n\r\n", &[0; 4096]] {
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            stream.write_all(garbage).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut answer = Vec::new();
            // It may be reset or be told why; either ends it.
            let ended = stream.read_to_end(&mut answer).await;
            assert!(ended.is_err() || answer.len() < 4096);
        }
    }
    assert_eq!(node.get("/cosmos/base/tendermint/v1beta1/syncing").await.0, 200);
}

#[tokio::test]
async fn bodies_addresses_and_queries_over_their_bounds_are_refused() {
    let config =
        Config { max_body_bytes: 1_000, max_uri_bytes: 200, max_query_bytes: 50, ..Config::default() };
    let node = Node::with(config).await;
    let body = json!({"tx_bytes": "A".repeat(2_000)});
    assert_eq!(node.post("/cosmos/tx/v1beta1/txs", &body).await.0, 400);
    let long = format!("/cosmos/bank/v1beta1/balances/{}", "a".repeat(300));
    assert_eq!(node.get(&long).await.0, 429);
    let query = format!("/cosmos/tx/v1beta1/txs?query=a.b%3D'{}'", "c".repeat(60));
    assert_eq!(node.get(&query).await.0, 400);
    assert_eq!(node.get("/cosmos/tx/v1beta1/txs").await.0, 400);
}

#[tokio::test]
async fn browsers_of_configured_origins_are_let_in() {
    let node =
        Node::with(Config { cors_origins: vec!["https://wallet.example".into()], ..Config::default() }).await;
    let url = format!("http://{}/cosmos/base/tendermint/v1beta1/syncing", node.rest);
    for (origin, allowed) in [("https://wallet.example", true), ("https://other.example", false)] {
        let response = node.client.get(&url).header("origin", origin).send().await.unwrap();
        let header = response.headers().get("access-control-allow-origin");
        assert_eq!(header.is_some(), allowed, "{origin}");
    }
}

#[tokio::test]
async fn connections_over_the_bound_wait_their_turn() {
    let node = Node::with(Config { max_connections: 1, ..Config::default() }).await;
    let idle = tokio::net::TcpStream::connect(node.rest).await.unwrap();
    let call = node.get("/cosmos/base/tendermint/v1beta1/syncing");
    tokio::pin!(call);
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(200), &mut call).await;
    assert!(waiting.is_err(), "the only connection is taken");
    drop(idle);
    assert_eq!(call.await.0, 200);
}

#[tokio::test]
async fn an_address_with_quotes_is_told_how_to_write_them() {
    let node = Node::start().await;
    let mut socket = tokio::net::TcpStream::connect(node.rest).await.unwrap();
    let request = "GET /block?height=\"5\" HTTP/1.1\r\nHost: x\r\nUser-Agent: curl\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = tokio::time::timeout(std::time::Duration::from_secs(10), socket.read_to_string(&mut answer));
    read.await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("/block?height=%225%22"), "{answer}");
    // Quotes in a body are JSON's.
    let (status, _) = node.post("/cosmos/tx/v1beta1/simulate", &json!({"tx_bytes": ""})).await;
    assert_ne!(status, 200);
    node.found("/cosmos/base/tendermint/v1beta1/syncing").await;
}

#[tokio::test]
async fn a_connection_that_is_kept_may_rest_longer_than_headers_take() {
    let node = Node::with(Config { header_timeout_secs: 1, ..Config::default() }).await;
    let mut socket = tokio::net::TcpStream::connect(node.rest).await.unwrap();
    for _ in 0..2 {
        let request = b"GET /cosmos/base/tendermint/v1beta1/syncing HTTP/1.1\r\nHost: x\r\n\r\n";
        socket.write_all(request).await.unwrap();
        let mut answer = vec![0; 4_096];
        let read = tokio::time::timeout(std::time::Duration::from_secs(10), socket.read(&mut answer));
        let count = read.await.unwrap().unwrap();
        let answer = String::from_utf8_lossy(&answer[..count]);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer:?}");
        // Once one that says nothing is closed, the time for headers has passed here too.
        let mut silent = tokio::net::TcpStream::connect(node.rest).await.unwrap();
        let mut nothing = [0];
        let closed = tokio::time::timeout(std::time::Duration::from_secs(10), silent.read(&mut nothing));
        assert!(matches!(closed.await.unwrap(), Ok(0) | Err(_)));
    }
    // A request that is begun has to be finished in time all the same.
    socket.write_all(b"GET / HTTP/1.1\r\nHost").await.unwrap();
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(std::time::Duration::from_secs(10), socket.read_to_end(&mut answer));
    assert!(closed.await.is_ok(), "it holds its connection");
}

#[tokio::test]
async fn clients_that_say_nothing_or_half_of_it_lose_their_connection() {
    let config = Config {
        header_timeout_secs: 1,
        request_timeout_secs: 2,
        inclusion_timeout_secs: 1,
        ..Config::default()
    };
    let node = Node::with(config).await;
    let body = "POST /cosmos/tx/v1beta1/txs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
    for said in ["", "PRI * HTTP/2.0\r\n", "GET / HTTP/1.1\r\nHost", body] {
        let mut socket = tokio::net::TcpStream::connect(node.rest).await.unwrap();
        socket.write_all(said.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let closed =
            tokio::time::timeout(std::time::Duration::from_secs(10), socket.read_to_end(&mut answer));
        // A reset ends it as well.
        assert!(closed.await.is_ok(), "{said:?} holds its connection");
    }
    node.found("/cosmos/base/tendermint/v1beta1/syncing").await;
}
