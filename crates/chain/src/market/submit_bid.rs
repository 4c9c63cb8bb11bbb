//! Offering to serve an order.

use super::{
    BIDS, MarketInvalid, events, order, order_bids,
    state::{insert_ranked, put_order_bids},
};
use crate::{
    TxContext, escrow,
    outcome::Outcome,
    provider::{fit, provider},
};
use virtengine_state::State;
use virtengine_types::{
    Height,
    market::{Bid, BidId, BidStatus, Order, OrderBids, OrderStatus, RankedBid},
    msg::SubmitBid,
    params::Params,
};

/// Offers to serve an open order at a price per block, and locks a deposit. Returns the bid's number.
///
/// Cost: the number of the order's bids, at most the parameter `max_bids_per_order`, and of the auditors
/// that it names.
///
/// # Errors
/// - `OrderNotFound` - there is no such order
/// - `OrderNotOpen`, `BidsClosed` - it takes no more bids
/// - `OwnOrder` - the signer is its tenant
/// - `AboveCeiling` - the price exceeds the order's ceiling
/// - `BidDeposit` - the deposit is below the parameter `min_bid_deposit`
/// - `provider` 2 - the signer is not a provider
/// - `provider` 10 to 14 - the provider is not what the order wants
/// - `AlreadyBid` - the provider has an open bid on the order
/// - `TooManyBids` - the order has `max_bids_per_order` open bids
/// - `sdk` 5, 9 - the provider cannot pay the deposit
///
/// Spec: docs/spec/market.md#submit-bid
pub fn submit_bid(state: &mut State, ctx: &mut TxContext<'_>, msg: &SubmitBid) -> Outcome<BidId> {
    let order = order(state, msg.order)?;
    check_terms(&order, msg, ctx.params, ctx.height())?;
    let provider = provider(state, msg.provider)?;
    fit(state, msg.provider, &provider, &order.spec)?;
    let mut bids = order_bids(state, msg.order)?;
    check_room(&bids, msg, ctx.params)?;
    let id = BidId(ctx.next_id()?);
    escrow::lock(state, ctx, msg.provider, msg.deposit)?;
    let ranked =
        RankedBid { price: msg.price, reputation: provider.reputation(), bid: id, provider: msg.provider };
    insert_ranked(&mut bids, ranked);
    put_order_bids(state, msg.order, &bids)?;
    let bid = Bid {
        order: msg.order,
        provider: msg.provider,
        price: msg.price,
        deposit: msg.deposit,
        deposit_locked: true,
        status: BidStatus::Open,
        created_height: ctx.height(),
    };
    state.put(&BIDS, &id, &bid)?;
    ctx.emit(events::of_bid("market.bid.created", id, &bid, &order));
    Ok(id)
}

/// What the bid says against what the order and the parameters say.
fn check_terms(order: &Order, msg: &SubmitBid, params: &Params, height: Height) -> Result<(), MarketInvalid> {
    let id = msg.order;
    if order.status != OrderStatus::Open {
        return Err(MarketInvalid::OrderNotOpen { order: id, status: order.status });
    }
    // The window's last block counts.
    let bids_until = order.bids_until;
    if height > bids_until {
        return Err(MarketInvalid::BidsClosed { order: id, bids_until, height });
    }
    // Nobody makes a record with itself.
    if order.tenant == msg.provider {
        return Err(MarketInvalid::OwnOrder { order: id, provider: msg.provider });
    }
    let (max, found) = (order.spec.max_price, msg.price);
    if found > max {
        return Err(MarketInvalid::AboveCeiling { order: id, max, found });
    }
    let (min, found) = (params.min_bid_deposit, msg.deposit);
    if found < min {
        return Err(MarketInvalid::BidDeposit { min, found });
    }
    Ok(())
}

/// Whether the order's list takes one more bid of this provider.
fn check_room(bids: &OrderBids, msg: &SubmitBid, params: &Params) -> Result<(), MarketInvalid> {
    let (order, provider) = (msg.order, msg.provider);
    if let Some(RankedBid { bid, .. }) = bids.ranked.iter().find(|other| other.provider == provider) {
        return Err(MarketInvalid::AlreadyBid { order, provider, bid: *bid });
    }
    let (max, found) = (params.max_bids_per_order, bids.ranked.len());
    if found >= max as usize {
        return Err(MarketInvalid::TooManyBids { order, max, found });
    }
    Ok(())
}
