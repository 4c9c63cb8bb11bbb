use super::*;
use crate::{
    bank, invariants,
    staking::{DELEGATIONS, UNBONDINGS, VALIDATORS},
    testing::{CHAIN_ID, FUNDS, Harness, STAKE, address, node_key, node_secret},
};
use virtengine_crypto::votes;
use virtengine_types::{
    Amount, Denom, Height,
    block::TxResult,
    msg::{
        BeginRedelegate, CancelUnbonding, CreateValidator, Delegate, Msg, SubmitEvidence, Undelegate, Unjail,
        Vote, VoteKind,
    },
    staking::{EpochStart, Standing, ValidatorStatus},
};

/// Unbonding time of the test chain.
const SECONDS: u64 = 20;

/// A chain with `validator` of the genesis and `other`, 10 % is slashed.
fn chain() -> Harness {
    let mut chain = Harness::with_params(&["alice", "bob", "other"], |params| {
        params.unbonding_seconds = SECONDS;
        params.slash_double_sign_bps = 1_000;
    });
    chain.ok(Msg::CreateValidator(CreateValidator {
        operator: address("other"),
        consensus_key: node_key("other"),
        description: Default::default(),
        commission: Default::default(),
        min_self_delegation: Amount(1_000),
        amount: Amount(1_000),
    }));
    chain
}

fn vote(kind: VoteKind, payload: u8) -> Vote {
    match kind {
        VoteKind::Nullify => Vote { kind, epoch: 0, view: 7, parent: 0, payload: [0; 32] },
        _ => Vote { kind, epoch: 0, view: 7, parent: 6, payload: [payload; 32] },
    }
}

fn evidence_of(name: &str, first: Vote, second: Vote) -> SubmitEvidence {
    let key = node_secret(name);
    let signed = |vote: Vote| votes::sign(&key, CHAIN_ID, vote);
    SubmitEvidence {
        submitter: address("bob"),
        consensus_key: node_key(name),
        first: signed(first),
        second: signed(second),
    }
}

fn evidence(name: &str) -> Msg {
    let (first, second) = (vote(VoteKind::Notarize, 1), vote(VoteKind::Notarize, 2));
    Msg::SubmitEvidence(evidence_of(name, first, second))
}

fn delegate(from: &str, to: &str, amount: u128) -> Msg {
    Msg::Delegate(Delegate { delegator: address(from), validator: address(to), amount: Amount(amount) })
}

fn undelegate(from: &str, to: &str, amount: u128) -> Msg {
    Msg::Undelegate(Undelegate { delegator: address(from), validator: address(to), amount: Amount(amount) })
}

fn redelegate(from: &str, source: &str, destination: &str, amount: u128) -> Msg {
    Msg::BeginRedelegate(BeginRedelegate {
        delegator: address(from),
        source: address(source),
        destination: address(destination),
        amount: Amount(amount),
    })
}

fn unjail_msg(name: &str) -> Msg {
    Msg::Unjail(Unjail { operator: address(name) })
}

fn worth(chain: &Harness, from: &str, to: &str) -> u128 {
    let validator = chain.row(&VALIDATORS, &address(to)).unwrap();
    let delegation = chain.row(&DELEGATIONS, &(address(from), address(to)));
    delegation.map_or(0, |delegation| validator.worth(delegation.shares).0)
}

fn supply(chain: &Harness) -> u128 {
    chain.row(&bank::SUPPLY, &Denom::base()).unwrap().0
}

fn sound(chain: &Harness) {
    invariants::all(&chain.store).unwrap();
    assert_eq!(crate::staking::invariants::check(&chain.store), Ok(()));
}

fn attribute<'a>(result: &'a TxResult, kind: &str, key: &str) -> Option<&'a str> {
    result.events.iter().find(|event| event.kind == kind)?.get(key)
}

