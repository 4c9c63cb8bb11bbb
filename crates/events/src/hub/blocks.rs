//! Following the chain block by block.

use super::{Hub, Published, Tip};
use crate::HistoryError;
use std::sync::Arc;
use tokio::sync::watch;

/// A position in the chain.
pub struct BlockCursor {
    hub: Hub,
    tip: watch::Receiver<Tip>,
    next: u64,
}

impl BlockCursor {
    pub(super) fn new(hub: Hub, next: u64) -> Self {
        let tip = hub.inner.tip.subscribe();
        Self { hub, tip, next }
    }

    /// Waits for the next block and steps over it. No block is left out unless it was pruned before it was
    /// asked for. Dropping the future loses nothing.
    ///
    /// # Errors
    /// - [`HistoryError`] - a block that is no longer in memory cannot be read
    pub async fn next(&mut self) -> Result<Arc<Published>, HistoryError> {
        loop {
            let tip = *self.tip.borrow_and_update();
            if self.next > tip.height {
                // The sender lives in the hub, which this holds.
                if self.tip.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
                continue;
            }
            let block = match self.in_ring() {
                Some(block) => Some(block),
                None => self.in_history().await?,
            };
            match block {
                Some(block) => {
                    self.next = block.record.height().0 + 1;
                    return Ok(block);
                }
                None => self.next += 1,
            }
        }
    }

    fn in_ring(&self) -> Option<Arc<Published>> {
        let ring = self.hub.inner.ring.read();
        let first = ring.blocks.front()?.record.height().0;
        ring.blocks.get(usize::try_from(self.next.checked_sub(first)?).ok()?).cloned()
    }

    async fn in_history(&mut self) -> Result<Option<Arc<Published>>, HistoryError> {
        let history = self.hub.inner.history.clone();
        let earliest = history.earliest().map_or(1, |earliest| earliest.height().0);
        self.next = self.next.max(earliest);
        let height = self.next;
        let block = super::subscription::blocking(move || history.block(height)).await?;
        Ok(block.map(|record| Arc::new(Published::new(record))))
    }
}
