//! Messages about misbehaviour.

use super::decode::{Checked, MsgError, account, fixed, operator};
use crate::{
    Address,
    proto::{cosmos::slashing::v1beta1 as wire, virtengine::slashing::v1 as own},
};

/// Lets a jailed validator return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjail {
    /// The operator's account.
    pub operator: Address,
}

/// Proves that a validator signed two conflicting votes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitEvidence {
    /// Who submits it.
    pub submitter: Address,
    /// Ed25519 key of both votes: the validator's consensus key.
    pub consensus_key: [u8; 32],
    /// One vote.
    pub first: SignedVote,
    /// The other.
    pub second: SignedVote,
}

/// What a vote of the consensus says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteKind {
    /// The proposal was seen and is valid.
    Notarize,
    /// The view ends without a proposal.
    Nullify,
    /// The proposal is notarized, and the voter has not nullified its view.
    Finalize,
}

/// A vote of the consensus. Parent and payload of a nullification are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// What it says.
    pub kind: VoteKind,
    /// Epoch of the committee.
    pub epoch: u64,
    /// View of the epoch.
    pub view: u64,
    /// View of the proposal's parent.
    pub parent: u64,
    /// Digest of the proposal.
    pub payload: [u8; 32],
}

impl Vote {
    /// Whether no honest node signs both: two proposals are notarized or two finalized in one view, or a view
    /// is nullified and its proposal finalized.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        let differ = (self.parent, self.payload) != (other.parent, other.payload);
        (self.epoch, self.view) == (other.epoch, other.view)
            && match (self.kind, other.kind) {
                (VoteKind::Notarize, VoteKind::Notarize) | (VoteKind::Finalize, VoteKind::Finalize) => differ,
                (VoteKind::Nullify, VoteKind::Finalize) | (VoteKind::Finalize, VoteKind::Nullify) => true,
                _ => false,
            }
    }
}

/// A vote and its signature, which is not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedVote {
    /// The vote.
    pub vote: Vote,
    /// Ed25519 signature.
    pub signature: [u8; 64],
}

impl Unjail {
    pub(super) const fn signer(&self) -> Address {
        self.operator
    }
}

impl SubmitEvidence {
    pub(super) const fn signer(&self) -> Address {
        self.submitter
    }
}

impl Checked<wire::MsgUnjail> for Unjail {
    fn check(wire: wire::MsgUnjail) -> Result<Self, MsgError> {
        Ok(Self { operator: operator("validator_addr", &wire.validator_addr)? })
    }
}

impl Checked<own::MsgSubmitEvidence> for SubmitEvidence {
    fn check(wire: own::MsgSubmitEvidence) -> Result<Self, MsgError> {
        let first = signed_vote(wire.first.unwrap_or_default())?;
        let second = signed_vote(wire.second.unwrap_or_default())?;
        // Votes that agree prove nothing.
        if !first.vote.conflicts(&second.vote) {
            let found =
                format!("{:?} of epoch {} view {}", second.vote.kind, second.vote.epoch, second.vote.view);
            return Err(MsgError::NotAllowed { field: "second", found });
        }
        Ok(Self {
            submitter: account("submitter", &wire.submitter)?,
            consensus_key: fixed("consensus_public_key", &wire.consensus_public_key)?,
            first,
            second,
        })
    }
}

