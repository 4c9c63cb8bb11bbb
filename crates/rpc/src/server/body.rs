//! Bodies of requests: each within its time, and all of a listener within one bound of memory.

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use parking_lot::Mutex;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

/// Bytes of each body that are not counted, as its headers are not: so a small call need not wait when others
/// take all memory.
const FREE_BYTES: usize = 4_096;

/// The part of the memory for all bodies that one connection may take: one divided by this.
const CONNECTIONS: usize = 16;

/// The memory for bodies that a connection may use.
#[derive(Clone)]
pub(super) struct Pool {
    /// What it shares with all others, in bytes.
    all: Arc<Semaphore>,
    /// What it may take of that, in bytes.
    own: Arc<Semaphore>,
}

impl Pool {
    /// That of a new connection, of `all` that has `bytes` in total.
    pub(super) fn new(all: &Arc<Semaphore>, bytes: usize, most: usize) -> Self {
        let own = (bytes / CONNECTIONS).max(most).min(Semaphore::MAX_PERMITS);
        Self { all: all.clone(), own: Arc::new(Semaphore::new(own)) }
    }

    fn try_room(&self, bytes: u32) -> Option<Room> {
        let own = self.own.clone().try_acquire_many_owned(bytes).ok()?;
        let all = self.all.clone().try_acquire_many_owned(bytes).ok()?;
        Some(Room { own, all })
    }

    async fn room(self, bytes: u32) -> Result<Room, AcquireError> {
        let own = self.own.acquire_many_owned(bytes).await?;
        Ok(Room { own, all: self.all.acquire_many_owned(bytes).await? })
    }
}

/// Memory that is taken until this is dropped.
pub(crate) struct Room {
    own: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
}

impl Room {
    fn bytes(&self) -> usize {
        self.all.num_permits()
    }

    fn merge(&mut self, other: Self) {
        self.own.merge(other.own);
        self.all.merge(other.all);
    }
}

/// No memory is left for a request.
#[derive(Debug, Error)]
#[error("the node has no memory left for a request of {0} bytes now: try again")]
pub(crate) struct NoRoom(usize);

/// What one call holds of the memory for bodies, given back when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Share {
    pool: Pool,
    held: Arc<Mutex<Option<Room>>>,
    /// Most that it holds: what a body has beyond that is refused by its reader, not kept.
    max: usize,
}

impl Default for Share {
    /// One without a bound.
    fn default() -> Self {
        let all = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        Self::new(Pool::new(&all, usize::MAX, usize::MAX), usize::MAX)
    }
}

type Turn = Pin<Box<dyn Future<Output = Result<Room, AcquireError>> + Send>>;

impl Share {
    /// Nothing yet, of a pool of bytes.
    pub(super) fn new(pool: Pool, max: usize) -> Self {
        Self { pool, held: Arc::default(), max }
    }

    /// Hands over what is held, so that it is given back with what was read.
    pub(crate) fn take(&self) -> Option<Room> {
        self.held.lock().take()
    }

    /// Memory for a request that is whole, beside what the call holds.
    ///
    /// # Errors
    /// - `NoRoom` - others have taken it
    pub(crate) fn room(&self, bytes: usize) -> Result<Room, NoRoom> {
        let counted = u32::try_from(bytes.saturating_sub(FREE_BYTES)).unwrap_or(u32::MAX);
        self.pool.try_room(counted).ok_or(NoRoom(bytes))
    }

    fn holds(&self) -> bool {
        self.held.lock().is_some()
    }

    fn add(&self, room: Room) {
        match &mut *self.held.lock() {
            Some(held) => held.merge(room),
            none => *none = Some(room),
        }
    }

    /// Makes room for bytes; if there is none, the turn to wait for.
    fn grow(&self, bytes: usize) -> Option<Turn> {
        let held = self.held.lock().as_ref().map_or(0, Room::bytes);
        let wanted = u32::try_from(bytes.min(self.max.saturating_sub(held))).unwrap_or(u32::MAX);
        match self.pool.try_room(wanted) {
            Some(room) => {
                self.add(room);
                None
            }
            None => Some(Box::pin(self.pool.clone().room(wanted))),
        }
    }
}

