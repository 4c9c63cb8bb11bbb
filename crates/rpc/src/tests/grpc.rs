//! gRPC through HTTP/2 frames on a real socket.

use super::Node;
use super::chain::{FUNDS, address, coin};
use axum::http::{HeaderMap, Request, Response};
use bytes::{BufMut, Bytes, BytesMut};
use h2::{RecvStream, client::SendRequest};
use prost::Message;
use virtengine_types::proto::{
    cosmos::bank::v1beta1::{QueryBalanceRequest, QueryBalanceResponse},
    virtengine::{
        events::v1::{ListRequest, ListResponse, SubscribeRequest, SubscribeResponse, subscribe_response},
        tx::v1::{SubmitRequest, SubmitResponse},
    },
};

/// An open call.
pub(super) struct Call {
    headers: HeaderMap,
    body: RecvStream,
    received: BytesMut,
}

/// A connection of its own.
pub(super) async fn client(node: &Node) -> SendRequest<Bytes> {
    let stream = tokio::net::TcpStream::connect(node.grpc).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(async move { connection.await.unwrap_or_default() });
    client.ready().await.unwrap()
}

pub(super) fn request(node: &Node, path: &str) -> Request<()> {
    let request = Request::post(format!("http://{}{path}", node.grpc));
    request.header("content-type", "application/grpc").header("te", "trailers").body(()).unwrap()
}

/// A message with its length before it.
pub(super) fn framed(message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(message);
    frame.freeze()
}

impl Call {
    pub(super) fn new(response: Response<RecvStream>) -> Self {
        let (head, body) = response.into_parts();
        Self { headers: head.headers, body, received: BytesMut::new() }
    }

    pub(super) async fn open(node: &Node, path: &str, height: Option<&str>, message: &[u8]) -> Self {
        Self::open_with(node, path, height, &[message]).await
    }

    /// Sends several messages and ends the client's side.
    async fn open_with(node: &Node, path: &str, height: Option<&str>, messages: &[&[u8]]) -> Self {
        let mut client = client(node).await;
        let mut request = request(node, path);
        if let Some(height) = height {
            request.headers_mut().insert("x-cosmos-block-height", height.parse().unwrap());
        }
        let (response, mut send) = client.send_request(request, false).unwrap();
        let frames: Vec<Bytes> = messages.iter().map(|message| framed(message)).collect();
        send.send_data(frames.concat().into(), true).unwrap();
        Self::new(response.await.unwrap())
    }

    /// The next message; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(length) = self.received.get(1..5) {
                let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
                if self.received.len() >= 5 + length {
                    let mut frame = self.received.split_to(5 + length);
                    return Some(frame.split_off(5).freeze());
                }
            }
            let data = self.body.data().await?.unwrap();
            self.body.flow_control().release_capacity(data.len()).unwrap();
            self.received.extend_from_slice(&data);
        }
    }

    /// Code and message of the end.
    pub(super) async fn status(mut self) -> (String, String) {
        while self.next().await.is_some() {}
        let trailers = self.body.trailers().await.unwrap().unwrap_or(self.headers);
        let text = |name: &str| {
            trailers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        (text("grpc-status"), text("grpc-message"))
    }
}

pub(super) fn balance() -> Vec<u8> {
    let address = address("tenant").to_string();
    QueryBalanceRequest { address, denom: "uve".into() }.encode_to_vec()
}

pub(super) const BALANCE: &str = "/cosmos.bank.v1beta1.Query/Balance";

#[tokio::test]
async fn a_balance_is_answered_with_its_height() {
    let node = Node::start().await;
    for height in [None, Some("0"), Some("1")] {
        let mut call = Call::open(&node, BALANCE, height, &balance()).await;
        assert_eq!(call.headers.get("x-cosmos-block-height").unwrap(), "1");
        let answer = QueryBalanceResponse::decode(call.next().await.unwrap()).unwrap();
        assert_eq!(answer.balance.unwrap(), coin(FUNDS));
        assert_eq!(call.status().await.0, "0");
    }
}

#[tokio::test]
async fn failures_have_their_codes() {
    let node = Node::start().await;
    let unknown = Call::open(&node, "/no.such.Service/Method", None, &[]).await;
    assert_eq!(unknown.status().await.0, "12");
    for height in ["2", "-1", "x"] {
        let call = Call::open(&node, BALANCE, Some(height), &balance()).await;
        assert_eq!(call.status().await.0, "3", "{height}");
    }
    let malformed = Call::open(&node, BALANCE, None, &[7, 7, 7]).await;
    assert_eq!(malformed.status().await.0, "3");
    let absent = address("nobody").to_string();
    let request = virtengine_types::proto::cosmos::auth::v1beta1::QueryAccountRequest { address: absent };
    let account = "/cosmos.auth.v1beta1.Query/Account";
    let (code, message) = Call::open(&node, account, None, &request.encode_to_vec()).await.status().await;
    assert_eq!(code, "5");
    assert!(message.contains("not%20found"), "{message}");
}

