//! Sums that are collected, and single signatures.

use super::*;

fn signed(index: usize) -> (usize, Signature) {
    (index, checkpoint().sign(&secrets(0)[index]))
}

fn sum(endorsers: &[usize]) -> Aggregate {
    let mut sum = Aggregate::new(0, MEMBERS);
    for &index in endorsers {
        sum.add(index, &signed(index).1).unwrap();
    }
    sum
}

#[test]
fn the_order_of_signatures_and_merges_does_not_matter() {
    let expected = sum(&[0, 3, 8, 9]).finish().unwrap();
    assert_eq!(expected.bitfield, [0b1001, 0b11]);
    assert_eq!(sum(&[9, 0, 8, 3]).finish(), Ok(expected.clone()));
    let mut merged = sum(&[8, 3]);
    merged.merge(&sum(&[9])).unwrap();
    merged.merge(&Aggregate::new(0, MEMBERS)).unwrap();
    merged.merge(&Aggregate::decode(&sum(&[0]).finish().unwrap(), MEMBERS).unwrap()).unwrap();
    assert_eq!(merged.finish(), Ok(expected.clone()));
    assert_eq!(verdict(expected), Ok(()));
}

#[test]
fn rejects_a_member_twice_and_keeps_the_sum() {
    let mut collected = sum(&[2, 5]);
    let refused = Err(EndorsementError::Duplicate { shard: 0, index: 5 });
    assert_eq!(collected.add(5, &signed(5).1), refused);
    assert_eq!(collected.merge(&sum(&[4, 5])), refused);
    assert_eq!(collected.finish(), sum(&[2, 5]).finish());
}

#[test]
fn rejects_members_beyond_the_shard_and_sums_of_others() {
    let mut collected = sum(&[2]);
    let (shard, members) = (0, MEMBERS);
    let refused = EndorsementError::NoMember { shard, index: MEMBERS, members };
    assert_eq!(collected.add(MEMBERS, &signed(5).1), Err(refused));
    for (found, found_members) in [(1, MEMBERS), (0, MEMBERS + 1)] {
        let refused = EndorsementError::OtherShard { shard, members, found, found_members };
        assert_eq!(collected.merge(&Aggregate::new(found, found_members)), Err(refused));
    }
}

#[test]
fn rejects_to_finish_without_endorsers_or_with_the_identity() {
    let (shard, members) = (0, MEMBERS);
    assert_eq!(sum(&[]).finish(), Err(EndorsementError::Empty { shard, members }));
    let signature = signed(1).1;
    let mut negative = signature.to_bytes();
    negative[0] ^= 0x20;
    let mut collected = Aggregate::new(0, MEMBERS);
    collected.add(0, &signature).unwrap();
    collected.add(1, &Signature::decode(&negative).unwrap()).unwrap();
    assert_eq!(collected.finish(), Err(EndorsementError::IdentitySignature { shard, endorsers: 2 }));
}

#[test]
fn rejects_to_decode_what_is_no_sum() {
    let given = sum(&[1]).finish().unwrap();
    let decode = |given| Aggregate::decode(&given, MEMBERS).map(|sum| sum.finish());
    assert_eq!(decode(given.clone()), Ok(Ok(given.clone())));
    let (shard, members) = (0, MEMBERS);
    let empty = EndorsementError::Empty { shard, members };
    assert_eq!(decode(Endorsement { bitfield: vec![0, 0], ..given }), Err(empty));
    let length = EndorsementError::BitfieldLength { shard, members, expected: 2, found: 1 };
    assert_eq!(decode(Endorsement { bitfield: vec![1], ..given }), Err(length));
    let beyond = EndorsementError::NoMember { shard, index: 12, members };
    assert_eq!(decode(Endorsement { bitfield: vec![1, 16], ..given }), Err(beyond));
    let point = EndorsementError::SignaturePoint { shard, signature: hex::encode([0xff; 96]) };
    assert_eq!(decode(Endorsement { signature: [0xff; 96], ..given }), Err(point));
}

#[test]
fn single_signatures_are_judged_each_for_itself() {
    let mut all: Vec<_> = (0..MEMBERS).map(signed).collect();
    let check = |all: &[_]| verify_signatures(&checkpoint(), 0, &shards()[0], all);
    assert_eq!(check(&all), vec![Ok(()); MEMBERS]);
    assert_eq!(check(&[]), []);
    all[2].0 = 3;
    all[4].1 = Checkpoint { epoch: 8, ..checkpoint() }.sign(&secrets(0)[4]);
    all[9].0 = MEMBERS;
    let verdicts = check(&all);
    assert_eq!(verdicts[9], Err(EndorsementError::NoMember { shard: 0, index: MEMBERS, members: MEMBERS }));
    let mismatches: Vec<_> = (0..MEMBERS).filter(|&place| mismatch(&verdicts[place])).collect();
    assert_eq!(mismatches, [2, 4]);
    assert_eq!(verdicts.iter().filter(|verdict| verdict.is_ok()).count(), MEMBERS - 3);
}

#[test]
fn single_signatures_whose_errors_cancel_are_refused_though_their_sum_holds() {
    let swapped = [(0, signed(1).1), (1, signed(0).1)];
    let verdicts = verify_signatures(&checkpoint(), 0, &shards()[0], &swapped);
    assert!(verdicts.iter().all(mismatch), "{verdicts:?}");
    let mut collected = Aggregate::new(0, MEMBERS);
    for (index, signature) in swapped {
        collected.add(index, &signature).unwrap();
    }
    assert_eq!(verdict(collected.finish().unwrap()), Ok(()));
}