#[test]
fn the_first_block_of_an_epoch_notes_its_beginning() {
    let mut chain = chain();
    let genesis = chain.row(&EPOCHS, &0).unwrap();
    assert_eq!(genesis.height, Height(1));
    chain.empty_blocks(3);
    chain.epoch = 1;
    chain.empty_blocks(2);
    assert_eq!(chain.row(&EPOCHS, &0), Some(genesis));
    let start = EpochStart { height: Height(chain.height.0 - 1), second: chain.time.seconds() - 1 };
    assert_eq!(chain.row(&EPOCHS, &1), Some(start));
}

#[test]
fn conflicting_votes_burn_a_fraction_of_all_stake_and_tombstone() {
    let mut chain = chain();
    chain.ok(delegate("alice", "other", 555));
    let before = supply(&chain);
    let result = chain.ok(evidence("other"));
    let validator = chain.row(&VALIDATORS, &address("other")).unwrap();
    assert_eq!((validator.standing, validator.status), (Standing::Tombstoned, ValidatorStatus::Unbonded));
    // 155.5 is a tenth; what is not burned stays.
    assert_eq!((validator.tokens, validator.shares), (Amount(1_400), Amount(1_555)));
    assert_eq!(supply(&chain), before - 155);
    assert_eq!((worth(&chain, "alice", "other"), worth(&chain, "other", "other")), (499, 900));
    assert_eq!(attribute(&result, "slash", "burned_coins"), Some("155uve"));
    assert_eq!(attribute(&result, "slash", "reason"), Some("double_sign"));
    assert_eq!(attribute(&result, "slashing.validator.tombstoned", "votes"), Some("notarize,notarize"));
    assert!(result.gas_used.0 > EVIDENCE_GAS);
    sound(&chain);
    // All of what is left can be taken back.
    chain.ok(undelegate("alice", "other", 499));
    chain.ok(undelegate("other", "other", 901));
    sound(&chain);
    assert_eq!(chain.row(&VALIDATORS, &address("other")).unwrap().tokens, Amount(0));
}

#[test]
fn accepts_every_kind_of_conflict() {
    use VoteKind::{Finalize, Notarize, Nullify};
    let other_parent = Vote { parent: 5, ..vote(Notarize, 1) };
    for (first, second) in [
        (vote(Finalize, 1), vote(Finalize, 2)),
        (vote(Nullify, 0), vote(Finalize, 1)),
        (vote(Finalize, 1), vote(Nullify, 0)),
        (vote(Notarize, 1), other_parent),
    ] {
        chain().ok(Msg::SubmitEvidence(evidence_of("other", first, second)));
    }
}

#[test]
fn stake_that_left_before_the_epoch_does_not_answer() {
    let mut chain = chain();
    chain.ok(delegate("alice", "other", 1_000));
    chain.ok(undelegate("alice", "other", 400));
    chain.epoch = 1;
    chain.empty_blocks(1);
    chain.ok(undelegate("alice", "other", 400));
    let (first, second) = (vote(VoteKind::Finalize, 1), vote(VoteKind::Finalize, 2));
    let [first, second] = [first, second].map(|vote| Vote { epoch: 1, ..vote });
    chain.ok(Msg::SubmitEvidence(evidence_of("other", first, second)));
    // What leaves later was slashed with the rest.
    assert_eq!(worth(&chain, "alice", "other"), 180);
    chain.ok(undelegate("alice", "other", 180));
    sound(&chain);
    let before = supply(&chain);
    chain.empty_blocks(2 * SECONDS);
    assert_eq!(chain.balance(address("alice")), FUNDS - 1_000 + 400 + 360 + 180);
    assert_eq!(supply(&chain), before - 40);
    assert!(chain.rows(&UNBONDINGS).is_empty());
    sound(&chain);
}