/// A body took too long.
#[derive(Debug, Error)]
#[error("{}", .status.message())]
struct TooSlow {
    /// The source, where gRPC finds its code.
    #[source]
    status: tonic::Status,
}

/// How long a body may take.
#[derive(Clone, Copy)]
pub(super) enum Time {
    /// From the call's begin to the body's end.
    Body(Duration),
    /// For each message, from when it takes memory until the call has taken it.
    Message(Duration),
}

/// A body that is read into a share.
pub(super) struct Metered {
    body: Body,
    share: Share,
    time: Time,
    /// Bytes that come without being counted.
    free: usize,
    /// When it breaks off.
    end: Option<Pin<Box<Sleep>>>,
    /// What was read and has no room yet.
    waiting: Option<(Frame<Bytes>, Turn)>,
}

impl Metered {
    /// A body within its time.
    pub(super) fn new(body: Body, share: Share, time: Time) -> Self {
        let end = match time {
            Time::Body(limit) => Some(Box::pin(tokio::time::sleep(limit))),
            Time::Message(_) => None,
        };
        Self { body, share, time, free: FREE_BYTES, end, waiting: None }
    }

    /// Sets the clock of a message, and says why if it is over.
    fn late(&mut self, context: &mut Context<'_>) -> Option<TooSlow> {
        let limit = match self.time {
            Time::Body(limit) => limit,
            Time::Message(limit) => {
                if self.waiting.is_none() && !self.share.holds() {
                    self.end = None;
                } else if self.end.is_none() {
                    self.end = Some(Box::pin(tokio::time::sleep(limit)));
                }
                limit
            }
        };
        self.end.as_mut()?.as_mut().poll(context).is_ready().then(|| {
            let seconds = limit.as_secs();
            let status = if self.waiting.is_some() {
                let cause =
                    format!("the node had no memory left for the request within {seconds} s: try again");
                tonic::Status::resource_exhausted(cause)
            } else {
                let cause = format!("the request's body was not whole within {seconds} s");
                tonic::Status::deadline_exceeded(cause)
            };
            TooSlow { status }
        })
    }
}

impl HttpBody for Metered {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Some(late) = this.late(context) {
            return Poll::Ready(Some(Err(late.into())));
        }
        if this.waiting.is_none() {
            let frame = match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => return Poll::Ready(None),
            };
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            let free = bytes.min(this.free);
            this.free -= free;
            match this.share.grow(bytes - free) {
                None => return Poll::Ready(Some(Ok(frame))),
                Some(turn) => this.waiting = Some((frame, turn)),
            }
        }
        if let Some((_, turn)) = &mut this.waiting {
            this.share.add(ready!(turn.as_mut().poll(context))?);
        }
        Poll::Ready(this.waiting.take().map(|(frame, _)| Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.waiting.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.waiting.is_none() { self.body.size_hint() } else { SizeHint::default() }
    }
}

/// A body of an answer with what is kept until its end.
pub(super) struct Attended<T> {
    pub(super) body: Body,
    pub(super) _kept: T,
}

impl<T: Unpin> HttpBody for Attended<T> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_takes_its_part_of_the_memory_and_no_more() {
        let all = Arc::new(Semaphore::new(160_000));
        let [greedy, other] = [(); 2].map(|()| Share::new(Pool::new(&all, 160_000, 8_000), usize::MAX));
        let first = greedy.room(FREE_BYTES + 10_000).unwrap();
        assert!(greedy.room(FREE_BYTES).is_ok(), "small requests are not counted");
        let refused = greedy.room(FREE_BYTES + 1).err().unwrap();
        assert_eq!(
            refused.to_string(),
            "the node has no memory left for a request of 4097 bytes now: try again"
        );
        assert!(other.room(FREE_BYTES + 10_000).is_ok());
        drop(first);
        assert!(greedy.room(FREE_BYTES + 10_000).is_ok());
        let taken = all.clone().try_acquire_many_owned(155_000).unwrap();
        assert!(greedy.room(FREE_BYTES + 10_000).is_err());
        assert!(greedy.grow(4_000).is_none() && greedy.holds());
        assert_eq!(greedy.take().map(|room| room.bytes()), Some(4_000));
        drop(taken);
        assert_eq!(all.available_permits(), 160_000);
    }
}
