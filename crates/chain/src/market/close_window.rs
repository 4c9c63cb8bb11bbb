//! The end of an order's time: the chain's choice, or nobody's.

use super::{
    ORDERS, bid, events,
    free_bids::freeing_due,
    lease::{Choice, start_lease},
    order_bids,
};
use crate::{
    TxContext, escrow,
    outcome::{Outcome, Stop},
    provider::{PROVIDERS, fit},
};
use virtengine_state::State;
use virtengine_types::{
    Address, Amount,
    market::{Order, OrderBids, OrderId, OrderStatus, RankedBid, Selection},
    provider::Provider,
};

/// Ends the time in which an open order can be matched. With automatic selection the best bid wins whose
/// provider is still what the order wants, if escrow pays for a block of it; otherwise, and with manual
/// selection, the order expires and its escrow returns. Does nothing for an order that is not open or
/// whose time was extended.
///
/// Cost: the number of bids whose providers have changed since they bid, times that of the auditors that
/// the order names.
///
/// # Errors
/// Only such as mean that the state is damaged.
///
/// Spec: docs/spec/market.md#window-close
pub fn close_window(state: &mut State, ctx: &mut TxContext<'_>, id: OrderId) -> Outcome<()> {
    let Some(order) = state.get(&ORDERS, &id)? else { return Ok(()) };
    // Matched in time, cancelled, or opened again with a later end.
    if order.status != OrderStatus::Open || ctx.height() < order.expires_at {
        return Ok(());
    }
    let bids = order_bids(state, id)?;
    match best(state, id, &order, &bids)? {
        Some((ranked, provider)) => {
            let bid = bid(state, ranked.bid)?;
            let choice = Choice { order_id: id, order, bid_id: ranked.bid, bid, provider, bids };
            start_lease(state, ctx, choice)?;
            Ok(())
        }
        None => expire(state, ctx, id, order, &bids),
    }
}

/// The best bid that can be served and paid for.
fn best(
    state: &mut State,
    id: OrderId,
    order: &Order,
    bids: &OrderBids,
) -> Outcome<Option<(RankedBid, Provider)>> {
    if order.spec.selection == Selection::Manual || bids.ranked.is_empty() {
        return Ok(None);
    }
    let funds: Amount = escrow::account(state, id)?.balance();
    for ranked in bids.ranked.iter().take_while(|ranked| ranked.price <= funds) {
        if let Some(provider) = fitting(state, ranked.provider, order)? {
            return Ok(Some((*ranked, provider)));
        }
    }
    Ok(None)
}

/// The provider's row, if it is still registered and what the order wants.
fn fitting(state: &mut State, owner: Address, order: &Order) -> Result<Option<Provider>, Stop> {
    let Some(provider) = state.get(&PROVIDERS, &owner)? else { return Ok(None) };
    match fit(state, owner, &provider, &order.spec) {
        Ok(()) => Ok(Some(provider)),
        Err(Stop::Invalid(_)) => Ok(None),
        Err(stop) => Err(stop),
    }
}

fn expire(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    id: OrderId,
    mut order: Order,
    bids: &OrderBids,
) -> Outcome<()> {
    let account = escrow::account(state, id)?;
    escrow::refund(state, ctx, id, &account)?;
    freeing_due(state, ctx, id, bids)?;
    order.status = OrderStatus::Expired;
    state.put(&ORDERS, &id, &order)?;
    ctx.emit(events::order_expired(id, &order));
    Ok(())
}