#[tokio::test]
async fn events_stream_from_a_sequence_and_go_on_live() {
    let node = Node::start().await;
    let delegate = |amount| virtengine_types::proto::cosmos::staking::v1beta1::MsgDelegate {
        delegator_address: address("tenant").to_string(),
        validator_address: address("validator").operator(),
        amount: Some(coin(amount)),
    };
    let act = |amount| {
        let tx = node.chain.tx("tenant", &delegate(amount));
        node.chain.block(vec![virtengine_types::tx::DecodedTx::decode(tx).unwrap()]).unwrap();
    };
    act(1);
    let request = SubscribeRequest { topics: vec!["staking.*".into()], from_sequence: 1, filter: vec![] };
    let mut call =
        Call::open(&node, "/virtengine.events.v1.Service/Subscribe", None, &request.encode_to_vec()).await;
    let mut event = async || {
        let message = SubscribeResponse::decode(call.next().await.unwrap()).unwrap().message;
        match message.unwrap() {
            subscribe_response::Message::Event(event) => event,
            subscribe_response::Message::Lagged(lagged) => panic!("lagged: {lagged:?}"),
        }
    };
    let first = event().await;
    assert_eq!((first.topic.as_str(), first.height), ("staking.delegated", 2));
    act(2);
    let second = event().await;
    assert_eq!((second.topic.as_str(), second.height), ("staking.delegated", 3));
    assert!(second.sequence > first.sequence);

    let request =
        ListRequest { limit: 1, from_sequence: 1, topics: vec!["staking.*".into()], filter: vec![] };
    let mut list =
        Call::open(&node, "/virtengine.events.v1.Service/List", None, &request.encode_to_vec()).await;
    let list = ListResponse::decode(list.next().await.unwrap()).unwrap();
    assert_eq!(list.events, [first]);
    assert!(list.next_sequence <= second.sequence && list.next_sequence > 0);
}

pub(super) const SUBMIT: &str = "/virtengine.tx.v1.Service/Submit";

#[tokio::test]
async fn transactions_on_a_stream_are_answered_a_request_at_a_time_and_in_order() {
    let node = Node::start().await;
    let delegate = |amount| virtengine_types::proto::cosmos::staking::v1beta1::MsgDelegate {
        delegator_address: address("tenant").to_string(),
        validator_address: address("validator").operator(),
        amount: Some(coin(amount)),
    };
    let good = node.chain.tx("tenant", &delegate(1));
    let requests = [vec![good, Bytes::from_static(b"no transaction")], vec![], vec![Bytes::new()]];
    let requests = requests.map(|txs| SubmitRequest { txs }.encode_to_vec());
    let messages: Vec<&[u8]> = requests.iter().map(Vec::as_slice).collect();
    let mut call = Call::open_with(&node, SUBMIT, None, &messages).await;
    let mut answers = Vec::new();
    while let Some(message) = call.next().await {
        answers.push(SubmitResponse::decode(message).unwrap());
    }
    let places: Vec<_> = answers.iter().map(|answer| (answer.first, answer.count)).collect();
    assert_eq!(places, [(0, 2), (2, 0), (2, 1)]);
    let refused = |answer: &SubmitResponse| -> Vec<_> {
        answer
            .refused
            .iter()
            .map(|refused| (refused.position, refused.code, refused.codespace.clone()))
            .collect()
    };
    assert_eq!(refused(&answers[0]), [(1, 2, "sdk".to_owned())]);
    assert_eq!(
        refused(&answers[2]),
        [(2, 18, "sdk".to_owned())],
        "no bytes are a transaction without messages"
    );
    let after = Call::open(&node, BALANCE, None, &balance()).await;
    assert_eq!(after.headers.get("x-cosmos-block-height").unwrap(), "2", "the good one is in a block");
}

#[tokio::test]
async fn a_stream_with_too_many_transactions_or_to_a_node_that_lags_ends_with_a_reason() {
    let node = Node::start().await;
    let many = SubmitRequest { txs: vec![Bytes::from_static(b"x"); 4_097] }.encode_to_vec();
    let mut call = Call::open(&node, SUBMIT, None, &many).await;
    assert_eq!(call.next().await, None);
    let (status, message) = call.status().await;
    assert_eq!(
        (status.as_str(), message.contains("4096") && message.contains("4097")),
        ("3", true),
        "{message}"
    );
    let malformed = Call::open(&node, SUBMIT, None, b"\xff\xff").await;
    assert_eq!(malformed.status().await.0, "3");
    node.chain.set_behind(true);
    let one = SubmitRequest { txs: vec![Bytes::from_static(b"x")] }.encode_to_vec();
    let lagging = Call::open(&node, SUBMIT, None, &one).await;
    let (status, message) = lagging.status().await;
    assert_eq!((status.as_str(), message.contains("catching")), ("14", true), "{message}");
}
