use super::*;
use crate::bls::{self, CheckedKey};
use proptest::prelude::*;
use std::sync::LazyLock;
use virtengine_types::Address;

mod aggregate;

/// Secrets of members, 10 for each of 3 shards.
static SECRETS: LazyLock<Vec<SecretKey>> = LazyLock::new(|| (0..30).map(|_| SecretKey::generate()).collect());
const MEMBERS: usize = 10;

fn checkpoint() -> Checkpoint {
    Checkpoint {
        chain_id: "virtengine-1".to_owned(),
        epoch: 7,
        height: Height(8_000),
        state_root: [1; 32],
        next_committee: [2; 32],
    }
}

fn checked(secret: &SecretKey) -> CheckedKey {
    let (operator, chain) = (Address([7; 20]), "virtengine-1");
    let proof = secret.prove_possession(&operator, chain).to_bytes();
    CheckedKey::prove(&secret.public_key().to_bytes(), &operator, chain, &proof).unwrap()
}

fn secrets(shard: usize) -> &'static [SecretKey] {
    &SECRETS[shard * MEMBERS..(shard + 1) * MEMBERS]
}

fn shards() -> &'static [ShardKeys] {
    static SHARDS: LazyLock<Vec<ShardKeys>> =
        LazyLock::new(|| (0..3).map(|shard| ShardKeys::new(secrets(shard).iter().map(checked))).collect());
    &SHARDS
}

/// What `endorsers` of a shard say of a checkpoint.
fn endorse(checkpoint: &Checkpoint, shard: u32, endorsers: &[usize]) -> Endorsement {
    let mut sum = Aggregate::new(shard, MEMBERS);
    for &index in endorsers {
        sum.add(index, &checkpoint.sign(&secrets(shard as usize)[index])).unwrap();
    }
    sum.finish().unwrap()
}

fn verdict(endorsement: Endorsement) -> Result<(), EndorsementError> {
    let mut verdicts = verify(&checkpoint(), shards(), &[endorsement]);
    assert_eq!(verdicts.len(), 1);
    verdicts.remove(0)
}

fn mismatch(verdict: &Result<(), EndorsementError>) -> bool {
    matches!(verdict, Err(EndorsementError::Mismatch { .. }))
}

/// What the sum of keys says, one key after the other and one endorsement after the other.
fn naive(checkpoint: &Checkpoint, endorsement: &Endorsement) -> bool {
    let members = secrets(endorsement.shard as usize).iter().enumerate();
    let endorsers = members.filter(|(index, _)| endorsement.bitfield[index / 8] >> (index % 8) & 1 == 1);
    let keys: Vec<_> = endorsers.map(|(_, secret)| secret.public_key()).collect();
    Signature::decode(&endorsement.signature).is_ok_and(|signature| {
        bls::verify_aggregate(&keys, &checkpoint.namespace(), &checkpoint.message(), &signature).is_ok()
    })
}

#[test]
fn a_message_is_epoch_height_root_and_committee() {
    let mut expected = vec![0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0x1f, 0x40];
    expected.extend([1; 32]);
    expected.extend([2; 32]);
    assert_eq!(checkpoint().message(), expected);
    assert_eq!(checkpoint().namespace(), b"virtengine/endorsement/virtengine-1");
}

#[test]
fn a_signature_is_of_one_chain_and_checkpoint() {
    let secret = &SECRETS[0];
    let (key, signature) = (secret.public_key(), checkpoint().sign(secret));
    assert_eq!(checkpoint().verify(&key, &signature), Ok(()));
    let others = [
        Checkpoint { chain_id: "virtengine-2".to_owned(), ..checkpoint() },
        Checkpoint { epoch: 8, ..checkpoint() },
        Checkpoint { height: Height(8_001), ..checkpoint() },
        Checkpoint { state_root: [3; 32], ..checkpoint() },
        Checkpoint { next_committee: [3; 32], ..checkpoint() },
    ];
    for other in others {
        assert!(matches!(other.verify(&key, &signature), Err(BlsError::Mismatch { .. })), "{other:?}");
        let sums = [endorse(&other, 0, &[1, 2])];
        assert_eq!(verify(&other, shards(), &sums), [Ok(())]);
        assert!(mismatch(&verify(&checkpoint(), shards(), &sums)[0]), "{other:?}");
    }
}

