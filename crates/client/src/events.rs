//! The event log as a stream that survives reconnections. `docs/spec/events.md` describes the protocol.

use crate::{Client, ClientError, transport::innermost};
use futures::{SinkExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};
use virtengine_types::proto::virtengine::events::v1 as wire;

/// Name of the one subscription of a connection.
const ID: &str = "client";
/// Largest message in bytes: an event is at most a transaction's size, many times over.
const MAX_MESSAGE_BYTES: usize = 4 << 20;
/// Waiting time before the first and at most before a later attempt to connect again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// Topics; `market.order.*` matches every order event, an empty list everything.
    pub topics: Vec<String>,
    /// Attributes that must all match.
    pub filter: BTreeMap<String, String>,
    /// First sequence wanted; 0 for only what comes from now on.
    pub from_sequence: u64,
}

/// One entry of the event log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Height times 1,000,000 plus the position in the block: the same on every node.
    pub sequence: u64,
    /// Height of the block.
    pub height: u64,
    /// Index of the transaction in its block; `None` for events of the block itself.
    pub tx_index: Option<u32>,
    /// Dotted name, such as `market.order.created`.
    pub topic: String,
    /// Keys and values in order.
    pub attributes: Vec<(String, String)>,
}

/// A part of the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The entries.
    pub events: Vec<Event>,
    /// Where to go on; 0 at the end.
    pub next_sequence: u64,
}

/// What a stream gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// An event, in order of sequence, each once.
    Event(Event),
    /// The client was slow: the events of these sequences follow from the journal. Nothing is lost.
    Lagged {
        /// First sequence.
        from: u64,
        /// Last sequence.
        to: u64,
    },
    /// The node does not hold the events of these sequences: ask another node, or for the state instead.
    Pruned {
        /// First sequence.
        from: u64,
        /// Last sequence.
        to: u64,
    },
    /// The connection is lost, and is made again from here on. No event is.
    Lost {
        /// Why.
        cause: String,
    },
    /// The connection that was lost is back.
    Back,
}

/// A stream of events. It keeps no events itself: what is not asked for stays with the node.
pub struct EventStream {
    client: Client,
    subscription: Subscription,
    /// First sequence not delivered yet; 0 until the node has said where it begins.
    cursor: u64,
    socket: Option<Socket>,
    heard: Instant,
    retry: Retry,
}

struct Retry {
    at: Instant,
    delay: Duration,
}

impl Client {
    /// Subscribes to the event log.
    ///
    /// # Errors
    /// - `Unreachable`, `Timeout` - no connection; later losses of it are repaired by the stream
    /// - `Subscription` - the node refuses the topics or the filter, or has no place
    pub async fn events(&self, subscription: Subscription) -> Result<EventStream, ClientError> {
        let mut stream = EventStream {
            client: self.clone(),
            cursor: subscription.from_sequence,
            subscription,
            socket: None,
            heard: Instant::now(),
            retry: Retry { at: Instant::now(), delay: BACKOFF.0 },
        };
        stream.connect().await?;
        Ok(stream)
    }
}

impl EventStream {
    /// First sequence that was not delivered: a subscription from it goes on without loss or repetition.
    #[must_use]
    pub const fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Waits for the next delivery. A lost connection is told once and made again from the cursor for as long
    /// as it takes. Dropping the future loses nothing.
    ///
    /// # Errors
    /// - `Subscription` - the node refuses to subscribe again
    pub async fn next(&mut self) -> Result<Delivery, ClientError> {
        loop {
            let Some(socket) = &mut self.socket else {
                if self.reconnect().await? {
                    return Ok(Delivery::Back);
                }
                continue;
            };
            let silence = self.heard + self.client.transport.config.idle_timeout;
            let lost = match timeout_at(silence, socket.next()).await {
                Ok(Some(Ok(message))) => {
                    self.heard = Instant::now();
                    match self.take(&message) {
                        Ok(Some(delivery)) => return Ok(delivery),
                        Ok(None) => continue,
                        Err(cause) => cause,
                    }
                }
                Ok(Some(Err(error))) => innermost(&error),
                Ok(None) => "the node closed the connection".to_owned(),
                Err(_) => "the node is silent".to_owned(),
            };
            tracing::warn!(
                url = self.client.url(),
                cursor = self.cursor,
                cause = lost,
                "lost the event stream"
            );
            self.socket = None;
            return Ok(Delivery::Lost { cause: lost });
        }
    }

