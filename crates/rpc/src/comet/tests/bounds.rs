use super::*;
use base64::{Engine, prelude::BASE64_STANDARD};
use proptest::prelude::*;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

#[tokio::test]
async fn ids_are_echoed_with_their_type() {
    let fixture = Fixture::filled().await;
    for id in [json!(7), json!("5f0c-uuid"), json!(-1), Value::Null] {
        let (status, answer) = fixture.post(json!({"jsonrpc": "2.0", "id": id, "method": "health"})).await;
        assert_eq!((status, answer), (200, json!({"jsonrpc": "2.0", "id": id, "result": {}})));
    }
    assert_eq!(fixture.post(json!({"jsonrpc": "2.0", "method": "health"})).await, (200, Value::Null));
}

#[tokio::test]
async fn failed_calls_are_answers_with_status_200() {
    let fixture = Fixture::filled().await;
    let (status, answer) = fixture.post(json!({"jsonrpc": "2.0", "id": 1, "method": "nothing"})).await;
    let expected = json!({"jsonrpc": "2.0", "id": 1, "error": {
        "code": -32601, "message": "Method not found", "data": ""}});
    assert_eq!((status, answer), (200, expected));
    let (status, answer) =
        fixture.post(json!({"jsonrpc": "2.0", "id": 1, "method": "block", "params": 5})).await;
    assert_eq!((status, &answer["error"]["code"]), (200, &json!(-32602)));
    let (status, answer) = fixture.post(json!({"jsonrpc": "2.0", "id": [], "method": "block"})).await;
    assert_eq!((status, &answer["error"]["code"]), (200, &json!(-32600)));
    let (status, answer) = fixture.post("{").await;
    assert_eq!((status, &answer["id"], &answer["error"]["code"]), (500, &Value::Null, &json!(-32700)));
}

#[tokio::test]
async fn addresses_answer_with_id_minus_one() {
    let fixture = Fixture::filled().await;
    let (status, answer) = fixture.get("/block?height=99").await;
    assert_eq!((status, &answer["id"], &answer["error"]["code"]), (500, &json!(-1), &json!(-32603)));
    let (status, answer) = fixture.get("/nothing").await;
    assert_eq!((status, &answer["error"]["code"]), (404, &json!(-32601)));
    assert_eq!(fixture.get("/health").await, (200, json!({"jsonrpc": "2.0", "id": -1, "result": {}})));
}

#[tokio::test]
async fn batches_are_answered_in_order_within_their_bound() {
    let fixture = Fixture::filled().await;
    let call = |id: u64| json!({"jsonrpc": "2.0", "id": id, "method": "health", "params": {}});
    let calls: Vec<Value> = (0..20).map(call).collect();
    let (status, answers) = fixture.post(json!(calls)).await;
    let ids: Vec<u64> =
        answers.as_array().unwrap().iter().map(|answer| answer["id"].as_u64().unwrap()).collect();
    assert_eq!((status, ids), (200, (0..20).collect()));
    let calls: Vec<Value> = (0..21).map(call).collect();
    let (status, answer) = fixture.post(json!(calls)).await;
    assert_eq!((status, &answer["error"]["data"]), (200, &json!("a batch has 1 to 20 calls, got 21")));
    assert_eq!(fixture.post("[]").await.1["error"]["code"], -32600);
}

#[tokio::test]
async fn a_batch_is_answered_until_its_bytes_are_full() {
    let fixture = Fixture::start(CometConfig { max_batch_bytes: 1, ..CometConfig::default() }).await;
    let call = |id: u64| json!({"jsonrpc": "2.0", "id": id, "method": "health"});
    let (status, answers) = fixture.post(json!([call(1), {"method": "health"}, call(2), 7])).await;
    assert_eq!((status, &answers[0]), (200, &json!({"jsonrpc": "2.0", "id": 1, "result": {}})));
    let refused = "a batch is answered with at most 1 bytes, those before have 37";
    assert_eq!((&answers[1]["id"], &answers[1]["error"]["data"]), (&json!(2), &json!(refused)));
    assert_eq!((&answers[2]["error"]["code"], answers.as_array().unwrap().len()), (&json!(-32600), 3));
}

