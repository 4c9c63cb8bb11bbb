//! The rows of escrow accounts, and coins on their way in and out of locks.

use super::EscrowInvalid;
use crate::{
    TxContext, bank,
    outcome::{Fatal, Outcome},
};
use virtengine_state::{Partition, State, Table};
use virtengine_types::{Address, Amount, Coin, Coins, escrow::EscrowAccount, market::OrderId};

/// Escrow accounts by order.
pub const ESCROW_ACCOUNTS: Table<OrderId, EscrowAccount> =
    Table::new(Partition::Ledger, 7, "escrow accounts");

/// The address under which clients see coins go into locks and come out of them. It has no account of
/// its own: what is locked is in the rows of escrow accounts and bids.
#[must_use]
pub fn module_address() -> Address {
    Address::of_module("escrow")
}

/// Reads the escrow account of an order that has one.
///
/// # Errors
/// - `NotFound` - the order does not exist or has ended
pub fn account(state: &mut State, order: OrderId) -> Outcome<EscrowAccount> {
    Ok(state.get(&ESCROW_ACCOUNTS, &order)?.ok_or(EscrowInvalid::NotFound { order })?)
}

pub(super) fn put_account(state: &mut State, order: OrderId, account: &EscrowAccount) -> Outcome<()> {
    Ok(state.put(&ESCROW_ACCOUNTS, &order, account)?)
}

/// Takes uve from an account; the caller records them in a row of its own.
pub(crate) fn lock(state: &mut State, ctx: &mut TxContext<'_>, from: Address, amount: Amount) -> Outcome<()> {
    bank::debit(state, from, &coins(amount)?)?;
    let text = Coin::base(amount).to_string();
    ctx.events.extend(bank::spent_and_received(from, module_address(), &text));
    Ok(())
}

/// Gives uve, which the caller takes out of a row of its own, to an account. Nothing for 0.
pub(crate) fn unlock(state: &mut State, ctx: &mut TxContext<'_>, to: Address, amount: Amount) -> Outcome<()> {
    if amount.is_zero() {
        return Ok(());
    }
    bank::credit(state, ctx, to, &coins(amount)?)?;
    let text = Coin::base(amount).to_string();
    ctx.events.extend(bank::spent_and_received(module_address(), to, &text));
    Ok(())
}

fn coins(amount: Amount) -> Outcome<Coins> {
    let mut coins = Coins::default();
    coins
        .add(&Coin::base(amount))
        .map_err(|error| Fatal::Bounds { what: "locked coins", detail: error.to_string() })?;
    Ok(coins)
}
