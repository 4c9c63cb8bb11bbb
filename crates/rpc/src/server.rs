//! Serving an application on a listener, with bounds on connections and on slow clients.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::Version;
use axum::{BoxError, Router};
use hyper::body::{Frame, SizeHint};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

/// Most streams of one HTTP/2 connection.
const MAX_HTTP2_STREAMS: u32 = 256;
/// Time between checks that an HTTP/2 client is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Pause after the system refused a connection, so that a lack of files does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// What an HTTP/2 client sends first. Whoever sends anything else speaks HTTP/1.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes that are looked at before the HTTP library reads them.
const FIRST_BYTES: usize = 2_048;
/// Time between looks at a preface that comes in pieces.
const PREFACE_PAUSE: Duration = Duration::from_millis(50);
/// Time that open calls get after the end was asked for.
const DRAIN: Duration = Duration::from_secs(5);

/// Bounds of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most open connections; others wait to be accepted.
    pub max_connections: usize,
    /// Longest time in which a client sends a request's headers.
    pub header_timeout: Duration,
    /// Longest time in which a client of HTTP/1 sends a request's body.
    pub body_timeout: Duration,
}

impl From<&crate::Config> for Limits {
    fn from(config: &crate::Config) -> Self {
        Self {
            max_connections: config.max_connections,
            header_timeout: Duration::from_secs(config.header_timeout_secs),
            body_timeout: Duration::from_secs(config.request_timeout_secs),
        }
    }
}

/// Serves HTTP/1, HTTP/2 without TLS, and WebSocket upgrades until `shutdown` ends, then lets open calls
/// finish for a few seconds.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, shutdown: impl Future<Output = ()>) {
    let app = app.layer(axum::middleware::map_request(move |request: Request| async move {
        // Streams of HTTP/2, such as those of reflection, stay open by design.
        let slow = request.version() < Version::HTTP_2 && !request.body().is_end_stream();
        if slow { request.map(|body| within(limits.body_timeout, body)) } else { request }
    }));
    let slots = Arc::new(Semaphore::new(limits.max_connections));
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        match accepted {
            Some((stream, slot)) => {
                connections.spawn(connection(stream, slot, app.clone(), limits, stopped.clone()));
            }
            None => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    stop.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        tracing::debug!(open = connections.len(), "closing connections with open calls");
    }
}

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let slot = slots.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
        Err(error) => {
            tracing::warn!(%error, "could not accept a connection");
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    slot: OwnedSemaphorePermit,
    app: Router,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not set TCP_NODELAY");
    }
    // The server waits for a client's first bytes as long as it takes, and each silent one holds a slot.
    match tokio::time::timeout(limits.header_timeout, greeted(&stream)).await {
        Ok(Greeting::Http) => {}
        Ok(Greeting::Quotes) => {
            if let Err(error) = refuse_quotes(stream).await {
                tracing::trace!(%error, "a connection ended early");
            }
            return;
        }
        Ok(Greeting::Gone) | Err(_) => return,
    }
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.header_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_HTTP2_STREAMS)
        .keep_alive_interval(KEEP_ALIVE);
    let service = TowerToHyperService::new(app);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // An error means that the server is gone, which ends the connection too.
    let stop = async { stopped.wait_for(|stopped| *stopped).await.is_ok() };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection ended early");
    }
    drop(slot);
}

/// How a client begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeting {
    /// With what the HTTP library reads.
    Http,
    /// With an address that has quotes in it, as people type `/block?height="5"`.
    Quotes,
    /// It hung up.
    Gone,
}

/// Waits for the first bytes of a client, which tell the version of HTTP.
async fn greeted(stream: &TcpStream) -> Greeting {
    let mut bytes = [0; FIRST_BYTES];
    loop {
        match stream.peek(&mut bytes).await {
            Ok(0) | Err(_) => return Greeting::Gone,
            Ok(count) if count < PREFACE.len() && PREFACE.starts_with(&bytes[..count]) => {
                tokio::time::sleep(PREFACE_PAUSE).await;
            }
            Ok(count) => {
                let mut lines = bytes[..count].split(|byte| *byte == b'\n');
                let quoted = lines.next().is_some_and(|line| line.contains(&b'"'));
                return if quoted { Greeting::Quotes } else { Greeting::Http };
            }
        }
    }
}

/// Says how quotes are written: the HTTP library refuses the address without a word, as RFC 9112 wants.
async fn refuse_quotes(mut stream: TcpStream) -> std::io::Result<()> {
    // What is unread when the connection is closed would take the answer away from the client.
    let read = stream.read(&mut [0; FIRST_BYTES]).await?;
    tracing::trace!(read, "refused an address with quotes");
    let body = "write quotes in an address as %22, such as /block?height=%225%22\n";
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// A body that breaks off with an error if it is not whole in time.
fn within(limit: Duration, body: Body) -> Body {
    Body::new(Timed { body, end: Box::pin(tokio::time::sleep(limit)) })
}

struct Timed {
    body: Body,
    end: Pin<Box<tokio::time::Sleep>>,
}

impl HttpBody for Timed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err("the request's body took too long".into())));
        }
        Pin::new(&mut self.body).poll_frame(context).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
