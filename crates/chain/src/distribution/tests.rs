mod property;

use super::*;
use crate::{
    invariants,
    staking::{DELEGATIONS, VALIDATORS},
    testing::{FUNDS, Harness, STAKE, address},
};
use prost::Message as _;
use virtengine_types::{
    Amount, Coin, Coins,
    block::BlockOutcome,
    ledger::Pool,
    msg::{
        BeginRedelegate, CreateValidator, Delegate, Msg, Send, SetWithdrawAddress, Undelegate,
        WithdrawCommission, WithdrawReward,
    },
    proto::cosmos::{
        base::abci::v1beta1::TxMsgData, distribution::v1beta1::MsgWithdrawDelegatorRewardResponse,
    },
    staking::{Commission, Description, ValidatorStatus},
};

const NAMES: [&str; 4] = ["alice", "bob", "other", "third"];

/// A chain without a tax, with `validator` of the genesis, which keeps nothing, and `other`, which keeps a
/// tenth. Both have the same stake.
fn chain() -> Harness {
    let mut chain = Harness::with_params(&NAMES, |params| {
        params.community_tax_bps = 0;
        params.unbonding_seconds = 20;
    });
    chain.ok(create("other", STAKE));
    chain
}

fn create(name: &str, amount: u128) -> Msg {
    Msg::CreateValidator(CreateValidator {
        operator: address(name),
        consensus_key: crate::testing::node_key(name),
        description: Description { moniker: name.to_owned(), ..Description::default() },
        commission: Commission {
            rate: UNIT / 10,
            max_rate: UNIT,
            max_change_rate: UNIT,
            ..Commission::default()
        },
        min_self_delegation: Amount(1),
        amount: Amount(amount),
    })
}

fn delegate(from: &str, to: &str, amount: u128) -> Msg {
    Msg::Delegate(Delegate { delegator: address(from), validator: address(to), amount: Amount(amount) })
}

fn undelegate(from: &str, to: &str, amount: u128) -> Msg {
    Msg::Undelegate(Undelegate { delegator: address(from), validator: address(to), amount: Amount(amount) })
}

fn withdraw(from: &str, to: &str) -> Msg {
    Msg::WithdrawReward(WithdrawReward { delegator: address(from), validator: address(to) })
}

fn commission(name: &str) -> Msg {
    Msg::WithdrawCommission(WithdrawCommission { operator: address(name) })
}

fn redirect(from: &str, receiver: virtengine_types::Address) -> Msg {
    Msg::SetWithdrawAddress(SetWithdrawAddress { delegator: address(from), receiver })
}

/// A block in which `third` pays a fee.
fn fee(chain: &mut Harness, amount: u128) -> BlockOutcome {
    let mut coins = Coins::default();
    coins.add(&Coin::base(Amount(1))).unwrap();
    let send = Send { from: address("third"), to: address("third"), coins };
    let mut tx = chain.tx(address("third"), 0, vec![Msg::Send(send)]);
    tx.fee.amount.add(&Coin::base(Amount(amount))).unwrap();
    let outcome = chain.apply(vec![chain.verified(tx)]);
    sound(chain);
    outcome
}

fn sound(chain: &Harness) {
    invariants::all(&chain.store).unwrap();
    assert_eq!(crate::staking::invariants::check(&chain.store), Ok(()));
}

/// What an account gains by a message.
fn gain(chain: &mut Harness, name: &str, message: Msg) -> i128 {
    let before = chain.balance(address(name)) as i128;
    chain.ok(message);
    sound(chain);
    chain.balance(address(name)) as i128 - before
}

#[test]
fn fees_are_for_bonded_stake_less_the_tax() {
    let mut chain = Harness::new(&NAMES);
    let outcome = fee(&mut chain, 1_099);
    assert_eq!(chain.balance(Pool::Community.address()), 21, "2 % is 21.98");
    assert_eq!(chain.balance(Pool::Fees.address()), 1_078);
    let moved: Vec<_> =
        outcome.events.iter().map(|event| (event.kind.as_str(), event.get("amount"))).collect();
    assert_eq!(moved, [("coin_spent", Some("21uve")), ("coin_received", Some("21uve"))]);
    assert_eq!(gain(&mut chain, "validator", withdraw("validator", "validator")), 1_078);
    assert_eq!(chain.balance(Pool::Fees.address()), 0);
}

