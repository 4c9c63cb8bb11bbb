//! Conflicting votes that the engine sees, told in the form in which `virtengine tx slashing submit-evidence`
//! reads them. The node owns no account, so an operator submits them.

use crate::{Committees, Digest, Scheme};
use commonware_actor::Feedback;
use commonware_codec::{Encode as _, Error, Read};
use commonware_consensus::{
    Epochable as _, Reporter,
    simplex::types::{Activity, Attributable as _, Finalize, Notarize, Nullify, Proposal},
    types::Round,
};
use commonware_cryptography::certificate::Attestation;
use tracing::warn;
use virtengine_types::msg::{SignedVote, Vote, VoteKind};

/// Votes of one key that no honest node signs both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// Ed25519 key of both.
    pub(crate) key: [u8; 32],
    /// The votes.
    pub(crate) votes: [SignedVote; 2],
}

/// Tells of conflicting votes and passes every activity on.
#[derive(Clone)]
pub(crate) struct EvidenceReporter<R> {
    pub(crate) committees: Committees,
    pub(crate) next: R,
}

impl<R: Reporter<Activity = Activity<Scheme, Digest>>> Reporter for EvidenceReporter<R> {
    type Activity = Activity<Scheme, Digest>;

    fn report(&mut self, activity: Self::Activity) -> Feedback {
        if let Some(evidence) = found(&activity, &self.committees) {
            warn!(evidence = %evidence.to_json(), "a validator signed two conflicting votes");
        }
        self.next.report(activity)
    }
}

/// The evidence in an activity, if it is one.
pub(crate) fn found(activity: &Activity<Scheme, Digest>, committees: &Committees) -> Option<Evidence> {
    // The engine keeps both votes to itself, but not their encodings.
    let (epoch, seat, votes) = match activity {
        Activity::ConflictingNotarize(pair) => {
            (pair.epoch(), pair.signer(), both::<Notarize<_, _>, Notarize<_, _>>(&mut pair.encode()))
        }
        Activity::ConflictingFinalize(pair) => {
            (pair.epoch(), pair.signer(), both::<Finalize<_, _>, Finalize<_, _>>(&mut pair.encode()))
        }
        Activity::NullifyFinalize(pair) => {
            (pair.epoch(), pair.signer(), both::<Nullify<_>, Finalize<_, _>>(&mut pair.encode()))
        }
        _ => return None,
    };
    let key = committees.committee(epoch).key(usize::from(seat))?;
    Some(Evidence { key, votes: votes.ok()?? })
}

/// A vote of the engine.
trait EngineVote: Read<Cfg = ()> {
    fn signed(&self) -> Option<SignedVote>;
}

impl EngineVote for Notarize<Scheme, Digest> {
    fn signed(&self) -> Option<SignedVote> {
        signed(of_proposal(VoteKind::Notarize, &self.proposal), &self.attestation)
    }
}

impl EngineVote for Finalize<Scheme, Digest> {
    fn signed(&self) -> Option<SignedVote> {
        signed(of_proposal(VoteKind::Finalize, &self.proposal), &self.attestation)
    }
}

impl EngineVote for Nullify<Scheme> {
    fn signed(&self) -> Option<SignedVote> {
        signed(of_round(VoteKind::Nullify, self.round), &self.attestation)
    }
}

fn both<A: EngineVote, B: EngineVote>(bytes: &mut bytes::Bytes) -> Result<Option<[SignedVote; 2]>, Error> {
    let first = A::read_cfg(bytes, &())?.signed();
    let second = B::read_cfg(bytes, &())?.signed();
    Ok(first.zip(second).map(|(first, second)| [first, second]))
}

const fn of_round(kind: VoteKind, round: Round) -> Vote {
    Vote { kind, epoch: round.epoch().get(), view: round.view().get(), parent: 0, payload: [0; 32] }
}

fn of_proposal(kind: VoteKind, proposal: &Proposal<Digest>) -> Vote {
    Vote { parent: proposal.parent.get(), payload: proposal.payload.0, ..of_round(kind, proposal.round) }
}

fn signed(vote: Vote, attestation: &Attestation<Scheme>) -> Option<SignedVote> {
    let signature = attestation.signature.get()?.encode();
    Some(SignedVote { vote, signature: signature.as_ref().try_into().ok()? })
}

impl Evidence {
    fn to_json(&self) -> String {
        let [first, second] = &self.votes;
        format!(
            r#"{{"consensus_public_key":"{}","first":{},"second":{}}}"#,
            hex::encode(self.key),
            vote_json(first),
            vote_json(second)
        )
    }
}

