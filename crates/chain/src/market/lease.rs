//! Beginning and ending a lease, however it comes about.

use super::{
    BIDS, LEASES, ORDERS, bid, create_order::open_window, events, free_bids::freeing_due, order,
    state::put_order_bids,
};
use crate::{TxContext, escrow, outcome::Outcome, provider};
use virtengine_state::State;
use virtengine_types::{
    market::{
        Bid, BidId, BidStatus, CloseReason, Lease, LeaseId, LeaseStatus, Order, OrderBids, OrderId,
        OrderStatus,
    },
    msg::AfterClose,
    provider::Provider,
};

/// A bid that was chosen, with the rows that go with it as read in this step.
pub(super) struct Choice {
    pub(super) order_id: OrderId,
    pub(super) order: Order,
    pub(super) bid_id: BidId,
    pub(super) bid: Bid,
    pub(super) provider: Provider,
    pub(super) bids: OrderBids,
}

/// Begins the lease of a chosen bid. The other bids lose; the wheel returns their deposits.
///
/// # Errors
/// - `escrow` 3 - the escrow account does not pay for one block
pub(super) fn start_lease(state: &mut State, ctx: &mut TxContext<'_>, choice: Choice) -> Outcome<LeaseId> {
    let Choice { order_id, mut order, bid_id, mut bid, provider, mut bids } = choice;
    let id = LeaseId(bid_id.0);
    escrow::start(state, ctx, order_id, id, bid.provider, bid.price)?;
    let lease = Lease {
        order: order_id,
        bid: bid_id,
        tenant: order.tenant,
        provider: bid.provider,
        price: bid.price,
        status: LeaseStatus::Active,
        created_height: ctx.height(),
        closed_height: None,
        confirmed: false,
    };
    state.put(&LEASES, &id, &lease)?;
    bid.status = BidStatus::Won;
    state.put(&BIDS, &bid_id, &bid)?;
    bids.ranked.retain(|ranked| ranked.bid != bid_id);
    put_order_bids(state, order_id, &bids)?;
    freeing_due(state, ctx, order_id, &bids)?;
    order.status = OrderStatus::Matched;
    order.lease = Some(id);
    state.put(&ORDERS, &order_id, &order)?;
    provider::lease_started(state, bid.provider, provider)?;
    ctx.events.extend(events::lease_created(id, &lease));
    Ok(id)
}

/// Ends an active lease: this block is the last that is paid. The provider gets its earnings and its
/// bid's deposit, the depositors what is left unless the order opens again.
pub(super) fn end_lease(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    id: LeaseId,
    mut lease: Lease,
    reason: CloseReason,
    after: AfterClose,
) -> Outcome<()> {
    let account = escrow::stop(state, ctx, lease.order)?;
    let mut bid = bid(state, lease.bid)?;
    escrow::unlock(state, ctx, bid.provider, bid.deposit)?;
    bid.deposit_locked = false;
    state.put(&BIDS, &lease.bid, &bid)?;
    let end = match reason {
        CloseReason::Provider | CloseReason::Unhealthy => provider::LeaseEnd::Failed,
        CloseReason::Tenant | CloseReason::Unfunded | CloseReason::Expired => provider::LeaseEnd::Completed,
    };
    provider::lease_ended(state, lease.provider, end)?;
    lease.status = LeaseStatus::Closed(reason);
    lease.closed_height = Some(ctx.height());
    state.put(&LEASES, &id, &lease)?;
    ctx.emit(events::lease_closed(id, &lease, reason));
    let mut order = order(state, lease.order)?;
    match after {
        AfterClose::Close => {
            order.status = OrderStatus::Closed;
            escrow::refund(state, ctx, lease.order, &account)?;
            ctx.emit(events::order_closed(id, &lease, reason));
        }
        AfterClose::Reopen => {
            order.status = OrderStatus::Open;
            open_window(state, &mut order, lease.order, ctx.height(), ctx.params)?;
            ctx.emit(events::order_reopened(lease.order, &order));
        }
    }
    Ok(state.put(&ORDERS, &lease.order, &order)?)
}
