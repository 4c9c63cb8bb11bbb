//! Following the event log.

use super::{Hub, Tip};
use crate::{Entry, EventPage, Filter, HistoryError};
use tokio::sync::watch;

/// What a subscriber is handed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// An entry that matches.
    Event(Entry),
    /// The subscriber fell behind: the entries of these sequences, both included, follow from the journal.
    Lagged {
        /// First sequence.
        from: u64,
        /// Last sequence.
        to: u64,
    },
    /// The entries of these sequences, both included, are not held here; what is held follows.
    Pruned {
        /// First sequence.
        from: u64,
        /// Last sequence.
        to: u64,
    },
}

/// A position in the event log with a filter.
pub struct Subscription {
    hub: Hub,
    tip: watch::Receiver<Tip>,
    filter: Filter,
    cursor: u64,
    /// Whether it has reached the tip since it began or last lagged.
    live: bool,
}

impl Subscription {
    pub(super) fn new(hub: Hub, filter: Filter, from: Option<u64>) -> Self {
        let tip = hub.inner.tip.subscribe();
        let next = tip.borrow().next_sequence;
        let cursor = from.map_or(next, |from| from.max(1));
        Self { hub, tip, filter, cursor, live: cursor >= next }
    }

    /// Sequence of the first entry that was not looked at yet: subscribing from it goes on without loss or
    /// repetition.
    #[must_use]
    pub const fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Waits for entries that match and steps over them; never empty. Dropping the future loses nothing.
    ///
    /// # Errors
    /// - [`HistoryError`] - entries that are no longer in memory cannot be read; the position is unchanged
    pub async fn next(&mut self) -> Result<Vec<Delivery>, HistoryError> {
        loop {
            let batch = self.ready().await?;
            if !batch.is_empty() {
                return Ok(batch);
            }
            if self.caught_up() && self.tip.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether everything published was looked at.
    pub(super) fn caught_up(&mut self) -> bool {
        self.cursor >= self.tip.borrow_and_update().next_sequence
    }

    /// Takes the next step towards the tip; may find nothing that matches.
    pub(super) async fn ready(&mut self) -> Result<Vec<Delivery>, HistoryError> {
        let until = self.tip.borrow_and_update().next_sequence;
        if self.cursor >= until {
            self.live = true;
            return Ok(Vec::new());
        }
        if let Some(page) = self.in_ring() {
            return Ok(self.step(page));
        }
        let earliest = self.hub.inner.history.earliest_sequence();
        if self.cursor < earliest {
            let from = std::mem::replace(&mut self.cursor, earliest);
            return Ok(vec![Delivery::Pruned { from, to: earliest - 1 }]);
        }
        if std::mem::take(&mut self.live) {
            return Ok(vec![Delivery::Lagged { from: self.cursor, to: until - 1 }]);
        }
        let page = self.in_history(until).await?;
        Ok(self.step(page))
    }

    fn step(&mut self, page: EventPage) -> Vec<Delivery> {
        self.cursor = page.next;
        page.events.into_iter().map(Delivery::Event).collect()
    }

    /// The rest of the block at the cursor, if it is in memory.
    fn in_ring(&self) -> Option<EventPage> {
        let ring = self.hub.inner.ring.read();
        if ring.blocks.front()?.record.meta.first_sequence() > self.cursor {
            return None;
        }
        let after = ring.blocks.partition_point(|block| block.record.meta.next_sequence() <= self.cursor);
        let block = ring.blocks.get(after)?.clone();
        drop(ring);
        let mut page = EventPage { events: Vec::new(), next: block.record.meta.next_sequence() };
        for entry in block.entries.iter().filter(|entry| entry.sequence >= self.cursor) {
            if page.events.len() >= self.hub.inner.config.batch {
                page.next = entry.sequence;
                break;
            }
            if self.filter.matches(entry) {
                page.events.push(entry.clone());
            }
        }
        Some(page)
    }

    async fn in_history(&self, until: u64) -> Result<EventPage, HistoryError> {
        let (history, filter, from) = (self.hub.inner.history.clone(), self.filter.clone(), self.cursor);
        let limit = self.hub.inner.config.batch;
        blocking(move || history.events_until(from, until, &filter, limit)).await
    }
}

/// Runs a disk read beside the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, HistoryError> + Send + 'static,
) -> Result<T, HistoryError> {
    match tokio::task::spawn_blocking(read).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down and drops this future too.
            Err(_) => std::future::pending().await,
        },
    }
}
