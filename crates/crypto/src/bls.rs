//! Validators' keys on BLS12-381: 48-byte public keys, 96-byte signatures (MinPk), which can be summed.
//!
//! Sums of keys are only safe over keys whose proof of possession was checked, so the chain checks it once, at
//! registration.

mod checked_key;
mod possession;
pub(crate) mod weights;

pub use checked_key::CheckedKey;
pub use possession::{Claim, check_possessions};

use commonware_codec::{Copying, DecodeExt as _, Encode as _};
use commonware_cryptography::bls12381::primitives::{
    group::Private,
    ops::{self, aggregate},
    variant::{MinPk, Variant},
};
use commonware_utils::iter::NonEmpty;
use std::fmt;
use thiserror::Error;
use virtengine_types::Address;
use zeroize::Zeroizing;

/// Domain of proofs of possession; chain id and operator follow it.
const POSSESSION: &[u8] = b"virtengine/validator-key";

/// Why BLS bytes or signatures are refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BlsError {
    /// The public key is no point of the group, or the identity.
    #[error(
        "{found} bytes are not a BLS12-381 public key: expected 48 bytes, a compressed point of the G1 subgroup, not the identity"
    )]
    PublicKey {
        /// Bytes given.
        found: usize,
    },
    /// The signature is no point of the group, or the identity.
    #[error(
        "{found} bytes are not a BLS12-381 signature: expected 96 bytes, a compressed point of the G2 subgroup, not the identity"
    )]
    Signature {
        /// Bytes given.
        found: usize,
    },
    /// The secret is zero or not below the group's order.
    #[error("a BLS12-381 secret has 32 bytes, at least 1 and below the group's order")]
    Secret,
    /// The signature is not of this key and message.
    #[error("signature {signature} does not match the message and public key {public_key}")]
    Mismatch {
        /// Hex of the key, or of the sum of keys.
        public_key: String,
        /// Hex of the signature.
        signature: String,
    },
    /// The proof is not of this key, operator and chain.
    #[error("proof of possession of {public_key} does not hold for operator {operator} on chain {chain_id}")]
    Possession {
        /// Hex of the key.
        public_key: String,
        /// Operator it was checked for.
        operator: Address,
        /// Chain it was checked for.
        chain_id: String,
    },
    /// Nothing to sum.
    #[error("an aggregate needs at least 1 element, got 0")]
    Empty,
}

/// A public key: a point of the right subgroup, checked when decoded.
#[derive(Clone)]
pub struct PublicKey {
    bytes: [u8; 48],
    point: <MinPk as Variant>::Public,
}

impl PublicKey {
    /// Reads 48 bytes and checks that the point is of the subgroup.
    ///
    /// # Errors
    /// - `PublicKey` - another length, no point of the subgroup, or the identity
    pub fn decode(bytes: &[u8]) -> Result<Self, BlsError> {
        let malformed = || BlsError::PublicKey { found: bytes.len() };
        Ok(Self {
            bytes: bytes.try_into().map_err(|_| malformed())?,
            point: <MinPk as Variant>::Public::decode(Copying(bytes)).map_err(|_| malformed())?,
        })
    }

    /// The compressed point.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 48] {
        self.bytes
    }

    /// Checks a signature of [`SecretKey::sign`].
    ///
    /// # Errors
    /// - `Mismatch` - another key, namespace or message
    pub fn verify(&self, namespace: &[u8], message: &[u8], signature: &Signature) -> Result<(), BlsError> {
        ops::verify_message::<MinPk>(&self.point, namespace, message, &signature.point)
            .map_err(|_| self.mismatch(signature))
    }

    /// Checks that whoever registers this key for `operator` on `chain_id` holds its secret.
    ///
    /// # Errors
    /// - `Possession` - a proof by another key, or for another operator or chain
    pub fn verify_possession(
        &self,
        operator: &Address,
        chain_id: &str,
        proof: &Signature,
    ) -> Result<(), BlsError> {
        let namespace = possession_namespace(operator, chain_id);
        ops::verify_proof_of_possession::<MinPk>(&self.point, &namespace, &proof.point).map_err(|_| {
            BlsError::Possession {
                public_key: hex::encode(self.bytes),
                operator: *operator,
                chain_id: chain_id.to_owned(),
            }
        })
    }

    fn mismatch(&self, signature: &Signature) -> BlsError {
        BlsError::Mismatch { public_key: hex::encode(self.bytes), signature: hex::encode(signature.bytes) }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bls::PublicKey({})", hex::encode(self.bytes))
    }
}

/// A signature: a point of the right subgroup, checked when decoded.
#[derive(Clone)]
pub struct Signature {
    bytes: [u8; 96],
    point: <MinPk as Variant>::Signature,
}

