//! Withdrawing an open order.

use super::{MarketInvalid, ORDERS, events, free_bids::schedule_freeing, order};
use crate::{TxContext, escrow, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{market::OrderStatus, msg::CancelOrder};

/// Withdraws an open order: its escrow returns to the depositors, its bids can no longer win.
///
/// # Errors
/// - `OrderNotFound` - there is no such order
/// - `NotTenant` - the signer is not its tenant
/// - `OrderNotOpen` - it is matched or has ended
///
/// Spec: docs/spec/market.md#cancel-order
pub fn cancel_order(state: &mut State, ctx: &mut TxContext<'_>, msg: &CancelOrder) -> Outcome<()> {
    let mut order = order(state, msg.order)?;
    // An order is its tenant's.
    if order.tenant != msg.tenant {
        let (tenant, sender) = (order.tenant, msg.tenant);
        return Err(MarketInvalid::NotTenant { order: msg.order, tenant, sender }.into());
    }
    // A matched order ends with its lease.
    if order.status != OrderStatus::Open {
        return Err(MarketInvalid::OrderNotOpen { order: msg.order, status: order.status }.into());
    }
    let account = escrow::account(state, msg.order)?;
    escrow::refund(state, ctx, msg.order, &account)?;
    schedule_freeing(state, ctx, msg.order)?;
    order.status = OrderStatus::Cancelled;
    state.put(&ORDERS, &msg.order, &order)?;
    ctx.emit(events::order_cancelled(msg.order, &order));
    Ok(())
}