#[test]
fn an_undelegation_of_the_block_of_the_evidence_does_not_escape() {
    let mut chain = chain();
    chain.ok(delegate("alice", "other", 1_000));
    let outcome = chain.block(&[
        (address("alice"), vec![undelegate("alice", "other", 500)]),
        (address("bob"), vec![evidence("other")]),
        (address("alice"), vec![undelegate("alice", "other", 450)]),
    ]);
    assert!(outcome.results.iter().all(|result| result.code == 0), "{:?}", outcome.results);
    chain.empty_blocks(2 * SECONDS);
    assert_eq!(chain.balance(address("alice")), FUNDS - 1_000 + 450 + 450);
    sound(&chain);
}

#[test]
fn a_cancelled_undelegation_comes_back_slashed() {
    let mut chain = chain();
    chain.ok(delegate("alice", "other", 1_000));
    chain.ok(undelegate("alice", "other", 500));
    let created_height = chain.height;
    chain.ok(evidence("other"));
    let before = supply(&chain);
    let cancel = |amount| {
        let (delegator, validator) = (address("alice"), address("other"));
        Msg::CancelUnbonding(CancelUnbonding { delegator, validator, amount: Amount(amount), created_height })
    };
    let log = chain.refused(cancel(451), "staking", 104);
    assert!(log.ends_with("cannot cancel 451 of an unbonding delegation entry of 450"), "{log}");
    chain.ok(cancel(200));
    assert_eq!(supply(&chain), before - 50);
    sound(&chain);
    chain.empty_blocks(2 * SECONDS);
    assert_eq!(chain.balance(address("alice")), FUNDS - 1_000 + 250);
    sound(&chain);
}

#[test]
fn redelegated_stake_answers_for_its_former_validator() {
    let mut chain = chain();
    chain.ok(delegate("alice", "other", 1_000));
    chain.ok(redelegate("alice", "other", "validator", 1_000));
    chain.ok(evidence("other"));
    assert_eq!(worth(&chain, "alice", "validator"), 1_000);
    let before = supply(&chain);
    // It moves on as far as it can.
    chain.ok(undelegate("alice", "validator", 950));
    chain.empty_blocks(2 * SECONDS);
    assert_eq!(supply(&chain), before - 100);
    assert_eq!(worth(&chain, "alice", "validator"), 0);
    assert_eq!(chain.balance(address("alice")), FUNDS - 100);
    sound(&chain);
}

#[test]
fn a_slash_of_redelegated_stake_can_break_a_promise() {
    let mut chain = chain();
    chain.ok(delegate("other", "validator", 1_000));
    chain.ok(redelegate("other", "validator", "other", 500));
    chain.ok(undelegate("other", "other", 500));
    chain.ok(evidence("validator"));
    assert_eq!(chain.row(&VALIDATORS, &address("other")).unwrap().standing, Standing::Free);
    chain.empty_blocks(2 * SECONDS);
    // 50 of its thousand are burned.
    assert_eq!(worth(&chain, "other", "other"), 950);
    assert_eq!(chain.row(&VALIDATORS, &address("other")).unwrap().standing, Standing::Jailed);
    sound(&chain);
}

#[test]
fn delegations_after_a_slash_get_more_shares() {
    let mut chain = chain();
    chain.ok(evidence("other"));
    let result = chain.ok(delegate("alice", "other", 90));
    assert_eq!(attribute(&result, "delegate", "new_shares"), Some("100.000000000000000000"));
    assert_eq!(worth(&chain, "alice", "other"), 90);
    sound(&chain);
}

#[test]
fn a_validator_that_lost_everything_takes_no_stake() {
    let mut chain = Harness::with_params(&["alice", "bob"], |params| params.slash_double_sign_bps = 10_000);
    let before = supply(&chain);
    chain.ok(evidence("validator"));
    assert_eq!(supply(&chain), before - STAKE);
    let log = chain.refused(delegate("alice", "validator", 1), "staking", 34);
    assert!(log.contains(&format!("its {STAKE} shares stand for 0uve")), "{log}");
    sound(&chain);
}

#[test]
fn rejects_a_second_slash() {
    let mut chain = chain();
    chain.ok(evidence("other"));
    chain.refused(evidence("other"), "slashing", 102);
    chain.refused(unjail_msg("other"), "slashing", 4);
}

