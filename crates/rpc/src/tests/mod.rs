//! The surfaces over a chain in memory, through real sockets.

mod bounds;
mod chain;
mod cosmos;
mod grpc;
mod malformed;
mod market;
mod table;

use crate::{Config, Context, Router, grpc_app, rest_app, server};
use chain::Chain;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::oneshot;

/// A chain with REST and gRPC listening on free ports of the loopback, until dropped.
struct Node {
    chain: Arc<Chain>,
    router: Router,
    rest: SocketAddr,
    grpc: SocketAddr,
    client: reqwest::Client,
    _stop: Vec<oneshot::Sender<()>>,
}

impl Node {
    async fn start() -> Self {
        Self::with(Config::default()).await
    }

    async fn with(config: Config) -> Self {
        let chain = Arc::new(Chain::new());
        let limits = server::Limits::from(&config);
        let context =
            Context::new(chain.clone(), chain.hub().clone(), chain.genesis(), chain.node_info(), config);
        let router = Router::new(context);
        let mut stops = Vec::new();
        let mut addresses = Vec::new();
        for app in [rest_app(router.clone()), grpc_app(router.clone())] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            addresses.push(listener.local_addr().unwrap());
            let (stop, stopped) = oneshot::channel::<()>();
            stops.push(stop);
            tokio::spawn(server::serve(listener, app, limits, async move {
                // An error means that the test is over.
                stopped.await.unwrap_or_default();
            }));
        }
        Self {
            chain,
            router,
            rest: addresses[0],
            grpc: addresses[1],
            client: reqwest::Client::new(),
            _stop: stops,
        }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.client.get(format!("http://{}{path}", self.rest)).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// The answer of a call that must succeed.
    async fn found(&self, path: &str) -> Value {
        let (status, value) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let response =
            self.client.post(format!("http://{}{path}", self.rest)).json(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}
