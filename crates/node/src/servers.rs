//! The listeners of a node's surfaces.

use crate::{backend::NodeBackend, config::NodeConfig, metrics};
use axum::{extract::State, http::StatusCode, response::IntoResponse, routing::get};
use commonware_runtime::{Metrics as _, tokio::Context};
use parking_lot::Mutex;
use prometheus_client::registry::Registry;
use std::{net::SocketAddr, sync::Arc};
use thiserror::Error;
use tokio::{net::TcpListener, sync::watch};
use virtengine_rpc::{
    Router, comet, grpc_app, rest_app,
    server::{self, Limits},
};

/// A listener could not be opened.
#[derive(Debug, Error)]
#[error(
    "{setting}: cannot listen on {addr}: {cause}: stop what uses the port or choose another in config/node.toml"
)]
pub struct ListenError {
    /// The setting.
    setting: &'static str,
    /// Its address.
    addr: SocketAddr,
    /// What the system says.
    cause: std::io::Error,
}

/// Open listeners, so that a port in use is found before anything else starts.
pub(crate) struct Listeners {
    rpc: TcpListener,
    grpc: TcpListener,
    rest: TcpListener,
    metrics: TcpListener,
}

/// What `/metrics`, `/health` and `/ready` answer from.
#[derive(Clone)]
pub(crate) struct Telemetry {
    pub(crate) runtime: Arc<Mutex<Context>>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) chain_id: Arc<str>,
    pub(crate) backend: NodeBackend,
}

impl Listeners {
    /// Opens all listeners.
    pub(crate) async fn open(config: &NodeConfig) -> Result<Self, ListenError> {
        let open = async |setting: &'static str, addr: SocketAddr| {
            TcpListener::bind(addr).await.map_err(|cause| ListenError { setting, addr, cause })
        };
        // The network's own listener is opened by the engine; find a used port early.
        drop(open("p2p_addr", config.p2p_addr).await?);
        Ok(Self {
            rpc: open("rpc_addr", config.rpc_addr).await?,
            grpc: open("api.grpc_addr", config.api.grpc_addr).await?,
            rest: open("api.rest_addr", config.api.rest_addr).await?,
            metrics: open("metrics_addr", config.metrics_addr).await?,
        })
    }

    /// The same sockets once more, in the order RPC, gRPC, REST, metrics.
    pub(crate) fn share(&self) -> std::io::Result<[TcpListener; 4]> {
        let share = |listener: &TcpListener| {
            let socket = std::os::fd::AsFd::as_fd(listener).try_clone_to_owned()?;
            TcpListener::from_std(socket.into())
        };
        Ok([share(&self.rpc)?, share(&self.grpc)?, share(&self.rest)?, share(&self.metrics)?])
    }

    /// Serves everything until `stop` turns true.
    pub(crate) async fn serve(
        self,
        config: &NodeConfig,
        router: Router,
        comet: comet::Comet,
        telemetry: Telemetry,
        stop: watch::Receiver<bool>,
    ) {
        let stopped = |mut stop: watch::Receiver<bool>| async move {
            // An error means that the node is gone already.
            drop(stop.wait_for(|stop| *stop).await);
        };
        let limits = Limits::from(&config.api);
        let telemetry = axum::Router::new()
            .route("/metrics", get(report))
            .route("/health", get(|| async { "ok\n" }))
            .route("/ready", get(ready))
            .with_state(telemetry);
        futures::future::join4(
            server::serve(self.rpc, comet::router(comet), limits, stopped(stop.clone())),
            server::serve(self.grpc, grpc_app(router.clone()), limits, stopped(stop.clone())),
            server::serve(self.rest, rest_app(router), limits, stopped(stop.clone())),
            server::serve(self.metrics, telemetry, limits, stopped(stop)),
        )
        .await;
    }
}

async fn report(State(telemetry): State<Telemetry>) -> impl IntoResponse {
    let mut text = String::new();
    if let Err(error) = prometheus_client::encoding::text::encode_registry(&mut text, &telemetry.registry) {
        return (StatusCode::INTERNAL_SERVER_ERROR, [("content-type", "text/plain")], error.to_string());
    }
    let engine = telemetry.runtime.lock().encode();
    text.push_str(&metrics::network(&telemetry.chain_id, &engine));
    text.push_str(&engine);
    (StatusCode::OK, [("content-type", "text/plain; version=0.0.4")], text)
}

async fn ready(State(telemetry): State<Telemetry>) -> impl IntoResponse {
    match telemetry.backend.ready() {
        Ok(height) => (StatusCode::OK, format!("height {height}\n")),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}
