//! The rows of accounts and supply.

use super::BankInvalid;
use crate::{
    TxContext,
    outcome::{Fatal, Outcome},
};
use virtengine_state::{Partition, Place, State, Table};
use virtengine_types::{Address, Amount, Coin, Coins, Denom, ledger::Account};

/// Accounts by address.
pub const ACCOUNTS: Table<Address, Account> = Table::new(Partition::Ledger, 1, "accounts");
/// Supply by denomination.
pub const SUPPLY: Table<Denom, Amount> = Table::new(Partition::Ledger, 2, "supply");

/// Reads an account.
///
/// # Errors
/// As [`State::get`].
pub fn account(state: &mut State, address: Address) -> Outcome<Option<Account>> {
    Ok(state.get(&ACCOUNTS, &address)?)
}

/// Reads the supply of a denomination.
///
/// # Errors
/// As [`State::get`].
pub fn supply(state: &mut State, denom: &Denom) -> Outcome<Amount> {
    Ok(state.get(&SUPPLY, denom)?.unwrap_or_default())
}

/// Takes coins from an account. The caller accounts for where they go and tells it.
///
/// # Errors
/// - `NoAccount` - the address has no account
/// - `InsufficientFunds` - it has less of a currency than is taken
pub fn debit(state: &mut State, address: Address, coins: &Coins) -> Outcome<()> {
    let (place, account) = debited(state, address, coins)?;
    Ok(state.put_at(&ACCOUNTS, place, &address, &account)?)
}

/// The account less `coins`, for a caller that changes more of it before writing it at its place.
///
/// # Errors
/// As [`debit`].
pub(crate) fn debited(state: &mut State, address: Address, coins: &Coins) -> Outcome<(Place, Account)> {
    let place = state.place(&ACCOUNTS, &address)?;
    let Some(mut account) = state.get_at(&ACCOUNTS, place)? else {
        return Err(BankInvalid::NoAccount { address, needed: coins.clone() }.into());
    };
    for coin in coins.iter() {
        if !account.balances.take(&coin) {
            let available = Coin { amount: account.balances.amount_of(&coin.denom), ..coin.clone() };
            return Err(BankInvalid::InsufficientFunds {
                available: available.to_string(),
                needed: coin.to_string(),
            }
            .into());
        }
    }
    Ok((place, account))
}

/// Gives coins to an account, which is made if the address has none.
///
/// # Errors
/// - `Overflow` - the balance would not fit
/// - `sdk` 18 - the transaction creates too many accounts
pub fn credit(state: &mut State, ctx: &mut TxContext<'_>, address: Address, coins: &Coins) -> Outcome<()> {
    let place = state.place(&ACCOUNTS, &address)?;
    let mut account = match state.get_at(&ACCOUNTS, place)? {
        Some(account) => account,
        None => Account { number: ctx.next_id()?, sequence: 0, public_key: None, balances: Coins::default() },
    };
    for coin in coins.iter() {
        account.balances.add(&coin).map_err(|_| BankInvalid::Overflow { address })?;
    }
    Ok(state.put_at(&ACCOUNTS, place, &address, &account)?)
}

/// Takes uve out of the supply, which the caller takes out of a row of its own.
///
/// # Errors
/// - `Fatal::Bounds` - the supply is less than that
pub(crate) fn burn(state: &mut State, amount: Amount) -> Outcome<()> {
    let base = Denom::base();
    let before = supply(state, &base)?;
    let broken = || Fatal::Bounds { what: "supply", detail: format!("{before} - {amount} is negative") };
    let after = before.minus(amount).ok_or_else(broken)?;
    Ok(state.put(&SUPPLY, &base, &after)?)
}
