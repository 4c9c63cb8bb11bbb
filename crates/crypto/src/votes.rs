//! What validators sign when they vote, as the engine's simplex encodes it.
//!
//! The chain checks evidence with this, without the engine; a test of `consensus` holds it against the
//! engine's own votes.

use crate::bls::{BlsError, PublicKey, SecretKey, Signature};
use virtengine_types::msg::{Vote, VoteKind};

/// Start of the namespace that keeps the votes of two chains apart; the chain id follows.
const VOTES: &[u8] = b"virtengine/votes/";

/// The namespace of a chain's votes; the engine appends the kind.
#[must_use]
pub fn namespace(chain_id: &str) -> Vec<u8> {
    [VOTES, chain_id.as_bytes()].concat()
}

/// Checks that a vote of a chain is signed by a key.
///
/// # Errors
/// - `Mismatch` - another key, chain or vote
pub fn verify(key: &PublicKey, chain_id: &str, vote: &Vote, signature: &Signature) -> Result<(), BlsError> {
    key.verify(&of_kind(chain_id, vote.kind), &message(vote), signature)
}

/// Signs a vote of a chain.
#[must_use]
pub fn sign(key: &SecretKey, chain_id: &str, vote: &Vote) -> Signature {
    key.sign(&of_kind(chain_id, vote.kind), &message(vote))
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
        let key = SecretKey::generate();
        let signed = vote(VoteKind::Notarize);
        let signature = sign(&key, "test-1", &signed);
        let check = |key: &SecretKey, chain: &str, vote: &Vote| {
            verify(&key.public_key(), chain, vote, &signature).is_ok()
        };
        assert!(check(&key, "test-1", &signed));
        assert!(!check(&SecretKey::generate(), "test-1", &signed));
        assert!(!check(&key, "test-2", &signed));
        assert!(!check(&key, "test-1", &vote(VoteKind::Finalize)));
        assert!(!check(&key, "test-1", &Vote { parent: 1, ..signed }));
    }
}
