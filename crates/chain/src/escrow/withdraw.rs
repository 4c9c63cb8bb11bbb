//! Paying a provider what it has earned.

use super::{EscrowInvalid, account, events, settle::settle, state::put_account, unlock};
use crate::{TxContext, bank, context::Credits, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{Amount, Coin, escrow::Stream, ledger::Pool, market::OrderId, ratio};

/// Settles an order's account and pays the provider what it has earned, less the take fee. Returns what
/// the provider received, in uve.
///
/// # Errors
/// - `NotFound` - the order has no account
/// - `NothingEarned` - no block was earned since the last withdrawal
///
/// Spec: docs/spec/escrow.md#withdraw
pub(crate) fn withdraw(state: &mut State, ctx: &mut TxContext<'_>, order: OrderId) -> Outcome<Amount> {
    let mut account = account(state, order)?;
    let height = ctx.height();
    let settled = settle(&mut account, height)?;
    let nothing = EscrowInvalid::NothingEarned { order, height };
    let Some(stream) = &mut account.stream else { return Err(nothing.into()) };
    if stream.earned.is_zero() {
        return Err(nothing.into());
    }
    if !settled.is_zero() {
        ctx.emit(events::settled(order, stream, settled));
    }
    let paid = pay_out(state, ctx, order, stream)?;
    put_account(state, order, &account)?;
    Ok(paid)
}

/// Pays out a stream's earnings: the take fee, rounded down, to the community pool and the rest to the
/// provider. Returns what the provider received.
pub(super) fn pay_out(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    order: OrderId,
    stream: &mut Stream,
) -> Outcome<Amount> {
    let earned = std::mem::take(&mut stream.earned);
    let take = ratio::of_bps(earned, ctx.params.take_rate_bps);
    let paid = Amount(earned.0.saturating_sub(take.0));
    unlock(state, ctx, stream.provider, paid)?;
    if !take.is_zero() {
        ctx.credits.merge(Credits { community: take, ..Credits::default() })?;
        let (from, text) = (super::module_address(), Coin::base(take).to_string());
        ctx.events.extend(bank::spent_and_received(from, Pool::Community.address(), &text));
    }
    ctx.emit(events::withdrawn(order, stream, paid, take));
    Ok(paid)
}
