use super::*;
use crate::testing::{FUNDS, Harness, STAKE, address, bls_secret};
use prost::Message;
use virtengine_types::{
    Address, Amount, Height,
    block::{Event, TxResult},
    msg::{
        BeginRedelegate, CancelUnbonding, CreateValidator, Delegate, EditDescription, EditValidator, Msg,
        SetConsensusKey, Undelegate, Unjail,
    },
    proto::cosmos::{base::abci::v1beta1::TxMsgData, staking::v1beta1::MsgUndelegateResponse},
    staking::{Commission, Delegation, Description, StakePool, ValidatorStatus},
};

/// Unbonding time of the test chain.
const SECONDS: u64 = 20;
const PERCENT: u128 = 10_000_000_000_000_000;

/// A chain with `validator` of the genesis and a second one, `other`.
fn chain() -> Harness {
    let mut chain = Harness::with_params(&["alice", "bob", "other", "third"], |params| {
        params.unbonding_seconds = SECONDS;
        params.max_unbonding_entries = 3;
        params.min_self_delegation = Amount(10);
    });
    chain.ok(create("other", 1_000));
    chain
}

fn create(name: &str, amount: u128) -> Msg {
    let mut consensus_key = [0; 32];
    consensus_key[..name.len()].copy_from_slice(name.as_bytes());
    Msg::CreateValidator(CreateValidator {
        operator: address(name),
        consensus_key,
        description: Description { moniker: name.to_owned(), ..Description::default() },
        commission: Commission {
            rate: 10 * PERCENT,
            max_rate: 20 * PERCENT,
            max_change_rate: PERCENT,
            ..Commission::default()
        },
        min_self_delegation: Amount(100),
        amount: Amount(amount),
    })
}

fn delegate_msg(from: &str, to: &str, amount: u128) -> Msg {
    Msg::Delegate(Delegate { delegator: address(from), validator: address(to), amount: Amount(amount) })
}

fn undelegate_msg(from: &str, to: &str, amount: u128) -> Msg {
    Msg::Undelegate(Undelegate { delegator: address(from), validator: address(to), amount: Amount(amount) })
}

fn redelegate_msg(from: &str, source: &str, destination: &str, amount: u128) -> Msg {
    Msg::BeginRedelegate(BeginRedelegate {
        delegator: address(from),
        source: address(source),
        destination: address(destination),
        amount: Amount(amount),
    })
}

fn cancel_msg(from: &str, to: &str, amount: u128, created_height: Height) -> Msg {
    let (delegator, validator) = (address(from), address(to));
    Msg::CancelUnbonding(CancelUnbonding { delegator, validator, amount: Amount(amount), created_height })
}

fn unjail(name: &str) -> Msg {
    Msg::Unjail(Unjail { operator: address(name) })
}

fn edit(name: &str, rate: Option<u128>, min: Option<u128>) -> Msg {
    Msg::EditValidator(EditValidator {
        operator: address(name),
        description: EditDescription { website: Some("https://example.org".into()), ..Default::default() },
        rate,
        min_self_delegation: min.map(Amount),
    })
}

fn key_msg(name: &str, secret: &str, chain_id: &str) -> Msg {
    let secret = bls_secret(secret);
    Msg::SetConsensusKey(SetConsensusKey {
        operator: address(name),
        bls_key: secret.public_key().to_bytes(),
        proof_of_possession: secret.prove_possession(&address(name), chain_id).to_bytes(),
    })
}

fn delegated(chain: &Harness, from: &str, to: &str) -> u128 {
    let delegation: Option<Delegation> = chain.row(&DELEGATIONS, &(address(from), address(to)));
    delegation.map_or(0, |delegation| delegation.shares.0)
}

fn pool(chain: &Harness) -> (u128, u128, u64) {
    let StakePool { bonded, not_bonded, validators } = chain.row(&STAKE_POOL, &0).unwrap();
    (bonded.0, not_bonded.0, validators)
}

