use super::*;

async fn subscribe(client: &mut Client, request: Value) -> Value {
    client.say(json!({"subscribe": request})).await;
    client.hear().await
}

#[tokio::test]
async fn one_connection_carries_many_subscriptions() {
    let fixture = Fixture::start(CometConfig::default()).await;
    let mut client = fixture.connect("/events").await;
    let orders = json!({"id": "b", "topics": ["market.order.created"], "filter": {"region": "b"}});
    assert_eq!(
        subscribe(&mut client, orders).await,
        json!({"id": "b", "subscribed": {"next_sequence": 1_000_000}})
    );
    let expiries = json!({"id": "expired", "topics": ["market.order.expired"]});
    assert_eq!(subscribe(&mut client, expiries).await["id"], "expired");
    fixture.publish(1, &[("one", "a"), ("two", "b")]);
    let mut heard = [client.hear().await, client.hear().await];
    heard.sort_by_key(|message| message["id"].as_str().unwrap().to_owned());
    assert_eq!(
        heard[0],
        json!({"id": "b", "event": {
        "sequence": 1_000_002, "height": 1, "tx_index": 1, "topic": "market.order.created",
        "attributes": [{"key": "order_id", "value": "1"}, {"key": "region", "value": "b"}]}})
    );
    assert_eq!(
        heard[1],
        json!({"id": "expired", "event": {
        "sequence": 1_000_000, "height": 1, "tx_index": null, "topic": "market.order.expired",
        "attributes": [{"key": "order_id", "value": "1"}]}})
    );
    client.say(json!({"unsubscribe": {"id": "b"}})).await;
    assert_eq!(client.hear().await, json!({"id": "b", "unsubscribed": {"next_sequence": 2_000_000}}));
    fixture.publish(2, &[("three", "b")]);
    assert_eq!(client.hear().await["event"]["sequence"], 2_000_000);
}

#[tokio::test]
async fn a_subscription_resumes_from_a_sequence() {
    let fixture = Fixture::filled().await;
    let mut client = fixture.connect("/events").await;
    let request = json!({"id": "all", "from_sequence": 3_000_001});
    assert_eq!(subscribe(&mut client, request).await["subscribed"]["next_sequence"], 3_000_001);
    for sequence in [3_000_001, 4_000_000, 4_000_001, 5_000_000, 5_000_001] {
        assert_eq!(client.hear().await["event"]["sequence"], sequence);
    }
    fixture.publish(6, &[]);
    assert_eq!(client.hear().await["event"]["sequence"], 6_000_000);
}

#[tokio::test]
async fn whoever_falls_behind_is_told_and_misses_nothing() {
    let fixture = Fixture::filled().await;
    let mut client = fixture.connect("/events").await;
    subscribe(&mut client, json!({"id": "all"})).await;
    // One block more than memory holds, before the subscriber gets a turn.
    for height in 6..=8 {
        fixture.publish(height, &[(&format!("burst{height}"), "a")]);
    }
    assert_eq!(client.hear().await, json!({"id": "all", "lagged": {"from": 6_000_000, "to": 8_999_999}}));
    for height in 6..=8 {
        for position in 0..2 {
            assert_eq!(client.hear().await["event"]["sequence"], height * 1_000_000 + position);
        }
    }
}

#[tokio::test]
async fn whoever_asks_for_what_state_sync_covered_is_told() {
    let fixture = Fixture::start(CometConfig::default()).await;
    fixture.publish(900, &[]);
    let mut client = fixture.connect("/events").await;
    subscribe(&mut client, json!({"id": "all", "from_sequence": 118})).await;
    assert_eq!(client.hear().await, json!({"id": "all", "pruned": {"from": 118, "to": 899_999_999}}));
    assert_eq!(client.hear().await["event"]["sequence"], 900_000_000);
}

#[tokio::test]
async fn rejects_requests_that_break_a_rule() {
    let config = CometConfig { max_event_subscriptions_per_client: 1, ..CometConfig::default() };
    let fixture = Fixture::start(config).await;
    let mut client = fixture.connect("/events").await;
    for (request, reason) in [
        (json!({"id": ""}), "id has 1 to 64 bytes, got 0"),
        (json!({"id": "x".repeat(65)}), "id has 1 to 64 bytes, got 65"),
        (json!({"id": "x", "topics": ["a..b"]}), "invalid topic \"a..b\""),
        (json!({"id": "x", "topics": vec!["a"; 33]}), "at most 32 topics, got 33"),
    ] {
        let answer = subscribe(&mut client, request).await;
        assert!(answer["error"]["message"].as_str().unwrap().contains(reason), "{answer}");
    }
    for garbage in ["", "{}", "[1]", "{\"subscribe\":{}}", "{\"subscribe\":{\"id\":\"x\",\"more\":1}}"] {
        client.say(garbage).await;
        let answer = client.hear().await;
        assert!(answer["id"].is_null() && answer["error"]["message"].is_string(), "{answer}");
    }
    assert!(subscribe(&mut client, json!({"id": "x"})).await["subscribed"].is_object());
    let repeated = subscribe(&mut client, json!({"id": "x"})).await;
    assert_eq!(repeated["error"]["message"], "there is already a subscription of this id");
    let many = subscribe(&mut client, json!({"id": "y"})).await;
    assert_eq!(many["error"]["message"], "max_event_subscriptions_per_client 1 reached");
    client.say(json!({"unsubscribe": {"id": "y"}})).await;
    assert_eq!(client.hear().await["error"]["message"], "there is no subscription of this id");
}
