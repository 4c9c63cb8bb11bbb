//! Every rule of the market, broken once.

use super::fixture::*;
use crate::testing::address;
use virtengine_types::{
    Amount, Height,
    market::{BidId, CloseReason, LeaseId, OrderId, Selection},
    msg::{AfterClose, DeregisterProvider, Msg, SubmitBid},
    provider::Attribute,
};

const NONE: u64 = 77;

#[test]
fn rejects_absent_orders_bids_and_leases() {
    let mut chain = market(1);
    let log = chain.refused(cancel("tenant", OrderId(NONE)), "market", 2);
    assert!(log.ends_with("order 77 does not exist"), "{log}");
    chain.refused(submit(OrderId(NONE), "p0", 5), "market", 2);
    chain.refused(deposit(address("friend"), OrderId(NONE), 5), "market", 2);
    chain.refused(accept(BidId(NONE)), "market", 3);
    chain.refused(withdraw_bid("p0", BidId(NONE)), "market", 3);
    chain.refused(release("friend", BidId(NONE)), "market", 3);
    chain.refused(confirm("p0", LeaseId(NONE)), "market", 4);
    chain.refused(earn("p0", LeaseId(NONE)), "market", 4);
    chain.refused(close("tenant", LeaseId(NONE), None, AfterClose::Close), "market", 4);
    sound(&chain);
}

#[test]
fn rejects_whoever_it_does_not_belong_to() {
    let mut chain = market(2);
    let order = manual(&mut chain);
    let bid = offered(&mut chain, order, "p0", 10);
    chain.refused(cancel("stranger", order), "market", 5);
    chain.refused(
        Msg::AcceptBid(virtengine_types::msg::AcceptBid { tenant: address("stranger"), bid }),
        "market",
        5,
    );
    chain.refused(withdraw_bid("p1", bid), "market", 6);
    let lease = accepted(&mut chain, bid);
    chain.refused(confirm("p1", lease), "market", 6);
    chain.refused(earn("p1", lease), "market", 6);
    chain.refused(close("stranger", lease, None, AfterClose::Close), "market", 7);
    sound(&chain);
}

#[test]
fn rejects_orders_outside_the_parameters() {
    let mut chain = market(0);
    let log = chain.refused(create(spec(Selection::Manual), 499_999), "market", 8);
    assert!(log.ends_with("an order's deposit is at least 500000uve, got 499999uve"), "{log}");
    for window in [0, 100_001] {
        let mut spec = spec(Selection::Auto);
        spec.bid_window = window;
        chain.refused(create(spec, DEPOSIT), "market", 9);
    }
    let mut large = spec(Selection::Manual);
    large.attributes = vec![attribute("k", &"v".repeat(48 * 1024))];
    chain.refused(create(large, DEPOSIT), "market", 10);
    chain.refused(create(spec(Selection::Manual), crate::testing::FUNDS + 1), "sdk", 5);
    sound(&chain);
}

#[test]
fn rejects_changes_of_an_order_that_is_not_open() {
    let mut chain = market(2);
    let (order, _) = leased(&mut chain, 10);
    let log = chain.refused(cancel("tenant", order), "market", 11);
    assert!(log.ends_with("must be open, it is matched"), "{log}");
    chain.refused(submit(order, "p1", 5), "market", 11);
    let order = manual(&mut chain);
    let bid = offered(&mut chain, order, "p0", 10);
    chain.ok(cancel("tenant", order));
    chain.refused(accept(bid), "market", 11);
    let log = chain.refused(deposit(address("friend"), order, 5), "market", 29);
    assert!(log.ends_with("must be open, matched or active, it is cancelled"), "{log}");
    chain.refused(cancel("tenant", order), "market", 11);
    sound(&chain);
}

#[test]
fn accepts_a_bid_at_the_last_block_of_the_window_and_rejects_one_after_it() {
    let mut chain = market(2);
    let order = manual(&mut chain);
    let last = chain.height.plus(WINDOW);
    run_to(&mut chain, Height(last.0 - 1));
    offered(&mut chain, order, "p0", 10);
    assert_eq!(chain.height, last);
    let log = chain.refused(submit(order, "p1", 10), "market", 12);
    assert!(log.ends_with(&format!("takes bids until height {last}, it is {} now", last.plus(1))), "{log}");
    sound(&chain);
}

