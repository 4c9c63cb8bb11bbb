//! Adding funds to an order.

use super::{MarketInvalid, order};
use crate::{TxContext, escrow, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{market::OrderStatus, msg::DepositEscrow};

/// Adds funds to the escrow account of an order that is open, matched or active. Anyone may; what is
/// left returns to the depositor when the order ends.
///
/// # Errors
/// - `OrderNotFound` - there is no such order
/// - `OrderEnded` - it has ended
/// - `escrow` 4 to 6 - the account takes no funds
/// - `sdk` 5, 9 - the depositor cannot pay
///
/// Spec: docs/spec/market.md#deposit-escrow
pub fn deposit_escrow(state: &mut State, ctx: &mut TxContext<'_>, msg: &DepositEscrow) -> Outcome<()> {
    let status = order(state, msg.order)?.status;
    match status {
        OrderStatus::Open | OrderStatus::Matched | OrderStatus::Active => {
            escrow::deposit(state, ctx, msg.order, msg.depositor, msg.amount)
        }
        OrderStatus::Closed | OrderStatus::Expired | OrderStatus::Cancelled => {
            Err(MarketInvalid::OrderEnded { order: msg.order, status }.into())
        }
    }
}