#[tokio::test]
async fn a_batch_takes_no_longer_than_one_call() {
    let config = CometConfig { request_timeout_secs: 1, ..CometConfig::default() };
    let fixture = Fixture::start(config).await;
    let call = |id: u64, path: &str| json!({"id": id, "method": "abci_query", "params": {"path": path}});
    let began = std::time::Instant::now();
    let calls = [call(1, "/echo"), call(2, "/never"), call(3, "/echo"), call(4, "/never")];
    let (status, answers) = fixture.post(json!(calls)).await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!((status, &answers[0]["result"]["response"]["code"]), (200, &json!(0)));
    assert_eq!(answers[1]["error"]["data"], json!("abci_query took longer than 1 s"));
    let skipped = "abci_query was not begun: the calls before it in the batch took 1 s";
    assert_eq!((&answers[2]["error"]["data"], &answers[3]["id"]), (&json!(skipped), &json!(4)));
}

#[tokio::test]
async fn large_bodies_are_refused() {
    let config =
        CometConfig { max_body_bytes: 2_000, max_websocket_message_bytes: 1_000, ..CometConfig::default() };
    let fixture = Fixture::start(config).await;
    let (status, answer) = fixture.post(format!("\"{}\"", "x".repeat(2_000))).await;
    assert_eq!((status, &answer["error"]["code"]), (413, &json!(-32600)));
    let mut client = fixture.connect("/websocket").await;
    client.say("x".repeat(1_001)).await;
    let end = tokio::time::timeout(Duration::from_secs(20), client.socket.next()).await.unwrap();
    assert!(!matches!(end, Some(Ok(Message::Text(_)))), "{end:?}");
}

#[tokio::test]
async fn the_largest_transaction_fits_into_a_message() {
    let fixture = Fixture::filled().await;
    let tx = BASE64_STANDARD.encode(vec![b'x'; 64 * 1024]);
    let mut client = fixture.connect("/websocket").await;
    assert_eq!(client.ask(1, "broadcast_tx_sync", json!({"tx": tx})).await["result"]["code"], 0);
}

#[tokio::test]
async fn a_message_that_is_not_finished_in_time_ends_its_connection_whatever_else_comes() {
    let config = CometConfig { request_timeout_secs: 1, ..CometConfig::default() };
    let fixture = Fixture::start(config).await;
    let part = |text: &'static str, code: Data, last: bool| {
        Message::Frame(Frame::message(text, OpCode::Data(code), last))
    };
    for path in ["/websocket", "/events"] {
        let mut quiet = fixture.connect("/websocket").await;
        let mut slow = fixture.connect(path).await;
        slow.socket.send(part("{\"id\":1,", Data::Text, false)).await.unwrap();
        slow.socket.send(part("\"method\":\"health\"}", Data::Continue, true)).await.unwrap();
        slow.hear().await;
        slow.socket.send(part("{\"id\":1,", Data::Text, false)).await.unwrap();
        let ended = async {
            loop {
                let pong = Message::Pong(Bytes::from_static(b"still here"));
                if slow.socket.send(pong.clone()).await.is_err() {
                    return;
                }
                quiet.socket.send(pong).await.unwrap();
                let next = tokio::time::timeout(Duration::from_millis(50), slow.socket.next()).await;
                if matches!(next, Ok(None | Some(Err(_)))) {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), ended)
            .await
            .expect("the fragment holds its connection");
        assert_eq!(quiet.ask(2, "health", json!({})).await["id"], 2, "pongs begin no message");
    }
}

#[tokio::test]
async fn pings_of_a_client_that_reads_no_answer_do_not_pile_up() {
    let config = CometConfig { write_timeout_secs: 1, ..CometConfig::default() };
    let fixture = Fixture::start(config).await;
    // A ping of 125 bytes with a mask of zeros.
    let ping = [&[0x89, 0x80 | 125][..], &[0; 4 + 125]].concat();
    for path in ["/websocket", "/events"] {
        let mut client = fixture.connect(path).await;
        let MaybeTlsStream::Plain(stream) = client.socket.get_mut() else { panic!("no TLS") };
        let mut sent = 0;
        let flood = async {
            while stream.write_all(&ping.repeat(500)).await.is_ok() {
                sent += 500 * ping.len();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), flood).await.expect("the node goes on reading");
        // What the two ends of the connection may hold on their way.
        assert!(sent < 64 << 20, "{sent} bytes were read");
    }
}

