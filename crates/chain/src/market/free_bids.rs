//! Returning the deposits of bids that can no longer win, a few at a time.

use super::{BIDS, ORDERS, bid, events, order_bids, state::put_order_bids};
use crate::{TxContext, due, escrow, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    due::{Deadline, Due},
    market::{Bid, BidId, BidStatus, Order, OrderBids, OrderId, OrderStatus},
};

/// Bids that one entry of the time wheel frees; the rest waits for the next block.
pub const FREED_PER_ENTRY: usize = 25;

/// Returns the deposits of up to [`FREED_PER_ENTRY`] bids of an order that is no longer open, best bids
/// first, and comes back at the next block for more. Does nothing for an order that is open.
///
/// # Errors
/// Only such as mean that the state is damaged.
///
/// Spec: docs/spec/market.md#losing-bids
pub fn free_bids(state: &mut State, ctx: &mut TxContext<'_>, id: OrderId) -> Outcome<()> {
    let Some(order) = state.get(&ORDERS, &id)? else { return Ok(()) };
    // The bids of an order that opened again are a new round.
    if order.status == OrderStatus::Open {
        return Ok(());
    }
    let mut bids = order_bids(state, id)?;
    let rest = bids.ranked.split_off(bids.ranked.len().min(FREED_PER_ENTRY));
    let freed = std::mem::replace(&mut bids.ranked, rest);
    for ranked in &freed {
        let bid = bid(state, ranked.bid)?;
        free(state, ctx, ranked.bid, bid, &order)?;
    }
    if freed.is_empty() {
        return Ok(());
    }
    put_order_bids(state, id, &bids)?;
    freeing_due(state, ctx, id, &bids)
}

/// Lets the wheel free an order's bids from the next block on, if it has any.
pub(super) fn schedule_freeing(state: &mut State, ctx: &TxContext<'_>, order: OrderId) -> Outcome<()> {
    let bids = order_bids(state, order)?;
    freeing_due(state, ctx, order, &bids)
}

/// Lets the wheel free these bids from the next block on, if there are any.
pub(super) fn freeing_due(
    state: &mut State,
    ctx: &TxContext<'_>,
    order: OrderId,
    bids: &OrderBids,
) -> Outcome<()> {
    if bids.ranked.is_empty() {
        return Ok(());
    }
    due::schedule(state, Deadline::Height(ctx.height().plus(1)), Due::FreeBids(order))
}

/// Returns one bid's deposit and records what became of the bid. The caller takes it out of the list.
pub(super) fn free(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    id: BidId,
    mut bid: Bid,
    order: &Order,
) -> Outcome<()> {
    bid.status = bid.status.seen_with(order.status);
    bid.deposit_locked = false;
    state.put(&BIDS, &id, &bid)?;
    escrow::unlock(state, ctx, bid.provider, bid.deposit)?;
    let decided = if bid.status == BidStatus::Lost { "market.bid.lost" } else { "market.bid.expired" };
    ctx.emit(events::of_bid(decided, id, &bid, order));
    ctx.emit(events::of_bid("market.bid.released", id, &bid, order));
    Ok(())
}