fn status(chain: &Harness, name: &str) -> ValidatorStatus {
    chain.row(&VALIDATORS, &address(name)).unwrap().status
}

fn event<'a>(events: &'a [Event], kind: &str) -> &'a Event {
    events.iter().find(|event| event.kind == kind).unwrap_or_else(|| panic!("no {kind} in {events:?}"))
}

fn sound(chain: &Harness) {
    assert_eq!(invariants::check(&chain.store), Ok(()));
}

#[test]
fn accepts_a_validator_and_bonds_it() {
    let chain = chain();
    let validator = chain.row(&VALIDATORS, &address("other")).unwrap();
    assert_eq!(validator.status, ValidatorStatus::Bonded);
    assert_eq!((validator.tokens, validator.self_delegation()), (Amount(1_000), Amount(1_000)));
    assert_eq!((validator.bls_key, validator.created_height), (None, Height(1)));
    assert_eq!(validator.commission.updated, chain.time);
    assert_eq!(chain.balance(address("other")), FUNDS - 1_000);
    assert_eq!(pool(&chain), (STAKE + 1_000, 0, 2));
    sound(&chain);
}

#[test]
fn rejects_a_second_validator_of_an_operator() {
    let log = chain().refused(create("other", 1_000), "staking", 4);
    assert!(log.contains(&address("other").operator()), "{log}");
}

#[test]
fn rejects_a_consensus_key_of_another_validator() {
    let Msg::CreateValidator(mut message) = create("other", 1_000) else { unreachable!() };
    message.operator = address("alice");
    let log = chain().refused(Msg::CreateValidator(message), "staking", 5);
    assert!(log.contains(&address("other").operator()), "{log}");
}

#[test]
fn rejects_a_promise_below_the_parameter() {
    let Msg::CreateValidator(mut message) = create("alice", 1_000) else { unreachable!() };
    message.min_self_delegation = Amount(9);
    let log = chain().refused(Msg::CreateValidator(message), "staking", 103);
    assert!(log.ends_with("minimum self-delegation must be at least 10, got 9"), "{log}");
}

#[test]
fn rejects_a_first_stake_below_the_promise() {
    let log = chain().refused(create("alice", 99), "staking", 16);
    assert!(log.ends_with("self-delegation 99 is below the minimum self-delegation 100"), "{log}");
}

#[test]
fn rejects_a_validator_that_cannot_pay() {
    let mut chain = chain();
    chain.refused(create("alice", FUNDS + 1), "sdk", 5);
    assert_eq!(chain.row(&VALIDATORS, &address("alice")), None);
}

#[test]
fn accepts_an_edit_a_day_later() {
    let mut chain = chain();
    chain.time.0 += 24 * 60 * 60 * 1_000;
    chain.ok(edit("other", Some(11 * PERCENT), Some(200)));
    let validator = chain.row(&VALIDATORS, &address("other")).unwrap();
    assert_eq!(validator.commission.rate, 11 * PERCENT);
    assert_eq!(validator.commission.updated, chain.time);
    assert_eq!(validator.min_self_delegation, Amount(200));
    assert_eq!(validator.description.moniker, "other");
    assert_eq!(validator.description.website, "https://example.org");
    // A rate may fall by any amount.
    chain.time.0 += 24 * 60 * 60 * 1_000;
    let result = chain.ok(edit("other", Some(0), None));
    assert_eq!(event(&result.events, "edit_validator").get("commission_rate"), Some("0.000000000000000000"));
    sound(&chain);
}

#[test]
fn rejects_an_edit_of_a_validator_that_does_not_exist() {
    chain().refused(edit("alice", None, None), "staking", 3);
}

#[test]
fn rejects_two_rates_in_a_day() {
    let mut chain = chain();
    chain.time.0 += 24 * 60 * 60 * 1_000 - 1_001;
    let log = chain.refused(edit("other", Some(0), None), "staking", 12);
    assert!(log.contains("more than once in 24h"), "{log}");
}

