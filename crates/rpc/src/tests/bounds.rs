//! What clients that stall, stay or ask for much can hold.

use super::Node;
use super::chain::{FUNDS, address, coin};
use super::grpc::{BALANCE, Call, SUBMIT, balance, framed};
use crate::{Code, Config, comet::QueryRequest};
use bytes::Bytes;
use h2::{SendStream, client::ResponseFuture};
use prost::Message;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use virtengine_types::{
    proto::{
        cosmos::{
            bank::v1beta1::QueryBalanceResponse,
            staking::v1beta1::MsgDelegate,
            tx::v1beta1::{GetTxsEventRequest, GetTxsEventResponse},
        },
        virtengine::{
            events::v1::{SubscribeRequest, SubscribeResponse},
            tx::v1::{SubmitRequest, SubmitResponse},
        },
    },
    tx::DecodedTx,
};

const LONG: Duration = Duration::from_secs(20);

/// Settings with times of a second.
fn hasty() -> Config {
    Config {
        request_timeout_secs: 1,
        inclusion_timeout_secs: 1,
        header_timeout_secs: 1,
        idle_timeout_secs: 1,
        ..Config::default()
    }
}

/// Begins a gRPC call on a connection of its own, with a part of its body.
async fn begun(node: &Node, path: &str, part: Bytes) -> (SendStream<Bytes>, ResponseFuture) {
    let mut client = super::grpc::client(node).await;
    let request = super::grpc::request(node, path);
    let (response, mut send) = client.send_request(request, false).unwrap();
    send.send_data(part, false).unwrap();
    (send, response)
}

#[tokio::test]
async fn a_grpc_call_whose_body_stalls_ends_in_time() {
    let node = Node::with(hasty()).await;
    let reflect = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    for path in [BALANCE, "/virtengine.events.v1.Service/Subscribe", reflect] {
        let (_send, response) = begun(&node, path, Bytes::from_static(&[0, 0, 0, 1, 0, 7])).await;
        let call = Call::new(timeout(LONG, response).await.expect("it waits for its body").unwrap());
        let (code, message) = timeout(LONG, call.status()).await.expect("it waits for its body");
        if path != reflect {
            assert_eq!(code, "4", "{message}");
            assert!(message.contains("not%20whole%20within%201%20s"), "{message}");
        }
    }
}

#[tokio::test]
async fn bodies_that_are_not_whole_share_a_bound_of_memory_and_others_wait_for_it() {
    let config = Config { max_body_bytes: 60_000, max_body_memory_bytes: 100_000, ..Config::default() };
    let node = Node::with(config).await;
    let mut part = vec![0, 0, 0, 0xEA, 0];
    part.resize(50_000, 7);
    let part = Bytes::from(part);
    // The question with a field that nobody knows.
    let mut large = [balance().as_slice(), &[0x7A, 0xA0, 0x9C, 1]].concat();
    large.resize(large.len() + 20_000, 0);
    let stalled = [begun(&node, BALANCE, part.clone()).await, begun(&node, SUBMIT, part).await];
    let mut waiting = None;
    let full = async {
        while waiting.is_none() {
            let mut call = Box::pin(Call::open(&node, BALANCE, None, &large));
            if timeout(Duration::from_millis(200), &mut call).await.is_err() {
                waiting = Some(call);
            }
        }
    };
    timeout(LONG, full).await.expect("two bodies take all memory");
    let waiting = waiting.unwrap();
    let small = timeout(LONG, Call::open(&node, BALANCE, None, &balance())).await;
    assert_eq!(small.expect("a small body needs no share").status().await.0, "0");
    for (mut send, _response) in stalled {
        send.send_reset(h2::Reason::CANCEL);
    }
    let mut call = timeout(LONG, waiting).await.expect("the memory is free again");
    let answer = QueryBalanceResponse::decode(call.next().await.unwrap()).unwrap();
    assert_eq!(answer.balance.unwrap(), coin(FUNDS));
}

