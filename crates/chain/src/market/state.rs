//! The rows of orders, bids and leases.

use super::MarketInvalid;
use crate::outcome::Outcome;
use std::cmp::Reverse;
use virtengine_state::{Partition, State, Table};
use virtengine_types::market::{Bid, BidId, Lease, LeaseId, Order, OrderBids, OrderId, RankedBid};

/// Orders by number.
pub const ORDERS: Table<OrderId, Order> = Table::new(Partition::Market, 2, "orders");
/// Bids by number.
pub const BIDS: Table<BidId, Bid> = Table::new(Partition::Market, 3, "bids");
/// Lists of bids by order; an empty list has no row.
pub const ORDER_BIDS: Table<OrderId, OrderBids> = Table::new(Partition::Market, 4, "order bids");
/// Leases by number, which is that of the bid that won.
pub const LEASES: Table<LeaseId, Lease> = Table::new(Partition::Market, 5, "leases");

/// Largest encoded specification in bytes. Below the limit of a row, so that a transaction never meets
/// that one.
pub const MAX_ORDER_BYTES: usize = 48 * 1024;

/// Reads an order that must exist.
///
/// # Errors
/// - `OrderNotFound` - there is no such order
pub fn order(state: &mut State, id: OrderId) -> Outcome<Order> {
    Ok(state.get(&ORDERS, &id)?.ok_or(MarketInvalid::OrderNotFound { order: id })?)
}

/// Reads a bid that must exist.
///
/// # Errors
/// - `BidNotFound` - there is no such bid
pub fn bid(state: &mut State, id: BidId) -> Outcome<Bid> {
    Ok(state.get(&BIDS, &id)?.ok_or(MarketInvalid::BidNotFound { bid: id })?)
}

/// Reads a lease that must exist.
///
/// # Errors
/// - `LeaseNotFound` - there is no such lease
pub fn lease(state: &mut State, id: LeaseId) -> Outcome<Lease> {
    Ok(state.get(&LEASES, &id)?.ok_or(MarketInvalid::LeaseNotFound { lease: id })?)
}

/// Reads an order's list of bids; empty if it has none.
///
/// # Errors
/// As [`State::get`].
pub fn order_bids(state: &mut State, order: OrderId) -> Outcome<OrderBids> {
    Ok(state.get(&ORDER_BIDS, &order)?.unwrap_or_default())
}

/// Writes an order's list of bids; an empty list leaves no row.
pub(super) fn put_order_bids(state: &mut State, order: OrderId, bids: &OrderBids) -> Outcome<()> {
    if bids.ranked.is_empty() {
        return Ok(state.delete(&ORDER_BIDS, &order)?);
    }
    Ok(state.put(&ORDER_BIDS, &order, bids)?)
}

/// Puts a bid into its place in a list.
pub(super) fn insert_ranked(bids: &mut OrderBids, bid: RankedBid) {
    let place = bids.ranked.partition_point(|other| rank(other) < rank(&bid));
    bids.ranked.insert(place, bid);
}

/// Sorts bids best first: lowest price, highest reputation, earliest.
pub(super) const fn rank(bid: &RankedBid) -> (u128, Reverse<i64>, u64) {
    (bid.price.0, Reverse(bid.reputation), bid.bid.0)
}