#[test]
fn rejects_a_rate_over_the_maximum() {
    let mut chain = chain();
    chain.time.0 += 24 * 60 * 60 * 1_000;
    chain.refused(edit("other", Some(20 * PERCENT + 1), None), "staking", 11);
}

#[test]
fn rejects_a_rate_that_rises_too_much() {
    let mut chain = chain();
    chain.time.0 += 24 * 60 * 60 * 1_000;
    chain.refused(edit("other", Some(11 * PERCENT + 1), None), "staking", 15);
}

#[test]
fn rejects_a_promise_that_is_not_raised_or_not_kept() {
    let mut chain = chain();
    let log = chain.refused(edit("other", None, Some(100)), "staking", 17);
    assert!(log.ends_with("it is 100, got 100"), "{log}");
    chain.refused(edit("other", None, Some(1_001)), "staking", 16);
    chain.ok(edit("other", None, Some(1_000)));
}

#[test]
fn accepts_a_consensus_key_with_its_proof() {
    let mut chain = chain();
    let result = chain.ok(key_msg("other", "other", "test-1"));
    let key = bls_secret("other").public_key().to_bytes();
    assert_eq!(chain.row(&VALIDATORS, &address("other")).unwrap().bls_key, Some(key));
    assert!(result.gas_used.0 > POSSESSION_GAS);
    // It may be replaced, and set again: it stays its operator's.
    chain.ok(key_msg("other", "newer", "test-1"));
    chain.ok(key_msg("other", "other", "test-1"));
    sound(&chain);
}

#[test]
fn rejects_a_consensus_key_of_another_operator() {
    let mut chain = chain();
    chain.refused(key_msg("other", "validator", "test-1"), "staking", 101);
    chain.ok(key_msg("other", "other", "test-1"));
    chain.ok(key_msg("other", "newer", "test-1"));
    // Also of one that another has replaced.
    chain.refused(key_msg("validator", "other", "test-1"), "staking", 101);
}

#[test]
fn rejects_a_consensus_key_without_a_valid_proof() {
    let mut chain = chain();
    chain.refused(key_msg("other", "other", "test-2"), "staking", 102);
    let Msg::SetConsensusKey(message) = key_msg("other", "other", "test-1") else { unreachable!() };
    let no_point = SetConsensusKey { bls_key: [0xff; 48], ..message };
    chain.refused(Msg::SetConsensusKey(no_point), "staking", 102);
    let no_proof = SetConsensusKey { proof_of_possession: [0; 96], ..message };
    chain.refused(Msg::SetConsensusKey(no_proof), "staking", 102);
    chain.refused(key_msg("alice", "alice", "test-1"), "staking", 3);
}

#[test]
fn rejects_a_consensus_key_without_the_gas_for_its_proof() {
    let mut chain = chain();
    chain.gas.0 = POSSESSION_GAS - 1;
    let log = chain.refused(key_msg("other", "other", "test-2"), "sdk", 11);
    assert!(log.contains(&format!("gasWanted: {}, gasUsed: {POSSESSION_GAS}", chain.gas)), "{log}");
}

#[test]
fn accepts_a_delegation_and_tells_it_as_clients_expect() {
    let mut chain = chain();
    let result = chain.ok(delegate_msg("alice", "other", 500));
    assert_eq!(delegated(&chain, "alice", "other"), 500);
    assert_eq!(chain.balance(address("alice")), FUNDS - 500);
    assert_eq!(pool(&chain), (STAKE + 1_500, 0, 2));
    let kinds: Vec<_> = result.events.iter().skip(3).map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["message", "coin_spent", "coin_received", "delegate", "staking.delegated"]);
    let delegate = event(&result.events, "delegate");
    assert_eq!(delegate.get("validator"), Some(address("other").operator().as_str()));
    assert_eq!(delegate.get("delegator"), Some(address("alice").to_string().as_str()));
    assert_eq!(delegate.get("amount"), Some("500uve"));
    assert_eq!(delegate.get("new_shares"), Some("500.000000000000000000"));
    assert_eq!(delegate.get("msg_index"), Some("0"));
    let received = event(&result.events, "coin_received").get("receiver").unwrap().to_owned();
    assert_eq!(received, Address::of_module("bonded_tokens_pool").to_string());
    sound(&chain);
}

