//! JSON-RPC with subscriptions over a WebSocket.

use super::dispatch;
use super::envelope::{self, Call, RpcError};
use super::incoming::{Incoming, READ_BYTES};
use super::limits::Permit;
use super::subscriptions::Subscriptions;
use super::{Comet, CometConfig};
use crate::server::{NoRoom, Received, Room, Share};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::SinkExt as _;
use serde_json::Value;
use std::future::Future;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

/// Opens a connection if there is a place for it.
pub(super) async fn upgrade(
    State(comet): State<Comet>,
    connection: Connection,
    upgrade: WebSocketUpgrade,
) -> Response {
    open(comet, connection, upgrade, serve)
}

/// What the server knows of a connection: the bytes that came in, and its share of the memory for requests.
pub(super) type Connection = (Option<Extension<Received>>, Option<Extension<Share>>);

/// Opens a connection within the bounds and lets it be served.
pub(super) fn open<F: Future<Output = ()> + Send + 'static>(
    comet: Comet,
    (received, share): Connection,
    upgrade: WebSocketUpgrade,
    serve: fn(Comet, Line, Permit) -> F,
) -> Response {
    let config = &comet.inner.config;
    let Some(place) = comet.inner.limits.websocket() else {
        let cause = format!("max_websockets {} reached", config.max_websockets);
        return (StatusCode::SERVICE_UNAVAILABLE, cause).into_response();
    };
    let max = config.max_websocket_message_bytes;
    let upgrade = upgrade.max_message_size(max).max_frame_size(max).read_buffer_size(READ_BYTES);
    upgrade.on_upgrade(move |socket| {
        let received = received.map(|Extension(received)| received).unwrap_or_default();
        let share = share.map(|Extension(share)| share).unwrap_or_default();
        let line = Line::new(socket, received, share, &comet.inner.config);
        serve(comet, line, place)
    })
}

/// A connection with its clocks.
pub(super) struct Line {
    incoming: Incoming,
    ping: Interval,
    heard: Instant,
    idle: Duration,
    write: Duration,
    /// The memory for what it asks.
    share: Share,
}

/// What happened on a connection.
pub(super) enum Heard {
    /// A message, as text or as bytes.
    Message(Vec<u8>),
    /// Nothing that needs an answer.
    Nothing,
    /// The end.
    Closed,
}

impl Line {
    fn new(socket: WebSocket, received: Received, share: Share, config: &CometConfig) -> Self {
        let period = Duration::from_secs(config.ping_interval_secs);
        let mut ping = interval_at(Instant::now() + period, period);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let idle = Duration::from_secs(config.idle_timeout_secs);
        let write = Duration::from_secs(config.write_timeout_secs);
        let limit = Duration::from_secs(config.request_timeout_secs);
        let incoming = Incoming::new(socket, received, limit);
        Self { incoming, ping, heard: Instant::now(), idle, write, share }
    }

    /// Waits for the client, and pings it while waiting. Dropping the future loses nothing.
    pub(super) async fn hear(&mut self) -> Heard {
        tokio::select! {
            message = self.incoming.next() => {
                self.heard = Instant::now();
                match message {
                    Some(Message::Text(text)) => Heard::Message(text.as_bytes().to_vec()),
                    Some(Message::Binary(bytes)) => Heard::Message(bytes.to_vec()),
                    // The answer goes out before the next is read, else they pile up for a client that reads none.
                    Some(Message::Ping(_)) => if self.flush().await { Heard::Nothing } else { Heard::Closed },
                    Some(Message::Pong(_)) => Heard::Nothing,
                    Some(Message::Close(_)) => {
                        self.finish().await;
                        Heard::Closed
                    }
                    None => Heard::Closed,
                }
            }
            now = self.ping.tick() => {
                if now.duration_since(self.heard) > self.idle {
                    return Heard::Closed;
                }
                if self.send(Message::Ping(Default::default())).await { Heard::Nothing } else { Heard::Closed }
            }
        }
    }

