//! What validators sign when they vote, as the engine's simplex encodes it.
//!
//! The chain checks evidence with this, without the engine; a test of `consensus` holds it against the
//! engine's own votes.

use crate::node_key::Identity;
use commonware_codec::{Copying, DecodeExt as _};
use commonware_cryptography::{
    Signer as _, Verifier as _,
    ed25519::{PublicKey, Signature},
};
use thiserror::Error;
use virtengine_types::msg::{SignedVote, Vote, VoteKind};

/// Start of the namespace that keeps the votes of two chains apart; the chain id follows.
const VOTES: &[u8] = b"virtengine/votes/";

/// The namespace of a chain's votes; the engine appends the kind.
#[must_use]
pub fn namespace(chain_id: &str) -> Vec<u8> {
    [VOTES, chain_id.as_bytes()].concat()
}

/// Why a vote is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum VoteError {
    /// The key is no point of the curve.
    #[error("{key} is not an ed25519 public key")]
    Key {
        /// The key in hex.
        key: String,
    },
    /// The signature is not of this key, chain and vote.
    #[error("signature {signature} of epoch {epoch} view {view} is not by key {key} for chain {chain_id}")]
    Mismatch {
        /// The key in hex.
        key: String,
        /// The signature in hex.
        signature: String,
        /// The chain it was checked for.
        chain_id: String,
        /// Epoch of the vote.
        epoch: u64,
        /// View of the vote.
        view: u64,
    },
}

/// Checks that a vote of a chain is signed by an ed25519 key.
///
/// # Errors
/// - `Key` - the key is none
/// - `Mismatch` - another key, chain or vote
pub fn verify(key: &[u8; 32], chain_id: &str, signed: &SignedVote) -> Result<(), VoteError> {
    let refused = || VoteError::Key { key: hex::encode(key) };
    let public = PublicKey::decode(Copying(key)).map_err(|_| refused())?;
    let SignedVote { vote, signature } = signed;
    let mismatch = || VoteError::Mismatch {
        key: hex::encode(key),
        signature: hex::encode(signature),
        chain_id: chain_id.to_owned(),
        epoch: vote.epoch,
        view: vote.view,
    };
    let decoded = Signature::decode(Copying(signature)).map_err(|_| mismatch())?;
    let holds = public.verify(&of_kind(chain_id, vote.kind), &message(vote), &decoded);
    if holds { Ok(()) } else { Err(mismatch()) }
}

/// Signs a vote of a chain.
#[must_use]
pub fn sign(key: &Identity, chain_id: &str, vote: Vote) -> SignedVote {
    let signature = key.signer().sign(&of_kind(chain_id, vote.kind), &message(&vote));
    let mut bytes = [0; 64];
    bytes.copy_from_slice(&signature);
    SignedVote { vote, signature: bytes }
}

fn of_kind(chain_id: &str, kind: VoteKind) -> Vec<u8> {
    let suffix: &[u8] = match kind {
        VoteKind::Notarize => b"_NOTARIZE",
        VoteKind::Nullify => b"_NULLIFY",
        VoteKind::Finalize => b"_FINALIZE",
    };
    [&namespace(chain_id), suffix].concat()
}

/// Epoch and view, of a proposal also its parent's view and its digest; numbers as LEB128.
fn message(vote: &Vote) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(62);
    number(vote.epoch, &mut bytes);
    number(vote.view, &mut bytes);
    if vote.kind != VoteKind::Nullify {
        number(vote.parent, &mut bytes);
        bytes.extend(vote.payload);
    }
    bytes
}

fn number(mut value: u64, bytes: &mut Vec<u8>) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vote(kind: VoteKind) -> Vote {
        Vote { kind, epoch: 300, view: 127, parent: 128, payload: [9; 32] }
    }

    #[test]
    fn numbers_are_leb128() {
        let mut expected = vec![0xac, 0x02, 0x7f];
        assert_eq!(message(&vote(VoteKind::Nullify)), expected);
        expected.extend([0x80, 0x01]);
        expected.extend([9; 32]);
        assert_eq!(message(&vote(VoteKind::Notarize)), expected);
        assert_eq!(message(&vote(VoteKind::Finalize)), expected);
    }

    #[test]
    fn a_signature_is_of_one_key_chain_and_vote() {
        let [key, other] = [1, 2].map(|seed| Identity::from_seed(&[seed; 32]));
        let signed = sign(&key, "test-1", vote(VoteKind::Notarize));
        let check = |key: &Identity, chain: &str, vote: Vote| {
            verify(&key.public_key(), chain, &SignedVote { vote, ..signed.clone() })
        };
        assert_eq!(check(&key, "test-1", signed.vote), Ok(()));
        assert!(check(&other, "test-1", signed.vote).is_err());
        assert!(check(&key, "test-2", signed.vote).is_err());
        assert!(check(&key, "test-1", vote(VoteKind::Finalize)).is_err());
        assert!(check(&key, "test-1", Vote { parent: 1, ..signed.vote }).is_err());
    }

    #[test]
    fn rejects_what_is_no_key() {
        let signed = sign(&Identity::from_seed(&[1; 32]), "test-1", vote(VoteKind::Notarize));
        // No point of the curve has this coordinate.
        let mut key = [0; 32];
        key[0] = 2;
        assert_eq!(verify(&key, "test-1", &signed), Err(VoteError::Key { key: hex::encode(key) }));
    }
}
