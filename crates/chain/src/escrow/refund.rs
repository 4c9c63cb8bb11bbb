//! Returning what was not spent.

use super::{ESCROW_ACCOUNTS, events, unlock};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{escrow::EscrowAccount, market::OrderId};

/// Closes an account without a stream: returns to each depositor what is left of its deposit.
///
/// Cost: the number of depositors.
///
/// Spec: docs/spec/escrow.md#refund
pub(crate) fn refund(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    order: OrderId,
    account: &EscrowAccount,
) -> Outcome<()> {
    for (depositor, left) in &account.deposits {
        if !left.is_zero() {
            unlock(state, ctx, *depositor, *left)?;
            ctx.emit(events::refunded(order, *depositor, *left));
        }
    }
    Ok(state.delete(&ESCROW_ACCOUNTS, &order)?)
}
