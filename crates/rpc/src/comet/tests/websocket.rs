use super::*;
use base64::{Engine, prelude::BASE64_STANDARD};

#[tokio::test]
async fn every_method_works_over_the_socket() {
    let fixture = Fixture::filled().await;
    let mut client = fixture.connect("/websocket").await;
    let status = client.ask(1, "status", json!({})).await;
    assert_eq!((&status["id"], &status["result"]["node_info"]["network"]), (&json!(1), &json!(CHAIN)));
    let missing = client.ask(2, "nothing", json!({})).await;
    assert_eq!((&missing["id"], &missing["error"]["code"]), (&json!(2), &json!(-32601)));
    client.say(json!({"jsonrpc": "2.0", "id": "a-b", "method": "block", "params": ["2"]})).await;
    let block = client.hear().await;
    assert_eq!((&block["id"], &block["result"]["block"]["header"]["height"]), (&json!("a-b"), &json!("2")));
}

#[tokio::test]
async fn events_repeat_the_id_of_the_subscription() {
    let fixture = Fixture::filled().await;
    let mut client = fixture.connect("/websocket").await;
    let blocks = "tm.event='NewBlock'";
    let to_b = "tm.event='Tx' AND transfer.recipient = 'b'";
    assert_eq!(
        client.ask(7, "subscribe", json!({"query": blocks})).await,
        json!({"jsonrpc": "2.0", "id": 7, "result": {}})
    );
    client.say(json!({"jsonrpc": "2.0", "id": "tx", "method": "subscribe", "params": [to_b]})).await;
    assert_eq!(client.hear().await["result"], json!({}));
    fixture.publish(6, &[("six", "a"), ("seven", "b")]);

    let block = client.hear().await;
    assert_eq!(block["id"], 7);
    assert_eq!(block["result"]["query"], blocks);
    assert_eq!(block["result"]["data"]["type"], "tendermint/event/NewBlock");
    let value = &block["result"]["data"]["value"];
    assert_eq!(value["block"], fixture.result("block", json!({"height": "6"})).await["block"]);
    assert_eq!(value["block_id"]["hash"], hex::encode_upper(block_hash(6)));
    assert_eq!(value["result_finalize_block"]["validator_updates"], json!([]));
    assert_eq!(value["result_finalize_block"]["tx_results"].as_array().unwrap().len(), 2);
    assert_eq!(block["result"]["events"]["tm.event"], json!(["NewBlock"]));
    assert_eq!(block["result"]["events"]["market.order.expired.order_id"], json!(["1"]));

    let tx = client.hear().await;
    assert_eq!(tx["id"], "tx");
    let results = fixture.result("block_results", json!({"height": "6"})).await;
    assert_eq!(
        tx["result"]["data"],
        json!({"type": "tendermint/event/Tx", "value": {"TxResult": {
        "height": "6", "index": 1, "tx": BASE64_STANDARD.encode("seven"), "result": results["txs_results"][1]}}})
    );
    let events = &tx["result"]["events"];
    assert_eq!(events["tx.hash"], json!([hex::encode_upper(tx_hash(b"seven"))]));
    assert_eq!((&events["tx.height"], &events["tm.event"]), (&json!(["6"]), &json!(["Tx"])));
    assert_eq!(events["transfer.recipient"], json!(["b"]));
}

#[tokio::test]
async fn headers_are_told_too_and_unsubscribing_ends_it() {
    let fixture = Fixture::filled().await;
    let mut client = fixture.connect("/websocket").await;
    let query = json!({"query": "tm.event='NewBlockHeader'"});
    client.ask(1, "subscribe", query.clone()).await;
    fixture.publish(6, &[("six", "a")]);
    let event = client.hear().await;
    assert_eq!(event["result"]["data"]["type"], "tendermint/event/NewBlockHeader");
    assert_eq!(event["result"]["data"]["value"]["header"]["height"], "6");
    assert_eq!(client.ask(1, "unsubscribe", query.clone()).await["result"], json!({}));
    fixture.publish(7, &[]);
    assert_eq!(client.ask(2, "health", json!({})).await["id"], 2);
    let again = client.ask(3, "unsubscribe", query.clone()).await;
    assert_eq!(again["error"]["data"], "subscription not found");
    client.ask(4, "subscribe", query).await;
    fixture.publish(8, &[]);
    assert_eq!(client.hear().await["result"]["data"]["value"]["header"]["height"], "8");
    assert_eq!(client.ask(5, "unsubscribe_all", json!({})).await["result"], json!({}));
    fixture.publish(9, &[]);
    assert_eq!(client.ask(6, "health", json!({})).await["id"], 6);
}

