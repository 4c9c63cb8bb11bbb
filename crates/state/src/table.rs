//! Typed tables and the encoding of their rows.

use crate::{Key, Partition, StateError, key::KeyHasher};
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use std::marker::PhantomData;

/// Version byte that starts every stored value.
pub const VERSION: u8 = 1;

/// Largest stored value in bytes, its version and logical key included.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;

/// A type that can be a table's key or value: canonical borsh both ways.
pub trait Record: BorshSerialize + BorshDeserialize {}

impl<T: BorshSerialize + BorshDeserialize> Record for T {}

/// A table: its partition, its one-byte tag, and the types of its keys and values.
///
/// A stored value is `version (1 byte) || borsh(key) || borsh(value)`. It carries its logical key, so a
/// scan of a partition can rebuild every index.
#[derive(Debug)]
pub struct Table<K, V> {
    partition: Partition,
    tag: u8,
    name: &'static str,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K: Record, V: Record> Table<K, V> {
    /// Declares a table. `tag` is unique within `partition` and never reused.
    #[must_use]
    pub const fn new(partition: Partition, tag: u8, name: &'static str) -> Self {
        Self { partition, tag, name, types: PhantomData }
    }

    /// The table's name, for messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The partition that holds the table.
    #[must_use]
    pub const fn partition(&self) -> Partition {
        self.partition
    }

    /// The first byte of every key of the table.
    #[must_use]
    pub const fn tag(&self) -> u8 {
        self.tag
    }

    /// Whether `key` is one of this table's.
    #[must_use]
    pub fn holds(&self, key: &Key) -> bool {
        key.partition == self.partition && key.tag() == self.tag
    }

    /// Where the row of `key` is stored.
    ///
    /// # Errors
    /// - `Encode` - the key cannot be encoded
    pub fn key(&self, key: &K) -> Result<Key, StateError> {
        let mut hasher = KeyHasher::new(self.partition, self.tag);
        key.serialize(&mut hasher).map_err(|_| StateError::Encode { table: self.name })?;
        Ok(hasher.finish())
    }

    /// Encodes a row.
    ///
    /// # Errors
    /// - `Encode` - the row cannot be encoded
    /// - `TooLarge` - the encoded row exceeds [`MAX_VALUE_BYTES`]
    pub fn encode(&self, key: &K, value: &V) -> Result<Bytes, StateError> {
        let mut row = Vec::with_capacity(128);
        row.push(VERSION);
        key.serialize(&mut row).map_err(|_| StateError::Encode { table: self.name })?;
        value.serialize(&mut row).map_err(|_| StateError::Encode { table: self.name })?;
        if row.len() > MAX_VALUE_BYTES {
            return Err(StateError::TooLarge { table: self.name, bytes: row.len(), max: MAX_VALUE_BYTES });
        }
        Ok(Bytes::from(row))
    }

    /// Decodes a row into its logical key and value.
    ///
    /// # Errors
    /// - `Version` - the row was written by another version
    /// - `Corrupt` - the bytes are not a row of this table
    pub fn decode(&self, row: &[u8]) -> Result<(K, V), StateError> {
        let (version, mut rest) = row.split_first().ok_or(StateError::Corrupt { table: self.name })?;
        if *version != VERSION {
            return Err(StateError::Version { table: self.name, found: *version, known: VERSION });
        }
        let corrupt = |_| StateError::Corrupt { table: self.name };
        let key = K::deserialize(&mut rest).map_err(corrupt)?;
        let value = V::deserialize(&mut rest).map_err(corrupt)?;
        if rest.is_empty() { Ok((key, value)) } else { Err(StateError::Corrupt { table: self.name }) }
    }

    /// Decodes a row if `key` belongs to this table, for scans and derived views.
    ///
    /// # Errors
    /// As [`Table::decode`].
    pub fn decode_if(&self, key: &Key, row: &[u8]) -> Result<Option<(K, V)>, StateError> {
        if self.holds(key) { self.decode(row).map(Some) } else { Ok(None) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: Table<String, u64> = Table::new(Partition::Ledger, 1, "numbers");

    #[test]
    fn a_row_carries_its_key() {
        let row = NUMBERS.encode(&"a".into(), &7).unwrap();
        assert_eq!(NUMBERS.decode(&row).unwrap(), ("a".to_string(), 7));
    }

    #[test]
    fn rejects_rows_of_another_version_or_shape() {
        let row = NUMBERS.encode(&"a".into(), &7).unwrap().to_vec();
        let mut newer = row.clone();
        newer[0] = 9;
        assert_eq!(
            NUMBERS.decode(&newer),
            Err(StateError::Version { table: "numbers", found: 9, known: VERSION })
        );
        let longer = [row.as_slice(), &[0]].concat();
        assert_eq!(NUMBERS.decode(&longer), Err(StateError::Corrupt { table: "numbers" }));
        assert_eq!(NUMBERS.decode(&row[..4]), Err(StateError::Corrupt { table: "numbers" }));
        assert_eq!(NUMBERS.decode(&[]), Err(StateError::Corrupt { table: "numbers" }));
    }

    #[test]
    fn rejects_a_row_over_the_size_limit() {
        let blobs: Table<u8, Vec<u8>> = Table::new(Partition::Ledger, 2, "blobs");
        let error = blobs.encode(&1, &vec![0; MAX_VALUE_BYTES]).unwrap_err();
        assert!(matches!(error, StateError::TooLarge { bytes, .. } if bytes > MAX_VALUE_BYTES));
    }
}
