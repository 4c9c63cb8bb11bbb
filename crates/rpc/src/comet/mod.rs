//! CometBFT's JSON-RPC over HTTP and WebSocket, and our own event WebSocket.
//!
//! | route | serves |
//! |---|---|
//! | `POST /` | JSON-RPC 2.0, single or batch |
//! | `GET /<method>?<arguments>` | the same methods by address |
//! | `GET /websocket` | the same methods and subscriptions to blocks and transactions |
//! | `GET /events` | subscriptions to the event log, see `docs/spec/events.md` |
//!
//! Answers have the shapes of CometBFT 0.38, so that its clients work unchanged; a shape is written once, in
//! [`shapes`]. What the chain itself answers comes from [`Application`], blocks and transactions from the
//! history, live events from the hub.

mod app;
mod args;
mod config;
mod dispatch;
mod envelope;
mod events_socket;
mod http;
mod incoming;
mod limits;
mod methods;
mod shapes;
mod socket;
mod subscriptions;
#[cfg(test)]
mod tests;

pub use app::{
    AppState, Application, Broadcast, Checked, Genesis, NodeInfo, Peer, Pending, QueryAnswer, QueryRequest,
    Refused, Reply, Validator,
};
pub use config::{CometConfig, ConfigError};
pub use http::router;

use limits::Limits;
use std::sync::Arc;
use virtengine_events::Hub;

/// The surface with everything it answers from. Clones share it.
#[derive(Clone)]
pub struct Comet {
    inner: Arc<Inner>,
}

struct Inner {
    app: Arc<dyn Application>,
    hub: Hub,
    genesis: Genesis,
    node: NodeInfo,
    config: CometConfig,
    limits: Limits,
}

impl Comet {
    /// The surface over an application and its published blocks.
    #[must_use]
    pub fn new(
        app: Arc<dyn Application>,
        hub: Hub,
        genesis: Genesis,
        node: NodeInfo,
        config: CometConfig,
    ) -> Self {
        let limits = Limits::new(&config);
        Self { inner: Arc::new(Inner { app, hub, genesis, node, config, limits }) }
    }
}
