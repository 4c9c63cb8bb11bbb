//! Counters that bound what clients hold at once.

use super::config::CometConfig;
use super::envelope::RpcError;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A share of a bound, given back when dropped.
pub(super) type Permit = OwnedSemaphorePermit;

pub(super) struct Limits {
    reads: Arc<Semaphore>,
    scans: Arc<Semaphore>,
    websockets: Arc<Semaphore>,
    subscribers: Arc<Semaphore>,
    max_subscribers: usize,
}

impl Limits {
    pub(super) fn new(config: &CometConfig) -> Self {
        let most = |count: usize| count.min(Semaphore::MAX_PERMITS);
        Self {
            reads: Arc::new(Semaphore::new(most(config.max_concurrent_reads))),
            scans: Arc::new(Semaphore::new(most(config.max_concurrent_searches))),
            websockets: Arc::new(Semaphore::new(most(config.max_websockets))),
            subscribers: Arc::new(Semaphore::new(most(config.max_subscription_clients))),
            max_subscribers: config.max_subscription_clients,
        }
    }

    /// Waits for a turn to read from disk.
    pub(super) async fn read(&self) -> Result<Permit, RpcError> {
        self.reads.clone().acquire_owned().await.map_err(RpcError::internal)
    }

    /// Waits for a turn to search, which takes none from those who know what they want.
    pub(super) async fn scan(&self) -> Result<Permit, RpcError> {
        self.scans.clone().acquire_owned().await.map_err(RpcError::internal)
    }

    /// A place for a WebSocket connection, if there is one.
    pub(super) fn websocket(&self) -> Option<Permit> {
        self.websockets.clone().try_acquire_owned().ok()
    }

    /// A place for a connection's first subscription.
    pub(super) fn subscriber(&self) -> Result<Permit, RpcError> {
        let permit = self.subscribers.clone().try_acquire_owned();
        permit.map_err(|_| {
            RpcError::internal(format!("max_subscription_clients {} reached", self.max_subscribers))
        })
    }

    /// WebSocket connections that are open.
    #[cfg(test)]
    pub(super) fn free_websockets(&self) -> usize {
        self.websockets.available_permits()
    }
}
