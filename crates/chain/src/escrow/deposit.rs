//! Adding funds.

use super::{
    EscrowInvalid, account, events,
    settle::{exhausted_height, settle},
    state::{lock, put_account},
};
use crate::{TxContext, due, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    Address, Amount,
    due::{Deadline, Due},
    escrow::{EscrowAccount, MAX_DEPOSITORS},
    market::OrderId,
};

/// Adds funds, in uve, to an order's account; anyone may. A running lease then lasts longer.
///
/// # Errors
/// - `NotFound` - the order has no account
/// - `Exhausted` - its lease is about to close for want of funds
/// - `TooManyDepositors` - a new depositor and no place left
/// - `Overflow` - the deposits would not fit
/// - `sdk` 5, 9 - the depositor cannot pay
///
/// Spec: docs/spec/escrow.md#deposit
pub(crate) fn deposit(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    order: OrderId,
    depositor: Address,
    amount: Amount,
) -> Outcome<()> {
    let mut account = account(state, order)?;
    let (height, exhausted) = (ctx.height(), account.exhausted_height);
    // Money that comes late does not revive a lease that others take for ended.
    if account.stream.is_some() && exhausted <= height {
        return Err(EscrowInvalid::Exhausted { order, exhausted, height }.into());
    }
    let settled = settle(&mut account, height)?;
    if let Some(stream) = &account.stream
        && !settled.is_zero()
    {
        ctx.emit(events::settled(order, stream, settled));
    }
    add(&mut account, order, depositor, amount)?;
    lock(state, ctx, depositor, amount)?;
    if let Some(stream) = &account.stream {
        account.exhausted_height = exhausted_height(account.settled_height, account.balance(), stream.rate);
        if account.exhausted_height != exhausted {
            due::schedule(state, Deadline::Height(account.exhausted_height), Due::EscrowExhausted(order))?;
        }
    }
    put_account(state, order, &account)?;
    ctx.emit(events::deposited(order, depositor, amount));
    Ok(())
}

fn add(
    account: &mut EscrowAccount,
    order: OrderId,
    depositor: Address,
    amount: Amount,
) -> Result<(), EscrowInvalid> {
    let (balance, found) = (account.balance(), account.deposits.len());
    balance.plus(amount).map_err(|_| EscrowInvalid::Overflow { order, balance, amount })?;
    match account.deposits.iter_mut().find(|(owner, _)| *owner == depositor) {
        Some((_, left)) => *left = Amount(left.0.saturating_add(amount.0)),
        None if found >= MAX_DEPOSITORS => {
            return Err(EscrowInvalid::TooManyDepositors { order, found, max: MAX_DEPOSITORS });
        }
        None => account.deposits.push((depositor, amount)),
    }
    Ok(())
}
