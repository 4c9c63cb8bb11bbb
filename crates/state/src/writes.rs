//! What a block changes.

use crate::{Key, Partition};
use bytes::Bytes;
use std::collections::BTreeMap;

/// The final writes of a block or of a genesis, sorted by partition and key.
///
/// `None` deletes. The order makes the resulting roots independent of the order of execution's
/// internal steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteSet {
    entries: BTreeMap<Key, Option<Bytes>>,
}

impl WriteSet {
    /// Sets or, with `None`, deletes `key`.
    pub fn insert(&mut self, key: Key, value: Option<Bytes>) {
        self.entries.insert(key, value);
    }

    /// Number of written keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All writes in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Option<Bytes>)> {
        self.entries.iter()
    }

    /// The writes of one partition in key order.
    pub fn partition(&self, partition: Partition) -> impl Iterator<Item = (&Key, &Option<Bytes>)> {
        let low = Key { partition, bytes: [0; 32] };
        let high = Key { partition, bytes: [u8::MAX; 32] };
        self.entries.range(low..=high)
    }
}

impl FromIterator<(Key, Option<Bytes>)> for WriteSet {
    fn from_iter<I: IntoIterator<Item = (Key, Option<Bytes>)>>(iter: I) -> Self {
        Self { entries: iter.into_iter().collect() }
    }
}