    /// Tries once, after the waiting time; whether there is a connection.
    async fn reconnect(&mut self) -> Result<bool, ClientError> {
        sleep_until(self.retry.at).await;
        self.retry.at = Instant::now() + self.retry.delay;
        self.retry.delay = (self.retry.delay * 2).min(BACKOFF.1);
        match self.connect().await {
            Ok(()) => {
                tracing::info!(url = self.client.url(), cursor = self.cursor, "the event stream is back");
                Ok(true)
            }
            Err(error @ ClientError::Subscription { .. }) => Err(error),
            Err(error) => {
                tracing::debug!(%error, "failed to connect to the event log");
                Ok(false)
            }
        }
    }

    async fn connect(&mut self) -> Result<(), ClientError> {
        let config = &self.client.transport.config;
        let address = self.client.transport.events_url();
        let unreachable = |cause: String| ClientError::Unreachable { url: address.clone(), cause };
        let late = || ClientError::Timeout {
            url: address.clone(),
            method: "a subscription".to_owned(),
            after: config.connect_timeout,
        };
        let bounds = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        let connecting = connect_async_with_config(&address, Some(bounds), true);
        let connected = timeout(config.connect_timeout, connecting).await.map_err(|_| late())?;
        let (mut socket, _) = connected.map_err(|error| unreachable(innermost(&error)))?;
        let request = json!({"subscribe": {
            "id": ID,
            "topics": self.subscription.topics,
            "filter": self.subscription.filter,
            "from_sequence": self.cursor,
        }});
        let subscribing = async {
            socket
                .send(Message::text(request.to_string()))
                .await
                .map_err(|error| unreachable(innermost(&error)))?;
            loop {
                let message = socket.next().await;
                let message =
                    message.ok_or_else(|| unreachable("the node closed the connection".to_owned()))?;
                let message = message.map_err(|error| unreachable(innermost(&error)))?;
                if let Some(answer) = text(&message) {
                    let answer = read(answer);
                    return answer.map_err(|cause| self.client.transport.malformed("a subscription", cause));
                }
            }
        };
        let answer = timeout(config.connect_timeout, subscribing).await.map_err(|_| late())??;
        match answer {
            Answer::Subscribed { next_sequence } => {
                if self.cursor == 0 {
                    self.cursor = next_sequence;
                }
                self.socket = Some(socket);
                self.heard = Instant::now();
                Ok(())
            }
            Answer::Refused(message) => Err(ClientError::Subscription { url: address, message }),
            Answer::Delivery(_) => {
                Err(self.client.transport.malformed("a subscription", "events come before it begins"))
            }
        }
    }

    /// Reads one message; `Err` if the connection is of no more use.
    fn take(&mut self, message: &Message) -> Result<Option<Delivery>, String> {
        let Some(text) = text(message) else {
            return Ok(None);
        };
        match read(text)? {
            Answer::Delivery(delivery) => {
                match &delivery {
                    Delivery::Event(event) if event.sequence < self.cursor => return Ok(None),
                    Delivery::Event(event) => self.cursor = event.sequence + 1,
                    Delivery::Pruned { to, .. } => self.cursor = self.cursor.max(to + 1),
                    Delivery::Lagged { .. } | Delivery::Lost { .. } | Delivery::Back => {}
                }
                self.retry.delay = BACKOFF.0;
                Ok(Some(delivery))
            }
            Answer::Subscribed { .. } => Ok(None),
            Answer::Refused(message) => Err(message),
        }
    }
}