impl Signature {
    /// Reads 96 bytes.
    ///
    /// # Errors
    /// - `Signature` - another length, no point of the subgroup, or the identity
    pub fn decode(bytes: &[u8]) -> Result<Self, BlsError> {
        let malformed = || BlsError::Signature { found: bytes.len() };
        Ok(Self {
            bytes: bytes.try_into().map_err(|_| malformed())?,
            point: <MinPk as Variant>::Signature::decode(Copying(bytes)).map_err(|_| malformed())?,
        })
    }

    /// The compressed point.
    #[must_use]
    pub const fn to_bytes(&self) -> [u8; 96] {
        self.bytes
    }

    /// The point, to sum it.
    pub(crate) const fn point(&self) -> &<MinPk as Variant>::Signature {
        &self.point
    }

    /// The sum of `signatures`, which verifies against the sum of their keys.
    ///
    /// # Errors
    /// - `Empty` - no signatures
    /// - `Signature` - the sum is the identity
    pub fn aggregate(signatures: &[Self]) -> Result<Self, BlsError> {
        let points =
            NonEmpty::try_new(signatures.iter().map(|signature| &signature.point)).ok_or(BlsError::Empty)?;
        Self::decode(&aggregate::combine_signatures::<MinPk, _>(points).encode())
    }

    fn of_point(point: <MinPk as Variant>::Signature) -> Self {
        let mut bytes = [0; 96];
        bytes.copy_from_slice(&point.encode());
        Self { bytes, point }
    }
}

impl PartialEq for Signature {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Signature {}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bls::Signature({})", hex::encode(self.bytes))
    }
}

/// Checks one signature of all `keys` over the same message. Every key must have passed
/// [`PublicKey::verify_possession`] and may stand in `keys` once.
///
/// Costs one point addition a key and two pairings.
///
/// # Errors
/// - `Empty` - no keys
/// - `Mismatch` - not signed by exactly these keys
pub fn verify_aggregate(
    keys: &[PublicKey],
    namespace: &[u8],
    message: &[u8],
    signature: &Signature,
) -> Result<(), BlsError> {
    let points = NonEmpty::try_new(keys.iter().map(|key| &key.point)).ok_or(BlsError::Empty)?;
    let sum = aggregate::combine_public_keys::<MinPk, _>(points);
    let mismatch = || BlsError::Mismatch {
        public_key: hex::encode(sum.encode()),
        signature: hex::encode(signature.bytes),
    };
    let sum_signature = aggregate::Signature::<MinPk>::decode(Copying(&signature.bytes))
        .map_err(|_| BlsError::Signature { found: signature.bytes.len() })?;
    aggregate::verify_same_message::<MinPk>(&sum, namespace, message, &sum_signature).map_err(|_| mismatch())
}

/// A validator's voting secret, wiped when dropped and never printed.
#[derive(Clone)]
pub struct SecretKey(Private);

impl SecretKey {
    /// A fresh secret from the system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(ops::keypair::<_, MinPk>(&mut rand::rng()).0)
    }

    /// Reads 32 bytes, big endian.
    ///
    /// # Errors
    /// - `Secret` - zero, or not below the group's order
    pub fn decode(bytes: &[u8; 32]) -> Result<Self, BlsError> {
        Private::decode(Copying(bytes)).map(Self).map_err(|_| BlsError::Secret)
    }

    /// The 32 bytes, big endian, for storing them.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        let mut bytes = Zeroizing::new([0; 32]);
        commonware_codec::Write::write(&self.0, &mut bytes.as_mut_slice());
        bytes
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let point = ops::compute_public::<MinPk>(&self.0);
        let mut bytes = [0; 48];
        bytes.copy_from_slice(&point.encode());
        PublicKey { bytes, point }
    }

    /// Signs `message` under `namespace`, which keeps signatures of one purpose from serving another.
    #[must_use]
    pub fn sign(&self, namespace: &[u8], message: &[u8]) -> Signature {
        Signature::of_point(ops::sign_message::<MinPk>(&self.0, namespace, message))
    }

    /// Proves to `chain_id` that `operator` holds this secret.
    #[must_use]
    pub fn prove_possession(&self, operator: &Address, chain_id: &str) -> Signature {
        let namespace = possession_namespace(operator, chain_id);
        Signature::of_point(ops::sign_proof_of_possession::<MinPk>(&self.0, &namespace))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bls::SecretKey({})", hex::encode(self.public_key().bytes))
    }
}

/// Domain, operator, then chain id: the first two have fixed lengths, so no two triples read the same.
fn possession_namespace(operator: &Address, chain_id: &str) -> Vec<u8> {
    [POSSESSION, &operator.0, chain_id.as_bytes()].concat()
}

#[cfg(test)]
mod tests;
