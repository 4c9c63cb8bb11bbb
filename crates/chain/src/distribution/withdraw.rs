//! Paying rewards to whoever asks.

use super::{
    DistributionInvalid, events,
    reward::{Paid, pay, pay_reward},
    settle::UNIT,
    state::settled,
};
use crate::{
    TxContext,
    outcome::Outcome,
    staking::{DELEGATIONS, VALIDATORS},
};
use virtengine_state::State;
use virtengine_types::{
    Address, Amount,
    msg::{WithdrawCommission, WithdrawReward},
    staking::Validator,
};

/// Pays what the signer's delegation has earned, in whole uve; answers with the amount, which may be 0.
///
/// # Errors
/// - `NoValidator`, `NoDelegation` - there is no such delegation
/// - `Overflow` (codespace `sdk`) - the receiver's balance would not fit
///
/// Spec: docs/spec/distribution.md#withdraw-reward
pub fn withdraw_reward(state: &mut State, ctx: &mut TxContext<'_>, msg: &WithdrawReward) -> Outcome<Amount> {
    let mut validator = validator(state, msg.validator)?;
    let key = (msg.delegator, msg.validator);
    let missing = DistributionInvalid::NoDelegation { delegator: msg.delegator, validator: msg.validator };
    let mut delegation = state.get(&DELEGATIONS, &key)?.ok_or(missing)?;
    let Paid { amount, receiver } = pay_reward(state, ctx, msg.delegator, &mut validator, &mut delegation)?;
    state.put(&VALIDATORS, &msg.validator, &validator)?;
    state.put(&DELEGATIONS, &key, &delegation)?;
    events::reward_withdrawn(ctx, msg.delegator, msg.validator, receiver, amount);
    Ok(amount)
}

/// Pays the commission of the signer's validator, in whole uve; answers with the amount.
///
/// # Errors
/// - `NoValidator` - the signer runs none
/// - `NoCommission` - it has earned less than 1 uve
/// - `Overflow` (codespace `sdk`) - the receiver's balance would not fit
///
/// Spec: docs/spec/distribution.md#withdraw-commission
pub fn withdraw_commission(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    msg: &WithdrawCommission,
) -> Outcome<Amount> {
    let mut validator = validator(state, msg.operator)?;
    let units = validator.rewards.commission;
    let amount = Amount(units.wrapping_div(UNIT));
    if amount.is_zero() {
        return Err(DistributionInvalid::NoCommission { validator: msg.operator, units, needed: UNIT }.into());
    }
    validator.rewards.commission = units.wrapping_rem(UNIT);
    let Paid { amount, receiver } = pay(state, ctx, msg.operator, amount)?;
    state.put(&VALIDATORS, &msg.operator, &validator)?;
    events::commission_withdrawn(ctx, msg.operator, receiver, amount);
    Ok(amount)
}

fn validator(state: &mut State, operator: Address) -> Outcome<Validator> {
    let missing = DistributionInvalid::NoValidator { validator: operator };
    let found = state.get(&VALIDATORS, &operator)?.ok_or(missing)?;
    settled(state, found)
}
