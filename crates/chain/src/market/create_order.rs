//! Posting an order.

use super::{MAX_ORDER_BYTES, MarketInvalid, ORDERS, events};
use crate::{
    TxContext, due, escrow,
    outcome::{Fatal, Outcome},
};
use virtengine_state::{State, StateError};
use virtengine_types::{
    Height,
    due::{Deadline, Due},
    market::{Order, OrderId, OrderSpec, OrderStatus, Selection},
    msg::CreateOrder,
    params::Params,
};

/// Posts an order and locks its tenant's deposit in a new escrow account. Returns the order's number.
///
/// Bids are taken in this block and the `bid_window` blocks after it.
///
/// # Errors
/// - `OrderDeposit` - the deposit is below the parameter `min_order_deposit`
/// - `BidWindow` - the window is outside the parameters `min_bid_window` and `max_bid_window`
/// - `OrderTooLarge` - the specification would take too much room
/// - `sdk` 5, 9 - the tenant cannot pay the deposit
///
/// Spec: docs/spec/market.md#create-order
pub fn create_order(state: &mut State, ctx: &mut TxContext<'_>, msg: &CreateOrder) -> Outcome<OrderId> {
    let params = ctx.params;
    // Dust does not post orders.
    let (found, min) = (msg.deposit, params.min_order_deposit);
    if found < min {
        return Err(MarketInvalid::OrderDeposit { min, found }.into());
    }
    // Providers get time to bid, and no order stays forever.
    let (found, min, max) = (msg.spec.bid_window, params.min_bid_window, params.max_bid_window);
    if found < min || found > max {
        return Err(MarketInvalid::BidWindow { min, max, found }.into());
    }
    // A row is bounded.
    let found = borsh::object_length(&*msg.spec)
        .map_err(|_| Fatal::State(StateError::Encode { table: ORDERS.name() }))?;
    if found > MAX_ORDER_BYTES {
        return Err(MarketInvalid::OrderTooLarge { max: MAX_ORDER_BYTES, found }.into());
    }
    let id = OrderId(ctx.next_id()?);
    escrow::open(state, ctx, id, msg.tenant, msg.deposit)?;
    let mut order = Order {
        tenant: msg.tenant,
        spec: OrderSpec::clone(&msg.spec),
        status: OrderStatus::Open,
        created_height: ctx.height(),
        bids_until: Height(0),
        expires_at: Height(0),
        lease: None,
    };
    open_window(state, &mut order, id, ctx.height(), params)?;
    state.put(&ORDERS, &id, &order)?;
    ctx.emit(events::order_created(id, &order));
    Ok(id)
}

/// Opens an order's bid window at `now`. The chain chooses at the first block after the window; a tenant
/// has the parameter `selection_window` more blocks to choose.
pub(super) fn open_window(
    state: &mut State,
    order: &mut Order,
    id: OrderId,
    now: Height,
    params: &Params,
) -> Outcome<()> {
    order.bids_until = now.plus(order.spec.bid_window);
    order.expires_at = order.bids_until.plus(match order.spec.selection {
        Selection::Auto => 1,
        Selection::Manual => params.selection_window.max(1),
    });
    due::schedule(state, Deadline::Height(order.expires_at), Due::OrderWindow(id))
}
