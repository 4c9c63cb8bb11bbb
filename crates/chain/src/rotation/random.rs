//! Numbers from a seed, the same on every machine.

use sha2::{Digest as _, Sha256};

/// Bytes of a block.
const BLOCK: usize = 32;

/// Block `i` is the SHA-256 of the key and `i` in 8 bytes, big endian; the key is the SHA-256 of a domain, the seed and
/// the epoch in 8 bytes, big endian.
pub(super) struct Random {
    key: [u8; BLOCK],
    next: u64,
    block: [u8; BLOCK],
    used: usize,
}

impl Random {
    pub(super) fn new(domain: &[u8], seed: &[u8; 32], epoch: u64) -> Self {
        let key = Sha256::new_with_prefix(domain).chain_update(seed).chain_update(epoch.to_be_bytes());
        Self { key: key.finalize().into(), next: 0, block: [0; BLOCK], used: BLOCK }
    }

    /// A number below `bound`, each with the same probability; 0 for a bound of 0.
    ///
    /// Takes as many low bits of a word as the largest such number has, and the next word if they are not below the
    /// bound, so two words on average at most. A word has 4 bytes if that number does, otherwise 16.
    pub(super) fn below(&mut self, bound: u128) -> u128 {
        let largest = bound.saturating_sub(1);
        let mask = u128::MAX.checked_shr(largest.leading_zeros()).unwrap_or(0);
        loop {
            let word = if largest <= u128::from(u32::MAX) {
                u32::from_be_bytes(self.take()).into()
            } else {
                u128::from_be_bytes(self.take())
            };
            if word & mask <= largest {
                return word & mask;
            }
        }
    }

    /// The next bytes of the block; if it has fewer left, the first of the next block.
    fn take<const N: usize>(&mut self) -> [u8; N] {
        const { assert!(N <= BLOCK, "a word is no longer than a block") };
        loop {
            if let Some(word) = self.block.get(self.used..).and_then(<[u8]>::first_chunk) {
                self.used = self.used.saturating_add(N);
                return *word;
            }
            let block = Sha256::new_with_prefix(self.key).chain_update(self.next.to_be_bytes());
            self.block = block.finalize().into();
            self.next = self.next.wrapping_add(1);
            self.used = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_below_their_bound_and_reach_it() {
        let mut random = Random::new(b"test", &[1; 32], 2);
        for bound in [1, 2, 3, 5, 64, 1 << 32, (1 << 32) + 1, u128::MAX] {
            let numbers: Vec<_> = (0..100).map(|_| random.below(bound)).collect();
            assert!(numbers.iter().all(|&number| number < bound), "{bound}");
            if bound <= 5 {
                assert!((0..bound).all(|number| numbers.contains(&number)), "{bound}");
            } else {
                assert!(numbers.iter().any(|&number| number >= bound / 2), "{bound}");
            }
        }
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn domain_seed_and_epoch_each_make_other_numbers() {
        let first = |domain: &[u8], seed, epoch| Random::new(domain, &[seed; 32], epoch).below(u128::MAX);
        let number = first(b"test", 1, 2);
        assert_eq!(first(b"test", 1, 2), number);
        for other in [first(b"tesu", 1, 2), first(b"test", 2, 2), first(b"test", 1, 3)] {
            assert_ne!(other, number);
        }
    }
}
