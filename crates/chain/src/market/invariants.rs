//! What is true of all orders, bids and leases between two blocks.

use super::{BIDS, LEASES, ORDER_BIDS, ORDERS, state::rank};
use crate::{
    due,
    invariants::{Violation, holds, rows},
    params::PARAMS,
};
use std::collections::{BTreeMap, BTreeSet};
use virtengine_state::MemoryStore;
use virtengine_types::{
    Address, Amount,
    due::{Deadline, Due},
    market::{BidId, BidStatus, LeaseStatus, OrderId, OrderStatus},
};

/// Each list holds exactly the bids on its order that were neither decided nor returned, best first, one
/// of a provider, no more than the parameter allows.
///
/// # Errors
/// - `Broken` - a list differs from its bids
pub fn lists_match_bids(store: &MemoryStore) -> Result<(), Violation> {
    let params = rows(store, &PARAMS)?.pop().map(|(_, params)| params).unwrap_or_default();
    let mut undecided: BTreeMap<OrderId, BTreeSet<(BidId, Amount, Address)>> = BTreeMap::new();
    for (id, bid) in rows(store, &BIDS)? {
        if bid.status == BidStatus::Open {
            undecided.entry(bid.order).or_default().insert((id, bid.price, bid.provider));
        }
    }
    for (order, bids) in rows(store, &ORDER_BIDS)? {
        let list = &bids.ranked;
        let listed: BTreeSet<_> =
            list.iter().map(|ranked| (ranked.bid, ranked.price, ranked.provider)).collect();
        let bids = undecided.remove(&order).unwrap_or_default();
        holds("a list holds its order's undecided bids", listed == bids && !list.is_empty(), || {
            format!("order {order}: list {listed:?}, bids {bids:?}")
        })?;
        let sorted = list.is_sorted_by(|left, right| rank(left) < rank(right));
        holds("a list is sorted best first", sorted, || format!("order {order}: {list:?}"))?;
        let providers: BTreeSet<_> = list.iter().map(|ranked| ranked.provider).collect();
        let bounded = list.len() <= params.max_bids_per_order as usize && providers.len() == list.len();
        holds("a list has one bid of a provider and is bounded", bounded, || {
            format!("order {order}: {list:?}")
        })?;
    }
    holds("an undecided bid is in a list", undecided.is_empty(), || format!("{undecided:?}"))
}

/// A bid's deposit is locked exactly while the bid is undecided or its lease runs.
///
/// # Errors
/// - `Broken` - a deposit is locked without need or not locked
pub fn deposits_are_locked_while_needed(store: &MemoryStore) -> Result<(), Violation> {
    let running: BTreeSet<_> = rows(store, &LEASES)?
        .into_iter()
        .filter(|(_, lease)| lease.status == LeaseStatus::Active)
        .map(|(_, lease)| lease.bid)
        .collect();
    for (id, bid) in rows(store, &BIDS)? {
        let needed = match bid.status {
            BidStatus::Open => true,
            BidStatus::Won => running.contains(&id),
            BidStatus::Lost | BidStatus::Withdrawn | BidStatus::Expired => false,
        };
        holds("a deposit is locked while it is needed", bid.deposit_locked == needed, || {
            format!("bid {id} is {}, locked: {}", bid.status.name(), bid.deposit_locked)
        })?;
    }
    Ok(())
}

/// An order is matched or active exactly while its last lease is active, and active exactly when that
/// lease is confirmed; a lease names the order, and the bid that bears its number and won.
///
/// # Errors
/// - `Broken` - an order and its lease disagree
pub fn orders_match_leases(store: &MemoryStore) -> Result<(), Violation> {
    let orders: BTreeMap<_, _> = rows(store, &ORDERS)?.into_iter().collect();
    let bids: BTreeMap<_, _> = rows(store, &BIDS)?.into_iter().collect();
    let mut expected: BTreeMap<OrderId, OrderStatus> = BTreeMap::new();
    for (id, lease) in rows(store, &LEASES)? {
        let bid = bids.get(&lease.bid);
        let won = bid.is_some_and(|bid| bid.status == BidStatus::Won && bid.order == lease.order);
        holds("a lease comes of the bid of its number", won && lease.bid.0 == id.0, || {
            format!("{id}: {bid:?}")
        })?;
        if lease.status == LeaseStatus::Active {
            let status = if lease.confirmed { OrderStatus::Active } else { OrderStatus::Matched };
            let other = expected.insert(lease.order, status);
            let last = orders.get(&lease.order).and_then(|order| order.lease);
            holds("an order has one active lease, its last", other.is_none() && last == Some(id), || {
                format!("order {}: last {last:?}, active {id}", lease.order)
            })?;
        }
    }
    for (id, order) in orders {
        let runs = matches!(order.status, OrderStatus::Matched | OrderStatus::Active);
        let status = expected.remove(&id);
        holds(
            "an order is matched or active while its lease runs",
            status == runs.then_some(order.status),
            || format!("order {id} is {}, its lease says {status:?}", order.status.name()),
        )?;
    }
    holds("an active lease has an order", expected.is_empty(), || format!("{expected:?}"))
}

/// Every open order has an entry in the time wheel at the height at which it expires.
///
/// # Errors
/// - `Broken` - nothing waits there
pub fn windows_are_scheduled(store: &MemoryStore) -> Result<(), Violation> {
    let waiting: BTreeSet<_> = due::pending(store)?.into_iter().collect();
    for (id, order) in rows(store, &ORDERS)? {
        let entry = (Deadline::Height(order.expires_at), Due::OrderWindow(id));
        let scheduled = order.status != OrderStatus::Open || waiting.contains(&entry);
        holds("an open order's end is in the time wheel", scheduled, || format!("{entry:?}"))?;
    }
    Ok(())
}