#[tokio::test]
async fn searches_take_no_turn_from_those_who_know_what_they_want() {
    let config =
        CometConfig { max_concurrent_searches: 1, request_timeout_secs: 1, ..CometConfig::default() };
    let fixture = Fixture::start(config).await;
    fixture.publish(1, &[("tx1", "a")]);
    let search = json!({"query": "tx.height=1"});
    let turn = fixture.comet.inner.limits.scan().await.unwrap();
    let (code, why) = fixture.error("tx_search", search.clone()).await;
    assert_eq!((code, why.as_str()), (-32603, "tx_search took longer than 1 s"));
    assert_eq!(fixture.result("block", json!({"height": "1"})).await["block"]["header"]["height"], "1");
    drop(turn);
    assert_eq!(fixture.result("tx_search", search).await["total_count"], "1");
}

#[tokio::test]
async fn browsers_of_configured_origins_may_call() {
    let allowed = |response: &reqwest::Response| {
        response
            .headers()
            .get("access-control-allow-origin")
            .map(|origin| origin.to_str().unwrap().to_owned())
    };
    let fixture = Fixture::start(CometConfig::default()).await;
    let preflight = reqwest::Client::new()
        .request(reqwest::Method::OPTIONS, format!("http://{}", fixture.address))
        .header("origin", "https://wallet.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type");
    let response = preflight.send().await.unwrap();
    assert_eq!((response.status().as_u16(), allowed(&response)), (200, Some("*".to_owned())));
    let methods = response.headers()["access-control-allow-methods"].to_str().unwrap();
    assert!(methods.contains("POST"), "{methods}");
    let config = CometConfig { cors_origins: vec!["https://a.example".to_owned()], ..CometConfig::default() };
    let fixture = Fixture::start(config).await;
    for (origin, expected) in
        [("https://a.example", Some("https://a.example".to_owned())), ("https://b.example", None)]
    {
        let request = reqwest::Client::new().get(format!("http://{}/health", fixture.address));
        assert_eq!(allowed(&request.header("origin", origin).send().await.unwrap()), expected);
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "(0x)?[0-9a-f]{0,70}".prop_map(Value::from),
        Just(json!("tx.height>0")),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| proptest::collection::vec(inner, 0..4).prop_map(Value::from))
}

#[test]
fn any_arguments_get_an_answer() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fixture = runtime.block_on(Fixture::filled());
    let methods: Vec<&str> =
        crate::comet::dispatch::names().filter(|name| *name != "broadcast_tx_commit").collect();
    let call = (proptest::sample::select(methods), proptest::collection::vec(json_value(), 0..5));
    proptest!(ProptestConfig::with_cases(400), |((method, params) in call)| {
        let call = crate::comet::envelope::call(json!({"id": 1, "method": method, "params": params}));
        let answer = match call {
            Ok(call) => runtime.block_on(fixture.comet.answer(call, fixture.comet.deadline())).unwrap(),
            Err((id, error)) => crate::comet::envelope::answer(&id, Err(error)),
        };
        prop_assert!(answer.get("result").is_some() != answer.get("error").is_some());
        prop_assert_eq!(&answer["id"], &json!(1));
    });
}

#[test]
fn any_address_gets_an_answer() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fixture = runtime.block_on(Fixture::filled());
    let methods: Vec<&str> =
        crate::comet::dispatch::names().filter(|name| *name != "broadcast_tx_commit").collect();
    let name =
        proptest::sample::select(vec!["height", "hash", "query", "page", "per_page", "tx", "data", "path"]);
    let pairs = proptest::collection::vec((name, "(\"|0x|[0-9a-f]|\\PC){0,10}"), 0..4);
    proptest!(ProptestConfig::with_cases(400), |(method in proptest::sample::select(methods), pairs in pairs)| {
        let pairs = pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let result = runtime.block_on(fixture.comet.run(method, crate::comet::args::Args::from_uri(pairs), fixture.comet.deadline()));
        prop_assert!(result.is_ok() || result.is_err_and(|error| error.code <= -32600));
    });
}
