//! Committees of members.

use super::*;
use commonware_cryptography::{Signer as _, bls12381::primitives::ops, ed25519};
use commonware_math::algebra::Random as _;
use rand::{SeedableRng as _, rngs::StdRng};

fn member(seed: u64) -> Member {
    let private = Private::random(StdRng::seed_from_u64(seed));
    let key = ops::compute_public::<MinPk>(&private);
    Member {
        identity: ed25519::PrivateKey::from_seed(seed).public_key(),
        voting_key: key.encode().as_ref().try_into().unwrap(),
    }
}

#[test]
fn the_order_of_members_does_not_matter() {
    let [one, two] = [member(1), member(2)];
    let left = Committee::new(&[one.clone(), two.clone()]).unwrap();
    let right = Committee::new(&[two, one]).unwrap();
    assert_eq!(left.hash(), right.hash());
    assert_eq!(left.identities(), right.identities());
}

#[test]
fn rejects_nobody() {
    assert_eq!(Committee::new(&[]).unwrap_err(), CommitteeError::Empty);
}

#[test]
fn rejects_a_key_that_is_none() {
    let broken = Member { voting_key: [0xff; 48], ..member(1) };
    assert!(matches!(Committee::new(&[broken]), Err(CommitteeError::VotingKey { .. })));
}

#[test]
fn rejects_a_member_twice() {
    let same = [member(1), member(1)];
    assert_eq!(Committee::new(&same).unwrap_err(), CommitteeError::Duplicate { members: 2 });
}

#[test]
fn rejects_more_members_than_messages_are_sized_for() {
    let members = vec![member(1); MAX_COMMITTEE as usize + 1];
    let expected = CommitteeError::TooLarge { found: members.len(), max: MAX_COMMITTEE };
    assert_eq!(Committee::new(&members).unwrap_err(), expected);
}
