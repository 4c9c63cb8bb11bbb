//! Account keys: public keys and what signs for them.

use prost::Message as _;
use rand::Rng as _;
use secp256k1::{Message, SecretKey, ecdsa};
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;
use virtengine_types::proto::cosmos::tx::v1beta1::SignDoc;
use virtengine_types::{Address, tx::PublicKey};
use zeroize::Zeroizing;

/// Signature schemes of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// ECDSA over secp256k1, what wallets use.
    Secp256k1,
    /// Ed25519.
    Ed25519,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secp256k1 => "secp256k1",
            Self::Ed25519 => "ed25519",
        })
    }
}

/// Why bytes are not a secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SecretError {
    /// A secp256k1 secret lies between 1 and the group's order.
    #[error("a secp256k1 secret must be at least 1 and below the group's order")]
    OutOfRange,
}

/// A key that signs. Its secret is wiped when dropped and never printed.
#[derive(Clone)]
pub struct SigningKey {
    kind: KeyKind,
    secret: Zeroizing<[u8; 32]>,
    public_key: PublicKey,
}

impl SigningKey {
    /// The key of a 32-byte secret: the scalar for secp256k1, the seed for ed25519.
    ///
    /// # Errors
    /// - `OutOfRange` - secp256k1 only: zero, or not below the group's order
    pub fn from_secret(kind: KeyKind, secret: &[u8; 32]) -> Result<Self, SecretError> {
        let public_key = match kind {
            KeyKind::Secp256k1 => {
                let mut scalar =
                    SecretKey::from_secret_bytes(*secret).map_err(|_| SecretError::OutOfRange)?;
                let public = scalar.public_key().serialize();
                scalar.non_secure_erase();
                PublicKey::Secp256k1(public)
            }
            KeyKind::Ed25519 => {
                let key = Zeroizing::new(ed25519_zebra::SigningKey::from(*secret));
                PublicKey::Ed25519(key.verification_key().into())
            }
        };
        Ok(Self { kind, secret: Zeroizing::new(*secret), public_key })
    }

    /// A fresh key from the system's randomness.
    #[must_use]
    pub fn generate(kind: KeyKind) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        loop {
            rand::rng().fill_bytes(&mut *secret);
            if let Ok(key) = Self::from_secret(kind, &secret) {
                return key;
            }
        }
    }

    /// The public key.
    #[must_use]
    pub const fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The scheme.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The account that this key signs for.
    #[must_use]
    pub fn address(&self) -> Address {
        self.public_key.address()
    }

    /// The 32-byte secret, for storing it.
    #[must_use]
    pub const fn secret(&self) -> &Zeroizing<[u8; 32]> {
        &self.secret
    }

    /// Signs `message`: for secp256k1 the ECDSA signature of its SHA-256, with the nonce of RFC 6979 and a
    /// low s. Same key and message, same 64 bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        match self.kind {
            KeyKind::Secp256k1 => self.sign_digest(&Sha256::digest(message).into()),
            KeyKind::Ed25519 => self.sign_edwards(message),
        }
    }

    /// Signs in SIGN_MODE_DIRECT: the encoded `SignDoc` of these parts.
    ///
    /// `body` and `auth_info` are the encoded `TxBody` and `AuthInfo` as they will stand in the `TxRaw`.
    #[must_use]
    pub fn sign_direct(
        &self,
        body: &[u8],
        auth_info: &[u8],
        chain_id: &str,
        account_number: u64,
    ) -> [u8; 64] {
        let document = SignDoc {
            body_bytes: body.to_vec().into(),
            auth_info_bytes: auth_info.to_vec().into(),
            chain_id: chain_id.to_owned(),
            account_number,
        };
        self.sign(&document.encode_to_vec())
    }

    /// Signs a ready digest with secp256k1; an ed25519 key signs the 32 bytes as its message.
    #[must_use]
    pub fn sign_digest(&self, digest: &[u8; 32]) -> [u8; 64] {
        match (self.kind, SecretKey::from_secret_bytes(*self.secret)) {
            (KeyKind::Secp256k1, Ok(mut scalar)) => {
                let signature = ecdsa::sign(Message::from_digest(*digest), &scalar);
                scalar.non_secure_erase();
                signature.serialize_compact()
            }
            // The range of a secp256k1 secret was checked when the key was made.
            _ => self.sign_edwards(digest),
        }
    }

    fn sign_edwards(&self, message: &[u8]) -> [u8; 64] {
        let key = Zeroizing::new(ed25519_zebra::SigningKey::from(*self.secret));
        key.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.address())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{SignatureCheck, verify};

    fn check(key: &SigningKey, message: &[u8]) -> SignatureCheck {
        let signature = key.sign(message);
        match key.public_key() {
            PublicKey::Secp256k1(bytes) => SignatureCheck::secp256k1(*bytes, message, signature),
            PublicKey::Ed25519(bytes) => SignatureCheck::ed25519(*bytes, message.to_vec(), signature),
            PublicKey::Multisig(key) => panic!("{key:?} cannot sign"),
        }
    }

    #[test]
    fn accepts_what_either_kind_signs() {
        for kind in [KeyKind::Secp256k1, KeyKind::Ed25519] {
            let key = SigningKey::generate(kind);
            assert_eq!(verify(&check(&key, b"hello")), Ok(()), "{kind}");
            assert_eq!(key.sign(b"hello"), key.sign(b"hello"), "{kind} is deterministic");
        }
    }

    #[test]
    fn rejects_secrets_out_of_range() {
        for secret in [[0; 32], [0xff; 32]] {
            let key = SigningKey::from_secret(KeyKind::Secp256k1, &secret);
            assert_eq!(key.err(), Some(SecretError::OutOfRange));
        }
    }

    #[test]
    fn secp256k1_signs_by_rfc_6979() {
        // The widely published vector for secret 1 and this message.
        let mut secret = [0; 32];
        secret[31] = 1;
        let key = SigningKey::from_secret(KeyKind::Secp256k1, &secret).unwrap();
        assert_eq!(
            hex::encode(key.sign(b"Satoshi Nakamoto")),
            "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8\
             2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"
        );
    }

    #[test]
    fn ed25519_signs_by_rfc_8032() {
        let secret: [u8; 32] =
            hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
                .unwrap()
                .try_into()
                .unwrap();
        let key = SigningKey::from_secret(KeyKind::Ed25519, &secret).unwrap();
        let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
        let public = hex::decode(public).unwrap().try_into().unwrap();
        assert_eq!(*key.public_key(), PublicKey::Ed25519(public));
        assert_eq!(
            hex::encode(key.sign(b"")),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155\
             5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        );
    }

    #[test]
    fn a_signature_is_bound_to_chain_and_account() {
        let key = SigningKey::generate(KeyKind::Secp256k1);
        let base = key.sign_direct(b"body", b"auth", "virtengine-1", 7);
        assert_ne!(base, key.sign_direct(b"body", b"auth", "virtengine-2", 7));
        assert_ne!(base, key.sign_direct(b"body", b"auth", "virtengine-1", 8));
    }

    #[test]
    fn a_signing_key_never_prints_its_secret() {
        let key = SigningKey::from_secret(KeyKind::Ed25519, &[0xab; 32]).unwrap();
        assert!(!format!("{key:?}").contains("abab"), "{key:?}");
    }
}
