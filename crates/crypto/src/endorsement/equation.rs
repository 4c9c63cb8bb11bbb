//! Many claims about one checkpoint, checked by one equation.
//!
//! A claim holds if `e(key, H) = e(G, signature)`. With a weight `r` for each, all hold if
//! `e(sum of r key, H) = e(G, sum of r signature)`: two pairings, however many claims. The weights are hashed from the
//! checkpoint and all claims.

use super::{Checkpoint, EndorsementError};
use crate::bls::weights::{WEIGHT_BITS, WEIGHT_BYTES, weights};
use blst::{BLST_ERROR, MultiPoint as _, blst_p1, blst_p2, min_pk};
use commonware_cryptography::bls12381::primitives::variant::{MinPk, Variant};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

/// Domain of the weights.
const WEIGHTS: &[u8] = b"virtengine/endorsement-weights";
/// Fewest weighted points that are summed by a thread of their own.
const SMALLEST_SUM: usize = 64;

/// That a signature is by a sum of keys. Both are points of their subgroups and not the identity.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    pub(super) shard: u32,
    pub(super) endorsers: usize,
    pub(super) key: min_pk::PublicKey,
    pub(super) signature: min_pk::Signature,
}

/// Checks the claims that could be made of what was given; the verdicts are in the same order.
pub(super) fn verdicts(
    checkpoint: &Checkpoint,
    claims: Vec<Result<Claim, EndorsementError>>,
) -> Vec<Result<(), EndorsementError>> {
    let made: Vec<Claim> = claims.iter().filter_map(|claim| claim.as_ref().ok().copied()).collect();
    let mut holds = hold(&checkpoint.signed(), &made).into_iter();
    let verdict = |claim: Result<Claim, EndorsementError>| {
        let claim = claim?;
        if holds.next() == Some(true) { Ok(()) } else { Err(mismatch(checkpoint, &claim)) }
    };
    claims.into_iter().map(verdict).collect()
}

fn mismatch(checkpoint: &Checkpoint, claim: &Claim) -> EndorsementError {
    EndorsementError::Mismatch {
        shard: claim.shard,
        endorsers: claim.endorsers,
        epoch: checkpoint.epoch,
        height: checkpoint.height.0,
        key: hex::encode(claim.key.compress()),
        signature: hex::encode(claim.signature.compress()),
    }
}

/// Whether each claim holds over `message`.
fn hold(message: &[u8], claims: &[Claim]) -> Vec<bool> {
    let keys: Vec<_> = claims.iter().map(|claim| claim.key).collect();
    let signatures: Vec<_> = claims.iter().map(|claim| claim.signature).collect();
    let weights = weights(&seed(message, claims), claims.len());
    let all = Part { message, keys: &keys, signatures: &signatures, weights: &weights };
    let mut holding = vec![true; claims.len()];
    if !all.holds() {
        all.search(&mut holding);
    }
    holding
}

/// What the weights are made of.
fn seed(message: &[u8], claims: &[Claim]) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(WEIGHTS);
    hasher.update((message.len() as u64).to_be_bytes());
    hasher.update(message);
    for claim in claims {
        hasher.update(claim.key.compress());
        hasher.update(claim.signature.compress());
    }
    hasher.finalize().into()
}

/// Some of the claims, with their weights.
#[derive(Clone, Copy)]
struct Part<'a> {
    message: &'a [u8],
    keys: &'a [min_pk::PublicKey],
    signatures: &'a [min_pk::Signature],
    weights: &'a [u8],
}

impl Part<'_> {
    /// Whether all of these hold. One alone is not weighted, so its verdict has no chance of error.
    fn holds(self) -> bool {
        let (key, signature) = match (self.keys, self.signatures) {
            ([], []) => return true,
            ([key], [signature]) => (*key, *signature),
            _ => rayon::join(|| self.weighted_key(), || self.weighted_signature()),
        };
        // Points were checked before, and sums of such are such.
        signature.verify(false, self.message, MinPk::MESSAGE, &[], &key, false) == BLST_ERROR::BLST_SUCCESS
    }

    /// Marks those that do not hold; at least one does not.
    fn search(self, holding: &mut [bool]) {
        if let [alone] = holding {
            *alone = false;
            return;
        }
        let (left, right) = self.halves();
        let (of_left, of_right) = holding.split_at_mut(left.keys.len());
        if left.holds() {
            right.search(of_right);
            return;
        }
        let search_right = || {
            if !right.holds() {
                right.search(of_right);
            }
        };
        rayon::join(|| left.search(of_left), search_right);
    }

    fn halves(self) -> (Self, Self) {
        let middle = self.keys.len() / 2;
        let (left_keys, right_keys) = self.keys.split_at(middle);
        let (left_signatures, right_signatures) = self.signatures.split_at(middle);
        let (left_weights, right_weights) = self.weights.split_at(middle * WEIGHT_BYTES);
        let left = Self { keys: left_keys, signatures: left_signatures, weights: left_weights, ..self };
        (left, Self { keys: right_keys, signatures: right_signatures, weights: right_weights, ..self })
    }

    fn weighted_key(self) -> min_pk::PublicKey {
        let size = self.sum_size();
        let weights = self.weights.par_chunks(size * WEIGHT_BYTES);
        let sums = self.keys.par_chunks(size).zip(weights);
        let sums = sums.map(|(keys, weights)| keys.mult(weights, WEIGHT_BITS));
        let zero = || min_pk::AggregatePublicKey::from(blst_p1::default());
        let add = |mut sum: min_pk::AggregatePublicKey, other: min_pk::AggregatePublicKey| {
            sum.add_aggregate(&other);
            sum
        };
        sums.reduce(zero, add).to_public_key()
    }

    fn weighted_signature(self) -> min_pk::Signature {
        let size = self.sum_size();
        let weights = self.weights.par_chunks(size * WEIGHT_BYTES);
        let sums = self.signatures.par_chunks(size).zip(weights);
        let sums = sums.map(|(signatures, weights)| signatures.mult(weights, WEIGHT_BITS));
        let zero = || min_pk::AggregateSignature::from(blst_p2::default());
        let add = |mut sum: min_pk::AggregateSignature, other: min_pk::AggregateSignature| {
            sum.add_aggregate(&other);
            sum
        };
        sums.reduce(zero, add).to_signature()
    }

    fn sum_size(self) -> usize {
        self.keys.len().div_ceil(rayon::current_num_threads()).max(SMALLEST_SUM)
    }
}
