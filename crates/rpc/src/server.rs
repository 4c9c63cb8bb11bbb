//! Serving an application on a listener, with bounds on connections and on slow clients.

mod body;
mod headers;
mod received;
mod visit;

pub(crate) use body::{NoRoom, Room, Share};
pub(crate) use received::Received;

use axum::Router;
use body::Pool;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use received::Counted;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use visit::{Visit, idle};

/// Bytes of an HTTP/2 call, and of all calls of a connection together, that the client may send before
/// anybody reads them.
const STREAM_WINDOW: u32 = 128 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;
/// Bytes of an HTTP/1 request that are taken in before anybody reads them; its headers must fit.
const HTTP1_BUFFER: usize = 128 * 1024;
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
/// Time between looks at whether an idle client begins a request.
const BEGIN_PAUSE: Duration = Duration::from_millis(500);
/// Time that open calls get after the end was asked for.
const DRAIN: Duration = Duration::from_secs(5);

/// Bounds of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most open connections; others wait to be accepted.
    pub max_connections: usize,
    /// Longest time in which a client sends a request's headers.
    pub header_timeout: Duration,
    /// Longest time in which a client sends a request's body; the stream of submitted transactions has none.
    pub body_timeout: Duration,
    /// Longest body that an application keeps, in bytes.
    pub max_body_bytes: usize,
    /// Most bytes of the bodies of all calls that are not answered; others wait within their time.
    pub max_body_memory_bytes: usize,
    /// Most calls that an HTTP/2 connection has open at once.
    pub max_calls_per_connection: u32,
    /// Time after which a connection without an open call is closed.
    pub idle_timeout: Duration,
}

impl From<&crate::Config> for Limits {
    fn from(config: &crate::Config) -> Self {
        Self {
            max_connections: config.max_connections,
            header_timeout: Duration::from_secs(config.header_timeout_secs),
            body_timeout: config.request_timeout(),
            max_body_bytes: config.max_body_bytes,
            max_body_memory_bytes: config.max_body_memory_bytes,
            max_calls_per_connection: config.max_calls_per_connection,
            idle_timeout: config.idle_timeout(),
        }
    }
}

/// Serves HTTP/1, HTTP/2 without TLS, and WebSocket upgrades until `shutdown` ends, then lets open calls
/// finish for a few seconds.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, shutdown: impl Future<Output = ()>) {
    let bodies = Arc::new(Semaphore::new(limits.max_body_memory_bytes.min(Semaphore::MAX_PERMITS)));
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
                let visit = Visit {
                    app: app.clone(),
                    limits,
                    bodies: Pool::new(&bodies, limits.max_body_memory_bytes, limits.max_body_bytes),
                    received: Received::default(),
                    open: Arc::new(watch::Sender::new(0)),
                };
                connections.spawn(connection(stream, slot, visit, stopped.clone()));
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
    visit: Visit,
    mut stopped: watch::Receiver<bool>,
) {
    let limits = visit.limits;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not set TCP_NODELAY");
    }
    // The server waits for a client's first bytes as long as it takes, and each silent one holds a slot.
    let http1 = match tokio::time::timeout(limits.header_timeout, greeted(&stream)).await {
        Ok(Greeting::Http1) => true,
        Ok(Greeting::Http2) => false,
        Ok(Greeting::Quotes) => {
            if let Err(error) = refuse_quotes(stream).await {
                tracing::trace!(%error, "a connection ended early");
            }
            return;
        }
        Ok(Greeting::Gone) | Err(_) => return,
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // Its clock runs from the end of the request before, when a client may well be idle.
        .header_read_timeout(limits.idle_timeout.saturating_add(limits.header_timeout))
        .max_buf_size(HTTP1_BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_calls_per_connection)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(KEEP_ALIVE);
    let mut open = visit.open.subscribe();
    let mut calls = visit.open.subscribe();
    let received = visit.received.clone();
    let io = TokioIo::new(Counted { stream, received: visit.received.clone() });
    let service = service_fn(move |request| visit.clone().answer(request));
    let connection = builder.serve_connection_with_upgrades(io, service);
    tokio::pin!(connection);
    // An error means that the server is gone, which ends the connection too.
    let stop = async { stopped.wait_for(|stopped| *stopped).await.is_ok() };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stop => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = half_said(&received, &mut calls, limits.header_timeout), if http1 => Ok(()),
        () = idle(&mut open, limits.idle_timeout) => {
            connection.as_mut().graceful_shutdown();
            // Whoever takes no answer, nor the hint to go, is left.
            tokio::select! {
                ended = connection => ended,
                () = idle(&mut open, limits.idle_timeout) => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection ended early");
    }
    drop(slot);
}

/// Waits until a client has begun a request on an HTTP/1 connection and not sent all of its headers in time.
async fn half_said(received: &Received, open: &mut watch::Receiver<usize>, time: Duration) {
    let mut before = 0;
    loop {
        let begun = async {
            while received.bytes() <= before {
                tokio::time::sleep(BEGIN_PAUSE).await;
            }
        };
        tokio::select! {
            changed = open.changed() => if changed.is_err() { return },
            () = begun => {
                if tokio::time::timeout(time, open.changed()).await.is_err() {
                    return;
                }
            }
        }
        // While a call is open, what comes is its body.
        if open.wait_for(|open| *open == 0).await.is_err() {
            return;
        }
        before = received.bytes();
    }
}

/// How a client begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Greeting {
    /// As HTTP/1 does.
    Http1,
    /// As HTTP/2 does.
    Http2,
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
                return match quoted {
                    true => Greeting::Quotes,
                    false if bytes[..count].starts_with(PREFACE) => Greeting::Http2,
                    false => Greeting::Http1,
                };
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
