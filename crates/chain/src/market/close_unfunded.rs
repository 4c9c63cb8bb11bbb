//! The end of a lease whose escrow ran out.

use super::{lease, lease::end_lease};
use crate::{TxContext, escrow::ESCROW_ACCOUNTS, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    market::{CloseReason, OrderId},
    msg::AfterClose,
};

/// Closes the lease of an order whose escrow account cannot pay for this block. Does nothing if the
/// order has no stream or was funded for longer.
///
/// # Errors
/// Only such as mean that the state is damaged.
///
/// Spec: docs/spec/market.md#unfunded
pub fn close_unfunded(state: &mut State, ctx: &mut TxContext<'_>, order: OrderId) -> Outcome<()> {
    let Some(account) = state.get(&ESCROW_ACCOUNTS, &order)? else { return Ok(()) };
    let Some(stream) = account.stream else { return Ok(()) };
    // Funds came since the entry was made; another waits at the new height.
    if account.exhausted_height > ctx.height() {
        return Ok(());
    }
    let lease = lease(state, stream.lease)?;
    end_lease(state, ctx, stream.lease, lease, CloseReason::Unfunded, AfterClose::Close)
}
