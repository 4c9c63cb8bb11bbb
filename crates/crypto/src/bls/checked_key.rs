//! Keys that may be summed.

use super::{BlsError, PublicKey, Signature};
use blst::min_pk;
use std::fmt;
use virtengine_types::Address;

/// A public key whose proof of possession was checked. Only such keys may be summed: the sum with a key that was made
/// up of others' keys, whose secret nobody knows, would let its maker sign for them.
///
/// It takes 96 bytes: both coordinates, as a sum needs them. To find the second one from the 48 bytes of a key costs as
/// much as to add some fifty keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CheckedKey(min_pk::PublicKey);

impl CheckedKey {
    /// Checks a key as the chain does when it is set: a point of the subgroup, whose secret `operator` holds.
    ///
    /// # Errors
    /// - `PublicKey`, `Signature` - the key or the proof is no point of its subgroup, or the identity
    /// - `Possession` - a proof by another key, or for another operator or chain
    pub fn prove(
        key: &[u8; 48],
        operator: &Address,
        chain_id: &str,
        proof: &[u8; 96],
    ) -> Result<Self, BlsError> {
        PublicKey::decode(key)?.verify_possession(operator, chain_id, &Signature::decode(proof)?)?;
        Self::of_registered(key)
    }

    /// A key of the chain's state, where it stands since its proof was checked. Nothing but the encoding is checked
    /// here, so bytes from anywhere else must go through [`Self::prove`].
    ///
    /// # Errors
    /// - `PublicKey` - no point of the curve, or the identity
    pub fn of_registered(key: &[u8; 48]) -> Result<Self, BlsError> {
        let malformed = BlsError::PublicKey { found: key.len() };
        match min_pk::PublicKey::uncompress(key) {
            Ok(point) if point != min_pk::PublicKey::default() => Ok(Self(point)),
            _ => Err(malformed),
        }
    }

    /// The compressed point.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 48] {
        self.0.compress()
    }

    pub(crate) const fn point(self) -> min_pk::PublicKey {
        self.0
    }
}

impl fmt::Debug for CheckedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bls::CheckedKey({})", hex::encode(self.to_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::SecretKey, *};

    const CHAIN: &str = "virtengine-1";
    const OPERATOR: Address = Address([7; 20]);

    #[test]
    fn accepts_a_key_with_its_proof() {
        let secret = SecretKey::generate();
        let key = secret.public_key().to_bytes();
        let proof = secret.prove_possession(&OPERATOR, CHAIN).to_bytes();
        let checked = CheckedKey::prove(&key, &OPERATOR, CHAIN, &proof).unwrap();
        assert_eq!(checked.to_bytes(), key);
        assert_eq!(CheckedKey::of_registered(&key), Ok(checked));
    }

    #[test]
    fn rejects_a_proof_of_another_key_operator_or_chain() {
        let secret = SecretKey::generate();
        let key = secret.public_key().to_bytes();
        let other = SecretKey::generate().prove_possession(&OPERATOR, CHAIN).to_bytes();
        let proof = secret.prove_possession(&OPERATOR, CHAIN).to_bytes();
        for (operator, chain, proof) in
            [(OPERATOR, CHAIN, other), (Address([8; 20]), CHAIN, proof), (OPERATOR, "virtengine-2", proof)]
        {
            let result = CheckedKey::prove(&key, &operator, chain, &proof);
            assert!(matches!(result, Err(BlsError::Possession { .. })), "{result:?}");
        }
        let result = CheckedKey::prove(&key, &OPERATOR, CHAIN, &[0xff; 96]);
        assert_eq!(result, Err(BlsError::Signature { found: 96 }));
    }

    #[test]
    fn rejects_the_identity_and_what_is_no_point() {
        let mut identity = [0; 48];
        identity[0] = 0xc0;
        for bytes in [identity, [0xff; 48], [0; 48]] {
            assert_eq!(CheckedKey::of_registered(&bytes), Err(BlsError::PublicKey { found: 48 }));
        }
    }
}
