//! A whole state in memory: the backend of unit tests and of genesis building.

use crate::{Key, Partition, WriteSet};
use bytes::Bytes;
use std::collections::BTreeMap;

/// Every value of a small state, kept in a sorted map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryStore {
    values: BTreeMap<Key, Bytes>,
}

impl MemoryStore {
    /// The value of `key`, if present.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Bytes> {
        self.values.get(key).cloned()
    }

    /// Applies a block's writes.
    pub fn apply(&mut self, writes: &WriteSet) {
        for (key, value) in writes.iter() {
            match value {
                Some(value) => self.values.insert(*key, value.clone()),
                None => self.values.remove(key),
            };
        }
    }

    /// All values of a partition in key order.
    pub fn scan(&self, partition: Partition) -> impl Iterator<Item = (&Key, &Bytes)> {
        let low = Key { partition, bytes: [0; 32] };
        let high = Key { partition, bytes: [u8::MAX; 32] };
        self.values.range(low..=high)
    }

    /// Number of values held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether no value is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}
