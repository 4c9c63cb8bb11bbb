//! Where a value lives: a partition and 32 bytes.

use sha2::{Digest, Sha256};
use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
    io::{self, Write},
};

/// One of the five authenticated databases that together are the state.
///
/// The discriminant is part of the state root's order and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Partition {
    /// Accounts, balances, supply, parameters, escrow and deadlines.
    Ledger = 0,
    /// Validators, delegations and unbondings.
    Staking = 1,
    /// Providers, orders, bids and leases.
    Market = 2,
    /// Identity scopes and scores.
    Identity = 3,
    /// Clusters and jobs.
    Hpc = 4,
}

impl Partition {
    /// Every partition, in the order in which the state root hashes them.
    pub const ALL: [Self; 5] = [Self::Ledger, Self::Staking, Self::Market, Self::Identity, Self::Hpc];

    /// Lower-case name, as used in folders, metrics and query paths.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ledger => "ledger",
            Self::Staking => "staking",
            Self::Market => "market",
            Self::Identity => "identity",
            Self::Hpc => "hpc",
        }
    }
}

/// The place of one value: its partition and its 32-byte key there.
///
/// `bytes[0]` is the table's tag; the other 31 are the first bytes of SHA-256 over the tag and the
/// logical key, so that keys are uniform whatever a client chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The database that holds the value.
    pub partition: Partition,
    /// Table tag, then 31 hash bytes.
    pub bytes: [u8; 32],
}

impl Ord for Key {
    /// By partition, then by bytes; compared as two numbers, since blocks sort many keys.
    fn cmp(&self, other: &Self) -> Ordering {
        let halves = |key: &Self| {
            let (halves, _) = key.bytes.as_chunks::<16>();
            let mut halves = halves.iter().map(|half| u128::from_be_bytes(*half));
            (halves.next(), halves.next())
        };
        self.partition.cmp(&other.partition).then_with(|| halves(self).cmp(&halves(other)))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Key {
    /// Eight of the uniform bytes say enough.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [_, a, b, c, d, e, f, g, h, ..] = self.bytes;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl Key {
    /// The key of a logical key, given in its canonical encoding, in the table `tag` of `partition`.
    #[must_use]
    pub fn of(partition: Partition, tag: u8, logical: &[u8]) -> Self {
        let mut hasher = KeyHasher::new(partition, tag);
        hasher.hasher.update(logical);
        hasher.finish()
    }

    /// The tag of the table that the key belongs to.
    #[must_use]
    pub const fn tag(&self) -> u8 {
        let [tag, ..] = self.bytes;
        tag
    }
}

/// Makes a key from the parts of a logical key's encoding as they are written.
pub(crate) struct KeyHasher {
    partition: Partition,
    tag: u8,
    hasher: Sha256,
}

impl KeyHasher {
    pub(crate) fn new(partition: Partition, tag: u8) -> Self {
        let mut hasher = Sha256::new();
        hasher.update([tag]);
        Self { partition, tag, hasher }
    }

    pub(crate) fn finish(self) -> Key {
        let mut bytes = [self.tag; 32];
        for (byte, hashed) in bytes.iter_mut().skip(1).zip(self.hasher.finalize()) {
            *byte = hashed;
        }
        Key { partition: self.partition, bytes }
    }
}

impl Write for KeyHasher {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.hasher.update(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_are_in_the_order_of_their_bytes(first in any::<[u8; 32]>(), mut second in any::<[u8; 32]>(), equal in 0..33usize) {
            second[..equal].copy_from_slice(&first[..equal]);
            let key = |bytes| Key { partition: Partition::Market, bytes };
            prop_assert_eq!(key(first).cmp(&key(second)), first.cmp(&second));
        }
    }

    #[test]
    fn a_key_is_its_tag_and_the_first_31_hash_bytes() {
        let key = Key::of(Partition::Market, 7, b"order");
        let hash: [u8; 32] = Sha256::digest(b"\x07order").into();
        assert_eq!(key.tag(), 7);
        assert_eq!(key.bytes[1..], hash[..31]);
    }
}