#[test]
fn neither_votes_nor_proofs_of_possession_are_endorsements() {
    let secret = &SECRETS[0];
    let message = checkpoint().message();
    let vote = secret.sign(&[&crate::votes::namespace("virtengine-1")[..], b"_FINALIZE"].concat(), &message);
    let proof = secret.prove_possession(&Address([7; 20]), "virtengine-1");
    for signature in [vote, proof] {
        let signature = signature.to_bytes();
        assert!(mismatch(&verdict(Endorsement { shard: 0, bitfield: vec![1, 0], signature })));
    }
    let proof = checkpoint().sign(secret);
    let refused = secret.public_key().verify_possession(&Address([7; 20]), "virtengine-1", &proof);
    assert!(matches!(refused, Err(BlsError::Possession { .. })));
}

#[test]
fn accepts_any_number_of_endorsers() {
    let all: Vec<_> = (0..MEMBERS).collect();
    for count in 1..=MEMBERS {
        assert_eq!(verdict(endorse(&checkpoint(), 1, &all[..count])), Ok(()), "{count}");
        assert_eq!(verdict(endorse(&checkpoint(), 1, &all[MEMBERS - count..])), Ok(()), "{count}");
    }
    assert_eq!(verify(&checkpoint(), shards(), &[]), []);
}

#[test]
fn rejects_a_shard_that_does_not_exist() {
    let endorsement = Endorsement { shard: 3, ..endorse(&checkpoint(), 0, &[0]) };
    assert_eq!(verdict(endorsement), Err(EndorsementError::NoShard { found: 3, shards: 3 }));
}

#[test]
fn rejects_bitfields_of_another_length_and_bits_beyond_the_members() {
    let endorsement = endorse(&checkpoint(), 0, &[0]);
    for found in [0, 1, 3] {
        let refused = EndorsementError::BitfieldLength { shard: 0, members: MEMBERS, expected: 2, found };
        assert_eq!(verdict(Endorsement { bitfield: vec![1; found], ..endorsement }), Err(refused));
    }
    for (byte, index) in [(0b100, 10), (0b1000_0000, 15)] {
        let refused = EndorsementError::NoMember { shard: 0, index, members: MEMBERS };
        assert_eq!(verdict(Endorsement { bitfield: vec![1, byte], ..endorsement }), Err(refused));
    }
}

#[test]
fn rejects_an_empty_bitfield() {
    let endorsement = Endorsement { bitfield: vec![0, 0], ..endorse(&checkpoint(), 0, &[0]) };
    assert_eq!(verdict(endorsement), Err(EndorsementError::Empty { shard: 0, members: MEMBERS }));
}

#[test]
fn rejects_signatures_that_are_no_points_outside_the_subgroup_or_the_identity() {
    let with = |signature| verdict(Endorsement { shard: 0, bitfield: vec![3, 0], signature });
    let mut identity = [0; 96];
    identity[0] = 0xc0;
    assert_eq!(with(identity), Err(EndorsementError::IdentitySignature { shard: 0, endorsers: 2 }));
    let mut outside = [0; 96];
    outside[0] = 0x80;
    // The least x for which there is a point of the curve; almost none of its points is of the subgroup.
    let point = (0..=255).find(|&x| {
        outside[95] = x;
        min_pk::Signature::uncompress(&outside).is_ok()
    });
    assert!(point.is_some());
    for bytes in [[0xff; 96], [0; 96], outside] {
        let refused = EndorsementError::SignaturePoint { shard: 0, signature: hex::encode(bytes) };
        assert_eq!(with(bytes), Err(refused));
    }
}

#[test]
fn rejects_keys_that_cancel_out() {
    let secret = &SECRETS[0];
    let mut negative = secret.public_key().to_bytes();
    negative[0] ^= 0x20;
    let keys = [checked(secret), CheckedKey::of_registered(&negative).unwrap()];
    let shards = [ShardKeys::new(keys.into_iter().chain([checked(&SECRETS[1])]))];
    let signature = checkpoint().sign(secret).to_bytes();
    let with = |bitfield| verify(&checkpoint(), &shards, &[Endorsement { shard: 0, bitfield, signature }]);
    assert_eq!(with(vec![3]), [Err(EndorsementError::IdentityKey { shard: 0, endorsers: 2 })]);
    assert_eq!(with(vec![1]), [Ok(())]);
    assert!(mismatch(&with(vec![7])[0]));
}

