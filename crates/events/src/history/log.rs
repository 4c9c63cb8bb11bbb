//! Reading the event log.

use super::rows::unpack;
use super::{History, HistoryError};
use crate::{Entry, Filter};

/// A part of the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// Entries that the filter matches, in order.
    pub events: Vec<Entry>,
    /// Sequence to go on from: everything before it was looked at. Equal to
    /// [`History::next_sequence`] at the end of the log.
    pub next: u64,
}

impl History {
    /// The entries from sequence `from` on that match, at most `limit`, looking at no more than
    /// `max_scanned_events`: a page may be empty and yet not be the last, see [`EventPage::next`].
    /// Pruned entries are skipped, see [`History::earliest_sequence`].
    ///
    /// # Errors
    /// - `Store`, `Corrupt` - the disk failed
    pub fn events(&self, from: u64, filter: &Filter, limit: usize) -> Result<EventPage, HistoryError> {
        self.events_until(from, self.next_sequence(), filter, limit)
    }

    /// As [`History::events`], leaving out sequence `until` and what follows it.
    pub(crate) fn events_until(
        &self,
        from: u64,
        until: u64,
        filter: &Filter,
        limit: usize,
    ) -> Result<EventPage, HistoryError> {
        let from = from.max(self.earliest_sequence());
        let mut page = EventPage { events: Vec::new(), next: from };
        if from >= until || limit == 0 {
            return Ok(page);
        }
        // The row that holds `from` starts at or before it.
        let log = &self.inner.rows.log;
        let first = log.range(..=from.to_be_bytes()).next_back();
        let first = first.map(|row| row.key()).transpose()?.unwrap_or_else(|| from.to_be_bytes().into());
        let mut scanned = 0;
        for row in log.range(first..) {
            let entries: Vec<Entry> = unpack(&row.value()?, "log")?;
            for entry in entries.into_iter().filter(|entry| entry.sequence >= from) {
                let full = page.events.len() >= limit || scanned >= self.inner.config.max_scanned_events;
                if full || entry.sequence >= until {
                    return Ok(page);
                }
                scanned += 1;
                page.next = entry.sequence + 1;
                if filter.matches(&entry) {
                    page.events.push(entry);
                }
            }
        }
        page.next = until.max(page.next);
        Ok(page)
    }
}