#[tokio::test]
async fn a_stream_of_transactions_on_which_nothing_comes_ends_with_a_reason() {
    let node = Node::with(hasty()).await;
    let request = framed(&SubmitRequest { txs: vec![Bytes::from_static(b"x")] }.encode_to_vec());
    let (_send, response) = begun(&node, SUBMIT, request).await;
    let mut call = Call::new(response.await.unwrap());
    let answer = timeout(LONG, call.next()).await.unwrap().unwrap();
    assert_eq!(SubmitResponse::decode(answer).unwrap().count, 1);
    let (code, message) = timeout(LONG, call.status()).await.expect("the stream is held");
    assert_eq!((code.as_str(), message.contains("request%20came%20for%201%20s")), ("4", true), "{message}");
}

#[tokio::test]
async fn small_requests_of_a_stream_are_taken_while_the_first_waits_for_its_answer() {
    let node = Node::start().await;
    node.chain.hold(true);
    let one = framed(&SubmitRequest { txs: vec![Bytes::from_static(b"x")] }.encode_to_vec());
    let (mut send, response) = begun(&node, SUBMIT, one.repeat(500).into()).await;
    timeout(LONG, node.chain.took(500)).await.expect("requests wait behind the first");
    node.chain.hold(false);
    send.send_data(Bytes::new(), true).unwrap();
    let mut call = Call::new(response.await.unwrap());
    for first in 0..500 {
        let answer = SubmitResponse::decode(call.next().await.unwrap()).unwrap();
        assert_eq!((answer.first, answer.count, answer.refused.len()), (first, 1, 1));
    }
    assert_eq!(call.next().await, None);
}

#[tokio::test]
async fn a_stream_has_a_bound_on_the_transactions_that_wait() {
    let node = Node::start().await;
    node.chain.hold(true);
    let many = framed(&SubmitRequest { txs: vec![Bytes::from_static(b"x"); 4_096] }.encode_to_vec());
    let (mut send, response) = begun(&node, SUBMIT, many.repeat(3).into()).await;
    timeout(LONG, node.chain.took(8_192)).await.expect("two requests fit");
    let third = timeout(Duration::from_millis(200), node.chain.took(8_193)).await;
    assert!(third.is_err(), "the third request waits");
    node.chain.hold(false);
    send.send_data(Bytes::new(), true).unwrap();
    let mut call = Call::new(response.await.unwrap());
    for first in [0, 4_096, 8_192] {
        let answer = SubmitResponse::decode(timeout(LONG, call.next()).await.unwrap().unwrap()).unwrap();
        assert_eq!((answer.first, answer.count), (first, 4_096));
    }
}

#[tokio::test]
async fn a_connection_without_a_call_is_told_to_go_and_closed_but_not_one_with_a_stream() {
    let node = Node::with(hasty()).await;
    let request = SubscribeRequest { topics: vec!["staking.*".into()], from_sequence: 0, filter: vec![] };
    let path = "/virtengine.events.v1.Service/Subscribe";
    let mut follower = Call::open(&node, path, None, &request.encode_to_vec()).await;
    let mut socket = tokio::net::TcpStream::connect(node.grpc).await.unwrap();
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    socket.write_all(&settings).await.unwrap();
    let mut told = Vec::new();
    let closed = timeout(LONG, socket.read_to_end(&mut told)).await;
    closed.expect("an idle client holds its connection").unwrap();
    let mut frames = Vec::new();
    let mut rest = told.as_slice();
    while let [a, b, c, kind, _, _, _, _, _, after @ ..] = rest {
        frames.push(*kind);
        rest = &after[usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c)..];
    }
    assert!(frames.contains(&7), "no GOAWAY in {frames:?}");
    let delegate = MsgDelegate {
        delegator_address: address("tenant").to_string(),
        validator_address: address("validator").operator(),
        amount: Some(coin(1)),
    };
    node.chain.block(vec![DecodedTx::decode(node.chain.tx("tenant", &delegate)).unwrap()]).unwrap();
    let event = timeout(LONG, follower.next()).await.unwrap().expect("the stream goes on");
    assert!(SubscribeResponse::decode(event).unwrap().message.is_some());
}

