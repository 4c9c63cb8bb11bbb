//! Returning a losing bid's deposit at once.

use super::{MarketInvalid, bid, free_bids::free, order, order_bids, state::put_order_bids};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    market::{BidStatus, LeaseId},
    msg::ReleaseBid,
};

/// Returns the deposit of a bid that can no longer win to its provider, ahead of the chain's own round.
/// Anyone may ask.
///
/// # Errors
/// - `BidNotFound` - there is no such bid
/// - `BidOpen` - it may still win
/// - `DepositReturned` - nothing is locked
/// - `DepositBacksLease` - it won and its lease runs
///
/// Spec: docs/spec/market.md#release-bid
pub fn release_bid(state: &mut State, ctx: &mut TxContext<'_>, msg: &ReleaseBid) -> Outcome<()> {
    let bid = bid(state, msg.bid)?;
    let (id, deposit) = (bid.order, bid.deposit);
    if !bid.deposit_locked {
        return Err(MarketInvalid::DepositReturned { bid: msg.bid, deposit }.into());
    }
    let order = order(state, id)?;
    match bid.status.seen_with(order.status) {
        BidStatus::Open => return Err(MarketInvalid::BidOpen { bid: msg.bid, order: id }.into()),
        BidStatus::Won => {
            let lease = LeaseId(msg.bid.0);
            return Err(MarketInvalid::DepositBacksLease { bid: msg.bid, deposit, lease }.into());
        }
        BidStatus::Lost | BidStatus::Withdrawn | BidStatus::Expired => {}
    }
    let mut bids = order_bids(state, id)?;
    bids.ranked.retain(|ranked| ranked.bid != msg.bid);
    put_order_bids(state, id, &bids)?;
    free(state, ctx, msg.bid, bid, &order)
}
