//! The account of a new order.

use super::{
    events,
    state::{lock, put_account},
};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{Address, Amount, escrow::EscrowAccount, market::OrderId};

/// Opens the account of a new order with its tenant's first deposit, in uve.
///
/// # Errors
/// - `sdk` 5, 9 - the tenant cannot pay
///
/// Spec: docs/spec/escrow.md#open
pub(crate) fn open(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    order: OrderId,
    tenant: Address,
    amount: Amount,
) -> Outcome<()> {
    lock(state, ctx, tenant, amount)?;
    let account = EscrowAccount {
        deposits: vec![(tenant, amount)],
        stream: None,
        settled_height: ctx.height(),
        exhausted_height: ctx.height(),
    };
    put_account(state, order, &account)?;
    ctx.emit(events::deposited(order, tenant, amount));
    Ok(())
}
