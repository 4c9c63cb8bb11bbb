//! What happens to each finalized block: history, views, subscribers, then the acknowledgement.

use crate::metrics::NodeMetrics;
use std::{sync::Arc, time::Instant};
use thiserror::Error;
use tokio::sync::watch;
use virtengine_consensus::{Delivery, node::Reader};
use virtengine_events::{History, HistoryError, Hub};
use virtengine_state::Partition;
use virtengine_types::block::{BlockHeader, FinalizedBlock, StateWrite};
use virtengine_views::{ViewError, Views};

/// Why the indexes cannot follow; the node stops, as it would fall silent otherwise.
#[derive(Debug, Error)]
pub enum IndexError {
    /// The history cannot be written.
    #[error("the history of block {height} cannot be written: {cause}{hint}")]
    History {
        /// Height of the block.
        height: u64,
        /// What the history says.
        cause: HistoryError,
        /// What may help.
        hint: &'static str,
    },
    /// A row does not decode.
    #[error("the views cannot follow: {0}")]
    Views(#[from] ViewError),
    /// The state cannot be scanned at start.
    #[error("the state cannot be scanned: {0}")]
    Scan(#[from] virtengine_store::ReadError),
}

/// Fills the views from the state. Cost: one pass over three partitions.
pub(crate) async fn rebuild(reader: &Reader, views: &Views) -> Result<(), IndexError> {
    let started = Instant::now();
    let mut rows = 0u64;
    for partition in [Partition::Ledger, Partition::Staking, Partition::Market] {
        let mut failure = None;
        reader
            .scan(partition, |key, row| {
                rows += 1;
                if let Err(error) = views.insert(&key, &row) {
                    failure.get_or_insert(error);
                }
            })
            .await?;
        if let Some(error) = failure {
            return Err(error.into());
        }
    }
    tracing::info!(rows, ms = started.elapsed().as_millis(), "built the views");
    Ok(())
}

/// Views that may still be built while blocks come.
///
/// The engine answers nobody while a block waits for its acknowledgement, so blocks must be taken also
/// before the state can be read. Their writes are kept and applied after the scan: a scan sees some of
/// them already, and the last write of a row is the same either way.
pub(crate) struct FollowingViews {
    views: Views,
    waiting: Option<Vec<Arc<Vec<StateWrite>>>>,
}

impl FollowingViews {
    /// Views that are being built.
    pub(crate) const fn new(views: Views) -> Self {
        Self { views, waiting: Some(Vec::new()) }
    }

    /// The scan is done: from now on blocks are applied as they come.
    pub(crate) fn built(&mut self) -> Result<(), ViewError> {
        for writes in self.waiting.take().unwrap_or_default() {
            self.views.apply(&writes)?;
        }
        Ok(())
    }

    fn follow(&mut self, block: &FinalizedBlock) -> Result<(), ViewError> {
        match &mut self.waiting {
            Some(waiting) => waiting.push(block.writes.clone()),
            None => self.views.apply(&block.writes)?,
        }
        Ok(())
    }
}

/// The parts that follow finalized blocks.
pub(crate) struct Indexer {
    pub(crate) history: History,
    pub(crate) hub: Hub,
    pub(crate) views: FollowingViews,
    pub(crate) metrics: NodeMetrics,
    pub(crate) tip: watch::Sender<Option<BlockHeader>>,
}

impl Indexer {
    /// Takes in a block; when this returns it may be acknowledged. Repeating a block is harmless.
    pub(crate) async fn take(&mut self, delivery: Delivery) -> Result<(), IndexError> {
        let started = Instant::now();
        let (history, block) = (self.history.clone(), delivery.block.clone());
        let height = block.header.height.0;
        let appended = tokio::task::spawn_blocking(move || history.append(&block)).await;
        let record = match appended {
            Ok(result) => result.map_err(|cause| {
                let full = cause.to_string().contains("No space left");
                let hint = if full { ": free some room and start the node again" } else { "" };
                IndexError::History { height, cause, hint }
            })?,
            // The runtime is shutting down: the block stays unacknowledged and comes again.
            Err(_) => return Ok(()),
        };
        self.views.follow(&delivery.block)?;
        self.hub.publish(record);
        self.metrics.block(&delivery.block, delivery.processed_in, started.elapsed());
        self.tip.send_replace(Some(delivery.block.header.clone()));
        delivery.acknowledge();
        Ok(())
    }
}