    /// Sends a JSON message; false if the client is gone or takes too long.
    pub(super) async fn tell(&mut self, value: &Value) -> bool {
        self.send(Message::Text(value.to_string().into())).await
    }

    /// Says goodbye with a reason.
    pub(super) async fn close(&mut self, reason: &'static str) {
        let frame = CloseFrame { code: close_code::ERROR, reason: reason.into() };
        if self.send(Message::Close(Some(frame))).await {
            self.finish().await;
        }
    }

    /// Completes the closing handshake, within the time that a message may take: a connection that just
    /// ends looks broken to clients, which then open it again.
    async fn finish(&mut self) {
        let ended = async { while self.incoming.next().await.is_some() {} };
        if timeout(self.write, ended).await.is_err() {
            tracing::debug!("a WebSocket client did not finish closing");
        }
    }

    async fn flush(&mut self) -> bool {
        matches!(timeout(self.write, self.incoming.socket.flush()).await, Ok(Ok(())))
    }

    async fn send(&mut self, message: Message) -> bool {
        matches!(timeout(self.write, self.incoming.socket.send(message)).await, Ok(Ok(())))
    }
}

/// Serves a connection until it ends; calls under way end with it.
async fn serve(comet: Comet, mut line: Line, _place: Permit) {
    let mut subscriptions = Subscriptions::new(comet.clone());
    let mut calls: JoinSet<Option<Value>> = JoinSet::new();
    let mut open = true;
    while open {
        let free = calls.len() < comet.inner.config.max_calls_per_websocket;
        tokio::select! {
            heard = line.hear(), if free => match heard {
                Heard::Message(bytes) => {
                    let room = line.share.room(bytes.len());
                    if let Some(answer) = take(&comet, &mut subscriptions, &mut calls, &bytes, room) {
                        open = line.tell(&answer).await;
                    }
                }
                Heard::Nothing => {}
                Heard::Closed => open = false,
            },
            Some(done) = calls.join_next() => match done {
                Ok(Some(answer)) => open = line.tell(&answer).await,
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "a call over WebSocket failed");
                    open = false;
                }
            },
            block = subscriptions.next() => match block {
                Ok(block) => {
                    for message in subscriptions.messages(&block) {
                        if !line.tell(&message).await {
                            open = false;
                            break;
                        }
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "failed to read a block for a subscriber");
                    line.close("failed to read a block").await;
                    open = false;
                }
            },
        }
    }
}

/// Starts a call, or answers it at once if it is about subscriptions or malformed.
fn take(
    comet: &Comet,
    subscriptions: &mut Subscriptions,
    calls: &mut JoinSet<Option<Value>>,
    bytes: &[u8],
    room: Result<Room, NoRoom>,
) -> Option<Value> {
    let value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return Some(envelope::answer(&Value::Null, Err(RpcError::parse(error)))),
    };
    let call = match envelope::call(value) {
        Ok(call) => call,
        Err((id, error)) => return Some(envelope::answer(&id, Err(error))),
    };
    if !dispatch::is_subscription(&call.method) {
        let room = match room {
            Ok(room) => room,
            Err(none) => return call.id.map(|id| envelope::answer(&id, Err(RpcError::unavailable(none)))),
        };
        let (comet, deadline) = (comet.clone(), comet.deadline());
        calls.spawn(async move {
            let answer = comet.answer(call, deadline).await;
            drop(room);
            answer
        });
        return None;
    }
    let Call { id, method, args } = call;
    let id = id.unwrap_or(Value::Null);
    let query = || Ok(args.text("query")?.unwrap_or_default());
    let result = match method.as_str() {
        "subscribe" => query().and_then(|query| subscriptions.subscribe(id.clone(), query)),
        "unsubscribe" => query().and_then(|query| subscriptions.unsubscribe(query)),
        _ => Ok(subscriptions.unsubscribe_all()),
    };
    Some(envelope::answer(&id, result))
}
