//! Committees of members.

use super::*;
use commonware_cryptography::Signer as _;

fn member(seed: u64) -> Identity {
    PrivateKey::from_seed(seed).public_key()
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
