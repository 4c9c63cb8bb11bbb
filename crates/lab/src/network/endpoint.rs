//! Where a node listens.

use eyre::{Context as _, Result, bail, ensure, eyre};
use std::{str::FromStr, time::Duration};
use tonic::transport::Channel;

/// Longest time to connect.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes that a gRPC connection may send or receive ahead.
const WINDOW: u32 = 8 << 20;

/// The addresses of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// JSON-RPC and WebSocket, as `http://127.0.0.1:26657`.
    pub rpc: String,
    /// gRPC, as `http://127.0.0.1:26658`.
    pub grpc: String,
    /// `/metrics` and `/ready`, if they can be reached, as `http://127.0.0.1:26655`.
    pub metrics: Option<String>,
}

impl Endpoint {
    /// A new gRPC connection.
    ///
    /// # Errors
    /// The node cannot be reached.
    pub(crate) async fn channel(&self) -> Result<Channel> {
        let endpoint = Channel::from_shared(self.grpc.clone())
            .wrap_err_with(|| format!("{:?} is no address", self.grpc))?;
        let endpoint = endpoint
            .connect_timeout(CONNECT)
            .tcp_nodelay(true)
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW);
        endpoint.connect().await.wrap_err_with(|| {
            format!("failed to connect to {}: is it the address of the node's gRPC?", self.grpc)
        })
    }
}

impl FromStr for Endpoint {
    type Err = eyre::Report;

    /// Reads `rpc=URL,grpc=ADDR` with an optional `metrics=URL`.
    fn from_str(text: &str) -> Result<Self> {
        let mut rpc = None;
        let mut grpc = None;
        let mut metrics = None;
        for part in text.split(',') {
            let (name, address) = part
                .split_once('=')
                .ok_or_else(|| eyre!("{part:?} is no address: write rpc=URL,grpc=ADDR"))?;
            let place = match name {
                "rpc" => &mut rpc,
                "grpc" => &mut grpc,
                "metrics" => &mut metrics,
                _ => bail!("{name:?} is none of rpc, grpc and metrics: write rpc=URL,grpc=ADDR"),
            };
            ensure!(place.is_none(), "{name} is given twice in {text:?}");
            *place = Some(url(address));
        }
        let absent = |what| eyre!("{text:?} names no {what}: write rpc=URL,grpc=ADDR");
        Ok(Self {
            rpc: rpc.ok_or_else(|| absent("rpc"))?,
            grpc: grpc.ok_or_else(|| absent("grpc"))?,
            metrics,
        })
    }
}

/// With the scheme, without a slash at its end.
fn url(address: &str) -> String {
    let address = address.trim_end_matches('/');
    if address.contains("://") { address.to_owned() } else { format!("http://{address}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_addresses_with_and_without_a_scheme() {
        let endpoint: Endpoint = "rpc=http://127.0.0.1:26657/,grpc=127.0.0.1:26658".parse().unwrap();
        assert_eq!(endpoint.rpc, "http://127.0.0.1:26657");
        assert_eq!((endpoint.grpc.as_str(), endpoint.metrics), ("http://127.0.0.1:26658", None));
    }

    #[test]
    fn rejects_what_names_no_node() {
        for (text, named) in [
            ("127.0.0.1:26657", "rpc=URL"),
            ("rpc=a:1", "no grpc"),
            ("rpc=a:1,grpc=b:2,rest=c:3", "\"rest\""),
            ("rpc=a:1,rpc=a:1,grpc=b:2", "twice"),
        ] {
            let error = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }
}