#[test]
fn rejects_a_delegation_to_nobody_or_without_funds() {
    let mut chain = chain();
    chain.refused(delegate_msg("alice", "bob", 1), "staking", 3);
    chain.refused(delegate_msg("alice", "other", FUNDS + 1), "sdk", 5);
    assert_eq!(delegated(&chain, "alice", "other"), 0);
    sound(&chain);
}

#[test]
fn rejects_stake_that_overflows() {
    let error = StakingInvalid::from(Amount(u128::MAX).plus(Amount(1)).unwrap_err());
    assert_eq!(error.code(), 106);
    let mut chain = chain();
    let mut validator = chain.row(&VALIDATORS, &address("other")).unwrap();
    validator.tokens = Amount(u128::MAX);
    let key = VALIDATORS.key(&address("other")).unwrap();
    let row = VALIDATORS.encode(&address("other"), &validator).unwrap();
    chain.store.apply(&[(key, Some(row))].into_iter().collect());
    chain.refused(delegate_msg("alice", "other", 1), "staking", 106);
}

#[test]
fn coins_of_an_undelegation_return_once_at_their_second() {
    let mut chain = chain();
    chain.ok(delegate_msg("alice", "other", 500));
    let result = chain.ok(undelegate_msg("alice", "other", 200));
    let completes = chain.time.seconds() + SECONDS;
    assert_eq!(pool(&chain), (STAKE + 1_300, 200, 2));
    let data = TxMsgData::decode(result.data.clone()).unwrap();
    let response = MsgUndelegateResponse::decode(data.msg_responses[0].value.as_slice()).unwrap();
    assert_eq!(response.completion_time.unwrap().seconds as u64, completes);
    assert_eq!(response.amount.unwrap().amount, "200");
    assert!(event(&result.events, "unbond").get("completion_time").unwrap().ends_with('Z'));
    chain.empty_blocks(SECONDS - 1);
    assert_eq!(chain.balance(address("alice")), FUNDS - 500);
    let outcome = chain.block(&[]);
    assert_eq!(chain.balance(address("alice")), FUNDS - 300);
    assert_eq!(event(&outcome.events, "complete_unbonding").get("amount"), Some("200uve"));
    assert_eq!(event(&outcome.events, "staking.unbonded").get("amount"), Some("200uve"));
    assert_eq!(pool(&chain), (STAKE + 1_300, 0, 2));
    chain.empty_blocks(2 * SECONDS);
    assert_eq!(chain.balance(address("alice")), FUNDS - 300);
    sound(&chain);
}

#[test]
fn undelegations_of_one_block_are_one_entry() {
    let mut chain = chain();
    chain.ok(delegate_msg("alice", "other", 500));
    let message = || vec![undelegate_msg("alice", "other", 1)];
    let entries: Vec<_> = (0..5).map(|_| (address("alice"), message())).collect();
    let outcome = chain.block(&entries);
    assert!(outcome.results.iter().all(|result| result.code == 0));
    let unbonding = chain.row(&UNBONDINGS, &(address("alice"), address("other"))).unwrap();
    assert_eq!(unbonding.entries.len(), 1);
    assert_eq!((unbonding.entries[0].initial, unbonding.entries[0].balance), (Amount(5), Amount(5)));
    chain.empty_blocks(SECONDS + 1);
    assert_eq!(chain.balance(address("alice")), FUNDS - 495);
    sound(&chain);
}

#[test]
fn rejects_undelegating_what_is_not_delegated() {
    let mut chain = chain();
    chain.refused(undelegate_msg("alice", "bob", 1), "staking", 3);
    chain.refused(undelegate_msg("alice", "other", 1), "staking", 19);
    chain.ok(delegate_msg("alice", "other", 5));
    let log = chain.refused(undelegate_msg("alice", "other", 6), "staking", 24);
    assert!(log.ends_with("5 delegated, 6 needed"), "{log}");
}

