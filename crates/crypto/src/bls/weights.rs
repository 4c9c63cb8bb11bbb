//! Weights by which many equations are checked as one.

use sha2::{Digest as _, Sha256};

/// Bits of a weight: equations of which one does not hold pass with a probability of 2 to the minus 128.
pub(crate) const WEIGHT_BITS: usize = 128;
/// Bytes of a weight.
pub(crate) const WEIGHT_BYTES: usize = WEIGHT_BITS / 8;

/// `count` weights, one after the other. `seed` must be hashed from all that the equations say: then whoever makes
/// one of them cannot foresee any weight, and the weights are the same on every machine.
pub(crate) fn weights(seed: &[u8; 32], count: usize) -> Vec<u8> {
    let weight = |place: u64| {
        let hash = Sha256::new_with_prefix(seed).chain_update(place.to_be_bytes()).finalize();
        hash.into_iter().take(WEIGHT_BYTES)
    };
    (0..count as u64).flat_map(weight).collect()
}
