//! The event log over a WebSocket: one connection, many subscriptions. `docs/spec/events.md` describes it.

use super::Comet;
use super::limits::Permit;
use super::socket::{Connection, Heard, Line, open};
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use virtengine_events::{Delivery, Entry, Filter, Multiplex};

/// Longest name of a subscription, in bytes.
const MAX_ID_BYTES: usize = 64;

/// What a client may say.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    Subscribe(Subscribe),
    Unsubscribe(Unsubscribe),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Subscribe {
    id: String,
    #[serde(default)]
    topics: Vec<String>,
    #[serde(default)]
    filter: BTreeMap<String, String>,
    /// 0 and absent mean from now on.
    #[serde(default)]
    from_sequence: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unsubscribe {
    id: String,
}

/// Opens a connection if there is a place for it.
pub(super) async fn upgrade(
    State(comet): State<Comet>,
    connection: Connection,
    upgrade: WebSocketUpgrade,
) -> Response {
    open(comet, connection, upgrade, serve)
}

async fn serve(comet: Comet, mut line: Line, _place: Permit) {
    let mut subscriptions = comet.inner.hub.multiplex();
    // The place among the clients with subscriptions, from the first one on.
    let mut subscriber: Option<Permit> = None;
    let mut open = true;
    while open {
        tokio::select! {
            heard = line.hear() => match heard {
                Heard::Message(bytes) => {
                    let answer = take(&comet, &mut subscriptions, &mut subscriber, &bytes);
                    open = line.tell(&answer).await;
                }
                Heard::Nothing => {}
                Heard::Closed => open = false,
            },
            (id, batch) = subscriptions.next() => match batch {
                Ok(batch) => {
                    for delivery in &batch {
                        open = open && line.tell(&message(&id, delivery)).await;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "failed to read the event log for a subscriber");
                    line.close("failed to read the event log").await;
                    open = false;
                }
            },
        }
    }
}

fn take(
    comet: &Comet,
    subscriptions: &mut Multiplex,
    subscriber: &mut Option<Permit>,
    bytes: &[u8],
) -> Value {
    match serde_json::from_slice(bytes) {
        Ok(Request::Subscribe(request)) => {
            let id = request.id.clone();
            match subscribe(comet, subscriptions, subscriber, request) {
                Ok(next) => json!({"id": id, "subscribed": {"next_sequence": next}}),
                Err(error) => refusal(Some(&id), &error),
            }
        }
        Ok(Request::Unsubscribe(Unsubscribe { id })) => match subscriptions.remove(&id) {
            Some(next) => json!({"id": id, "unsubscribed": {"next_sequence": next}}),
            None => refusal(Some(&id), "there is no subscription of this id"),
        },
        Err(error) => refusal(None, &error.to_string()),
    }
}

/// Starts a subscription; the answer is the sequence it starts from.
fn subscribe(
    comet: &Comet,
    subscriptions: &mut Multiplex,
    subscriber: &mut Option<Permit>,
    request: Subscribe,
) -> Result<u64, String> {
    let max = comet.inner.config.max_event_subscriptions_per_client;
    let Subscribe { id, topics, filter, from_sequence } = request;
    if id.is_empty() || id.len() > MAX_ID_BYTES {
        return Err(format!("id has 1 to {MAX_ID_BYTES} bytes, got {}", id.len()));
    }
    if subscriptions.contains(&id) {
        return Err("there is already a subscription of this id".to_owned());
    }
    if subscriptions.len() >= max {
        return Err(format!("max_event_subscriptions_per_client {max} reached"));
    }
    let filter = Filter::new(topics, filter.into_iter().collect()).map_err(|error| error.to_string())?;
    if subscriber.is_none() {
        *subscriber = Some(comet.inner.limits.subscriber().map_err(|error| error.data)?);
    }
    let from = if from_sequence == 0 { None } else { Some(from_sequence) };
    let subscription = comet.inner.hub.subscribe(filter, from);
    let next = subscription.cursor();
    subscriptions.insert(id, subscription);
    Ok(next)
}

fn refusal(id: Option<&str>, message: &str) -> Value {
    json!({"id": id, "error": {"message": message}})
}

fn message(id: &str, delivery: &Delivery) -> Value {
    match delivery {
        Delivery::Event(entry) => json!({"id": id, "event": event(entry)}),
        Delivery::Lagged { from, to } => json!({"id": id, "lagged": {"from": from, "to": to}}),
        Delivery::Pruned { from, to } => json!({"id": id, "pruned": {"from": from, "to": to}}),
    }
}

fn event(entry: &Entry) -> Value {
    let attribute = |(key, value): &(String, String)| json!({"key": key, "value": value});
    json!({
        "sequence": entry.sequence,
        "height": entry.height.0,
        "tx_index": entry.tx_index,
        "topic": entry.topic,
        "attributes": entry.attributes.iter().map(attribute).collect::<Vec<_>>(),
    })
}