#[test]
fn rejects_one_undelegation_too_many() {
    let mut chain = chain();
    chain.ok(delegate_msg("alice", "other", 100));
    for _ in 0..3 {
        chain.ok(undelegate_msg("alice", "other", 1));
    }
    chain.refused(undelegate_msg("alice", "other", 1), "staking", 27);
    assert_eq!(delegated(&chain, "alice", "other"), 97);
    chain.empty_blocks(SECONDS);
    chain.ok(undelegate_msg("alice", "other", 1));
    sound(&chain);
}

#[test]
fn a_validator_that_breaks_its_promise_is_jailed_and_can_return() {
    let mut chain = chain();
    chain.ok(delegate_msg("alice", "other", 500));
    chain.ok(undelegate_msg("other", "other", 901));
    assert_eq!(status(&chain, "other"), ValidatorStatus::Unbonded);
    assert_eq!(pool(&chain), (STAKE, 599 + 901, 2));
    let result = chain.ok(delegate_msg("bob", "other", 7));
    let receiver = event(&result.events, "coin_received").get("receiver").unwrap().to_owned();
    assert_eq!(receiver, Address::of_module("not_bonded_tokens_pool").to_string());
    sound(&chain);
    let created = Height(chain.height.0 - 1);
    chain.ok(cancel_msg("other", "other", 1, created));
    assert_eq!(status(&chain, "other"), ValidatorStatus::Unbonded);
    chain.ok(unjail("other"));
    assert_eq!(status(&chain, "other"), ValidatorStatus::Bonded);
    assert_eq!(pool(&chain), (STAKE + 607, 900, 2));
    sound(&chain);
}

#[test]
fn a_validator_without_stake_is_unbonded_and_stays() {
    let mut chain = chain();
    chain.ok(undelegate_msg("other", "other", 1_000));
    assert_eq!(status(&chain, "other"), ValidatorStatus::Unbonded);
    chain.refused(create("other", 1_000), "staking", 4);
    chain.ok(delegate_msg("other", "other", 100));
    chain.ok(unjail("other"));
    assert_eq!(status(&chain, "other"), ValidatorStatus::Bonded);
    sound(&chain);
}

#[test]
fn accepts_a_redelegation_and_frees_it_when_its_time_has_come() {
    let mut chain = chain();
    chain.ok(delegate_msg("alice", "validator", 500));
    let result = chain.ok(redelegate_msg("alice", "validator", "other", 200));
    assert_eq!((delegated(&chain, "alice", "validator"), delegated(&chain, "alice", "other")), (300, 200));
    assert_eq!(pool(&chain), (STAKE + 1_500, 0, 2));
    let told = event(&result.events, "redelegate");
    assert_eq!(told.get("source_validator"), Some(address("validator").operator().as_str()));
    assert_eq!(told.get("destination_validator"), Some(address("other").operator().as_str()));
    assert_eq!(told.get("amount"), Some("200uve"));
    sound(&chain);
    chain.empty_blocks(SECONDS - 2);
    chain.refused(redelegate_msg("alice", "other", "validator", 1), "staking", 32);
    chain.ok(redelegate_msg("alice", "other", "validator", 1));
    sound(&chain);
}

#[test]
fn rejects_moving_stake_on_while_it_is_locked() {
    let mut chain = chain();
    chain.ok(create("third", 1_000));
    chain.ok(delegate_msg("alice", "validator", 500));
    chain.ok(redelegate_msg("alice", "validator", "other", 200));
    let log = chain.refused(redelegate_msg("alice", "other", "third", 200), "staking", 32);
    assert!(log.contains("1 redelegations"), "{log}");
    // More may follow the same way, and it may leave altogether.
    chain.ok(redelegate_msg("alice", "validator", "other", 1));
    chain.ok(undelegate_msg("alice", "other", 200));
    chain.ok(delegate_msg("bob", "other", 5));
    chain.ok(redelegate_msg("bob", "other", "third", 5));
    sound(&chain);
}