#[test]
fn a_block_without_fees_writes_no_rewards() {
    let mut chain = chain();
    chain.empty_blocks(3);
    assert_eq!(chain.row(&REWARDS, &0), None);
}

#[test]
fn fees_go_to_the_community_pool_while_nobody_is_bonded() {
    let mut chain = chain();
    chain.ok(undelegate("other", "other", STAKE));
    chain.ok(undelegate("validator", "validator", STAKE));
    fee(&mut chain, 500);
    assert_eq!(chain.balance(Pool::Community.address()), 500);
    assert_eq!(chain.balance(Pool::Fees.address()), 0);
}

#[test]
fn a_validator_keeps_its_commission() {
    let mut chain = chain();
    fee(&mut chain, 2_000);
    chain.ok(delegate("alice", "other", STAKE));
    fee(&mut chain, 3_000);
    // A thousand for a million of tokens each time; other has two million the second time.
    assert_eq!(gain(&mut chain, "other", commission("other")), 300);
    assert_eq!(gain(&mut chain, "other", withdraw("other", "other")), 900 + 900);
    assert_eq!(gain(&mut chain, "alice", withdraw("alice", "other")), 900);
    assert_eq!(gain(&mut chain, "validator", withdraw("validator", "validator")), 2_000);
    assert_eq!(chain.balance(Pool::Fees.address()), 0);
}

#[test]
fn a_new_rate_takes_of_what_is_earned_from_then_on() {
    let mut chain = chain();
    fee(&mut chain, 2_000);
    chain.time.0 += 24 * 60 * 60 * 1_000;
    chain.ok(Msg::EditValidator(virtengine_types::msg::EditValidator {
        operator: address("other"),
        description: Default::default(),
        rate: Some(UNIT / 2),
        min_self_delegation: None,
    }));
    fee(&mut chain, 2_000);
    assert_eq!(gain(&mut chain, "other", commission("other")), 100 + 500);
}

#[test]
fn a_withdrawal_is_told_as_clients_expect() {
    let mut chain = chain();
    fee(&mut chain, 2_000);
    let result = chain.ok(withdraw("other", "other"));
    let kinds: Vec<_> = result.events.iter().skip(3).map(|event| event.kind.as_str()).collect();
    let moved = ["message", "coin_spent", "coin_received", "transfer", "withdraw_rewards"];
    assert_eq!(kinds, [&moved[..], &["distribution.reward.withdrawn"]].concat());
    let told = result.events.iter().find(|event| event.kind == "withdraw_rewards").unwrap();
    assert_eq!(told.get("amount"), Some("900uve"));
    assert_eq!(told.get("validator"), Some(address("other").operator().as_str()));
    let data = TxMsgData::decode(result.data).unwrap();
    let response =
        MsgWithdrawDelegatorRewardResponse::decode(data.msg_responses[0].value.as_slice()).unwrap();
    assert_eq!(response.amount, [Coin::base(Amount(900)).to_wire()]);
    // Nothing is left, and that is no failure.
    let result = chain.ok(withdraw("other", "other"));
    assert!(result.events.iter().all(|event| event.kind != "coin_spent"));
    let told = result.events.iter().find(|event| event.kind == "withdraw_rewards").unwrap();
    assert_eq!(told.get("amount"), Some("0uve"));
}

#[test]
fn every_change_of_a_delegation_pays_it() {
    let mut chain = chain();
    chain.ok(delegate("alice", "validator", STAKE));
    fee(&mut chain, 3_000);
    assert_eq!(gain(&mut chain, "alice", delegate("alice", "validator", STAKE)), 1_000 - STAKE as i128);
    fee(&mut chain, 4_000);
    assert_eq!(gain(&mut chain, "alice", undelegate("alice", "validator", STAKE)), 2_000);
    fee(&mut chain, 3_000);
    let moved = Msg::BeginRedelegate(BeginRedelegate {
        delegator: address("alice"),
        source: address("validator"),
        destination: address("other"),
        amount: Amount(1),
    });
    assert_eq!(gain(&mut chain, "alice", moved), 1_000);
    // What is delegated earns from the next fee on, and not before.
    assert_eq!(gain(&mut chain, "alice", withdraw("alice", "other")), 0);
}

