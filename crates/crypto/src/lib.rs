//! Keys and signatures: batch verification, BLS keys, mnemonics, keyring.
//!
//! - [`batch`] checks many secp256k1 and ed25519 signatures on all cores; everything that verifies goes through it
//! - [`cosmos`] turns decoded transactions into verified ones
//! - [`key`] signs, [`mnemonic`] and [`hd`] derive what signs
//! - [`bls`] holds validators' BLS keys and their proofs of possession, [`votes`] what a committee's members sign
//! - [`endorsement`] sums the signatures of all bonded validators under a checkpoint, and checks the sums
//! - [`keyring`] keeps users' keys in files, [`node_key`] a node's own two

pub mod batch;
pub mod bls;
pub mod cosmos;
pub mod endorsement;
pub mod hd;
pub mod key;
pub mod keyring;
pub mod mnemonic;
pub mod node_key;
mod secret_file;
pub mod votes;

pub use batch::{SignatureCheck, SignatureError, verify, verify_batch};
pub use key::{KeyKind, SigningKey};
pub use keyring::{Backend, Keyring, KeyringError};
pub use mnemonic::Mnemonic;
pub use secret_file::SecretFileError;
