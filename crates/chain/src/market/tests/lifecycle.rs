//! Orders, bids and leases from beginning to end.

use super::fixture::*;
use crate::{
    BlockContext, BlockExecutor, Mode, Step,
    market::{BIDS, FREED_PER_ENTRY, LEASES, ORDER_BIDS, ORDERS},
    provider::PROVIDERS,
    testing::{CHAIN_ID, FUNDS, Harness, address},
};
use virtengine_types::{
    Height,
    ledger::Pool,
    market::{BidStatus, CloseReason, LeaseId, LeaseStatus, OrderId, OrderStatus, Selection},
    msg::{AfterClose, DeregisterProvider, Msg},
};

fn status(chain: &Harness, order: OrderId) -> OrderStatus {
    chain.row(&ORDERS, &order).unwrap().status
}

fn lease_status(chain: &Harness, lease: LeaseId) -> LeaseStatus {
    chain.row(&LEASES, &lease).unwrap().status
}

#[test]
fn an_order_is_matched_confirmed_paid_and_closed_and_all_money_is_accounted_for() {
    let mut chain = market(1);
    let order = manual(&mut chain);
    assert_eq!(chain.balance(address("tenant")), FUNDS - DEPOSIT);
    let bid = offered(&mut chain, order, "p0", 100);
    assert_eq!(chain.balance(address("p0")), FUNDS - BID_DEPOSIT);
    let lease = accepted(&mut chain, bid);
    assert_eq!(status(&chain, order), OrderStatus::Matched);
    chain.ok(confirm("p0", lease));
    assert_eq!(status(&chain, order), OrderStatus::Active);
    chain.empty_blocks(1);
    // Three blocks after the lease began: 300uve, of which 2 % is the take fee.
    let paid: virtengine_types::proto::virtengine::market::v1::MsgWithdrawEarningsResponse =
        response(&chain.ok(earn("p0", lease)));
    assert_eq!(paid.amount.unwrap().amount, "294");
    assert_eq!(chain.balance(Pool::Community.address()), 6);
    sound(&chain);
    let result = chain.ok(close("tenant", lease, None, AfterClose::Close));
    let closed = result.events.iter().find(|event| event.kind == "market.lease.closed").unwrap();
    assert_eq!(closed.get("reason"), Some("tenant"));
    assert_eq!(chain.balance(address("p0")), FUNDS + 294 + 98);
    assert_eq!(chain.balance(address("tenant")), FUNDS - 400);
    assert_eq!(chain.balance(Pool::Community.address()), 8);
    let provider = chain.row(&PROVIDERS, &address("p0")).unwrap();
    assert_eq!((provider.active_leases, provider.completed_leases, provider.failed_leases), (0, 1, 0));
    sound(&chain);
}

#[test]
fn a_lease_closes_at_the_block_its_escrow_runs_out() {
    for price in [1_000, 999] {
        let mut chain = market(1);
        let order = order_id(&chain.ok(create(spec(Selection::Manual), 500_000)));
        let bid = offered(&mut chain, order, "p0", price);
        let lease = accepted(&mut chain, bid);
        let last_paid = chain.height.plus(500);
        run_to(&mut chain, last_paid);
        assert_eq!(lease_status(&chain, lease), LeaseStatus::Active);
        let outcome = run_to(&mut chain, last_paid.plus(1));
        assert_eq!(lease_status(&chain, lease), LeaseStatus::Closed(CloseReason::Unfunded));
        assert_eq!(status(&chain, order), OrderStatus::Closed);
        let closed = outcome.events.iter().find(|event| event.kind == "market.lease.closed").unwrap();
        assert_eq!(closed.get("reason"), Some("unfunded"));
        // What does not make a whole block is paid too.
        assert_eq!(chain.balance(address("p0")), FUNDS + 490_000);
        assert_eq!(chain.balance(address("tenant")), FUNDS - 500_000);
        sound(&chain);
    }
}

#[test]
fn a_deposit_lets_a_lease_outlive_its_first_end() {
    let mut chain = market(1);
    let order = order_id(&chain.ok(create(spec(Selection::Manual), 500_000)));
    let bid = offered(&mut chain, order, "p0", 1_000);
    let lease = accepted(&mut chain, bid);
    let first_end = chain.height.plus(501);
    chain.empty_blocks(3);
    chain.ok(deposit(address("friend"), order, 2_500));
    run_to(&mut chain, first_end);
    assert_eq!(lease_status(&chain, lease), LeaseStatus::Active);
    sound(&chain);
    run_to(&mut chain, first_end.plus(2));
    assert_eq!(lease_status(&chain, lease), LeaseStatus::Closed(CloseReason::Unfunded));
    assert_eq!(chain.balance(address("friend")), FUNDS - 2_500);
    sound(&chain);
}