#[test]
fn a_key_made_of_another_would_sign_for_both_and_gets_no_proof() {
    // The rogue key is the attacker's less the victim's, so that both sum to the attacker's.
    let (victim, attacker) = (&SECRETS[0], &SECRETS[1]);
    let mut sum = min_pk::AggregatePublicKey::from_public_key(&checked(attacker).point());
    sum.sub_aggregate(&min_pk::AggregatePublicKey::from_public_key(&checked(victim).point()));
    let rogue = sum.to_public_key().compress();
    let (operator, chain) = (Address([9; 20]), "virtengine-1");
    for secret in [victim, attacker] {
        let proof = secret.prove_possession(&operator, chain).to_bytes();
        let result = CheckedKey::prove(&rogue, &operator, chain, &proof);
        assert!(matches!(result, Err(BlsError::Possession { .. })), "{result:?}");
    }
    // What the proof keeps away: were the key of the chain's state, the attacker would endorse for the victim.
    let shards = [ShardKeys::new([checked(victim), CheckedKey::of_registered(&rogue).unwrap()])];
    let signature = checkpoint().sign(attacker).to_bytes();
    let forged = Endorsement { shard: 0, bitfield: vec![3], signature };
    assert_eq!(verify(&checkpoint(), &shards, &[forged]), [Ok(())]);
}

#[test]
fn rejects_errors_of_shards_that_would_cancel() {
    let (mut first, mut second) = (endorse(&checkpoint(), 0, &[1]), endorse(&checkpoint(), 1, &[1]));
    std::mem::swap(&mut first.signature, &mut second.signature);
    let verdicts = verify(&checkpoint(), shards(), &[first, second]);
    assert!(verdicts.iter().all(mismatch), "{verdicts:?}");
}

#[test]
fn verdicts_do_not_depend_on_the_number_of_threads() {
    let good = endorse(&checkpoint(), 0, &[0, 4, 9]);
    let forged = Endorsement { bitfield: vec![0xff, 1], ..good };
    let empty = Endorsement { bitfield: vec![0, 0], ..good };
    let mut all = vec![good; 150];
    (all[3], all[70], all[71], all[149]) = (forged.clone(), empty, forged.clone(), forged);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| verify(&checkpoint(), shards(), &all))
    };
    let alone = with(1);
    let refused: Vec<_> = (0..150).filter(|&place| alone[place].is_err()).collect();
    assert_eq!(refused, [3, 70, 71, 149]);
    assert!(mismatch(&alone[71]) && !mismatch(&alone[70]));
    assert_eq!(with(3), alone);
}

/// What is done to an endorsement before it is checked.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    OtherEpoch,
    OtherSignature,
    OneMore,
    OneLess,
}

prop_compose! {
    fn endorsed()(
        shard in 0..3_u32,
        endorsers in proptest::sample::subsequence((0..MEMBERS).collect::<Vec<_>>(), 2..MEMBERS),
        change in prop_oneof![
            4 => Just(Change::Nothing),
            1 => Just(Change::OtherEpoch),
            1 => Just(Change::OtherSignature),
            1 => Just(Change::OneMore),
            1 => Just(Change::OneLess),
        ],
    ) -> (Endorsement, bool) {
        let mut made = endorse(&checkpoint(), shard, &endorsers);
        let outside = (0..MEMBERS).find(|index| !endorsers.contains(index)).unwrap();
        let mut flip = |index: usize| made.bitfield[index / 8] ^= 1 << (index % 8);
        match change {
            Change::Nothing => {}
            Change::OtherEpoch => made = endorse(&Checkpoint { epoch: 8, ..checkpoint() }, shard, &endorsers),
            Change::OtherSignature => made.signature = endorse(&checkpoint(), shard, &[outside]).signature,
            Change::OneMore => flip(outside),
            Change::OneLess => flip(endorsers[0]),
        }
        (made, matches!(change, Change::Nothing))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn verdicts_are_those_of_checking_each_alone(given in prop::collection::vec(endorsed(), 0..12)) {
        let (endorsements, holds): (Vec<_>, Vec<_>) = given.into_iter().unzip();
        let alone: Vec<_> = endorsements.iter().map(|one| naive(&checkpoint(), one)).collect();
        prop_assert_eq!(&alone, &holds);
        let verdicts = verify(&checkpoint(), shards(), &endorsements);
        prop_assert_eq!(verdicts.iter().map(Result::is_ok).collect::<Vec<_>>(), holds);
        prop_assert!(verdicts.iter().all(|verdict| verdict.is_ok() || mismatch(verdict)));
    }
}
