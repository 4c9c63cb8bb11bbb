//! What a committee's votes cost one member: `cargo bench -p virtengine-consensus --bench votes`.
//!
//! Of one block with all votes in time: two votes signed, a quorum of both kinds checked as it arrives and put into
//! certificates, on one thread; and what one who was not there pays to check a certificate. Ed25519, which the engine
//! uses, beside BLS12-381 multisignatures.

use commonware_codec::{Encode as _, Read as _};
use commonware_consensus::{
    simplex::{
        scheme::{Scheme as Votes, bls12381_multisig, ed25519 as simplex_ed25519},
        types::{Notarization, Notarize, Proposal},
    },
    types::{Epoch, Round, View},
};
use commonware_cryptography::{
    Signer as _,
    bls12381::primitives::{group::Private, ops, variant::MinPk},
    ed25519,
    sha256::Digest,
};
use commonware_math::algebra::Random as _;
use commonware_parallel::Sequential;
use commonware_utils::{
    Faults as _, N3f1, TryCollect as _,
    ordered::{BiMap, Set},
};
use rand::{SeedableRng as _, rngs::StdRng};
use std::time::{Duration, Instant};

const NAMESPACE: &[u8] = b"bench";
const ROUNDS: u32 = 40;

fn main() {
    for seats in [4_u32, 64] {
        let mut rng = StdRng::seed_from_u64(u64::from(seats));
        let keys: Vec<ed25519::PrivateKey> =
            (0..u64::from(seats)).map(ed25519::PrivateKey::from_seed).collect();
        let identities: Set<ed25519::PublicKey> =
            Set::from_iter_dedup(keys.iter().map(|key| key.public_key()));
        let schemes: Vec<simplex_ed25519::Scheme> = keys
            .into_iter()
            .filter_map(|key| simplex_ed25519::Scheme::signer(NAMESPACE, identities.clone(), key))
            .collect();
        report("ed25519", seats, &schemes, &mut rng);
        let secrets: Vec<Private> = (0..seats).map(|_| Private::random(&mut rng)).collect();
        let voters = identities.iter().cloned().zip(secrets.iter().map(ops::compute_public::<MinPk>));
        let voters = voters.try_collect::<BiMap<_, _>>().expect("distinct keys");
        let schemes: Vec<bls12381_multisig::Scheme<ed25519::PublicKey, MinPk>> = secrets
            .into_iter()
            .filter_map(|key| bls12381_multisig::Scheme::signer(NAMESPACE, voters.clone(), key))
            .collect();
        report("BLS12-381 multisignature", seats, &schemes, &mut rng);
    }
}

fn report<S: Votes<Digest>>(name: &str, seats: u32, schemes: &[S], rng: &mut StdRng) {
    let quorum = N3f1::quorum(seats) as usize;
    let proposal = |view| {
        Proposal::new(Round::new(Epoch::new(1), View::new(view)), View::new(view - 1), Digest::from([7; 32]))
    };
    let [mut sign, mut check, mut certificate_check] = [Duration::ZERO; 3];
    let mut bytes = 0;
    for round in 0..ROUNDS {
        let proposal = proposal(u64::from(round) + 1);
        let start = Instant::now();
        drop(Notarize::sign(&schemes[0], proposal.clone()));
        sign += start.elapsed();
        let votes: Vec<_> = schemes[..quorum]
            .iter()
            .map(|scheme| Notarize::sign(scheme, proposal.clone()).expect("a seat"))
            .collect();
        // As they arrive: signatures are decoded when they are checked.
        let votes: Vec<Notarize<S, Digest>> = votes
            .iter()
            .map(|vote| Notarize::read_cfg(&mut vote.encode(), &()).expect("an encoded vote"))
            .collect();
        let start = Instant::now();
        let subject = commonware_consensus::simplex::types::Subject::Notarize { proposal: &proposal };
        let pending = votes.iter().skip(1).map(|vote| vote.attestation.clone());
        let checked = schemes[0].verify_attestations::<_, Digest, _>(rng, subject, pending, &Sequential);
        assert_eq!(checked.verified.len(), quorum - 1, "every vote is good");
        let notarization = Notarization::from_notarizes(
            &schemes[0],
            commonware_utils::iter::NonEmpty::try_new(votes.iter()).expect("a quorum"),
            &Sequential,
        );
        check += start.elapsed();
        let notarization = notarization.expect("a quorum");
        bytes = notarization.encode().len();
        let start = Instant::now();
        assert!(schemes[0].verify_certificate::<_, Digest>(
            rng,
            subject,
            &notarization.certificate,
            &Sequential
        ));
        certificate_check += start.elapsed();
    }
    let mean = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(ROUNDS);
    println!(
        r#"{{"scheme":"{name}","seats":{seats},"block_us":{:.0},"sign_us":{:.0},"quorum_us":{:.0},"certificate_us":{:.0},"certificate_bytes":{bytes}}}"#,
        2.0 * (mean(sign) + mean(check)),
        mean(sign),
        mean(check),
        mean(certificate_check),
    );
}
