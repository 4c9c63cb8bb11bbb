//! The keys of a shard's members.

use super::Bitfield;
use crate::bls::CheckedKey;
use blst::{MultiPoint as _, blst_p1, min_pk};

/// Keys of a shard's members by their index, and their sum.
///
/// Keys are held as both coordinates, 96 bytes each: a million take 96 MB. Compressed they would take half, but to
/// decode one costs as much as to add some fifty. The sum is cached, as most members endorse: then it is cheaper to take
/// the absent away.
#[derive(Clone, Debug)]
pub struct ShardKeys {
    keys: Vec<min_pk::PublicKey>,
    total: min_pk::AggregatePublicKey,
}

impl ShardKeys {
    /// The keys of the members, in their order. Costs an addition a key.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = CheckedKey>) -> Self {
        let keys: Vec<_> = keys.into_iter().map(CheckedKey::point).collect();
        let total = sum(&keys);
        Self { keys, total }
    }

    /// Number of members.
    #[must_use]
    pub const fn members(&self) -> usize {
        self.keys.len()
    }

    /// The key of a member.
    pub(super) fn key(&self, index: usize) -> Option<min_pk::PublicKey> {
        self.keys.get(index).copied()
    }

    /// The sum of the endorsers' keys, by adding them or by taking the others from the total, whichever are fewer.
    pub(super) fn sum(&self, endorsed: &Bitfield) -> min_pk::AggregatePublicKey {
        let add = endorsed.count() * 2 <= self.keys.len();
        let fewer = self.keys.iter().enumerate().filter(|(index, _)| endorsed.has(*index) == add);
        let fewer: Vec<_> = fewer.map(|(_, key)| *key).collect();
        let of_fewer = sum(&fewer);
        if add {
            return of_fewer;
        }
        let mut rest = self.total;
        rest.sub_aggregate(&of_fewer);
        rest
    }
}

fn sum(keys: &[min_pk::PublicKey]) -> min_pk::AggregatePublicKey {
    if keys.is_empty() { blst_p1::default().into() } else { keys.add() }
}