#[test]
fn rejects_a_choice_after_the_order_expired_though_the_block_was_too_busy_to_say_so() {
    let mut chain = market_with(1, |params| {
        params.max_due_per_block = 0;
        params.selection_window = 2;
    });
    let order = manual(&mut chain);
    let bid = offered(&mut chain, order, "p0", 10);
    let expires = chain.row(&crate::market::ORDERS, &order).unwrap().expires_at;
    run_to(&mut chain, Height(expires.0 - 1));
    chain.refused(accept(bid), "market", 13);
}

#[test]
fn rejects_a_tenants_choice_where_the_chain_chooses() {
    let mut chain = market(1);
    let order = posted(&mut chain, Selection::Auto, |_| {});
    let bid = offered(&mut chain, order, "p0", 10);
    chain.refused(accept(bid), "market", 14);
    sound(&chain);
}

#[test]
fn rejects_bids_that_break_the_orders_terms() {
    let mut chain = market(1);
    let order = posted(&mut chain, Selection::Manual, |spec| spec.bid_window = 50);
    chain.ok(register("tenant"));
    chain.refused(submit(order, "tenant", 10), "market", 15);
    let log = chain.refused(submit(order, "p0", 1_001), "market", 16);
    assert!(log.contains("pays at most 1000uve a block, got a bid of 1001uve"), "{log}");
    let cheap = SubmitBid { provider: address("p0"), order, price: Amount(10), deposit: Amount(99_999) };
    chain.refused(Msg::SubmitBid(cheap), "market", 17);
    let rich = SubmitBid {
        provider: address("p0"),
        order,
        price: Amount(10),
        deposit: Amount(crate::testing::FUNDS + 1),
    };
    chain.refused(Msg::SubmitBid(rich), "sdk", 5);
    chain.refused(submit(order, "stranger", 10), "provider", 2);
    offered(&mut chain, order, "p0", 1_000);
    chain.refused(submit(order, "p0", 9), "market", 18);
    sound(&chain);
}

#[test]
fn rejects_bids_of_providers_that_are_not_what_the_order_wants() {
    let mut chain = market(1);
    let order = posted(&mut chain, Selection::Manual, |spec| spec.region = "us".into());
    chain.refused(submit(order, "p0", 5), "provider", 10);
    let order =
        posted(&mut chain, Selection::Manual, |spec| spec.attributes = vec![attribute("tier", "lead")]);
    chain.refused(submit(order, "p0", 5), "provider", 11);
    let order = posted(&mut chain, Selection::Manual, |spec| spec.attributes = vec![attribute("gpu", "yes")]);
    let log = chain.refused(submit(order, "p0", 5), "provider", 11);
    assert!(log.contains("wants gpu=yes") && log.contains("has no such attribute"), "{log}");
    let order = posted(&mut chain, Selection::Manual, |spec| spec.signed_by_all = vec![address("auditor")]);
    chain.refused(submit(order, "p0", 5), "provider", 12);
    let order = posted(&mut chain, Selection::Manual, |spec| spec.signed_by_any = vec![address("auditor")]);
    chain.refused(submit(order, "p0", 5), "provider", 13);
    let order = posted(&mut chain, Selection::Manual, |spec| spec.minimum_identity_tier = 1);
    chain.refused(submit(order, "p0", 5), "provider", 14);
    sound(&chain);
}

#[test]
fn accepts_a_bid_of_a_provider_whose_wanted_attributes_are_attested() {
    let mut chain = market(1);
    let order = posted(&mut chain, Selection::Manual, |spec| {
        spec.signed_by_all = vec![address("auditor")];
        spec.signed_by_any = vec![address("stranger"), address("auditor")];
    });
    let attest = |attributes: Vec<Attribute>| {
        Msg::AttestProvider(virtengine_types::msg::AttestProvider {
            auditor: address("auditor"),
            provider: address("p0"),
            attributes,
        })
    };
    chain.ok(attest(vec![attribute("tier", "gold")]));
    // The order's region is among what auditors must attest.
    chain.refused(submit(order, "p0", 5), "provider", 12);
    chain.ok(attest(vec![attribute("region", "eu"), attribute("tier", "gold")]));
    offered(&mut chain, order, "p0", 5);
    sound(&chain);
}

