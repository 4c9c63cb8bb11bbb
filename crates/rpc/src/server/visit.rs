//! One connection's calls.

use super::Limits;
use super::body::{Attended, Metered, Pool, Share, Time};
use super::headers;
use super::received::Received;
use crate::grpc;
use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tower::ServiceExt as _;

/// What the calls of a connection share. Clones share it.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) app: Router,
    pub(super) limits: Limits,
    /// The memory for bodies.
    pub(super) bodies: Pool,
    pub(super) received: Received,
    /// Calls that are open.
    pub(super) open: Arc<watch::Sender<usize>>,
}

/// An open call, until dropped.
struct Open(Arc<watch::Sender<usize>>);

impl Open {
    fn new(open: Arc<watch::Sender<usize>>) -> Self {
        open.send_modify(|open| *open += 1);
        Self(open)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

impl Visit {
    /// Answers a request. A call is open until its answer begins, one with a stream until that ends: else a
    /// client that takes no answer would hold its connection.
    pub(super) async fn answer(
        self,
        request: hyper::Request<Incoming>,
    ) -> Result<Response<Body>, Infallible> {
        let open = Open::new(self.open);
        let path = request.uri().path();
        let streams = grpc::STREAMS.contains(&path);
        let limit = match path {
            // It tells by itself how long it waits for the next request to begin.
            grpc::SUBMIT => Time::Message(self.limits.body_timeout),
            // Tools keep the stream open while they work.
            path if path.starts_with(grpc::REFLECTION) => Time::Body(self.limits.idle_timeout),
            _ => Time::Body(self.limits.body_timeout),
        };
        let most = self.limits.max_body_bytes.min(self.limits.max_body_memory_bytes);
        let share = Share::new(self.bodies, most);
        let mut request: Request = request.map(Body::new);
        *request.headers_mut() = headers::needed(request.headers());
        if !request.body().is_end_stream() {
            request = request.map(|body| Body::new(Metered::new(body, share.clone(), limit)));
        }
        request.extensions_mut().insert(share.clone());
        request.extensions_mut().insert(self.received);
        let response = self.app.oneshot(request).await?;
        // A whole body is kept by its call, so its share is held as long.
        drop(share);
        if streams {
            return Ok(response.map(|body| Body::new(Attended { body, _kept: open })));
        }
        Ok(response)
    }
}

/// Waits until no call was open for a while.
pub(super) async fn idle(open: &mut watch::Receiver<usize>, time: Duration) {
    loop {
        if open.wait_for(|open| *open == 0).await.is_err()
            || tokio::time::timeout(time, open.changed()).await.is_err()
        {
            return;
        }
    }
}
