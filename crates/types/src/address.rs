//! Account, validator and module addresses.

mod text;

use bech32::{Bech32, primitives::decode::CheckedHrpstring};
use borsh::{BorshDeserialize, BorshSerialize};
use ripemd::Ripemd160;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// Human-readable part of account addresses.
pub const ACCOUNT_PREFIX: &str = "virtengine";
/// Human-readable part of validator operator addresses.
pub const OPERATOR_PREFIX: &str = "virtenginevaloper";
/// Human-readable part of consensus addresses.
pub const CONSENSUS_PREFIX: &str = "virtenginevalcons";

/// Characters of an address's 20 bytes, without the checksum's.
const CHARACTERS: usize = 32;

/// Why a text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Not bech32, or its checksum is wrong.
    #[error("decoding bech32 failed: {text:?} is not a bech32 address")]
    NotBech32 {
        /// The text as given.
        text: String,
    },
    /// An address of another chain or kind.
    #[error("invalid Bech32 prefix; expected {expected}, got {found}")]
    Prefix {
        /// Prefix wanted.
        expected: &'static str,
        /// Prefix found.
        found: String,
    },
    /// Not 20 bytes.
    #[error("an address has 20 bytes, got {found}")]
    Length {
        /// Bytes found.
        found: usize,
    },
}

/// The 20 bytes that name an account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Address(pub [u8; 20]);

impl Address {
    /// The address of a secp256k1 key: RIPEMD-160 of SHA-256 of its 33 compressed bytes.
    #[must_use]
    pub fn of_secp256k1(key: &[u8; 33]) -> Self {
        Self(Ripemd160::digest(Sha256::digest(key)).into())
    }

    /// The first 20 bytes of SHA-256: ed25519 keys, amino-encoded multisig keys, module names.
    #[must_use]
    pub fn of_hash(bytes: &[u8]) -> Self {
        let hash: [u8; 32] = Sha256::digest(bytes).into();
        let mut address = [0; 20];
        for (to, from) in address.iter_mut().zip(hash) {
            *to = from;
        }
        Self(address)
    }

    /// The account of a module, such as `fee_collector`.
    #[must_use]
    pub fn of_module(name: &str) -> Self {
        Self::of_hash(name.as_bytes())
    }

    /// Bech32 text under `prefix`.
    #[must_use]
    pub fn to_bech32(&self, prefix: &'static str) -> String {
        text::bech32(prefix, &self.0)
    }

    /// The account's address: `virtengine1...`.
    #[must_use]
    pub fn account(&self) -> String {
        self.to_bech32(ACCOUNT_PREFIX)
    }

    /// The operator address of the validator that this account runs: `virtenginevaloper1...`.
    #[must_use]
    pub fn operator(&self) -> String {
        self.to_bech32(OPERATOR_PREFIX)
    }

    /// Reads bech32 text under `prefix`.
    ///
    /// # Errors
    /// - `NotBech32` - malformed, mixed case, or a wrong checksum
    /// - `Prefix` - another chain's or kind's address
    /// - `Length` - not 20 bytes
    pub fn from_bech32(text: &str, prefix: &'static str) -> Result<Self, AddressError> {
        let malformed = || AddressError::NotBech32 { text: text.chars().take(128).collect() };
        let checked = CheckedHrpstring::new::<Bech32>(text).map_err(|_| malformed())?;
        if !checked.hrp().lowercase_char_iter().eq(prefix.chars()) {
            return Err(AddressError::Prefix { expected: prefix, found: checked.hrp().to_lowercase() });
        }
        let mut address = [0; 20];
        let found = checked.byte_iter().len();
        if found != address.len() {
            return Err(AddressError::Length { found });
        }
        // In 32 characters no bit is left over that could be either.
        if checked.data_part_ascii_no_checksum().len() != CHARACTERS {
            return Err(malformed());
        }
        address.iter_mut().zip(checked.byte_iter()).for_each(|(to, from)| *to = from);
        Ok(Self(address))
    }

    /// Reads an operator address.
    ///
    /// # Errors
    /// As [`Address::from_bech32`].
    pub fn from_operator(text: &str) -> Result<Self, AddressError> {
        Self::from_bech32(text, OPERATOR_PREFIX)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::from_bech32(text, ACCOUNT_PREFIX)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.account())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bech32::Hrp;

    #[test]
    fn a_module_address_is_the_hash_of_its_name() {
        // The fee collector's data part is the same on every Cosmos chain.
        let text = Address::of_module("fee_collector").to_bech32(ACCOUNT_PREFIX);
        assert!(text.starts_with("virtengine17xpfvakm2amg962yls6f84z3kell8c5l"), "{text}");
    }

    #[test]
    fn accepts_what_it_prints() {
        let address = Address([7; 20]);
        assert_eq!(address.to_string().parse(), Ok(address));
        assert_eq!(Address::from_operator(&address.operator()), Ok(address));
    }

    #[test]
    fn rejects_other_prefixes_checksums_and_lengths() {
        let address = Address([7; 20]);
        assert!(matches!(address.operator().parse::<Address>(), Err(AddressError::Prefix { .. })));
        let mut broken = address.to_string();
        broken.pop();
        broken.push('q');
        assert!(matches!(broken.parse::<Address>(), Err(AddressError::NotBech32 { .. })));
        let hrp = Hrp::parse(ACCOUNT_PREFIX).unwrap();
        let long = bech32::encode::<Bech32>(hrp, &[1; 32]).unwrap();
        assert_eq!(long.parse::<Address>(), Err(AddressError::Length { found: 32 }));
    }

    #[test]
    fn rejects_characters_that_20_bytes_do_not_need() {
        use bech32::{ByteIterExt as _, Fe32, Fe32IterExt as _};
        let hrp = Hrp::parse(ACCOUNT_PREFIX).unwrap();
        let text: String = [7u8; 20]
            .iter()
            .copied()
            .bytes_to_fes()
            .chain([Fe32::Q])
            .with_checksum::<Bech32>(&hrp)
            .chars()
            .collect();
        assert!(matches!(text.parse::<Address>(), Err(AddressError::NotBech32 { .. })));
    }

    #[test]
    fn rejects_the_other_checksum_constant() {
        let hrp = Hrp::parse(ACCOUNT_PREFIX).unwrap();
        let text = bech32::encode::<bech32::Bech32m>(hrp, &[1; 20]).unwrap();
        assert!(matches!(text.parse::<Address>(), Err(AddressError::NotBech32 { .. })));
    }
}
