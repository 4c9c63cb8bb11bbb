//! The time wheel: what is to happen at a height or a second, a bounded number per block.
//!
//! A deadline's entries are pages of [`PAGE_ENTRIES`]; a cursor remembers how far the wheel has turned.
//! What a block has no budget for stays under the cursor and is done by the next. Entries are never
//! searched or removed early: each checks, when its time comes, that the record it names still waits
//! for it.
//!
//! Invariants
//! 1. Every entry is handled exactly once, at the first block at or after its deadline that has budget.
//! 2. Entries of one kind of deadline are handled in order of deadline, then of insertion.

use crate::{
    BlockContext,
    outcome::{Fatal, Outcome},
};
use borsh::{BorshDeserialize, BorshSerialize};
use virtengine_state::{Key, MemoryStore, Partition, State, StateError, Table, WriteSet};
use virtengine_types::{
    Height,
    due::{Deadline, Due},
};

/// Entries of one page.
pub const PAGE_ENTRIES: u32 = 64;
/// Empty deadlines that one block passes at most.
const MAX_EMPTY: u32 = 256;

/// Number of entries of a deadline.
const COUNTS: Table<Deadline, u32> = Table::new(Partition::Ledger, 4, "due counts");
/// Entries of a deadline by page.
const PAGES: Table<(Deadline, u32), Vec<Due>> = Table::new(Partition::Ledger, 5, "due pages");
/// The cursor, under key 0.
const CURSOR: Table<u8, Cursor> = Table::new(Partition::Ledger, 6, "due cursor");

/// How far the wheel has turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Cursor {
    height: Height,
    height_entry: u32,
    second: u64,
    second_entry: u32,
}

impl Cursor {
    /// The wheel of a chain whose genesis has this time.
    pub(crate) const fn at_genesis(second: u64) -> Self {
        Self { height: Height(1), height_entry: 0, second, second_entry: 0 }
    }
}

/// Adds an entry to a deadline that lies in the future.
///
/// # Errors
/// - `Fatal::Bounds` - a deadline has 2^32 entries
pub fn schedule(state: &mut State, deadline: Deadline, due: Due) -> Outcome<()> {
    let count = state.get(&COUNTS, &deadline)?.unwrap_or_default();
    let number = page_of(count);
    let mut page = state.get(&PAGES, &(deadline, number))?.unwrap_or_default();
    page.push(due);
    let next = count
        .checked_add(1)
        .ok_or_else(|| Fatal::Bounds { what: "deadline entries", detail: format!("{deadline:?}") })?;
    state.put(&PAGES, &(deadline, number), &page)?;
    Ok(state.put(&COUNTS, &deadline, &next)?)
}

/// Takes the next entry that is due at `block`, turning the wheel; `None` if nothing is due any more or
/// only empty deadlines were passed so far.
pub(crate) fn take(state: &mut State, block: &BlockContext) -> Outcome<Option<Due>> {
    let genesis = Cursor::at_genesis(block.time.seconds());
    let before = state.get(&CURSOR, &0)?.unwrap_or(genesis);
    let mut cursor = before;
    let due = match take_height(state, block.height, &mut cursor)? {
        Some(due) => Some(due),
        None => take_second(state, block.time.seconds(), &mut cursor)?,
    };
    if cursor != before {
        state.put(&CURSOR, &0, &cursor)?;
    }
    Ok(due)
}

/// Writes the cursor of a new chain whose genesis has this time.
pub(crate) fn genesis(rows: &mut WriteSet, second: u64) -> Result<(), StateError> {
    rows.insert(CURSOR.key(&0)?, Some(CURSOR.encode(&0, &Cursor::at_genesis(second))?));
    Ok(())
}

/// Every entry of a stored page, handled ones of a page in progress among them; scans the state.
///
/// # Errors
/// As [`Table::decode`].
pub(crate) fn pending(store: &MemoryStore) -> Result<Vec<(Deadline, Due)>, StateError> {
    let mut entries = Vec::new();
    for (key, row) in store.scan(Partition::Ledger) {
        if let Some(((deadline, _), page)) = PAGES.decode_if(key, row)? {
            entries.extend(page.into_iter().map(|due| (deadline, due)));
        }
    }
    Ok(entries)
}

