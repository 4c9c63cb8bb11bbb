//! Beginning and ending the flow to a provider.

use super::{
    EscrowInvalid, account, events,
    settle::{exhausted_height, settle},
    state::put_account,
    withdraw::pay_out,
};
use crate::{TxContext, due, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    Address, Amount,
    due::{Deadline, Due},
    escrow::{EscrowAccount, Stream},
    market::{LeaseId, OrderId},
};

/// Lets `rate` uve a block flow to a provider. The next block is the first that is paid.
///
/// # Errors
/// - `NotFound` - the order has no account
/// - `Unfunded` - the balance does not pay for one block
///
/// Spec: docs/spec/escrow.md#stream
pub(crate) fn start(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    order: OrderId,
    lease: LeaseId,
    provider: Address,
    rate: Amount,
) -> Outcome<()> {
    let mut account = account(state, order)?;
    let balance = account.balance();
    // A lease serves at least one block.
    if balance < rate {
        return Err(EscrowInvalid::Unfunded { order, balance, rate }.into());
    }
    account.stream = Some(Stream { lease, provider, rate, earned: Amount::ZERO });
    account.settled_height = ctx.height();
    account.exhausted_height = exhausted_height(ctx.height(), balance, rate);
    due::schedule(state, Deadline::Height(account.exhausted_height), Due::EscrowExhausted(order))?;
    put_account(state, order, &account)
}

/// Ends the flow: settles this block as the last, and pays the provider all that it has earned, less the
/// take fee. Returns the account, whose deposits stay for a refund or another lease.
///
/// # Errors
/// - `NotFound` - the order has no account
///
/// Spec: docs/spec/escrow.md#stream
pub(crate) fn stop(state: &mut State, ctx: &mut TxContext<'_>, order: OrderId) -> Outcome<EscrowAccount> {
    let mut account = account(state, order)?;
    let settled = settle(&mut account, ctx.height())?;
    if let Some(mut stream) = account.stream.take() {
        if !settled.is_zero() {
            ctx.emit(events::settled(order, &stream, settled));
        }
        if !stream.earned.is_zero() {
            pay_out(state, ctx, order, &mut stream)?;
        }
    }
    put_account(state, order, &account)?;
    Ok(account)
}
