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
use virtengine_types::{block::MAX_BLOCK_EVENTS, proto::virtengine::events::v1 as wire};

/// Name of the one subscription of a connection.
const ID: &str = "client";
/// Largest message in bytes: an event is at most a transaction's size, many times over.
const MAX_MESSAGE_BYTES: usize = 4 << 20;
/// Most bytes that wait to be sent to a node that does not read; answers to its pings are under 140 bytes.
const MAX_WAITING_BYTES: usize = 64 << 10;
/// Blocks that a sequence may be ahead of the newest block that the node names: blocks come while it is
/// asked, and nodes behind one address are not equally far.
const LEAD: u64 = 100;
/// Time that a ping takes from what the node may spend on them, which is at most the second. A node pings
/// every 20 s.
const PING_COST: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
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
    /// The sequence to go on from was far beyond the newest block of the node, so no event ever had it. The
    /// stream goes on from what comes now: ask for the state instead, as any event may have been missed.
    Rewound {
        /// The sequence that was wanted.
        from: u64,
        /// The sequence that comes next.
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
    /// Height of the newest block, as the node last named it.
    tip: u64,
    socket: Option<Socket>,
    /// When an event or a ping came last.
    heard: Instant,
    /// When the pings that came are paid off.
    pings: Instant,
    /// What was read and is not yet found believable.
    unjudged: Option<Delivery>,
    /// Told once the connection stands.
    rewound: Option<Delivery>,
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
    /// - `Behind` - the node is catching up and far from the sequence to go on from
    /// - `Subscription` - the node refuses the topics or the filter, or has no place
    /// - `Malformed` - the node begins at a sequence that it cannot have
    pub async fn events(&self, subscription: Subscription) -> Result<EventStream, ClientError> {
        let mut stream = EventStream {
            client: self.clone(),
            cursor: subscription.from_sequence,
            subscription,
            tip: 0,
            socket: None,
            heard: Instant::now(),
            pings: Instant::now(),
            unjudged: None,
            rewound: None,
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
            if self.socket.is_none() {
                if self.reconnect().await? {
                    return Ok(Delivery::Back);
                }
                continue;
            }
            if let Some(rewound) = self.rewound.take() {
                return Ok(rewound);
            }
            let lost = match self.hear().await {
                Ok(Some(delivery)) => return Ok(delivery),
                Ok(None) => continue,
                Err(cause) => cause,
            };
            tracing::warn!(
                url = self.client.url(),
                cursor = self.cursor,
                cause = lost,
                "lost the event stream"
            );
            (self.socket, self.unjudged) = (None, None);
            return Ok(Delivery::Lost { cause: lost });
        }
    }

    /// Reads one message; `Err` if the connection is of no more use. Dropping the future loses nothing.
    async fn hear(&mut self) -> Result<Option<Delivery>, String> {
        if self.unjudged.is_none() {
            let Some(socket) = &mut self.socket else { return Ok(None) };
            let silence = self.heard + self.client.transport.config.idle_timeout;
            let message = timeout_at(silence, socket.next()).await.map_err(|_| "the node is silent")?;
            let message = message.ok_or("the node closed the connection")?;
            self.unjudged = self.take(&message.map_err(|error| innermost(&error))?)?;
        }
        let Some(last) = self.unjudged.as_ref().and_then(last) else { return Ok(None) };
        if is_beyond(last, self.tip) {
            // An event is told once queries see its block.
            self.tip = self.client.status().await.map_err(|error| error.to_string())?.latest_height;
        }
        let delivery = self.unjudged.take();
        delivery.as_ref().map_or(Ok(()), |delivery| self.judge(delivery))?;
        Ok(delivery)
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
            Err(error @ (ClientError::Subscription { .. } | ClientError::OtherChain { .. })) => Err(error),
            Err(error) => {
                tracing::debug!(%error, "failed to connect to the event log");
                Ok(false)
            }
        }
    }

    /// Connects and subscribes from the cursor on, or, if no event ever had that sequence, from now on.
    async fn connect(&mut self) -> Result<(), ClientError> {
        let status = self.client.status().await?;
        let expected = self.client.chain_id().await?;
        if status.chain_id != expected {
            let (url, expected) = (self.client.url().to_owned(), expected.to_owned());
            return Err(ClientError::OtherChain { url, expected, found: status.chain_id });
        }
        self.tip = status.latest_height;
        let is_lost = is_beyond(self.cursor, self.tip);
        if is_lost && status.catching_up {
            return Err(ClientError::Behind {
                url: self.client.url().to_owned(),
                height: self.tip,
                sequence: self.cursor,
            });
        }
        let from_sequence = if is_lost { 0 } else { self.cursor };
        let config = &self.client.transport.config;
        let address = self.client.transport.events_url();
        let unreachable = |cause: String| ClientError::Unreachable { url: address.clone(), cause };
        let late = || ClientError::Timeout {
            url: address.clone(),
            method: "a subscription".to_owned(),
            after: config.connect_timeout,
        };
        let bounds = WebSocketConfig::default()
            .write_buffer_size(0)
            .max_write_buffer_size(MAX_WAITING_BYTES)
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        let connecting = connect_async_with_config(&address, Some(bounds), true);
        let connected = timeout(config.connect_timeout, connecting).await.map_err(|_| late())?;
        let (mut socket, _) = connected.map_err(|error| unreachable(innermost(&error)))?;
        let request = json!({"subscribe": {
            "id": ID,
            "topics": self.subscription.topics,
            "filter": self.subscription.filter,
            "from_sequence": from_sequence,
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
                if from_sequence == 0 {
                    self.begin(next_sequence)?;
                }
                self.socket = Some(socket);
                (self.heard, self.pings) = (Instant::now(), Instant::now());
                Ok(())
            }
            Answer::Refused(message) => Err(ClientError::Subscription { url: address, message }),
            Answer::Delivery(_) => {
                Err(self.client.transport.malformed("a subscription", "events come before it begins"))
            }
        }
    }

    /// Goes on from where the node begins.
    fn begin(&mut self, next: u64) -> Result<(), ClientError> {
        if is_beyond(next, self.tip) {
            return Err(self.client.transport.malformed("a subscription", beyond(next, self.tip)));
        }
        if self.cursor > 0 {
            let (cursor, latest) = (self.cursor, self.tip);
            tracing::warn!(cursor, latest, next, "the cursor is beyond the chain's latest height");
            self.rewound = Some(Delivery::Rewound { from: cursor, to: next });
        }
        self.cursor = next;
        Ok(())
    }

    /// What a message says; `Err` if the connection is of no more use.
    fn take(&mut self, message: &Message) -> Result<Option<Delivery>, String> {
        match message {
            Message::Text(text) => {
                self.heard = Instant::now();
                match read(text)? {
                    Answer::Delivery(delivery) => Ok(Some(delivery)),
                    Answer::Subscribed { .. } => Err("the node answers a subscription twice".to_owned()),
                    Answer::Refused(message) => Err(message),
                }
            }
            Message::Ping(_) | Message::Pong(_) => {
                // The connection itself answers pings; to answer a flood of them would keep it busy for ever.
                let now = Instant::now();
                self.heard = now;
                self.pings = self.pings.max(now) + PING_COST.0;
                if self.pings > now + PING_COST.1 {
                    return Err("the node floods the connection with pings".to_owned());
                }
                Ok(None)
            }
            Message::Binary(_) => Err("the node sends bytes, expected text".to_owned()),
            Message::Close(_) | Message::Frame(_) => Ok(None),
        }
    }

    /// Moves the cursor behind a delivery; `Err` if a node that keeps to the protocol would not say it.
    fn judge(&mut self, delivery: &Delivery) -> Result<(), String> {
        let Some(last) = last(delivery) else { return Ok(()) };
        if is_beyond(last, self.tip) {
            return Err(beyond(last, self.tip));
        }
        match delivery {
            Delivery::Event(Event { sequence, height, .. }) => {
                let block = sequence / MAX_BLOCK_EVENTS;
                if block != *height {
                    return Err(format!(
                        "event {sequence} is said to be of block {height}, its sequence is of block {block}"
                    ));
                }
                if *sequence < self.cursor {
                    return Err(format!(
                        "event {sequence} comes where {} or a later one is to come",
                        self.cursor
                    ));
                }
            }
            Delivery::Lagged { from, to } | Delivery::Pruned { from, to } if from > to => {
                return Err(format!("the events from {from} on end before that, at {to}"));
            }
            _ => {}
        }
        if !matches!(delivery, Delivery::Lagged { .. }) {
            self.cursor = self.cursor.max(last.saturating_add(1));
        }
        self.retry.delay = BACKOFF.0;
        Ok(())
    }
}

/// Last sequence of what the node says.
const fn last(delivery: &Delivery) -> Option<u64> {
    match delivery {
        Delivery::Event(event) => Some(event.sequence),
        Delivery::Lagged { to, .. } | Delivery::Pruned { to, .. } => Some(*to),
        Delivery::Rewound { .. } | Delivery::Lost { .. } | Delivery::Back => None,
    }
}

/// Whether a sequence is of a block that a chain of this height cannot have.
const fn is_beyond(sequence: u64, height: u64) -> bool {
    sequence / MAX_BLOCK_EVENTS > height.saturating_add(LEAD)
}

fn beyond(sequence: u64, height: u64) -> String {
    let block = sequence / MAX_BLOCK_EVENTS;
    format!("sequence {sequence} is of block {block}, but the node's newest block is {height}")
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
mod tests;
