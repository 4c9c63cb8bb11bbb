//! The state as execution sees it: a loaded working set under an overlay of writes.

use crate::{Key, Record, Table, WriteSet};
use bytes::Bytes;
use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use thiserror::Error;

/// Why a read or a write could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StateError {
    /// The key is not in the working set: load it and run again.
    #[error("key {key:?} was not loaded")]
    NotLoaded {
        /// The key to load.
        key: Key,
    },
    /// Stored bytes are not a row of the table: this node's data is damaged.
    #[error("a row of table {table} is corrupt")]
    Corrupt {
        /// The table's name.
        table: &'static str,
    },
    /// Stored bytes were written by another version of the program.
    #[error("a row of table {table} has version {found}, this program knows {known}")]
    Version {
        /// The table's name.
        table: &'static str,
        /// Version found in the row.
        found: u8,
        /// Version this program writes.
        known: u8,
    },
    /// A row exceeds the size limit.
    #[error("a row of table {table} would be {bytes} bytes, at most {max} are allowed")]
    TooLarge {
        /// The table's name.
        table: &'static str,
        /// Encoded size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A key or value refused to encode.
    #[error("a row of table {table} cannot be encoded")]
    Encode {
        /// The table's name.
        table: &'static str,
    },
}

/// A point to which writes can be undone.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Savepoint(usize);

/// Where a row lies in the working set that it was found in, for reading and then writing it.
#[derive(Clone, Copy, Debug)]
pub struct Place(usize);

/// A row of the working set.
#[derive(Clone, Debug)]
struct Slot {
    /// Its value as operations see it.
    now: Option<Bytes>,
    /// Its value in the database, kept from the first write on.
    loaded: Option<Option<Bytes>>,
}

/// The working set of a block with everything written over it so far.
///
/// Reads see earlier writes. Writes since a [`Savepoint`] can be undone, which is how a rejected
/// transaction leaves nothing behind. Each read and each write is counted for gas.
#[derive(Clone, Debug, Default)]
pub struct State {
    rows: IndexMap<Key, Slot, FxBuildHasher>,
    undo: Vec<(Place, Option<Bytes>)>,
    touches: u64,
}

impl State {
    /// Adds values to the working set; `None` says that the key is absent from the database.
    pub fn load(&mut self, entries: impl IntoIterator<Item = (Key, Option<Bytes>)>) {
        let entries = entries.into_iter();
        self.rows.reserve(entries.size_hint().0);
        for (key, now) in entries {
            // A key that is here may have been written since.
            self.rows.entry(key).or_insert(Slot { now, loaded: None });
        }
    }

    /// Whether `key` can be read without loading it.
    #[must_use]
    pub fn is_loaded(&self, key: &Key) -> bool {
        self.rows.contains_key(key)
    }

    /// Finds the row of `key`, present or absent.
    ///
    /// # Errors
    /// - `NotLoaded` - the key is not in the working set
    /// - `Encode` - the key cannot be encoded
    pub fn place<K: Record, V: Record>(&self, table: &Table<K, V>, key: &K) -> Result<Place, StateError> {
        let key = table.key(key)?;
        self.rows.get_index_of(&key).map(Place).ok_or(StateError::NotLoaded { key })
    }

