//! Reading the event log.

use super::record::first_sequence;
use super::rows::{array, unpack};
use super::{History, HistoryError};
use crate::{Entry, Filter};
use virtengine_types::block::MAX_BLOCK_EVENTS;

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
    /// `max_scanned_events`: a page may be empty and yet not be the last, see [`EventPage::next`]. It ends
    /// after the entry that fills `max_event_page_bytes`.
    /// Entries that are not held are skipped, see [`History::earliest_sequence`].
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
        let first = from / MAX_BLOCK_EVENTS;
        let (mut scanned, mut bytes) = (0, 0_u64);
        let config = &self.inner.config;
        for row in self.inner.rows.log.range(first.to_be_bytes()..) {
            let (height, entries) = row.into_inner()?;
            let height = u64::from_be_bytes(array(&height, "log")?);
            let entries: Vec<Entry> = unpack(&entries, "log")?;
            for entry in entries.into_iter().filter(|entry| entry.sequence >= from) {
                let full = page.events.len() >= limit
                    || scanned >= config.max_scanned_events
                    || bytes >= config.max_event_page_bytes;
                if full || entry.sequence >= until {
                    return Ok(page);
                }
                scanned += 1;
                page.next = entry.sequence + 1;
                if filter.matches(&entry) {
                    bytes = bytes.saturating_add(memory_bytes(&entry));
                    page.events.push(entry);
                }
            }
            page.next = first_sequence(height + 1);
        }
        page.next = until.max(page.next);
        Ok(page)
    }
}

fn memory_bytes(entry: &Entry) -> u64 {
    let texts = entry.attributes.iter().map(|(key, value)| key.len() + value.len());
    (size_of_val(entry) + entry.topic.len() + size_of_val(&*entry.attributes) + texts.sum::<usize>()) as u64
}
