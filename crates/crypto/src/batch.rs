//! Verification of many signatures at once, on all cores.
//!
//! The verdict of a check never depends on what else is in its batch: it is that of [`verify`].

use crate::key::KeyKind;
use ed25519_zebra::{VerificationKey, batch};
use rayon::prelude::*;
use secp256k1::{Message, ecdsa};
use sha2::{Digest, Sha256};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// Up to this many checks run on the calling thread, 1 to 3 ms of work: to wake the pool's threads, which look for more
/// work for a while before they rest, costs more than it saves.
pub const INLINE: usize = 64;
/// Fewest checks that are handed to a thread.
const SMALLEST_PART: usize = 4;
/// Most ed25519 signatures in one equation; larger ones gain little and keep a core for long.
const LARGEST_EQUATION: usize = 512;
/// Fewest ed25519 signatures worth an equation for each core.
const SMALLEST_EQUATION: usize = 32;
/// Size of the equations that an equation which does not hold is split into.
///
/// Those that hold no more are checked one by one, so whoever spoils every equation makes the batch
/// cost about twice what single checks cost, and whoever spoils one costs 16 single checks.
const SPLIT_EQUATION: usize = 16;
/// Half the order of secp256k1, big endian: the largest S of a canonical signature.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d,
    0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// The key's bytes are no point of its curve.
    #[error("public key {} is not a point of the {kind} curve", key_hex(.kind, .key))]
    MalformedKey {
        /// The scheme.
        kind: KeyKind,
        /// The compressed point; 32 bytes and a zero for ed25519.
        key: [u8; 33],
    },
    /// Secp256k1 only: r or s is out of range.
    #[error("signature is malformed: r or s is zero or not below the group's order")]
    MalformedSignature,
    /// S is in the upper half: the same signature in another form, which would give its transaction a second hash.
    #[error("signature has a high s {}: only s up to {} is accepted", hex::encode(.0), hex::encode(HALF_ORDER))]
    HighS([u8; 32]),
    /// Key, message and signature do not belong together.
    #[error("signature does not match the message and public key {}", key_hex(.kind, .key))]
    Mismatch {
        /// The scheme.
        kind: KeyKind,
        /// The compressed point; 32 bytes and a zero for ed25519.
        key: [u8; 33],
    },
}

/// One signature to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureCheck {
    /// ECDSA over secp256k1.
    Secp256k1 {
        /// Compressed point.
        key: [u8; 33],
        /// SHA-256 of the signed bytes.
        digest: [u8; 32],
        /// r then s, each 32 bytes big endian.
        signature: [u8; 64],
    },
    /// Ed25519 by the rules of ZIP 215, which mean the same in a batch and alone.
    Ed25519 {
        /// Compressed point.
        key: [u8; 32],
        /// The signed bytes.
        message: Vec<u8>,
        /// R then s.
        signature: [u8; 64],
    },
}

impl SignatureCheck {
    /// The check of a secp256k1 signature over `message`, which is hashed here.
    #[must_use]
    pub fn secp256k1(key: [u8; 33], message: &[u8], signature: [u8; 64]) -> Self {
        Self::Secp256k1 { key, digest: Sha256::digest(message).into(), signature }
    }

    /// The check of an ed25519 signature over `message`.
    #[must_use]
    pub const fn ed25519(key: [u8; 32], message: Vec<u8>, signature: [u8; 64]) -> Self {
        Self::Ed25519 { key, message, signature }
    }
}

/// Checks one signature.
///
/// # Errors
/// - `MalformedKey` - the key is no point of its curve
/// - `MalformedSignature` - r or s is out of range
/// - `HighS` - secp256k1 only: s above half the order
/// - `Mismatch` - anything else that does not hold
pub fn verify(check: &SignatureCheck) -> Result<(), SignatureError> {
    match check {
        SignatureCheck::Secp256k1 { key, digest, signature } => verify_secp256k1(key, digest, signature),
        SignatureCheck::Ed25519 { key, message, signature } => verify_ed25519(key, message, signature),
    }
}