#[tokio::test]
async fn every_transaction_reaches_a_slow_subscriber_once() {
    let fixture = Fixture::filled().await;
    let mut client = fixture.connect("/websocket").await;
    client.ask(1, "subscribe", json!({"query": "tm.event='Tx'"})).await;
    for height in 6..=205 {
        fixture.publish(height, &[(&format!("tx{height}"), "a")]);
    }
    for height in 6..=205 {
        let event = client.hear().await;
        assert_eq!(event["result"]["data"]["value"]["TxResult"]["height"], height.to_string());
    }
}

#[tokio::test]
async fn rejects_subscriptions_that_are_malformed_repeated_or_too_many() {
    let fixture = Fixture::filled().await;
    let mut client = fixture.connect("/websocket").await;
    let malformed = client.ask(1, "subscribe", json!({"query": "tm.event="})).await;
    assert!(malformed["error"]["data"].as_str().unwrap().contains("failed to parse query at byte 9"));
    let query = |index: u64| json!({"query": format!("tm.event='Tx' AND tx.height>{index}"), "page": "1"});
    for index in 0..5 {
        assert_eq!(client.ask(index, "subscribe", query(index)).await["result"], json!({}));
    }
    assert_eq!(client.ask(5, "subscribe", query(0)).await["error"]["data"], "already subscribed");
    let many = client.ask(6, "subscribe", query(6)).await;
    assert_eq!(many["error"]["data"], "max_subscriptions_per_client 5 reached");
    assert_eq!(fixture.error("subscribe", query(0)).await.0, -32601);
}

#[tokio::test]
async fn places_of_subscribers_and_connections_are_given_back() {
    let config = CometConfig { max_subscription_clients: 1, max_websockets: 2, ..CometConfig::default() };
    let fixture = Fixture::start(config).await;
    let query = json!({"query": "tm.event='NewBlock'"});
    let mut first = fixture.connect("/websocket").await;
    let mut second = fixture.connect("/websocket").await;
    assert_eq!(first.ask(1, "subscribe", query.clone()).await["result"], json!({}));
    let refused = second.ask(1, "subscribe", query.clone()).await;
    assert_eq!(refused["error"]["data"], "max_subscription_clients 1 reached");
    let third = tokio_tungstenite::connect_async(format!("ws://{}/websocket", fixture.address)).await;
    assert!(third.is_err(), "a third connection must be refused");
    drop(first);
    while fixture.comet.inner.limits.free_websockets() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(second.ask(2, "subscribe", query).await["result"], json!({}));
}

#[tokio::test]
async fn garbage_on_the_socket_is_answered_and_harms_nobody() {
    let fixture = Fixture::filled().await;
    let mut client = fixture.connect("/websocket").await;
    for garbage in ["", "{", "[]", "7", "null", "{\"id\":{}}", "{\"id\":1}", "{\"id\":1,\"method\":3}"] {
        client.say(garbage).await;
        assert!(client.hear().await["error"]["code"].is_i64(), "{garbage}");
    }
    client.socket.send(Message::binary(vec![0xFF, 0, 1])).await.unwrap();
    assert_eq!(client.hear().await["error"]["code"], -32700);
    assert_eq!(client.ask(1, "health", json!({})).await["result"], json!({}));
}

#[tokio::test]
async fn clients_are_pinged_and_one_that_never_answers_loses_its_place() {
    let config = CometConfig { ping_interval_secs: 1, idle_timeout_secs: 2, ..CometConfig::default() };
    let fixture = Fixture::start(config).await;
    let limits = &fixture.comet.inner.limits;
    let places = limits.free_websockets();
    // Answers are sent by reading, which this one does not do.
    let silent = fixture.connect("/websocket").await;
    let mut client = fixture.connect("/websocket").await;
    assert_eq!(limits.free_websockets(), places - 2);
    while limits.free_websockets() < places - 1 {
        let heard = tokio::time::timeout(Duration::from_secs(20), client.socket.next()).await.unwrap();
        assert!(matches!(heard, Some(Ok(Message::Ping(_)))), "{heard:?}");
    }
    assert_eq!(client.ask(1, "health", json!({})).await["result"], json!({}));
    drop(silent);
}
