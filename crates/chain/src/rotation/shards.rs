//! Dividing endorsers into shards.

use super::random::Random;
use std::ops::Range;

/// Domain of the division.
const DOMAIN: &[u8] = b"virtengine/shards";
/// Shards of an epoch, each with one sum of signatures. A million members make 976 or 977 of each.
pub const SHARDS: u32 = 1_024;

/// Which members are in which shard in an epoch. 4 bytes a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shards {
    /// The members of one shard after the other.
    order: Vec<u32>,
}

impl Shards {
    /// Divides members 0 to `members - 1`: shuffled, then cut.
    #[must_use]
    pub fn new(members: u32, seed: &[u8; 32], epoch: u64) -> Self {
        let mut random = Random::new(DOMAIN, seed, epoch);
        let mut order: Vec<u32> = (0..members).collect();
        for last in (1..order.len()).rev() {
            let other = random.below((last as u128).saturating_add(1));
            // At most `last`, so it fits.
            order.swap(last, usize::try_from(other).unwrap_or(last));
        }
        Self { order }
    }

    /// The members of a shard by their index in it; empty if there is no such shard.
    #[must_use]
    pub fn members(&self, shard: u32) -> &[u32] {
        self.order.get(self.range(shard)).unwrap_or_default()
    }

    /// A member's shard and its index there. Looks through all members.
    #[must_use]
    pub fn place(&self, member: u32) -> Option<(u32, usize)> {
        let at = self.order.iter().position(|other| *other == member)?;
        let within = |shard: &u32| self.range(*shard).contains(&at);
        let shard = (0..SHARDS).find(within)?;
        Some((shard, at.checked_sub(self.range(shard).start)?))
    }

    fn range(&self, shard: u32) -> Range<usize> {
        self.start(shard)..self.start(shard.saturating_add(1))
    }

    /// `floor(shard x members / shards)`: both numbers have 32 bits, so the product has 64.
    fn start(&self, shard: u32) -> usize {
        let product = u64::from(shard).saturating_mul(self.order.len() as u64);
        let start = product.checked_div(u64::from(SHARDS)).unwrap_or_default();
        usize::try_from(start).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: [u8; 32] = [5; 32];

    #[test]
    fn every_member_is_in_one_shard_and_sizes_differ_by_at_most_one() {
        for members in [0, 1, 1_023, 1_024, 1_025, 10_000, 100_001] {
            let shards = Shards::new(members, &SEED, 3);
            let sizes: Vec<_> = (0..SHARDS).map(|shard| shards.members(shard).len()).collect();
            let small = (members / SHARDS) as usize;
            assert!(sizes.iter().all(|&size| size == small || size == small + 1), "{members}");
            let mut all: Vec<_> = (0..SHARDS).flat_map(|shard| shards.members(shard)).copied().collect();
            all.sort_unstable();
            assert_eq!(all, (0..members).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_member_is_found_at_its_place() {
        let shards = Shards::new(5_000, &SEED, 3);
        for member in (0..5_000).step_by(97) {
            let (shard, index) = shards.place(member).unwrap();
            assert_eq!(shards.members(shard)[index], member);
        }
        assert_eq!(shards.place(5_000), None);
        assert!(shards.members(SHARDS).is_empty());
        assert!(shards.members(u32::MAX).is_empty());
    }

    #[test]
    fn seed_and_epoch_each_shuffle_anew() {
        let shards = Shards::new(5_000, &SEED, 3);
        assert_eq!(Shards::new(5_000, &SEED, 3), shards);
        assert_ne!(Shards::new(5_000, &SEED, 4), shards);
        assert_ne!(Shards::new(5_000, &[6; 32], 3), shards);
        let moved = (0..5_000).filter(|&member| shards.order[member as usize] != member).count();
        assert!(moved > 4_900, "{moved} moved");
    }

    #[test]
    fn the_order_of_a_seed_is_fixed() {
        assert_eq!(Shards::new(12, &SEED, 3).order, [2, 9, 11, 5, 1, 4, 7, 8, 3, 0, 10, 6]);
    }

    /// All orders of 4 members are as frequent as the others, by chi-square: its value for 23 degrees of freedom is above
    /// 50 once in a thousand.
    #[test]
    fn orders_are_equally_frequent() {
        let chi_square = |shuffle: fn(u64) -> Vec<u32>| {
            let mut counts = std::collections::BTreeMap::new();
            for epoch in 0..24_000 {
                *counts.entry(shuffle(epoch)).or_insert(0_i64) += 1;
            }
            let missing = 24 - counts.len() as i64;
            counts.values().map(|count| (count - 1_000).pow(2) / 1_000).sum::<i64>() + missing * 1_000
        };
        assert!(chi_square(|epoch| Shards::new(4, &SEED, epoch).order) <= 50);
        // Each place swapped with any place, which makes some orders more likely.
        let biased = |epoch| {
            let mut random = Random::new(DOMAIN, &SEED, epoch);
            let mut order: Vec<u32> = (0..4).collect();
            for place in 0..4 {
                order.swap(place, random.below(4) as usize);
            }
            order
        };
        assert!(chi_square(biased) > 50);
    }
}