/// What the node says.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Subscribed { next_sequence: u64 },
    Delivery(Delivery),
    Refused(String),
}

fn text(message: &Message) -> Option<&str> {
    match message {
        Message::Text(text) => Some(text.as_str()),
        _ => None, // pings are answered by the connection itself
    }
}

fn read(text: &str) -> Result<Answer, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Subscribed { next_sequence: u64 },
        Event(Entry),
        Lagged { from: u64, to: u64 },
        Pruned { from: u64, to: u64 },
        Error { message: String },
    }
    #[derive(Deserialize)]
    struct Line {
        #[serde(flatten)]
        kind: Kind,
    }
    let line: Line = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(match line.kind {
        Kind::Subscribed { next_sequence } => Answer::Subscribed { next_sequence },
        Kind::Event(entry) => Answer::Delivery(Delivery::Event(entry.into())),
        Kind::Lagged { from, to } => Answer::Delivery(Delivery::Lagged { from, to }),
        Kind::Pruned { from, to } => Answer::Delivery(Delivery::Pruned { from, to }),
        Kind::Error { message } => Answer::Refused(message),
    })
}

#[derive(Deserialize)]
struct Entry {
    sequence: u64,
    height: u64,
    tx_index: Option<u32>,
    topic: String,
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
struct Attribute {
    key: String,
    value: String,
}

impl From<Entry> for Event {
    fn from(entry: Entry) -> Self {
        let Entry { sequence, height, tx_index, topic, attributes } = entry;
        let attributes = attributes.into_iter().map(|attribute| (attribute.key, attribute.value)).collect();
        Self { sequence, height, tx_index, topic, attributes }
    }
}

impl From<wire::Event> for Event {
    fn from(event: wire::Event) -> Self {
        let attributes =
            event.attributes.into_iter().map(|attribute| (attribute.key, attribute.value)).collect();
        Self {
            sequence: event.sequence,
            height: event.height,
            tx_index: u32::try_from(event.tx_index).ok(),
            topic: event.topic,
            attributes,
        }
    }
}

impl Event {
    /// The first value of an attribute.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == key).map(|(_, value)| value.as_str())
    }

    /// An attribute that is a number, such as `order_id`.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        self.get(key)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"id":"client","event":{"sequence":7,"height":3,"tx_index":null,"topic":"market.order.expired","attributes":[{"key":"order_id","value":"9"}]}}"#;

    #[test]
    fn accepts_every_kind_of_message() {
        let Ok(Answer::Delivery(Delivery::Event(event))) = read(EVENT) else { panic!("an event") };
        assert_eq!((event.sequence, event.tx_index, event.number("order_id")), (7, None, Some(9)));
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

    /// A node that subscribes whoever comes first and goes away, and gives an event to whoever comes next.
    async fn node(listener: tokio::net::TcpListener) {
        for told in [None, Some(EVENT)] {
            let (socket, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(socket).await.unwrap();
            socket.next().await.unwrap().unwrap();
            let subscribed = r#"{"id":"client","subscribed":{"next_sequence":5}}"#;
            for message in [Some(subscribed), told].into_iter().flatten() {
                socket.send(Message::text(message)).await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn a_lost_connection_is_told_once_and_so_is_its_return() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let node = tokio::spawn(node(listener));
        let mut stream = client.events(Subscription::default()).await.unwrap();
        assert!(matches!(stream.next().await.unwrap(), Delivery::Lost { .. }));
        assert_eq!(stream.next().await.unwrap(), Delivery::Back);
        let Delivery::Event(event) = stream.next().await.unwrap() else { panic!("an event") };
        assert_eq!((event.sequence, stream.cursor()), (7, 8));
        node.await.unwrap();
    }

    #[test]
    fn rejects_other_messages() {
        for text in ["", "{}", "[]", r#"{"id":"client","event":{}}"#, r#"{"lagged":{"from":-1,"to":2}}"#] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