    /// Reads the row of `key`.
    ///
    /// # Errors
    /// - `NotLoaded` - the key is not in the working set
    /// - `Corrupt`, `Version` - the stored row cannot be read
    pub fn get<K: Record, V: Record>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
    ) -> Result<Option<V>, StateError> {
        let place = self.place(table, key)?;
        self.get_at(table, place)
    }

    /// Reads the row at a place.
    ///
    /// # Errors
    /// - `Corrupt`, `Version` - the stored row cannot be read
    pub fn get_at<K: Record, V: Record>(
        &mut self,
        table: &Table<K, V>,
        place: Place,
    ) -> Result<Option<V>, StateError> {
        self.touches = self.touches.saturating_add(1);
        match self.rows.get_index(place.0).and_then(|(_, slot)| slot.now.as_ref()) {
            Some(row) => Ok(Some(table.decode(row)?.1)),
            None => Ok(None),
        }
    }

    /// Writes the row of `key`.
    ///
    /// The key must be loaded first, also when it is overwritten blindly: gas and undo depend on
    /// nothing that a hint could change.
    ///
    /// # Errors
    /// - `NotLoaded` - the key is not in the working set
    /// - `TooLarge`, `Encode` - the row cannot be stored
    pub fn put<K: Record, V: Record>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        value: &V,
    ) -> Result<(), StateError> {
        let place = self.place(table, key)?;
        self.put_at(table, place, key, value)
    }

    /// Writes the row of `key` at its place.
    ///
    /// # Errors
    /// - `TooLarge`, `Encode` - the row cannot be stored
    pub fn put_at<K: Record, V: Record>(
        &mut self,
        table: &Table<K, V>,
        place: Place,
        key: &K,
        value: &V,
    ) -> Result<(), StateError> {
        let row = table.encode(key, value)?;
        self.write(place, Some(row));
        Ok(())
    }

    /// Deletes the row of `key`; deleting an absent row changes nothing.
    ///
    /// # Errors
    /// - `NotLoaded` - the key is not in the working set
    pub fn delete<K: Record, V: Record>(&mut self, table: &Table<K, V>, key: &K) -> Result<(), StateError> {
        let place = self.place(table, key)?;
        self.write(place, None);
        Ok(())
    }

    /// Marks the present moment, to which [`State::undo_to`] returns.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint(self.undo.len())
    }

    /// Undoes every write since `savepoint`.
    pub fn undo_to(&mut self, savepoint: Savepoint) {
        while self.undo.len() > savepoint.0 {
            let Some((place, previous)) = self.undo.pop() else { return };
            if let Some((_, slot)) = self.rows.get_index_mut(place.0) {
                slot.now = previous;
            }
        }
    }

    /// Keeps everything written so far: earlier savepoints can no longer be returned to.
    pub fn commit(&mut self) {
        self.undo.clear();
    }

    /// Number of reads and writes so far; differences of it measure a transaction's work.
    #[must_use]
    pub const fn touches(&self) -> u64 {
        self.touches
    }

    /// Everything written, without values equal to what was loaded.
    #[must_use]
    pub fn into_writes(self) -> WriteSet {
        let written = |(key, Slot { now, loaded }): (Key, Slot)| {
            loaded.is_some_and(|loaded| loaded != now).then_some((key, now))
        };
        self.rows.into_iter().filter_map(written).collect()
    }

    fn write(&mut self, place: Place, row: Option<Bytes>) {
        self.touches = self.touches.saturating_add(1);
        let Some((_, slot)) = self.rows.get_index_mut(place.0) else { return };
        let previous = std::mem::replace(&mut slot.now, row);
        if slot.loaded.is_none() {
            slot.loaded = Some(previous.clone());
        }
        self.undo.push((place, previous));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Partition;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const ROWS: Table<u8, u64> = Table::new(Partition::Ledger, 1, "rows");

    fn loaded(keys: std::ops::Range<u8>) -> State {
        let mut state = State::default();
        state.load(keys.map(|key| (ROWS.key(&key).unwrap(), None)));
        state
    }

    #[test]
    fn a_key_that_was_not_loaded_is_named() {
        let mut state = State::default();
        let key = ROWS.key(&1).unwrap();
        assert_eq!(state.get(&ROWS, &1), Err(StateError::NotLoaded { key }));
        assert_eq!(state.put(&ROWS, &1, &5), Err(StateError::NotLoaded { key }));
    }

    #[test]
    fn writes_equal_to_the_loaded_value_are_dropped() {
        let mut state = State::default();
        let key = ROWS.key(&1).unwrap();
        state.load([(key, Some(ROWS.encode(&1, &5).unwrap()))]);
        state.put(&ROWS, &1, &6).unwrap();
        state.put(&ROWS, &1, &5).unwrap();
        assert!(state.into_writes().is_empty());
    }

    #[test]
    fn loading_a_key_again_keeps_what_was_written_over_it() {
        let mut state = loaded(0..1);
        let savepoint = state.savepoint();
        state.put(&ROWS, &0, &1).unwrap();
        state.load([(ROWS.key(&0).unwrap(), None)]);
        assert_eq!(state.get(&ROWS, &0), Ok(Some(1)));
        state.undo_to(savepoint);
        assert_eq!(state.get(&ROWS, &0), Ok(None));
        assert!(state.into_writes().is_empty());
    }

    #[test]
    fn what_is_committed_is_not_undone() {
        let mut state = loaded(0..2);
        state.put(&ROWS, &0, &1).unwrap();
        state.commit();
        let savepoint = state.savepoint();
        state.put(&ROWS, &1, &2).unwrap();
        state.undo_to(savepoint);
        assert_eq!(state.get(&ROWS, &0), Ok(Some(1)));
        assert_eq!(state.get(&ROWS, &1), Ok(None));
    }

    proptest! {
        #[test]
        fn undo_restores_exactly_what_was(
            before in prop::collection::vec((0u8..8, prop::option::of(0u64..99)), 0..20),
            after in prop::collection::vec((0u8..8, prop::option::of(0u64..99)), 0..20),
        ) {
            let mut state = loaded(0..8);
            let mut model = BTreeMap::new();
            let apply = |state: &mut State, (key, value): (u8, Option<u64>)| match value {
                Some(value) => state.put(&ROWS, &key, &value).unwrap(),
                None => state.delete(&ROWS, &key).unwrap(),
            };
            for (key, value) in before {
                apply(&mut state, (key, value));
                model.insert(key, value);
            }
            let savepoint = state.savepoint();
            for write in after {
                apply(&mut state, write);
            }
            state.undo_to(savepoint);
            for key in 0..8u8 {
                prop_assert_eq!(state.get(&ROWS, &key).unwrap(), model.get(&key).copied().flatten());
            }
        }
    }
}
