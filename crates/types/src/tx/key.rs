//! Public keys of accounts.

use crate::{
    Address,
    proto::cosmos::crypto::{ed25519, multisig, secp256k1},
};
use borsh::{BorshDeserialize, BorshSerialize};
use prost::Message;
use serde_json::{Value, json};

use super::decode::TxError;

const SECP256K1_URL: &str = "/cosmos.crypto.secp256k1.PubKey";
const ED25519_URL: &str = "/cosmos.crypto.ed25519.PubKey";
const MULTISIG_URL: &str = "/cosmos.crypto.multisig.LegacyAminoPubKey";
/// Amino prefix of a secp256k1 key and its length byte.
const AMINO_SECP256K1: [u8; 5] = [0xEB, 0x5A, 0xE9, 0x87, 0x21];
/// Amino prefix of a threshold key.
const AMINO_MULTISIG: [u8; 4] = [0x22, 0xC1, 0xF7, 0xE2];
/// Most members of a multisig key.
pub(super) const MAX_MEMBERS: usize = 16;

/// A key that can sign transactions.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum PublicKey {
    /// Compressed curve point.
    Secp256k1([u8; 33]),
    /// Edwards point.
    Ed25519([u8; 32]),
    /// Several keys of which some must sign.
    Multisig(MultisigKey),
}

/// `threshold` of `members` must sign.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct MultisigKey {
    /// Signatures needed; 1 to the number of members.
    pub threshold: u32,
    /// Compressed secp256k1 keys, in the order that the address commits to.
    pub members: Vec<[u8; 33]>,
}

impl PublicKey {
    /// The account that the key controls.
    #[must_use]
    pub fn address(&self) -> Address {
        match self {
            Self::Secp256k1(key) => Address::of_secp256k1(key),
            Self::Ed25519(key) => Address::of_hash(key),
            Self::Multisig(key) => Address::of_hash(&key.amino()),
        }
    }

    /// Number of member signatures that may be needed at most.
    #[must_use]
    pub fn weight(&self) -> usize {
        match self {
            Self::Secp256k1(_) | Self::Ed25519(_) => 1,
            Self::Multisig(key) => key.members.len(),
        }
    }

    /// Reads the key of a signer. Its encoding must be that of [`PublicKey::to_any`]: a signature over JSON does not
    /// cover it, so another would give the transaction a second hash.
    ///
    /// # Errors
    /// - `Key` - an unknown kind, a wrong length, a threshold outside its bounds, or another encoding
    pub fn from_any(any: &prost_types::Any) -> Result<Self, TxError> {
        let key = Self::read(any)?;
        let (found, canonical) = (any.value.len(), key.to_any().value);
        if canonical != any.value {
            let cause = format!("its encoding has {found} bytes, the canonical one {}", canonical.len());
            return Err(TxError::Key { type_url: any.type_url.clone(), cause });
        }
        Ok(key)
    }

    fn read(any: &prost_types::Any) -> Result<Self, TxError> {
        let malformed = |cause: String| TxError::Key { type_url: any.type_url.clone(), cause };
        match any.type_url.as_str() {
            SECP256K1_URL => secp256k1_member(any).map(Self::Secp256k1),
            ED25519_URL => {
                let key = ed25519::PubKey::decode(any.value.as_slice())
                    .map_err(|error| malformed(error.to_string()))?;
                let found = key.key.len();
                <[u8; 32]>::try_from(key.key.as_ref())
                    .map(Self::Ed25519)
                    .map_err(|_| malformed(format!("an ed25519 key has 32 bytes, got {found}")))
            }
            MULTISIG_URL => {
                let key = multisig::LegacyAminoPubKey::decode(any.value.as_slice())
                    .map_err(|error| malformed(error.to_string()))?;
                let count = key.public_keys.len();
                if !(1..=MAX_MEMBERS).contains(&count) {
                    return Err(malformed(format!("1 to {MAX_MEMBERS} members are allowed, got {count}")));
                }
                if key.threshold == 0 || key.threshold as usize > count {
                    return Err(malformed(format!("threshold {} of {count} members", key.threshold)));
                }
                let members = key.public_keys.iter().map(secp256k1_member).collect::<Result<_, _>>()?;
                Ok(Self::Multisig(MultisigKey { threshold: key.threshold, members }))
            }
            _ => Err(malformed("not a kind of key that can sign".to_owned())),
        }
    }

    /// The wire form.
    #[must_use]
    pub fn to_any(&self) -> prost_types::Any {
        match self {
            Self::Secp256k1(key) => secp256k1_any(key),
            Self::Ed25519(key) => prost_types::Any {
                type_url: ED25519_URL.to_owned(),
                value: ed25519::PubKey { key: key.to_vec().into() }.encode_to_vec(),
            },
            Self::Multisig(key) => prost_types::Any {
                type_url: MULTISIG_URL.to_owned(),
                value: multisig::LegacyAminoPubKey {
                    threshold: key.threshold,
                    public_keys: key.members.iter().map(secp256k1_any).collect(),
                }
                .encode_to_vec(),
            },
        }
    }

    /// The key as JSON with `@type`, as REST and the command line show it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        use base64::{Engine, engine::general_purpose::STANDARD};
        match self {
            Self::Secp256k1(key) => json!({ "@type": SECP256K1_URL, "key": STANDARD.encode(key) }),
            Self::Ed25519(key) => json!({ "@type": ED25519_URL, "key": STANDARD.encode(key) }),
            Self::Multisig(key) => json!({
                "@type": MULTISIG_URL,
                "threshold": key.threshold,
                "public_keys": key.members.iter()
                    .map(|member| Self::Secp256k1(*member).to_json())
                    .collect::<Vec<_>>(),
            }),
        }
    }
}

impl MultisigKey {
    /// Amino encoding, whose hash is the address.
    #[must_use]
    pub fn amino(&self) -> Vec<u8> {
        let mut bytes = AMINO_MULTISIG.to_vec();
        bytes.push(0x08);
        prost::encoding::encode_varint(u64::from(self.threshold), &mut bytes);
        for member in &self.members {
            bytes.push(0x12);
            bytes.push(38); // five prefix bytes and 33 of the key
            bytes.extend(AMINO_SECP256K1);
            bytes.extend(member);
        }
        bytes
    }
}

fn secp256k1_any(key: &[u8; 33]) -> prost_types::Any {
    prost_types::Any {
        type_url: SECP256K1_URL.to_owned(),
        value: secp256k1::PubKey { key: key.to_vec().into() }.encode_to_vec(),
    }
}

fn secp256k1_member(any: &prost_types::Any) -> Result<[u8; 33], TxError> {
    let malformed = |cause: String| TxError::Key { type_url: any.type_url.clone(), cause };
    if any.type_url != SECP256K1_URL {
        return Err(malformed("a secp256k1 key is needed here".to_owned()));
    }
    let key =
        secp256k1::PubKey::decode(any.value.as_slice()).map_err(|error| malformed(error.to_string()))?;
    let found = key.key.len();
    key.key
        .as_ref()
        .try_into()
        .map_err(|_| malformed(format!("a compressed secp256k1 key has 33 bytes, got {found}")))
}