#[test]
fn accepts_a_hundred_bids_and_rejects_the_next() {
    let mut chain = market(101);
    let order = manual(&mut chain);
    let bids: Vec<_> = (0..100u128)
        .map(|number| {
            let name = format!("p{number}");
            (address(&name), vec![submit(order, &name, 500 + (number * 37) % 100)])
        })
        .collect();
    let outcome = chain.block(&bids);
    assert!(outcome.results.iter().all(|result| result.code == 0));
    let log = chain.refused(submit(order, "p100", 1), "market", 19);
    assert!(log.contains("at most 100 open bids") && log.ends_with("has 100"), "{log}");
    sound(&chain);
}

#[test]
fn rejects_bids_that_are_decided_or_withdrawn() {
    let mut chain = market(2);
    let order = posted(&mut chain, Selection::Manual, |spec| spec.bid_window = 50);
    let bid = offered(&mut chain, order, "p0", 10);
    chain.refused(release("friend", bid), "market", 21);
    chain.ok(withdraw_bid("p0", bid));
    chain.refused(withdraw_bid("p0", bid), "market", 20);
    chain.refused(accept(bid), "market", 20);
    chain.refused(release("friend", bid), "market", 22);
    let again = offered(&mut chain, order, "p0", 9);
    let lease = accepted(&mut chain, again);
    chain.refused(withdraw_bid("p0", again), "market", 20);
    chain.refused(release("friend", again), "market", 23);
    chain.ok(close("tenant", lease, None, AfterClose::Close));
    chain.refused(release("friend", again), "market", 22);
    sound(&chain);
}

#[test]
fn rejects_what_a_lease_does_not_allow() {
    let mut chain = market(2);
    let (_, lease) = leased(&mut chain, 10);
    chain.ok(confirm("p0", lease));
    chain.refused(confirm("p0", lease), "market", 25);
    for (name, reason) in [
        ("tenant", CloseReason::Provider),
        ("tenant", CloseReason::Unfunded),
        ("p0", CloseReason::Tenant),
        ("p0", CloseReason::Unhealthy),
    ] {
        chain.refused(close(name, lease, Some(reason), AfterClose::Close), "market", 26);
    }
    chain.refused(close("p0", lease, None, AfterClose::Reopen), "market", 27);
    chain.ok(close("p0", lease, None, AfterClose::Close));
    for message in [confirm("p0", lease), earn("p0", lease), close("tenant", lease, None, AfterClose::Close)]
    {
        let log = chain.refused(message, "market", 24);
        assert!(log.ends_with("(provider)"), "{log}");
    }
    sound(&chain);
}

#[test]
fn rejects_opening_an_order_again_before_its_losing_bids_are_freed() {
    let mut chain = market_with(2, |params| params.max_due_per_block = 0);
    let order = manual(&mut chain);
    offered(&mut chain, order, "p1", 5);
    let loser = BidId(chain.rows(&crate::market::BIDS)[0].0.0);
    let bid = offered(&mut chain, order, "p0", 10);
    let lease = accepted(&mut chain, bid);
    chain.refused(close("tenant", lease, None, AfterClose::Reopen), "market", 28);
    chain.ok(release("stranger", loser));
    chain.ok(close("tenant", lease, None, AfterClose::Reopen));
    sound(&chain);
}

#[test]
fn rejects_choosing_a_provider_that_left_or_cannot_be_paid() {
    let mut chain = market_with(2, |params| params.min_order_deposit = Amount(1));
    let order = order_id(&chain.ok(create(spec(Selection::Manual), 99)));
    let gone = offered(&mut chain, order, "p0", 5);
    let dear = offered(&mut chain, order, "p1", 100);
    chain.ok(Msg::DeregisterProvider(DeregisterProvider { owner: address("p0") }));
    chain.refused(accept(gone), "provider", 2);
    let log = chain.refused(accept(dear), "escrow", 3);
    assert!(log.ends_with("has 99uve, one block costs 100uve"), "{log}");
    chain.ok(deposit(address("friend"), order, 1));
    chain.ok(accept(dear));
    sound(&chain);
}