/// Checks every signature; the verdicts are in the order of `checks` and equal to those of [`verify`].
///
/// More than [`INLINE`] are checked on the global rayon pool. Blocks until done, so call it for more off any async
/// executor's threads.
/// `cargo bench -p virtengine-crypto` measures the rates.
#[must_use]
pub fn verify_batch(checks: &[SignatureCheck]) -> Vec<Result<(), SignatureError>> {
    let edwards: Vec<usize> =
        (0..checks.len()).filter(|&at| matches!(checks[at], SignatureCheck::Ed25519 { .. })).collect();
    let one_by_one = |check: &SignatureCheck| match check {
        SignatureCheck::Secp256k1 { .. } => verify(check),
        SignatureCheck::Ed25519 { .. } => Ok(()), // replaced below
    };
    let (mut verdicts, edwards_verdicts): (Vec<_>, Vec<_>) = if checks.len() <= INLINE {
        (checks.iter().map(one_by_one).collect(), verify_equation(checks, &edwards))
    } else {
        let equation =
            edwards.len().div_ceil(rayon::current_num_threads()).clamp(SMALLEST_EQUATION, LARGEST_EQUATION);
        rayon::join(
            || checks.par_iter().with_min_len(SMALLEST_PART).map(one_by_one).collect(),
            || edwards.par_chunks(equation).flat_map_iter(|part| verify_equation(checks, part)).collect(),
        )
    };
    for (at, verdict) in edwards.into_iter().zip(edwards_verdicts) {
        verdicts[at] = verdict;
    }
    verdicts
}

/// Verdicts of the ed25519 checks at `part`, by one equation if it holds.
fn verify_equation(checks: &[SignatureCheck], part: &[usize]) -> Vec<Result<(), SignatureError>> {
    if part.len() > 1 && holds_together(checks, part) {
        return vec![Ok(()); part.len()];
    }
    part.chunks(SPLIT_EQUATION)
        .flat_map(|few| {
            if few.len() > 1 && few.len() < part.len() && holds_together(checks, few) {
                vec![Ok(()); few.len()]
            } else {
                few.iter().map(|&at| verify(&checks[at])).collect()
            }
        })
        .collect()
}

/// Whether all ed25519 checks at `part` hold, up to a chance of 2^-128 that wrong ones cancel out.
fn holds_together(checks: &[SignatureCheck], part: &[usize]) -> bool {
    let mut equation = batch::Verifier::new();
    for &at in part {
        if let SignatureCheck::Ed25519 { key, message, signature } = &checks[at] {
            equation.queue(((*key).into(), (*signature).into(), message));
        }
    }
    equation.verify(rand::rng()).is_ok()
}

fn verify_secp256k1(key: &[u8; 33], digest: &[u8; 32], signature: &[u8; 64]) -> Result<(), SignatureError> {
    let mut s = [0; 32];
    s.copy_from_slice(&signature[32..]);
    let parsed = ecdsa::Signature::from_compact(signature).map_err(|_| SignatureError::MalformedSignature)?;
    if signature[..32] == [0; 32] || s == [0; 32] {
        return Err(SignatureError::MalformedSignature);
    }
    if s > HALF_ORDER {
        return Err(SignatureError::HighS(s));
    }
    let public = secp256k1::PublicKey::from_byte_array_compressed(*key)
        .map_err(|_| SignatureError::MalformedKey { kind: KeyKind::Secp256k1, key: *key })?;
    ecdsa::verify(&parsed, Message::from_digest(*digest), &public)
        .map_err(|_| SignatureError::Mismatch { kind: KeyKind::Secp256k1, key: *key })
}

fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Result<(), SignatureError> {
    let mut padded = [0; 33];
    padded[..32].copy_from_slice(key);
    let kind = KeyKind::Ed25519;
    let public =
        VerificationKey::try_from(*key).map_err(|_| SignatureError::MalformedKey { kind, key: padded })?;
    public.verify(&(*signature).into(), message).map_err(|_| SignatureError::Mismatch { kind, key: padded })
}

fn key_hex(kind: &KeyKind, key: &[u8; 33]) -> String {
    match kind {
        KeyKind::Secp256k1 => hex::encode(key),
        KeyKind::Ed25519 => hex::encode(&key[..32]),
    }
}