/// Entries that the block handles next, as far as the page that holds them is loaded.
pub(crate) fn upcoming(state: &mut State, block: &BlockContext) -> Vec<Due> {
    let Ok(Some(cursor)) = state.get(&CURSOR, &0) else { return Vec::new() };
    let heights = (Deadline::Height(cursor.height), cursor.height_entry, cursor.height <= block.height);
    let seconds =
        (Deadline::Second(cursor.second), cursor.second_entry, cursor.second <= block.time.seconds());
    let mut entries = Vec::new();
    for (deadline, entry, reached) in [heights, seconds] {
        if reached && let Ok(Some(page)) = state.get(&PAGES, &(deadline, page_of(entry))) {
            entries.extend(page.into_iter().skip(entry.wrapping_rem(PAGE_ENTRIES) as usize));
        }
    }
    entries
}

/// Adds the keys that an entry at a deadline without many others is stored under.
pub(crate) fn entry_hints(deadline: Deadline, keys: &mut Vec<Key>) {
    keys.extend(COUNTS.key(&deadline));
    keys.extend(PAGES.key(&(deadline, 0)));
}

/// Whether a key is the wheel's own, not of a record that an entry names.
pub(crate) fn owns(key: &Key) -> bool {
    let tags = [COUNTS.tag(), PAGES.tag(), CURSOR.tag()];
    key.partition == Partition::Ledger && tags.contains(&key.tag())
}

/// Keys that every block reads.
pub(crate) fn hints(block: &BlockContext) -> Vec<Key> {
    [
        CURSOR.key(&0),
        COUNTS.key(&Deadline::Height(block.height)),
        COUNTS.key(&Deadline::Second(block.time.seconds())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn take_height(state: &mut State, now: Height, cursor: &mut Cursor) -> Outcome<Option<Due>> {
    for _ in 0..MAX_EMPTY {
        if cursor.height > now {
            break;
        }
        let deadline = Deadline::Height(cursor.height);
        if let Some(due) = take_from(state, deadline, &mut cursor.height_entry)? {
            return Ok(Some(due));
        }
        cursor.height = cursor.height.plus(1);
        cursor.height_entry = 0;
    }
    Ok(None)
}

fn take_second(state: &mut State, now: u64, cursor: &mut Cursor) -> Outcome<Option<Due>> {
    for _ in 0..MAX_EMPTY {
        if cursor.second > now {
            break;
        }
        let deadline = Deadline::Second(cursor.second);
        if let Some(due) = take_from(state, deadline, &mut cursor.second_entry)? {
            return Ok(Some(due));
        }
        cursor.second = cursor.second.saturating_add(1);
        cursor.second_entry = 0;
    }
    Ok(None)
}

/// Takes entry number `entry` of a deadline and advances it; deletes what is used up.
fn take_from(state: &mut State, deadline: Deadline, entry: &mut u32) -> Outcome<Option<Due>> {
    let count = state.get(&COUNTS, &deadline)?.unwrap_or_default();
    if *entry >= count {
        if count > 0 {
            state.delete(&COUNTS, &deadline)?;
        }
        return Ok(None);
    }
    let number = page_of(*entry);
    let page = state.get(&PAGES, &(deadline, number))?.unwrap_or_default();
    let position = entry.wrapping_rem(PAGE_ENTRIES) as usize;
    let due = *page.get(position).ok_or_else(|| Fatal::Bounds {
        what: "deadline page",
        detail: format!("{deadline:?} page {number} has {} entries, entry {entry} is due", page.len()),
    })?;
    *entry = entry.saturating_add(1);
    if page_of(*entry) != number || *entry >= count {
        state.delete(&PAGES, &(deadline, number))?;
    }
    Ok(Some(due))
}

const fn page_of(entry: u32) -> u32 {
    entry.wrapping_div(PAGE_ENTRIES)
}

#[cfg(test)]
mod tests;