fn signed_vote(wire: own::Vote) -> Result<SignedVote, MsgError> {
    let kind = match wire.kind() {
        own::VoteKind::Notarize => VoteKind::Notarize,
        own::VoteKind::Nullify => VoteKind::Nullify,
        own::VoteKind::Finalize => VoteKind::Finalize,
        own::VoteKind::Unspecified => {
            return Err(MsgError::NotAllowed { field: "kind", found: wire.kind.to_string() });
        }
    };
    let (parent, payload) = match kind {
        // A nullification signs neither, so another value would only be a second form of the same evidence.
        VoteKind::Nullify if wire.parent != 0 => {
            return Err(MsgError::NotAllowed { field: "parent", found: wire.parent.to_string() });
        }
        VoteKind::Nullify if !wire.payload.is_empty() => {
            return Err(MsgError::Bytes { field: "payload", expected: 0, found: wire.payload.len() });
        }
        VoteKind::Nullify => (0, [0; 32]),
        VoteKind::Notarize | VoteKind::Finalize => (wire.parent, fixed("payload", &wire.payload)?),
    };
    let vote = Vote { kind, epoch: wire.epoch, view: wire.view, parent, payload };
    Ok(SignedVote { vote, signature: fixed("signature", &wire.signature)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{code::SdkCode, msg::Msg};
    use prost::Message as _;

    const URL: &str = "/virtengine.slashing.v1.MsgSubmitEvidence";

    fn vote(kind: own::VoteKind, payload: u8) -> own::Vote {
        own::Vote {
            kind: kind.into(),
            epoch: 1,
            view: 2,
            parent: 1,
            payload: vec![payload; 32].into(),
            signature: vec![9; 64].into(),
        }
    }

    fn evidence() -> own::MsgSubmitEvidence {
        own::MsgSubmitEvidence {
            submitter: Address([1; 20]).account(),
            consensus_public_key: vec![3; 32].into(),
            first: Some(vote(own::VoteKind::Notarize, 1)),
            second: Some(vote(own::VoteKind::Notarize, 2)),
        }
    }

    fn nullify() -> own::Vote {
        own::Vote { parent: 0, payload: bytes::Bytes::new(), ..vote(own::VoteKind::Nullify, 0) }
    }

    fn decode(evidence: &own::MsgSubmitEvidence) -> Result<Msg, MsgError> {
        Msg::decode(URL, &evidence.encode_to_vec())
    }

    fn second(second: own::Vote) -> Result<Msg, MsgError> {
        decode(&own::MsgSubmitEvidence { second: Some(second), ..evidence() })
    }

    #[test]
    fn accepts_votes_that_no_honest_node_signs_both() {
        decode(&evidence()).unwrap();
        for (first, second) in [
            (vote(own::VoteKind::Finalize, 1), vote(own::VoteKind::Finalize, 2)),
            (vote(own::VoteKind::Notarize, 1), own::Vote { parent: 0, ..vote(own::VoteKind::Notarize, 1) }),
            (nullify(), vote(own::VoteKind::Finalize, 1)),
            (vote(own::VoteKind::Finalize, 1), nullify()),
        ] {
            decode(&own::MsgSubmitEvidence { first: Some(first), second: Some(second), ..evidence() })
                .unwrap();
        }
    }

    #[test]
    fn rejects_votes_that_agree() {
        for agreeing in [
            vote(own::VoteKind::Notarize, 1),
            vote(own::VoteKind::Finalize, 2),
            nullify(),
            own::Vote { view: 3, ..vote(own::VoteKind::Notarize, 2) },
            own::Vote { epoch: 2, ..vote(own::VoteKind::Notarize, 2) },
        ] {
            let error = second(agreeing).unwrap_err();
            assert!(matches!(error, MsgError::NotAllowed { field: "second", .. }), "{error}");
            assert_eq!(error.rejection().code, SdkCode::InvalidRequest.number());
        }
    }

    #[test]
    fn rejects_malformed_votes() {
        let good = || vote(own::VoteKind::Notarize, 2);
        for (bad, expected) in [
            (own::Vote { kind: 0, ..good() }, "kind 0 is not allowed here"),
            (own::Vote { kind: 9, ..good() }, "kind 9 is not allowed here"),
            (own::Vote { payload: vec![2; 31].into(), ..good() }, "payload must have 32 bytes, got 31"),
            (own::Vote { signature: vec![9; 63].into(), ..good() }, "signature must have 64 bytes, got 63"),
            (own::Vote { parent: 1, ..nullify() }, "parent 1 is not allowed here"),
            (own::Vote { payload: vec![0; 32].into(), ..nullify() }, "payload must have 0 bytes, got 32"),
        ] {
            assert_eq!(second(bad).unwrap_err().to_string(), expected);
        }
        let short = own::MsgSubmitEvidence { consensus_public_key: vec![3; 31].into(), ..evidence() };
        assert_eq!(
            decode(&short).unwrap_err().to_string(),
            "consensus_public_key must have 32 bytes, got 31"
        );
        let none = own::MsgSubmitEvidence { first: None, ..evidence() };
        assert_eq!(decode(&none).unwrap_err().to_string(), "kind 0 is not allowed here");
    }
}