#[test]
fn the_chain_takes_the_cheapest_then_the_most_reputed_then_the_earliest_bid() {
    let mut chain = market(4);
    // A completed lease makes p3's reputation.
    let order = manual(&mut chain);
    let bid = offered(&mut chain, order, "p3", 1);
    let lease = accepted(&mut chain, bid);
    chain.ok(close("tenant", lease, None, AfterClose::Close));
    let winner_of = |chain: &mut Harness, offers: &[(&str, u128)]| {
        let order = posted(chain, Selection::Auto, |_| {});
        for (name, price) in offers {
            offered(chain, order, name, *price);
        }
        let end = chain.row(&ORDERS, &order).unwrap().bids_until.plus(1);
        run_to(chain, Height(end.0 - 1));
        assert_eq!(status(chain, order), OrderStatus::Open);
        let outcome = run_to(chain, end);
        assert!(topics(&outcome).contains(&"market.order.matched"));
        let lease = chain.row(&ORDERS, &order).unwrap().lease.unwrap();
        sound(chain);
        chain.row(&LEASES, &lease).unwrap().provider
    };
    assert_eq!(winner_of(&mut chain, &[("p0", 20), ("p1", 10), ("p3", 11)]), address("p1"));
    assert_eq!(winner_of(&mut chain, &[("p0", 20), ("p3", 20)]), address("p3"));
    assert_eq!(winner_of(&mut chain, &[("p2", 20), ("p0", 20)]), address("p2"));
}

#[test]
fn the_chain_passes_over_providers_that_left() {
    let mut chain = market(2);
    let order = posted(&mut chain, Selection::Auto, |_| {});
    offered(&mut chain, order, "p0", 1);
    let second = offered(&mut chain, order, "p1", 2);
    chain.ok(Msg::DeregisterProvider(DeregisterProvider { owner: address("p0") }));
    chain.empty_blocks(WINDOW);
    assert_eq!(chain.row(&ORDERS, &order).unwrap().lease, Some(LeaseId(second.0)));
    assert_eq!(chain.balance(address("p0")), FUNDS);
    sound(&chain);
}

#[test]
fn an_order_nobody_was_chosen_for_expires_and_its_escrow_returns() {
    for (selection, blocks) in [(Selection::Auto, WINDOW + 1), (Selection::Manual, WINDOW + 3)] {
        let mut chain = market_with(1, |params| params.selection_window = 3);
        let order = posted(&mut chain, selection, |_| {});
        let end = chain.height.plus(blocks);
        let bid = (selection == Selection::Manual).then(|| offered(&mut chain, order, "p0", 5));
        chain.ok(deposit(address("friend"), order, 7));
        run_to(&mut chain, Height(end.0 - 1));
        assert_eq!(status(&chain, order), OrderStatus::Open);
        let outcome = run_to(&mut chain, end);
        assert_eq!(status(&chain, order), OrderStatus::Expired);
        assert!(topics(&outcome).contains(&"market.order.expired"));
        assert_eq!(chain.balance(address("tenant")), FUNDS);
        assert_eq!(chain.balance(address("friend")), FUNDS);
        sound(&chain);
        let outcome = run_to(&mut chain, end.plus(1));
        assert_eq!(chain.balance(address("p0")), FUNDS);
        if let Some(bid) = bid {
            assert_eq!(topics(&outcome), ["market.bid.expired", "market.bid.released"]);
            assert_eq!(chain.row(&BIDS, &bid).unwrap().status, BidStatus::Expired);
        }
        sound(&chain);
    }
}

#[test]
fn losing_bids_are_freed_a_bounded_number_a_block() {
    let mut chain = market(60);
    let order = manual(&mut chain);
    let bids: Vec<_> = (0..60u128)
        .map(|number| {
            let name = format!("p{number}");
            (address(&name), vec![submit(order, &name, 10 + number)])
        })
        .collect();
    let outcome = chain.block(&bids);
    let winner = bid_id(&outcome.results[59]);
    accepted(&mut chain, winner);
    for left in [59, 59 - FREED_PER_ENTRY, 59 - 2 * FREED_PER_ENTRY, 0] {
        let list = chain.row(&ORDER_BIDS, &order);
        assert_eq!(list.map_or(0, |bids| bids.ranked.len()), left);
        sound(&chain);
        chain.empty_blocks(1);
    }
    assert_eq!(chain.balance(address("p0")), FUNDS);
    assert_eq!(chain.balance(address("p59")), FUNDS - BID_DEPOSIT);
}

