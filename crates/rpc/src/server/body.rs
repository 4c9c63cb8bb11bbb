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

/// What one call holds of the memory for bodies, given back when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Share {
    pool: Arc<Semaphore>,
    held: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
    /// Most that it holds: what a body has beyond that is refused by its reader, not kept.
    max: usize,
}

type Turn = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

impl Share {
    /// Nothing yet, of a pool of bytes.
    pub(super) fn new(pool: Arc<Semaphore>, max: usize) -> Self {
        Self { pool, held: Arc::default(), max }
    }

    /// Hands over what is held, so that it is given back with what was read.
    pub(crate) fn take(&self) -> Option<OwnedSemaphorePermit> {
        self.held.lock().take()
    }

    fn add(&self, permit: OwnedSemaphorePermit) {
        match &mut *self.held.lock() {
            Some(held) => held.merge(permit),
            none => *none = Some(permit),
        }
    }

    /// Makes room for bytes; if there is none, the turn to wait for.
    fn grow(&self, bytes: usize) -> Option<Turn> {
        let held = self.held.lock().as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = u32::try_from(bytes.min(self.max.saturating_sub(held))).unwrap_or(u32::MAX);
        match self.pool.clone().try_acquire_many_owned(wanted) {
            Ok(permit) => {
                self.add(permit);
                None
            }
            Err(_) => Some(Box::pin(self.pool.clone().acquire_many_owned(wanted))),
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

/// A body that is read into a share.
pub(super) struct Metered {
    body: Body,
    share: Share,
    /// Bytes that come without being counted.
    free: usize,
    /// When it breaks off, with the time that it had.
    end: Option<(Pin<Box<Sleep>>, Duration)>,
    /// What was read and has no room yet.
    waiting: Option<(Frame<Bytes>, Turn)>,
}

impl Metered {
    /// A body that must be whole within `limit`, if there is one.
    pub(super) fn new(body: Body, share: Share, limit: Option<Duration>) -> Self {
        let end = limit.map(|limit| (Box::pin(tokio::time::sleep(limit)), limit));
        Self { body, share, free: FREE_BYTES, end, waiting: None }
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
        if let Some((end, limit)) = &mut this.end
            && end.as_mut().poll(context).is_ready()
        {
            let cause = format!("the request's body was not whole within {} s", limit.as_secs());
            let status = tonic::Status::deadline_exceeded(cause);
            return Poll::Ready(Some(Err(TooSlow { status }.into())));
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