#[test]
fn rejects_redelegations_of_what_is_not_there() {
    let mut chain = chain();
    chain.refused(redelegate_msg("alice", "validator", "bob", 1), "staking", 31);
    chain.refused(redelegate_msg("alice", "bob", "validator", 1), "staking", 3);
    chain.refused(redelegate_msg("alice", "validator", "other", 1), "staking", 19);
    chain.ok(delegate_msg("alice", "validator", 1));
    chain.refused(redelegate_msg("alice", "validator", "other", 2), "staking", 24);
}

#[test]
fn rejects_one_redelegation_too_many() {
    let mut chain = chain();
    chain.ok(delegate_msg("alice", "validator", 100));
    for _ in 0..3 {
        chain.ok(redelegate_msg("alice", "validator", "other", 1));
    }
    chain.refused(redelegate_msg("alice", "validator", "other", 1), "staking", 33);
    assert_eq!(chain.row(&INCOMING, &(address("alice"), address("other"))), Some(3));
    chain.empty_blocks(SECONDS);
    assert_eq!(chain.row(&INCOMING, &(address("alice"), address("other"))), None);
    assert!(chain.rows(&REDELEGATIONS).is_empty());
    sound(&chain);
}

fn unbonding_chain() -> (Harness, Height) {
    let mut chain = chain();
    chain.ok(delegate_msg("alice", "other", 500));
    chain.ok(undelegate_msg("alice", "other", 200));
    let created = chain.height;
    (chain, created)
}

#[test]
fn accepts_cancelling_part_of_an_unbonding_and_pays_the_rest() {
    let (mut chain, created) = unbonding_chain();
    let result: TxResult = chain.ok(cancel_msg("alice", "other", 150, created));
    assert_eq!(delegated(&chain, "alice", "other"), 450);
    let told = event(&result.events, "cancel_unbonding_delegation");
    assert_eq!(told.get("creation_height"), Some(created.to_string().as_str()));
    sound(&chain);
    chain.empty_blocks(SECONDS);
    assert_eq!(chain.balance(address("alice")), FUNDS - 450);
    sound(&chain);
}

#[test]
fn a_cancelled_unbonding_pays_nothing() {
    let (mut chain, created) = unbonding_chain();
    chain.ok(cancel_msg("alice", "other", 200, created));
    assert!(chain.rows(&UNBONDINGS).is_empty());
    chain.empty_blocks(2 * SECONDS);
    assert_eq!(chain.balance(address("alice")), FUNDS - 500);
    assert_eq!(pool(&chain), (STAKE + 1_500, 0, 2));
}

#[test]
fn rejects_cancelling_what_does_not_unbond() {
    let (mut chain, created) = unbonding_chain();
    chain.refused(cancel_msg("alice", "bob", 1, created), "staking", 3);
    chain.refused(cancel_msg("bob", "other", 1, created), "staking", 26);
    chain.refused(cancel_msg("alice", "other", 1, created.plus(1)), "staking", 41);
    let log = chain.refused(cancel_msg("alice", "other", 201, created), "staking", 104);
    assert!(log.ends_with("cannot cancel 201 of an unbonding delegation entry of 200"), "{log}");
}

#[test]
fn rejects_cancelling_an_entry_whose_time_is_over() {
    let mut chain = Harness::with_params(&["alice"], |params| {
        params.unbonding_seconds = SECONDS;
        params.max_due_per_block = 0; // the backlog never clears
    });
    chain.ok(delegate_msg("alice", "validator", 500));
    chain.ok(undelegate_msg("alice", "validator", 200));
    let created = chain.height;
    chain.empty_blocks(SECONDS);
    chain.refused(cancel_msg("alice", "validator", 1, created), "staking", 105);
}
