//! Giving fees to stake, and paying them out.

use super::{
    events,
    settle::{UNIT, unpaid},
    state::{REWARDS, WITHDRAW_ADDRESSES, rewards},
};
use crate::{
    TxContext, bank,
    outcome::{Fatal, Outcome},
    staking::stake_pool,
};
use virtengine_state::State;
use virtengine_types::{
    Address, Amount, Coin, Coins,
    ledger::Pool,
    ratio,
    staking::{Delegation, Rewards, Validator},
};

/// Gives a block's fees to bonded stake, less `community_tax_bps`, rounded down. Answers with what the
/// community pool gets: the tax, or all while nobody is bonded, or once 2^128 units were given.
///
/// Spec: docs/spec/distribution.md#fees
pub(crate) fn reward_fees(state: &mut State, ctx: &TxContext<'_>, fees: Amount) -> Outcome<Amount> {
    let tax = ratio::of_bps(fees, ctx.params.community_tax_bps);
    let rest = fees.0.saturating_sub(tax.0);
    let bonded = stake_pool(state)?.bonded.0;
    let before = rewards(state)?;
    let Some(after) = raised(before, rest, bonded) else { return Ok(fees) };
    state.put(&REWARDS, &0, &after)?;
    Ok(tax)
}

/// The rewards after `amount` more uve for `bonded` tokens; `None` if they cannot be given.
fn raised(before: Rewards, amount: u128, bonded: u128) -> Option<Rewards> {
    let units = amount.checked_mul(UNIT)?;
    let total = before.total.checked_add(units)?;
    // The undivided part is one of the total, so neither sum exceeds it.
    let divisible = before.undivided.checked_add(units)?;
    let per_token = before.per_token.checked_add(divisible.checked_div(bonded)?)?;
    Some(Rewards { per_token, undivided: divisible.checked_rem(bonded)?, total })
}

/// What was paid and to whom.
pub(crate) struct Paid {
    /// In uve.
    pub(crate) amount: Amount,
    /// The account that received it.
    pub(crate) receiver: Address,
}

/// Pays what a delegation to a settled validator has earned, in whole uve; the rest stays with the
/// validator's shares. The caller writes both rows.
///
/// # Errors
/// - `Overflow` (codespace `sdk`) - the receiver's balance would not fit
pub(crate) fn pay_reward(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    delegator: Address,
    validator: &mut Validator,
    delegation: &mut Delegation,
) -> Outcome<Paid> {
    let earned = unpaid(validator.rewards.per_share, delegation);
    delegation.paid_per_share = validator.rewards.per_share;
    let rest = earned.wrapping_rem(UNIT);
    let rewards = &mut validator.rewards;
    let broken =
        || Fatal::Bounds { what: "owed rewards", detail: format!("{} are owed, {earned} due", rewards.owed) };
    let owed = rewards.owed.checked_sub(earned.saturating_sub(rest)).ok_or_else(broken)?;
    rewards.owed = owed;
    rewards.undivided = rewards.undivided.saturating_add(rest); // a part of what is owed
    pay(state, ctx, delegator, Amount(earned.wrapping_div(UNIT)))
}

/// Rows that a payment reads and writes: where it goes, and two accounts.
const PAYMENT_TOUCHES: u64 = 5;

/// Pays `amount` of the fee collector to where the rewards of `earner` go. Nothing for 0, which costs the same
/// gas: so an estimate suffices when something is earned between it and the transaction.
///
/// # Errors
/// - `Overflow` (codespace `sdk`) - the receiver's balance would not fit
/// - `sdk` 11 - the gas limit does not cover it
pub(crate) fn pay(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    earner: Address,
    amount: Amount,
) -> Outcome<Paid> {
    if amount.is_zero() {
        ctx.charge(ctx.params.gas_per_key.saturating_mul(PAYMENT_TOUCHES))?;
        return Ok(Paid { amount, receiver: earner });
    }
    let receiver = state.get(&WITHDRAW_ADDRESSES, &earner)?.unwrap_or(earner);
    let mut coins = Coins::default();
    coins
        .add(&Coin::base(amount))
        .map_err(|error| Fatal::Bounds { what: "rewards", detail: error.to_string() })?;
    bank::debit(state, Pool::Fees.address(), &coins)?;
    bank::credit(state, ctx, receiver, &coins)?;
    events::paid(ctx, receiver, amount);
    Ok(Paid { amount, receiver })
}
