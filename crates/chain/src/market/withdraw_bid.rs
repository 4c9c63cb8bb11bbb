//! Taking an open bid back.

use super::{BIDS, MarketInvalid, bid, events, order, order_bids, state::put_order_bids};
use crate::{TxContext, escrow, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{market::BidStatus, msg::WithdrawBid};

/// Takes an open bid back and returns its deposit, also after the bid window.
///
/// # Errors
/// - `BidNotFound` - there is no such bid
/// - `NotProvider` - it is another provider's
/// - `BidNotOpen` - it is decided or withdrawn
///
/// Spec: docs/spec/market.md#withdraw-bid
pub fn withdraw_bid(state: &mut State, ctx: &mut TxContext<'_>, msg: &WithdrawBid) -> Outcome<()> {
    let mut bid = bid(state, msg.bid)?;
    // A bid is its provider's.
    if bid.provider != msg.provider {
        let (provider, sender) = (bid.provider, msg.provider);
        return Err(MarketInvalid::NotProvider { what: "bid", id: msg.bid.0, provider, sender }.into());
    }
    let order = order(state, bid.order)?;
    // A decided bid cannot be undone.
    let status = bid.status.seen_with(order.status);
    if status != BidStatus::Open {
        return Err(MarketInvalid::BidNotOpen { bid: msg.bid, status }.into());
    }
    let mut bids = order_bids(state, bid.order)?;
    bids.ranked.retain(|ranked| ranked.bid != msg.bid);
    put_order_bids(state, bid.order, &bids)?;
    bid.status = BidStatus::Withdrawn;
    bid.deposit_locked = false;
    state.put(&BIDS, &msg.bid, &bid)?;
    escrow::unlock(state, ctx, bid.provider, bid.deposit)?;
    ctx.emit(events::of_bid("market.bid.withdrawn", msg.bid, &bid, &order));
    Ok(())
}
