//! What happens to each finalized block: history, views, subscribers, then the acknowledgement.

use crate::metrics::NodeMetrics;
use std::time::Instant;
use thiserror::Error;
use tokio::sync::watch;
use virtengine_consensus::{Delivery, genesis::RESTORE, node::Reader};
use virtengine_events::{History, HistoryError, Hub};
use virtengine_state::Partition;
use virtengine_types::block::BlockHeader;
use virtengine_views::{ViewError, Views};

/// Why the indexes cannot follow; the node stops, as it would fall silent otherwise.
#[derive(Debug, Error)]
pub enum IndexError {
    /// The history cannot be written.
    #[error("the history of block {height} cannot be written: {cause}: {}", remedy(cause))]
    History {
        /// Height of the block.
        height: u64,
        /// What the history says.
        cause: HistoryError,
    },
    /// Blocks that the history had are gone.
    #[error("the history ends before block {expected}, the chain goes on with block {found}: {RESTORE}")]
    Lost {
        /// First block that is missing.
        expected: u64,
        /// The block to be kept.
        found: u64,
    },
    /// A row does not decode.
    #[error("the views cannot follow: {0}")]
    Views(#[from] ViewError),
    /// The state cannot be scanned at start.
    #[error("the state cannot be scanned: {0}: {RESTORE}")]
    Scan(#[from] virtengine_store::ReadError),
}

/// What to do about a history that cannot be used.
pub(crate) const fn remedy(cause: &HistoryError) -> &'static str {
    match cause {
        HistoryError::OtherChain { .. } => "use the genesis file of that chain, or another --home",
        HistoryError::Format { .. } => "use the release that wrote it",
        _ => RESTORE,
    }
}

/// Fills the views from the state, also while they follow blocks: the engine answers nobody while a block
/// waits for its acknowledgement, so blocks must be taken before the state can be read. Cost: one pass over
/// three partitions.
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
    // To sort a million validators takes seconds.
    let unsorted = views.clone();
    let sorted = tokio::task::spawn_blocking(move || unsorted.filled()).await;
    if let Err(error) = sorted {
        let Ok(panic) = error.try_into_panic() else { return Ok(()) }; // the runtime is shutting down
        std::panic::resume_unwind(panic);
    }
    tracing::info!(rows, ms = started.elapsed().as_millis(), "built the views");
    Ok(())
}

/// The parts that follow finalized blocks.
pub(crate) struct Indexer {
    pub(crate) history: History,
    /// Whether the history holds every block from the first, as without state sync.
    pub(crate) whole: bool,
    pub(crate) hub: Hub,
    pub(crate) views: Views,
    pub(crate) metrics: NodeMetrics,
    pub(crate) tip: watch::Sender<Option<BlockHeader>>,
}

impl Indexer {
    /// Takes in a block; when this returns it may be acknowledged. Repeating a block is harmless.
    pub(crate) async fn take(&mut self, delivery: Delivery) -> Result<(), IndexError> {
        let started = Instant::now();
        let (history, block) = (self.history.clone(), delivery.block.clone());
        let height = block.header.height.0;
        let expected = self.history.latest().map_or(1, |latest| latest.height().0 + 1);
        if height > expected {
            if self.whole {
                return Err(IndexError::Lost { expected, found: height });
            }
            let last = height - 1;
            tracing::warn!(
                first = expected,
                last,
                "state sync covered these blocks: the history begins after them"
            );
        }
        let appended = tokio::task::spawn_blocking(move || history.append(&block)).await;
        let record = match appended {
            Ok(result) => result.map_err(|cause| IndexError::History { height, cause })?,
            // The runtime is shutting down: the block stays unacknowledged and comes again.
            Err(_) => return Ok(()),
        };
        let appended = started.elapsed();
        self.views.apply(&delivery.block.writes)?;
        let listed = started.elapsed();
        self.hub.publish(record);
        self.metrics.block(&delivery.block, &delivery.times);
        self.metrics.stage("history", appended);
        self.metrics.stage("views", listed - appended);
        self.metrics.stage("publish", started.elapsed() - listed);
        self.tip.send_replace(Some(delivery.block.header.clone()));
        delivery.acknowledge();
        Ok(())
    }
}
