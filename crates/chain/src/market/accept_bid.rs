//! A tenant's choice.

use super::{
    MarketInvalid, bid,
    lease::{Choice, start_lease},
    order, order_bids,
};
use crate::{
    TxContext,
    outcome::Outcome,
    provider::{fit, provider},
};
use virtengine_state::State;
use virtengine_types::{
    market::{BidStatus, LeaseId, OrderStatus, Selection},
    msg::AcceptBid,
};

/// Chooses an open bid of an order with manual selection, in or after its bid window: the lease begins
/// and the next block is the first that is paid. Returns the lease's number.
///
/// Cost: the number of the order's bids for the list and of the auditors that it names, nothing for each loser.
///
/// # Errors
/// - `BidNotFound` - there is no such bid
/// - `NotTenant` - the signer is not the order's tenant
/// - `AutoSelection` - the chain chooses for this order
/// - `OrderNotOpen`, `OrderExpired` - the order can no longer be matched
/// - `BidNotOpen` - the bid was withdrawn or lost
/// - `provider` 2, 10 to 14 - the provider has left or is no longer what the order wants
/// - `escrow` 3 - the escrow account does not pay for one block
///
/// Spec: docs/spec/market.md#accept-bid
pub fn accept_bid(state: &mut State, ctx: &mut TxContext<'_>, msg: &AcceptBid) -> Outcome<LeaseId> {
    let bid = bid(state, msg.bid)?;
    let (id, height) = (bid.order, ctx.height());
    let order = order(state, id)?;
    // Only who pays chooses.
    if order.tenant != msg.tenant {
        let (tenant, sender) = (order.tenant, msg.tenant);
        return Err(MarketInvalid::NotTenant { order: id, tenant, sender }.into());
    }
    // Providers who bid on automatic selection trust the rule, not the tenant.
    if order.spec.selection == Selection::Auto {
        return Err(MarketInvalid::AutoSelection { order: id, at: order.expires_at, bid: msg.bid }.into());
    }
    if order.status != OrderStatus::Open {
        return Err(MarketInvalid::OrderNotOpen { order: id, status: order.status }.into());
    }
    // An order whose expiry waits for a busy block has expired all the same.
    let expires_at = order.expires_at;
    if height >= expires_at {
        return Err(MarketInvalid::OrderExpired { order: id, expires_at, height }.into());
    }
    if bid.status != BidStatus::Open {
        return Err(MarketInvalid::BidNotOpen { bid: msg.bid, status: bid.status }.into());
    }
    // The provider may have changed since it bid.
    let provider = provider(state, bid.provider)?;
    fit(state, bid.provider, &provider, &order.spec)?;
    let bids = order_bids(state, id)?;
    start_lease(state, ctx, Choice { order_id: id, order, bid_id: msg.bid, bid, provider, bids })
}
