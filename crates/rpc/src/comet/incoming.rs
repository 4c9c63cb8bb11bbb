//! What a WebSocket client sends, each message within its time.

use crate::server::Received;
use axum::extract::ws::{Message, WebSocket};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use tokio::time::Sleep;
use tokio_stream::Stream as _;

/// Bytes that are read at once. As many of a message that is not whole may stay unnoticed.
pub(super) const READ_BYTES: usize = 4_096;
/// Bytes of a client's ping or pong beside what it carries.
const CONTROL_BYTES: u64 = 6;

/// A socket with the clock of the message that is coming in.
pub(super) struct Incoming {
    pub(super) socket: WebSocket,
    received: Received,
    /// Bytes received that belong to whole messages.
    whole: u64,
    limit: Duration,
    /// When a message that has begun must be whole.
    end: Option<Pin<Box<Sleep>>>,
}

impl Incoming {
    pub(super) fn new(socket: WebSocket, received: Received, limit: Duration) -> Self {
        let whole = received.bytes();
        Self { socket, received, whole, limit, end: None }
    }

    /// The next message; `None` if the client is gone or takes too long for one. Pings and pongs, which may
    /// come between the parts of a message, give it no more time. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Message> {
        poll_fn(|context| {
            match Pin::new(&mut self.socket).poll_next(context) {
                Poll::Ready(Some(Ok(message))) => {
                    self.count(&message);
                    return Poll::Ready(Some(message));
                }
                Poll::Ready(_) => return Poll::Ready(None),
                Poll::Pending if self.received.bytes() <= self.whole => return Poll::Pending,
                Poll::Pending => {}
            }
            let limit = self.limit;
            let end = self.end.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
            end.as_mut().poll(context).map(|()| {
                tracing::debug!(seconds = limit.as_secs(), "a WebSocket client did not finish a message");
                None
            })
        })
        .await
    }

    fn count(&mut self, message: &Message) {
        match message {
            Message::Ping(carried) | Message::Pong(carried) => {
                let whole = self.whole + CONTROL_BYTES + carried.len() as u64;
                self.whole = whole.min(self.received.bytes());
            }
            _ => {
                self.whole = self.received.bytes();
                self.end = None;
            }
        }
    }
}
