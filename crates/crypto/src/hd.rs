//! Keys derived from a mnemonic's seed by BIP-32 along BIP-44 paths.

use crate::key::{KeyKind, SigningKey};
use bip32::{DerivationPath, XPrv};
use std::str::FromStr as _;
use thiserror::Error;
use zeroize::Zeroizing;

/// The path of an account's first key: purpose 44, coin 118, account 0, external, index 0.
pub const DEFAULT_PATH: &str = "m/44'/118'/0'/0/0";

/// Why no key can be derived.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HdError {
    /// Not a path such as `m/44'/118'/0'/0/0`.
    #[error("{path:?} is not a derivation path; expected one like {DEFAULT_PATH}")]
    Path {
        /// The text as given.
        path: String,
    },
    /// The path leads to no valid key, which happens once in 2^127 paths.
    #[error("path {path} leads to no valid key of this seed; use another index than that of {DEFAULT_PATH}")]
    NoKey {
        /// The path as given.
        path: String,
    },
}

/// The secp256k1 key of `seed` at `path`.
///
/// # Errors
/// - `Path` - `path` is malformed
/// - `NoKey` - the derivation fails at `path`
pub fn derive(seed: &[u8; 64], path: &str) -> Result<SigningKey, HdError> {
    let steps = DerivationPath::from_str(path).map_err(|_| HdError::Path { path: path.to_owned() })?;
    let no_key = || HdError::NoKey { path: path.to_owned() };
    let extended = XPrv::derive_from_path(seed, &steps).map_err(|_| no_key())?;
    let secret = Zeroizing::new(extended.to_bytes());
    SigningKey::from_secret(KeyKind::Secp256k1, &secret).map_err(|_| no_key())
}

/// The path of account `account`, key `index`.
#[must_use]
pub fn path(account: u32, index: u32) -> String {
    format!("m/44'/118'/{account}'/0/{index}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mnemonic::Mnemonic;
    use virtengine_types::tx::PublicKey;

    #[test]
    fn accepts_the_published_vector_of_bip_32() {
        // Source: BIP-32, test vector 2 (the one with a 64-byte seed), chain m/0.
        let seed: [u8; 64] = hex::decode(
            "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a2\
             9f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542",
        )
        .unwrap()
        .try_into()
        .unwrap();
        let key = derive(&seed, "m/0").unwrap();
        let public = "02fc9e5af0ac8d9b3cecfe2a888e2117ba3d089d8585886c9c826b6b22a98d12ea";
        let public = hex::decode(public).unwrap().try_into().unwrap();
        assert_eq!(*key.public_key(), PublicKey::Secp256k1(public));
    }

    #[test]
    fn accepts_the_default_path_deterministically() {
        let mnemonic = Mnemonic::generate_24();
        let seed = mnemonic.seed("");
        let first = derive(&seed, DEFAULT_PATH).unwrap();
        assert_eq!(derive(&seed, &path(0, 0)).unwrap().address(), first.address());
        assert_ne!(derive(&seed, &path(0, 1)).unwrap().address(), first.address());
        assert_ne!(derive(&seed, &path(1, 0)).unwrap().address(), first.address());
    }

    #[test]
    fn rejects_malformed_paths() {
        for path in ["", "44'/118'", "m/x", "m/4294967296"] {
            assert_eq!(
                derive(&[1; 64], path).err(),
                Some(HdError::Path { path: path.to_owned() }),
                "{path:?}"
            );
        }
    }
}
