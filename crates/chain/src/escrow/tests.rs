//! Settlement as arithmetic, and escrow accounts through the executor.

use super::{ESCROW_ACCOUNTS, settle};
use crate::{
    market::tests::fixture::{
        BID_DEPOSIT, DEPOSIT, close, create, deposit, earn, leased, manual, market, market_with, offered,
        order_id, run_to, sound, spec,
    },
    testing::{FUNDS, Harness, address},
};
use proptest::prelude::*;
use virtengine_types::{
    Address, Amount, Height,
    escrow::{EscrowAccount, MAX_DEPOSITORS, Stream},
    ledger::Pool,
    market::{LeaseId, Selection},
    msg::AfterClose,
};

fn account(deposits: &[u128], rate: u128, settled: u64) -> EscrowAccount {
    let owner = |number: usize| Address([u8::try_from(number).unwrap(); 20]);
    EscrowAccount {
        deposits: deposits.iter().enumerate().map(|(number, left)| (owner(number), Amount(*left))).collect(),
        stream: Some(Stream {
            lease: LeaseId(1),
            provider: Address([9; 20]),
            rate: Amount(rate),
            earned: Amount::ZERO,
        }),
        settled_height: Height(settled),
        exhausted_height: Height(0),
    }
}

fn lefts(account: &EscrowAccount) -> Vec<u128> {
    account.deposits.iter().map(|(_, left)| left.0).collect()
}

#[test]
fn deposits_are_spent_first_to_last_and_the_tenants_place_stays() {
    let mut escrow = account(&[25, 10, 40], 10, 100);
    assert_eq!(settle(&mut escrow, Height(102)), Ok(Amount(20)));
    assert_eq!(lefts(&escrow), [5, 10, 40]);
    assert_eq!(settle(&mut escrow, Height(104)), Ok(Amount(20)));
    assert_eq!(lefts(&escrow), [0, 35]);
    assert_eq!(settle(&mut escrow, Height(104)), Ok(Amount::ZERO));
    assert_eq!(settle(&mut escrow, Height(200)), Ok(Amount(35)));
    assert_eq!(lefts(&escrow), [0]);
    assert_eq!(escrow.stream.unwrap().earned, Amount(75));
}

#[test]
fn settling_never_overflows() {
    let mut escrow = account(&[u128::MAX], u128::MAX, 0);
    assert_eq!(settle(&mut escrow, Height(u64::MAX)), Ok(Amount(u128::MAX)));
    assert_eq!(lefts(&escrow), [0]);
}

proptest! {
    #[test]
    fn settling_in_steps_equals_settling_at_once(
        deposits in prop::collection::vec(0u128..500, 1..6),
        rate in 1u128..50,
        steps in prop::collection::vec(0u64..20, 1..10),
    ) {
        let before = account(&deposits, rate, 7);
        let (mut stepped, mut height) = (before.clone(), Height(7));
        for step in steps {
            height = height.plus(step);
            settle(&mut stepped, height).unwrap();
        }
        let mut once = before.clone();
        settle(&mut once, height).unwrap();
        prop_assert_eq!(&stepped, &once);
        let earned = once.stream.as_ref().unwrap().earned.0;
        prop_assert_eq!(once.balance().0 + earned, before.balance().0);
    }
}

#[test]
fn the_take_fee_is_rounded_down() {
    for (price, take) in [(49, 0), (50, 1), (149, 2)] {
        let mut chain = market(1);
        let (_, lease) = leased(&mut chain, price);
        chain.ok(earn("p0", lease));
        assert_eq!(chain.balance(Pool::Community.address()), take);
        assert_eq!(chain.balance(address("p0")), FUNDS - BID_DEPOSIT + price - take);
        sound(&chain);
    }
}

#[test]
fn each_depositor_gets_back_what_is_left_of_its_own() {
    let mut chain = market(1);
    let order = order_id(&chain.ok(create(spec(Selection::Manual), 500_000)));
    chain.ok(deposit(address("friend"), order, 1_000));
    let bid = offered(&mut chain, order, "p0", 1_000);
    let lease = crate::market::tests::fixture::accepted(&mut chain, bid);
    // The tenant's funds last 500 blocks, the friend's one more.
    let began = chain.height;
    run_to(&mut chain, began.plus(499));
    chain.ok(close("tenant", lease, None, AfterClose::Close));
    assert_eq!(chain.balance(address("tenant")), FUNDS - 500_000);
    assert_eq!(chain.balance(address("friend")), FUNDS);
    sound(&chain);
}

#[test]
fn a_tenant_always_finds_its_place() {
    let names: Vec<String> = (0..MAX_DEPOSITORS).map(|number| format!("d{number}")).collect();
    let mut actors: Vec<&str> = names.iter().map(String::as_str).collect();
    actors.push("tenant");
    let mut chain = Harness::new(&actors);
    let order = manual(&mut chain);
    for name in &names[1..] {
        chain.ok(deposit(address(name), order, 1));
    }
    let log = chain.refused(deposit(address("d0"), order, 1), "escrow", 5);
    assert!(log.contains("at most 16 depositors") && log.ends_with("has 16"), "{log}");
    chain.ok(deposit(address("tenant"), order, 5));
    let account = chain.row(&ESCROW_ACCOUNTS, &order).unwrap();
    assert_eq!(account.deposits[0], (address("tenant"), Amount(DEPOSIT + 5)));
    sound(&chain);
}

#[test]
fn rejects_deposits_that_nobody_has_or_that_do_not_fit() {
    let mut chain = market(0);
    let order = manual(&mut chain);
    chain.refused(deposit(address("friend"), order, FUNDS + 1), "sdk", 5);
    chain.refused(deposit(address("friend"), order, u128::MAX), "escrow", 6);
    sound(&chain);
}

#[test]
fn rejects_a_second_withdrawal_in_a_block() {
    let mut chain = market(1);
    let (_, lease) = leased(&mut chain, 10);
    let outcome =
        chain.block(&[(address("p0"), vec![earn("p0", lease)]), (address("p0"), vec![earn("p0", lease)])]);
    let second = &outcome.results[1];
    assert_eq!((second.codespace.as_str(), second.code), ("escrow", 7), "{}", second.log);
    sound(&chain);
}

#[test]
fn rejects_funds_that_come_after_the_end_though_the_block_was_too_busy_to_close_the_lease() {
    let mut chain = market_with(1, |params| {
        params.max_due_per_block = 0;
        params.min_order_deposit = Amount(1);
    });
    let order = order_id(&chain.ok(create(spec(Selection::Manual), 25)));
    let bid = offered(&mut chain, order, "p0", 10);
    let lease = crate::market::tests::fixture::accepted(&mut chain, bid);
    let end = chain.height.plus(3);
    run_to(&mut chain, end);
    let log = chain.refused(deposit(address("friend"), order, 100), "escrow", 4);
    assert!(log.ends_with(&format!("ran out at height {end}, it is {} now", end.plus(1))), "{log}");
    // What there was is the provider's: 25uve, without a take fee at that size.
    chain.ok(earn("p0", lease));
    assert_eq!(chain.balance(address("p0")), FUNDS - BID_DEPOSIT + 25);
    sound(&chain);
    chain.ok(close("p0", lease, None, AfterClose::Close));
    assert_eq!(chain.balance(address("p0")), FUNDS + 25);
    sound(&chain);
}

#[test]
fn an_order_without_an_account_is_named() {
    let invalid = super::EscrowInvalid::NotFound { order: virtengine_types::market::OrderId(4) };
    assert_eq!((invalid.code(), invalid.to_string().as_str()), (2, "order 4 has no escrow account"));
}
