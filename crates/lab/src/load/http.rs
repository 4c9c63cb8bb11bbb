//! One keep-alive connection for HTTP/1.1, without a pool: a sender owns its connection, so that requests stay in order.

use bytes::Bytes;
use eyre::{Context as _, Result, ensure, eyre};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::{net::TcpStream, time::timeout};

/// Longest time for one request, above the node's own limit.
const REQUEST: Duration = Duration::from_secs(20);
/// Longest time to connect.
const CONNECT: Duration = Duration::from_secs(5);
/// Largest answer in bytes: the results of a full block as JSON.
const MAX_ANSWER: usize = 256 << 20;

/// A connection to one node.
pub(crate) struct Connection {
    authority: String,
    sender: http1::SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Connects to `http://host:port`.
    pub(crate) async fn open(url: &str) -> Result<Self> {
        let authority = authority(url)?.to_owned();
        let failed = || format!("failed to connect to {url}");
        let stream = timeout(CONNECT, TcpStream::connect(&authority))
            .await
            .wrap_err_with(failed)?
            .wrap_err_with(failed)?;
        stream.set_nodelay(true).wrap_err_with(failed)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.wrap_err_with(failed)?;
        // It ends with the sender; what is wrong with it is told to the request under way.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self { authority, sender })
    }

    /// Posts a JSON-RPC body to `/`; the answer's body.
    pub(crate) async fn post(&mut self, body: Vec<u8>) -> Result<Bytes> {
        let request = Request::post("/")
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        self.send(request).await
    }

    /// Gets a path; the answer's body.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Bytes> {
        let request = Request::get(path).header(header::HOST, &self.authority).body(Full::default())?;
        self.send(request).await
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Bytes> {
        let answering = async {
            self.sender.ready().await?;
            let answer = self.sender.send_request(request).await?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
            let body = body.map_err(|cause| eyre!("{cause}"))?.to_bytes();
            ensure!(status.is_success(), "HTTP status {status}");
            Ok(body)
        };
        timeout(REQUEST, answering).await.wrap_err("no answer in time")?
    }
}

/// `host:port` of an address.
fn authority(url: &str) -> Result<&str> {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("tcp://")).unwrap_or(url);
    let rest = rest.trim_end_matches('/');
    ensure!(
        !rest.contains('/') && rest.contains(':'),
        "{url:?} is not a node's address: write http://HOST:PORT, as the lab does not use TLS"
    );
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_addresses_with_a_port_and_rejects_others() {
        for url in ["http://127.0.0.1:26657", "tcp://127.0.0.1:26657/", "127.0.0.1:26657"] {
            assert_eq!(authority(url).unwrap(), "127.0.0.1:26657");
        }
        for url in ["https://rpc.example.org", "http://127.0.0.1:1/main", "localhost"] {
            assert!(authority(url).unwrap_err().to_string().contains("HOST:PORT"), "{url}");
        }
    }
}
