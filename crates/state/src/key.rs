//! Where a value lives: a partition and 32 bytes.

use sha2::{Digest, Sha256};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The database that holds the value.
    pub partition: Partition,
    /// Table tag, then 31 hash bytes.
    pub bytes: [u8; 32],
}

impl Key {
    /// The key of a logical key, given in its canonical encoding, in the table `tag` of `partition`.
    #[must_use]
    pub fn of(partition: Partition, tag: u8, logical: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update([tag]);
        hasher.update(logical);
        let mut bytes: [u8; 32] = hasher.finalize().into();
        bytes.rotate_right(1);
        let [first, ..] = &mut bytes;
        *first = tag;
        Self { partition, bytes }
    }

    /// The tag of the table that the key belongs to.
    #[must_use]
    pub const fn tag(&self) -> u8 {
        let [tag, ..] = self.bytes;
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_tag_and_the_first_31_hash_bytes() {
        let key = Key::of(Partition::Market, 7, b"order");
        let hash: [u8; 32] = Sha256::digest(b"\x07order").into();
        assert_eq!(key.tag(), 7);
        assert_eq!(key.bytes[1..], hash[..31]);
    }
}