fn vote_json(SignedVote { vote, signature }: &SignedVote) -> String {
    let (kind, proposal) = match vote.kind {
        VoteKind::Nullify => ("nullify", String::new()),
        VoteKind::Notarize => ("notarize", proposal_json(vote)),
        VoteKind::Finalize => ("finalize", proposal_json(vote)),
    };
    let Vote { epoch, view, .. } = vote;
    let signature = hex::encode(signature);
    format!(r#"{{"kind":"{kind}","epoch":{epoch},"view":{view}{proposal},"signature":"{signature}"}}"#)
}

fn proposal_json(vote: &Vote) -> String {
    format!(r#","parent":{},"payload":"{}""#, vote.parent, hex::encode(vote.payload))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Committee;
    use commonware_consensus::{
        simplex::types::{ConflictingFinalize, ConflictingNotarize, NullifyFinalize},
        types::{Epoch, View},
    };
    use commonware_cryptography::{Signer as _, certificate::Provider as _};
    use virtengine_crypto::{node_key::Identity, votes};

    const CHAIN: &str = "test-1";

    /// The committees of a chain as one of two members sees them, and its key.
    fn voter() -> (Committees, Identity) {
        let [voter, other] = [3, 4].map(|byte| Identity::from_seed(&[byte; 32]));
        let members = [&voter, &other].map(|identity| identity.signer().public_key());
        let committee = Committee::new(&members).unwrap();
        (Committees::new(&votes::namespace(CHAIN), committee, Some(voter.signer())), voter)
    }

    fn proposal(payload: u8) -> Proposal<Digest> {
        let round = Round::new(Epoch::new(300), View::new(129));
        Proposal::new(round, View::new(128), Digest::from([payload; 32]))
    }

    #[test]
    fn what_the_engine_signs_is_what_the_chain_checks() {
        let (committees, identity) = voter();
        let scheme = committees.scheme(Epoch::new(300)).unwrap();
        let scheme: &Scheme = scheme.as_ref();
        let notarize = |payload| Notarize::sign(scheme, proposal(payload)).unwrap();
        let finalize = |payload| Finalize::sign(scheme, proposal(payload)).unwrap();
        let nullify = Nullify::sign::<Digest>(scheme, proposal(1).round).unwrap();
        for (activity, kinds) in [
            (
                Activity::ConflictingNotarize(ConflictingNotarize::new(notarize(1), notarize(2))),
                [VoteKind::Notarize, VoteKind::Notarize],
            ),
            (
                Activity::ConflictingFinalize(ConflictingFinalize::new(finalize(1), finalize(2))),
                [VoteKind::Finalize, VoteKind::Finalize],
            ),
            (
                Activity::NullifyFinalize(NullifyFinalize::new(nullify, finalize(1))),
                [VoteKind::Nullify, VoteKind::Finalize],
            ),
        ] {
            let Evidence { key, votes: pair } = found(&activity, &committees).unwrap();
            assert_eq!(key, identity.public_key());
            assert_eq!([pair[0].vote.kind, pair[1].vote.kind], kinds);
            assert!(pair[0].vote.conflicts(&pair[1].vote));
            for signed in &pair {
                assert_eq!((signed.vote.epoch, signed.vote.view), (300, 129));
                votes::verify(&key, CHAIN, signed).unwrap();
                assert_eq!(votes::sign(&identity, CHAIN, signed.vote), *signed);
                assert!(votes::verify(&key, "test-2", signed).is_err());
            }
        }
    }

    #[test]
    fn votes_that_agree_are_no_evidence() {
        let (committees, _) = voter();
        let scheme = committees.scheme(Epoch::new(300)).unwrap();
        let vote = Notarize::sign(scheme.as_ref(), proposal(1)).unwrap();
        assert_eq!(found(&Activity::Notarize(vote), &committees), None);
    }

    #[test]
    fn evidence_is_told_as_the_command_line_reads_it() {
        let vote = Vote { kind: VoteKind::Finalize, epoch: 1, view: 2, parent: 1, payload: [3; 32] };
        let nullify = Vote { kind: VoteKind::Nullify, parent: 0, payload: [0; 32], ..vote };
        let votes = [nullify, vote].map(|vote| SignedVote { vote, signature: [4; 64] });
        let (key, payload, signature) = ("05".repeat(32), "03".repeat(32), "04".repeat(64));
        let expected = format!(
            r#"{{"consensus_public_key":"{key}","first":{{"kind":"nullify","epoch":1,"view":2,"signature":"{signature}"}},"second":{{"kind":"finalize","epoch":1,"view":2,"parent":1,"payload":"{payload}","signature":"{signature}"}}}}"#
        );
        assert_eq!(Evidence { key: [5; 32], votes }.to_json(), expected);
    }
}