#[test]
fn rejects_votes_of_an_unknown_key() {
    let log = chain().refused(evidence("alice"), "slashing", 101);
    assert!(log.contains(&hex::encode(node_key("alice"))), "{log}");
}

#[test]
fn rejects_votes_of_an_epoch_that_has_not_begun() {
    let [first, second] = [1, 2].map(|payload| Vote { epoch: 1, ..vote(VoteKind::Notarize, payload) });
    let log = chain().refused(Msg::SubmitEvidence(evidence_of("other", first, second)), "slashing", 103);
    assert!(log.ends_with("epoch 1 has not begun at epoch 0"), "{log}");
}

#[test]
fn rejects_evidence_after_the_stake_is_gone() {
    let mut chain = chain();
    chain.epoch = 1;
    chain.empty_blocks(SECONDS);
    // The last second at which it is taken.
    chain.clone().ok(evidence("other"));
    chain.empty_blocks(1);
    let last = chain.row(&EPOCHS, &1).unwrap().second + SECONDS;
    let log = chain.refused(evidence("other"), "slashing", 104);
    assert!(log.ends_with(&format!("was taken until second {last}, now is {}", last + 1)), "{log}");
}

#[test]
fn rejects_votes_that_are_not_signed() {
    let (first, second) = (vote(VoteKind::Notarize, 1), vote(VoteKind::Notarize, 2));
    let good = evidence_of("other", first, second);
    let mut swapped = good.clone();
    std::mem::swap(&mut swapped.first.signature, &mut swapped.second.signature);
    let mut no_point = good.clone();
    no_point.second.signature = [0xff; 64];
    let mut of_another = good.clone();
    of_another.consensus_key = node_key("validator");
    let mut of_another_chain = good;
    of_another_chain.first = votes::sign(&node_secret("other"), "test-2", first);
    for bad in [swapped, no_point, of_another, of_another_chain] {
        let mut chain = chain();
        let log = chain.refused(Msg::SubmitEvidence(bad), "slashing", 105);
        assert!(log.contains("evidence is refused"), "{log}");
        assert_eq!(chain.row(&VALIDATORS, &address("other")).unwrap().standing, Standing::Free);
        sound(&chain);
    }
}

#[test]
fn rejects_evidence_without_the_gas_for_its_check() {
    let mut chain = chain();
    chain.gas.0 = EVIDENCE_GAS - 1;
    let log = chain.refused(evidence("other"), "sdk", 11);
    assert!(log.contains(&format!("gasUsed: {EVIDENCE_GAS}")), "{log}");
}

#[test]
fn a_jailed_validator_returns_when_it_keeps_its_promise() {
    let mut chain = chain();
    chain.ok(undelegate("other", "other", 1));
    let jailed = chain.row(&VALIDATORS, &address("other")).unwrap();
    assert_eq!((jailed.standing, jailed.status), (Standing::Jailed, ValidatorStatus::Unbonded));
    let log = chain.refused(unjail_msg("other"), "slashing", 7);
    assert!(log.ends_with("cannot be unjailed: 999 less than 1000"), "{log}");
    chain.ok(delegate("other", "other", 1));
    assert_eq!(chain.row(&VALIDATORS, &address("other")).unwrap().status, ValidatorStatus::Unbonded);
    let result = chain.ok(unjail_msg("other"));
    assert_eq!(attribute(&result, "slashing.validator.unjailed", "self_delegation"), Some("1000"));
    assert_eq!(chain.row(&VALIDATORS, &address("other")).unwrap().status, ValidatorStatus::Bonded);
    sound(&chain);
}

#[test]
fn rejects_unjailing_what_is_not_jailed() {
    let mut chain = chain();
    chain.refused(unjail_msg("alice"), "slashing", 2);
    chain.refused(unjail_msg("other"), "slashing", 5);
    chain.ok(undelegate("other", "other", 1_000));
    chain.refused(unjail_msg("other"), "slashing", 6);
}