const SEARCH: &str = "/cosmos.tx.v1beta1.Service/GetTxsEvent";

fn search(limit: u64) -> Vec<u8> {
    let query = "tx.height>1".to_owned();
    GetTxsEventRequest { query, limit, page: 1, ..GetTxsEventRequest::default() }.encode_to_vec()
}

/// A node with a block of two transactions.
async fn with_txs(config: Config) -> Node {
    let node = Node::with(config).await;
    let delegate = |amount| MsgDelegate {
        delegator_address: address("tenant").to_string(),
        validator_address: address("validator").operator(),
        amount: Some(coin(amount)),
    };
    let sequence = node.chain.account("tenant").sequence;
    let tx = |number| node.chain.tx_with("tenant", &delegate(1 + u128::from(number)), sequence + number);
    let txs = [tx(0), tx(1)].map(|tx| DecodedTx::decode(tx).unwrap());
    node.chain.block(txs.into()).unwrap();
    node
}

#[tokio::test]
async fn a_page_of_too_many_bytes_is_refused_on_every_surface_but_one_item_always_given() {
    let node = with_txs(Config { max_page_bytes: 1, ..Config::default() }).await;
    let rule = "a page has at most 1 bytes";
    for path in ["/cosmos/tx/v1beta1/txs?query=tx.height%3E1", "/cosmos/tx/v1beta1/txs/block/2?"] {
        let (status, refused) = node.get(path).await;
        assert_eq!(status, 400, "{refused}");
        assert!(refused["message"].as_str().unwrap().contains(rule), "{refused}");
        let one = node.found(&format!("{path}&pagination.limit=1")).await;
        assert_eq!(one["txs"].as_array().unwrap().len(), 1);
    }
    let (status, refused) = node.get("/cosmos/auth/v1beta1/accounts").await;
    assert_eq!((status, refused["message"].as_str().unwrap().contains(rule)), (400, true), "{refused}");
    let one = node.found("/cosmos/auth/v1beta1/accounts?pagination.limit=1").await;
    assert_eq!(one["accounts"].as_array().unwrap().len(), 1);
    let query =
        |limit| QueryRequest { path: SEARCH.into(), data: search(limit).into(), height: 0, prove: false };
    let refused = node.router.abci_query(query(2)).await;
    assert!(refused.code == 18 && refused.log.contains(rule), "{refused:?}");
    let one = node.router.abci_query(query(1)).await;
    assert_eq!(GetTxsEventResponse::decode(one.value).unwrap().total, 2);
    let (code, message) = Call::open(&node, SEARCH, None, &search(2)).await.status().await;
    assert_eq!((code.as_str(), message.contains("1%20bytes")), ("3", true), "{message}");
}

#[tokio::test]
async fn an_answer_that_read_blocks_keeps_its_turn_until_it_is_written() {
    let node = with_txs(Config { max_concurrent_searches: 1, max_concurrent_calls: 1, ..hasty() }).await;
    let ask = || node.router.query(SEARCH, search(2).into(), 0);
    let answer = ask().await.unwrap();
    let waited = ask().await.unwrap_err();
    assert_eq!(waited.code, Code::DeadlineExceeded);
    // Whoever waits for a turn takes nobody else's place.
    let (second, balance) = tokio::join!(ask(), node.router.query(BALANCE, balance().into(), 0));
    assert!(second.is_err() && balance.is_ok());
    // Nor that of those who know which block they want.
    node.found("/cosmos/tx/v1beta1/txs/block/2?pagination.limit=1").await;
    drop(answer);
    assert!(ask().await.is_ok());
    assert_eq!(node.found("/cosmos/tx/v1beta1/txs?query=tx.height%3E1").await["total"], json!("2"));
}
