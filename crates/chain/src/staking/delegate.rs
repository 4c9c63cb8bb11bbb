//! Turning coins into stake.

use super::{
    events,
    pool::coins,
    position::{Added, Position},
};
use crate::{TxContext, bank, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{Address, Amount, Coin, msg::Delegate};

/// Delegates coins of the signer to a validator, which counts them at once.
///
/// # Errors
/// - `NoValidator` - nobody's operator
/// - `NoAccount`, `InsufficientFunds` (codespace `sdk`) - the signer cannot pay
/// - `NoExchangeRate`, `Overflow` - the stake has no shares, or would not fit
///
/// Spec: docs/spec/staking.md#delegate
pub fn delegate(state: &mut State, ctx: &mut TxContext<'_>, msg: &Delegate) -> Outcome<()> {
    let shares = stake_coins(state, ctx, msg.delegator, msg.validator, msg.amount)?;
    events::delegated(ctx, msg.delegator, msg.validator, msg.amount, shares);
    Ok(())
}

/// Moves coins of an account into a delegation; answers with the shares that they bought.
pub(super) fn stake_coins(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    delegator: Address,
    validator: Address,
    amount: Amount,
) -> Outcome<Amount> {
    let position = Position::paid(state, ctx, delegator, validator)?;
    // The coins are told of before a change of status that they may cause.
    let first = ctx.events.len();
    let Added { bucket, shares } = position.add(state, ctx, amount)?;
    bank::debit(state, delegator, &coins(amount)?)?;
    let coin = Coin::base(amount).to_string();
    let paid = bank::spent_and_received(delegator, bucket.address(), &coin);
    ctx.events.splice(first..first, paid);
    Ok(shares)
}