#[test]
fn a_tenant_reopens_an_order_and_finds_another_provider_with_the_same_escrow() {
    let mut chain = market(2);
    let (order, lease) = leased(&mut chain, 100);
    let first_expiry = chain.row(&ORDERS, &order).unwrap().expires_at;
    let unhealthy = close("tenant", lease, Some(CloseReason::Unhealthy), AfterClose::Reopen);
    let result = chain.ok(unhealthy);
    assert!(result.events.iter().any(|event| event.kind == "market.order.reopened"));
    assert_eq!(status(&chain, order), OrderStatus::Open);
    assert_eq!(chain.row(&PROVIDERS, &address("p0")).unwrap().failed_leases, 1);
    assert_eq!(chain.balance(address("tenant")), FUNDS - DEPOSIT);
    sound(&chain);
    // The entry of the first window finds a later end and does nothing.
    chain.empty_blocks(2);
    let again = offered(&mut chain, order, "p0", 90);
    offered(&mut chain, order, "p1", 95);
    run_to(&mut chain, first_expiry);
    assert_eq!(status(&chain, order), OrderStatus::Open);
    sound(&chain);
    let second = accepted(&mut chain, again);
    assert_ne!(second, lease);
    chain.ok(close("p0", second, None, AfterClose::Close));
    assert_eq!(chain.balance(address("tenant")), FUNDS - 100 - 90);
    chain.empty_blocks(2);
    assert_eq!(chain.balance(address("p1")), FUNDS);
    sound(&chain);
}

#[test]
fn a_late_auto_selection_backlog_carries_over() {
    let mut chain = market_with(5, |params| params.max_due_per_block = 2);
    let orders: Vec<_> =
        (0..5).map(|_| (address("tenant"), vec![create(spec(Selection::Auto), DEPOSIT)])).collect();
    let outcome = chain.block(&orders);
    let orders: Vec<_> = outcome.results.iter().map(order_id).collect();
    for (number, order) in orders.iter().enumerate() {
        offered(&mut chain, *order, &format!("p{number}"), 10);
    }
    // The window is as long as the bids took, so the first selection is due now.
    for matched in [2, 4, 5] {
        chain.empty_blocks(1);
        let found = orders.iter().filter(|order| status(&chain, **order) == OrderStatus::Matched).count();
        assert_eq!(found, matched);
        sound(&chain);
    }
}

#[test]
fn nobody_pays_for_the_block_in_which_a_lease_begins() {
    let mut chain = market(1);
    let order = manual(&mut chain);
    let bid = offered(&mut chain, order, "p0", 100);
    let (tenant, provider) = (address("tenant"), address("p0"));
    let lease = LeaseId(bid.0);
    let outcome = chain.block(&[
        (tenant, vec![accept(bid)]),
        (provider, vec![earn("p0", lease)]),
        (tenant, vec![close("tenant", lease, None, AfterClose::Close)]),
    ]);
    assert_eq!(outcome.results[1].codespace, "escrow");
    assert_eq!(outcome.results[1].code, 7);
    assert_eq!(outcome.results[2].code, 0, "{:?}", outcome.results[2]);
    assert_eq!((chain.balance(tenant), chain.balance(provider)), (FUNDS, FUNDS));
    sound(&chain);
}

#[test]
fn every_event_of_a_lease_names_both_sides_and_the_price() {
    let mut chain = market(1);
    let order = manual(&mut chain);
    let bid = offered(&mut chain, order, "p0", 100);
    let result = chain.ok(accept(bid));
    for topic in ["market.order.matched", "market.bid.won", "market.lease.created"] {
        let event = result.events.iter().find(|event| event.kind == topic).unwrap();
        assert_eq!(event.get("order_id"), Some(order.to_string().as_str()));
        assert_eq!(event.get("bid_id"), Some(bid.to_string().as_str()));
        assert_eq!(event.get("tenant"), Some(address("tenant").to_string().as_str()));
        assert_eq!(event.get("provider"), Some(address("p0").to_string().as_str()));
        assert_eq!(event.get("price"), Some("100uve"));
    }
}

#[test]
fn deadlines_of_a_block_are_loaded_together() {
    let mut chain = market(20);
    let orders: Vec<_> =
        (0..20).map(|_| (address("tenant"), vec![create(spec(Selection::Auto), DEPOSIT)])).collect();
    let outcome = chain.block(&orders);
    let orders: Vec<_> = outcome.results.iter().map(order_id).collect();
    let bids: Vec<_> = orders
        .iter()
        .enumerate()
        .map(|(number, order)| {
            let name = format!("p{number}");
            (address(&name), vec![submit(*order, &name, 10)])
        })
        .collect();
    chain.block(&bids);
    let end = chain.row(&ORDERS, &orders[0]).unwrap().expires_at;
    run_to(&mut chain, Height(end.0 - 1));
    let context = BlockContext { chain_id: CHAIN_ID.to_owned(), epoch: 0, height: end, time: chain.time };
    let mut executor = BlockExecutor::new(context, Vec::new(), Mode::Verify);
    let mut wanted = executor.hints();
    for loads in 1.. {
        executor.load(wanted.into_iter().map(|key| (key, chain.store.get(&key))));
        match executor.run().unwrap() {
            Step::Load(keys) => wanted = keys,
            Step::Done(executed) => {
                assert!(loads < 20, "20 deadlines took {loads} loads");
                let matched =
                    executed.outcome.events.iter().filter(|event| event.kind == "market.order.matched");
                assert_eq!(matched.count(), 20);
                break;
            }
            Step::Invalid(rejection) => panic!("{rejection}"),
        }
    }
}