#[test]
fn what_ends_earns_nothing_more() {
    let mut chain = chain();
    chain.ok(delegate("alice", "other", STAKE));
    fee(&mut chain, 3_000);
    // Its operator leaves: other is jailed, what it earned stays its delegators'.
    assert_eq!(gain(&mut chain, "other", undelegate("other", "other", STAKE)), 900);
    assert_eq!(chain.row(&VALIDATORS, &address("other")).unwrap().status, ValidatorStatus::Unbonded);
    fee(&mut chain, 1_000);
    assert_eq!(gain(&mut chain, "alice", withdraw("alice", "other")), 900);
    assert_eq!(gain(&mut chain, "validator", withdraw("validator", "validator")), 1_000 + 1_000);
}

#[test]
fn no_fraction_is_lost() {
    let mut chain = chain();
    chain.ok(delegate("alice", "other", 1));
    chain.ok(delegate("bob", "other", 3));
    for _ in 0..50 {
        fee(&mut chain, 7);
        chain.ok(withdraw("alice", "other"));
        chain.ok(withdraw("bob", "other"));
        chain.ok(withdraw("other", "other"));
        sound(&chain);
    }
    let unpaid = chain.balance(Pool::Fees.address());
    chain.ok(withdraw("validator", "validator"));
    chain.ok(commission("other"));
    assert!(chain.balance(Pool::Fees.address()) <= 4, "{unpaid} before");
    sound(&chain);
}

#[test]
fn rewards_go_where_they_are_sent() {
    let mut chain = chain();
    fee(&mut chain, 4_000);
    let fresh = virtengine_types::Address([9; 20]);
    chain.ok(redirect("other", fresh));
    assert_eq!(chain.row(&WITHDRAW_ADDRESSES, &address("other")), Some(fresh));
    assert_eq!(gain(&mut chain, "other", withdraw("other", "other")), 0);
    assert_eq!(gain(&mut chain, "other", commission("other")), 0);
    assert_eq!(chain.balance(fresh), 1_800 + 200);
    chain.ok(redirect("other", address("other")));
    assert_eq!(chain.row(&WITHDRAW_ADDRESSES, &address("other")), None);
    fee(&mut chain, 2_000);
    assert_eq!(gain(&mut chain, "other", withdraw("other", "other")), 900);
}

#[test]
fn rejects_rewards_for_a_module() {
    let log = chain().refused(redirect("alice", Pool::Fees.address()), "sdk", 4);
    assert!(log.contains("is not allowed to receive funds"), "{log}");
}

#[test]
fn rejects_a_withdrawal_from_nobody() {
    let log = chain().refused(withdraw("alice", "bob"), "distribution", 6);
    assert!(log.contains(&address("bob").operator()), "{log}");
    chain().refused(commission("bob"), "distribution", 6);
}

#[test]
fn rejects_a_withdrawal_without_a_delegation() {
    let log = chain().refused(withdraw("alice", "other"), "distribution", 5);
    assert!(log.contains(&address("other").operator()), "{log}");
}

#[test]
fn rejects_a_commission_of_less_than_one() {
    let mut chain = chain();
    let log = chain.refused(commission("other"), "distribution", 7);
    assert!(log.ends_with("has earned 0 of 1000000000000000000 units"), "{log}");
    fee(&mut chain, 19);
    chain.refused(commission("other"), "distribution", 7);
    fee(&mut chain, 1);
    assert_eq!(gain(&mut chain, "other", commission("other")), 1);
}

#[test]
fn fees_that_no_longer_fit_go_to_the_community_pool() {
    let mut chain = chain();
    let full = virtengine_types::staking::Rewards { per_token: 0, undivided: 0, total: u128::MAX - 5 * UNIT };
    let row = REWARDS.encode(&0, &full).unwrap();
    chain.store.apply(&[(REWARDS.key(&0).unwrap(), Some(row))].into_iter().collect());
    fee(&mut chain, 6);
    assert_eq!(chain.balance(Pool::Community.address()), 6);
    fee(&mut chain, 5);
    assert_eq!(chain.balance(Pool::Fees.address()), 5);
}

#[test]
fn a_delegation_row_says_up_to_where_it_was_paid() {
    let mut chain = chain();
    fee(&mut chain, 2_000);
    chain.ok(delegate("alice", "other", 5));
    let validator = chain.row(&VALIDATORS, &address("other")).unwrap();
    let delegation = chain.row(&DELEGATIONS, &(address("alice"), address("other"))).unwrap();
    assert_eq!(delegation.paid_per_share, validator.rewards.per_share);
    assert_eq!(chain.balance(address("alice")), FUNDS - 5);
}
