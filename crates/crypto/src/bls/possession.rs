//! Many proofs of possession at once.

use super::{
    PublicKey, Signature, possession_namespace,
    weights::{WEIGHT_BITS, WEIGHT_BYTES, weights},
};
use blst::{MultiPoint as _, Pairing, blst_fp12, blst_p1_affine, blst_p2_affine, min_pk};
use commonware_cryptography::bls12381::primitives::variant::{MinPk, Variant};
use commonware_utils::union_unique;
use sha2::{Digest as _, Sha256};
use virtengine_types::Address;

/// Domain of the weights of a batch.
const WEIGHTS: &[u8] = b"virtengine/possession-weights";

/// A proof of possession that is to be checked, as in [`PublicKey::verify_possession`].
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The public key.
    pub key: &'a [u8; 48],
    /// Whose key it is to be.
    pub operator: &'a Address,
    /// The proof.
    pub proof: &'a [u8; 96],
}

/// Checks that every claim holds on `chain_id`, in less time than one after the other: all pairings are multiplied, each
/// weighted, so that they end in one. The weights are hashed from all that is checked: whoever makes a proof cannot
/// foresee them, and they are the same on every machine. Uses the calling thread only.
///
/// # Errors
/// The place of the first claim that does not hold, also of one whose key or proof is no point.
pub fn check_possessions(claims: &[Claim<'_>], chain_id: &str) -> Result<(), usize> {
    if claims.is_empty() || holds(claims, chain_id).is_some() {
        return Ok(());
    }
    claims.iter().position(|claim| !claim.holds(chain_id)).map_or(Ok(()), Err)
}

impl Claim<'_> {
    fn holds(&self, chain_id: &str) -> bool {
        let (key, proof) = (PublicKey::decode(self.key), Signature::decode(self.proof));
        let (Ok(key), Ok(proof)) = (key, proof) else { return false };
        key.verify_possession(self.operator, chain_id, &proof).is_ok()
    }
}

/// Whether all hold; `None` if one does not.
fn holds(claims: &[Claim<'_>], chain_id: &str) -> Option<()> {
    let weights = weights(&seed(claims, chain_id), claims.len());
    let mut pairing = Pairing::new(true, MinPk::PROOF_OF_POSSESSION);
    let mut proofs = Vec::with_capacity(claims.len());
    for (claim, weight) in claims.iter().zip(weights.chunks_exact(WEIGHT_BYTES)) {
        let key = min_pk::PublicKey::key_validate(claim.key).ok()?;
        let key: &blst_p1_affine = (&key).into();
        proofs.push(min_pk::Signature::sig_validate(claim.proof, true).ok()?);
        let message = union_unique(&possession_namespace(claim.operator, chain_id), claim.key);
        // The proofs are summed below at once.
        let no_proof = &();
        let added = pairing.mul_n_aggregate(key, false, no_proof, false, weight, WEIGHT_BITS, &message, &[]);
        if added != blst::BLST_ERROR::BLST_SUCCESS {
            return None;
        }
    }
    pairing.commit();
    let sum = proofs.mult(&weights, WEIGHT_BITS).to_signature();
    let sum: &blst_p2_affine = (&sum).into();
    let mut of_proofs = blst_fp12::default();
    Pairing::aggregated(&mut of_proofs, sum);
    pairing.finalverify(Some(&of_proofs)).then_some(())
}

/// What the weights are made of.
fn seed(claims: &[Claim<'_>], chain_id: &str) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(WEIGHTS);
    hasher.update((chain_id.len() as u64).to_be_bytes());
    hasher.update(chain_id);
    for claim in claims {
        hasher.update(claim.key);
        hasher.update(claim.operator.0);
        hasher.update(claim.proof);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{super::SecretKey, *};

    const CHAIN: &str = "virtengine-1";

    struct Owned {
        key: [u8; 48],
        operator: Address,
        proof: [u8; 96],
    }

    fn owned(count: u8) -> Vec<Owned> {
        let one = |number: u8| {
            let secret = SecretKey::generate();
            let operator = Address([number; 20]);
            let proof = secret.prove_possession(&operator, CHAIN).to_bytes();
            Owned { key: secret.public_key().to_bytes(), operator, proof }
        };
        (0..count).map(one).collect()
    }

    fn check(owned: &[Owned]) -> Result<(), usize> {
        let claims = owned.iter();
        let claims = claims.map(|one| Claim { key: &one.key, operator: &one.operator, proof: &one.proof });
        let claims: Vec<_> = claims.collect();
        check_possessions(&claims, CHAIN)
    }

    #[test]
    fn accepts_batches_of_any_size() {
        let all = owned(70);
        for count in [0, 1, 2, 7, 8, 9, 31, 32, 33, 70] {
            assert_eq!(check(&all[..count]), Ok(()), "{count}");
        }
    }

    #[test]
    fn rejects_the_first_that_does_not_hold_alone() {
        let breaks: [fn(&mut Owned); 5] = [
            |one| one.operator = Address([99; 20]),
            |one| one.key = [0xff; 48],
            |one| one.proof = [0xff; 96],
            |one| one.key = SecretKey::generate().public_key().to_bytes(),
            |one| one.proof = SecretKey::generate().prove_possession(&one.operator, "other").to_bytes(),
        ];
        for change in breaks {
            for place in [0, 5, 11] {
                let mut all = owned(12);
                change(&mut all[place]);
                assert_eq!(check(&all), Err(place));
            }
        }
    }

    #[test]
    fn rejects_proofs_whose_errors_would_cancel() {
        let mut all = owned(2);
        let (left, right) = (all[0].proof, all[1].proof);
        (all[0].proof, all[1].proof) = (right, left);
        assert_eq!(check(&all), Err(0));
    }

    #[test]
    fn rejects_the_identity_as_key_and_proof() {
        let mut all = owned(3);
        all[1].key = [0; 48];
        all[1].key[0] = 0xc0;
        all[1].proof = [0; 96];
        all[1].proof[0] = 0xc0;
        assert_eq!(check(&all), Err(1));
    }
}
