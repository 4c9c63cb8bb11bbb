use super::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const EVENT: &str = r#"{"id":"client","event":{"sequence":3000007,"height":3,"tx_index":null,"topic":"market.order.expired","attributes":[{"key":"order_id","value":"9"}]}}"#;

#[test]
fn accepts_every_kind_of_message() {
    let Ok(Answer::Delivery(Delivery::Event(event))) = read(EVENT) else { panic!("an event") };
    assert_eq!((event.sequence, event.tx_index, event.number("order_id")), (3_000_007, None, Some(9)));
    assert_eq!(event.get("tenant"), None);
    let lagged = read(r#"{"id":"client","lagged":{"from":3,"to":9}}"#);
    assert_eq!(lagged, Ok(Answer::Delivery(Delivery::Lagged { from: 3, to: 9 })));
    let pruned = read(r#"{"id":"client","pruned":{"from":1,"to":2}}"#);
    assert_eq!(pruned, Ok(Answer::Delivery(Delivery::Pruned { from: 1, to: 2 })));
    let subscribed = read(r#"{"id":"client","subscribed":{"next_sequence":5}}"#);
    assert_eq!(subscribed, Ok(Answer::Subscribed { next_sequence: 5 }));
    let refused = read(r#"{"id":null,"error":{"message":"invalid topic"}}"#);
    assert_eq!(refused, Ok(Answer::Refused("invalid topic".to_owned())));
}

const SUBSCRIBED: &str = r#"{"id":"client","subscribed":{"next_sequence":3000005}}"#;

fn event(sequence: u64, height: u64) -> String {
    EVENT.replace("3000007", &sequence.to_string()).replace("3,\"tx", &format!("{height},\"tx"))
}

/// Answers requests for the status with this height until a subscription comes; the connection, and the
/// sequence that it wants.
async fn subscriber(
    listener: &TcpListener,
    height: u64,
    catching_up: bool,
) -> (WebSocketStream<TcpStream>, u64) {
    subscriber_on(listener, "test-1", height, catching_up).await
}

async fn subscriber_on(
    listener: &TcpListener,
    chain: &str,
    height: u64,
    catching_up: bool,
) -> (WebSocketStream<TcpStream>, u64) {
    loop {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut method = [0; 4];
        while socket.peek(&mut method).await.unwrap() < method.len() {}
        if method == *b"GET " {
            let mut socket = tokio_tungstenite::accept_async(socket).await.unwrap();
            let request = socket.next().await.unwrap().unwrap().into_text().unwrap();
            let request: serde_json::Value = serde_json::from_str(&request).unwrap();
            return (socket, request["subscribe"]["from_sequence"].as_u64().unwrap());
        }
        assert!(socket.read(&mut [0; 4_096]).await.unwrap() > 0);
        let sync = json!({
            "latest_block_height": height.to_string(),
            "earliest_block_height": "1",
            "catching_up": catching_up,
        });
        let status = json!({"node_info": {"network": chain}, "sync_info": sync});
        let body = json!({"jsonrpc": "2.0", "id": 1, "result": status}).to_string();
        let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
        socket.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    }
}

async fn listen() -> (TcpListener, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    (listener, client)
}

/// A node of height 3 that says these messages to one subscriber after another, and then nothing.
async fn node(listener: TcpListener, said: Vec<Vec<String>>) {
    for messages in said {
        let (mut socket, _) = subscriber(&listener, 3, false).await;
        for message in messages {
            socket.send(Message::text(message)).await.unwrap();
        }
    }
    subscriber(&listener, 3, false).await;
}

#[tokio::test]
async fn a_lost_connection_is_told_once_and_so_is_its_return() {
    let (listener, client) = listen().await;
    let said = [vec![SUBSCRIBED.to_owned()], vec![SUBSCRIBED.to_owned(), EVENT.to_owned()]];
    let node = tokio::spawn(node(listener, said.to_vec()));
    let mut stream = client.events(Subscription::default()).await.unwrap();
    assert!(matches!(stream.next().await.unwrap(), Delivery::Lost { .. }));
    assert_eq!(stream.next().await.unwrap(), Delivery::Back);
    let Delivery::Event(event) = stream.next().await.unwrap() else { panic!("an event") };
    assert_eq!((event.sequence, stream.cursor()), (3_000_007, 3_000_008));
    node.abort();
}

#[tokio::test]
async fn what_a_node_cannot_have_ends_the_connection_and_moves_no_cursor() {
    let max = u64::MAX;
    for (said, expected) in [
        (event(max, max / MAX_BLOCK_EVENTS), "but the node's newest block is 3"),
        (event(1_000_000_000_000_000_000, 1_000_000_000_000), "is of block 1000000000000, but"),
        (event(1_000_000_000_000_000_000, 3), "is of block 1000000000000, but"),
        (event(3_000_007, 2), "said to be of block 2, its sequence is of block 3"),
        (event(3_000_004, 3), "comes where 3000005 or a later one is to come"),
        (format!(r#"{{"id":"client","pruned":{{"from":1,"to":{max}}}}}"#), "newest block is 3"),
        (format!(r#"{{"id":"client","lagged":{{"from":1,"to":{max}}}}}"#), "newest block is 3"),
        (r#"{"id":"client","pruned":{"from":9,"to":2}}"#.to_owned(), "at 2"),
        (SUBSCRIBED.to_owned(), "twice"),
    ] {
        let (listener, client) = listen().await;
        let node = tokio::spawn(node(listener, vec![vec![SUBSCRIBED.to_owned(), said.clone()]]));
        let mut stream = client.events(Subscription::default()).await.unwrap();
        let Delivery::Lost { cause } = stream.next().await.unwrap() else { panic!("{said}") };
        assert!(cause.contains(expected), "{said}: {cause}");
        assert_eq!(stream.cursor(), 3_000_005, "{said}");
        node.abort();
    }
}

#[tokio::test]
async fn a_subscription_that_begins_beyond_the_chain_is_refused() {
    let (listener, client) = listen().await;
    let said = SUBSCRIBED.replace("3000005", &u64::MAX.to_string());
    let node = tokio::spawn(node(listener, vec![vec![said]]));
    let Err(error) = client.events(Subscription::default()).await else { panic!("refused") };
    assert!(matches!(error, ClientError::Malformed { .. }), "{error}");
    assert!(error.to_string().contains("newest block is 3"), "{error}");
    node.abort();
}

#[tokio::test]
async fn a_cursor_beyond_the_chain_is_rewound() {
    let (listener, client) = listen().await;
    let far = 1_000_000_000_000_000_000;
    let wanted = Subscription { from_sequence: far, ..Subscription::default() };
    let subscribing = tokio::spawn(async move { client.events(wanted).await });
    let (mut socket, from) = subscriber(&listener, 3, false).await;
    assert_eq!(from, 0);
    for message in [SUBSCRIBED, EVENT] {
        socket.send(Message::text(message)).await.unwrap();
    }
    let mut stream = subscribing.await.unwrap().unwrap();
    assert_eq!(stream.next().await.unwrap(), Delivery::Rewound { from: far, to: 3_000_005 });
    assert!(matches!(stream.next().await.unwrap(), Delivery::Event(_)));
    assert_eq!(stream.cursor(), 3_000_008);
}

#[tokio::test]
async fn a_node_of_another_chain_ends_the_stream() {
    let (listener, client) = listen().await;
    let node = tokio::spawn(async move {
        drop(subscriber_on(&listener, "test-1", 3, false).await.0.send(Message::text(SUBSCRIBED)).await);
        subscriber_on(&listener, "test-2", 3, false).await;
    });
    let mut stream = client.events(Subscription::default()).await.unwrap();
    assert!(matches!(stream.next().await.unwrap(), Delivery::Lost { .. }));
    let error = stream.next().await.unwrap_err().to_string();
    assert!(error.contains("is of chain test-2, expected test-1"), "{error}");
    node.abort();
}

#[tokio::test]
async fn a_cursor_is_kept_for_a_node_that_is_a_little_behind_or_catches_up() {
    let (listener, client) = listen().await;
    let wanted = Subscription { from_sequence: 90_000_000, ..Subscription::default() };
    let node = tokio::spawn(async move {
        let (mut socket, from) = subscriber(&listener, 3, false).await;
        socket.send(Message::text(SUBSCRIBED)).await.unwrap();
        assert_eq!(from, 90_000_000);
        subscriber(&listener, 3, true).await;
    });
    assert_eq!(client.events(wanted).await.unwrap().cursor(), 90_000_000);
    let wanted = Subscription { from_sequence: 900_000_000, ..Subscription::default() };
    let Err(error) = client.events(wanted).await else { panic!("behind") };
    assert!(matches!(error, ClientError::Behind { height: 3, sequence: 900_000_000, .. }), "{error}");
    assert!(error.is_transient());
    node.abort();
}

#[tokio::test]
async fn a_flood_of_pings_that_reads_no_answer_ends_the_connection() {
    let (listener, client) = listen().await;
    let node = tokio::spawn(async move {
        let (mut socket, _) = subscriber(&listener, 3, false).await;
        socket.send(Message::text(SUBSCRIBED)).await.unwrap();
        // Until the client ends the connection.
        while socket.send(Message::Ping(vec![0; 100].into())).await.is_ok() {}
    });
    let mut stream = client.events(Subscription::default()).await.unwrap();
    let Delivery::Lost { cause } = stream.next().await.unwrap() else { panic!("a loss") };
    assert!(cause.contains("pings"), "{cause}");
    drop(stream);
    node.await.unwrap();
}

#[test]
fn rejects_other_messages() {
    for text in ["", "{}", "[]", r#"{"id":"client","event":{}}"#, r#"{"lagged":{"from":-1,"to":2}}"#] {
        assert!(read(text).is_err(), "{text}");
    }
}
