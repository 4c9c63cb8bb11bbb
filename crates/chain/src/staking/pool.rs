//! Changing a validator's stake, with everything that follows from it.

use super::{
    StakingInvalid,
    state::{DELEGATIONS, STAKE_POOL, VALIDATORS, stake_pool, validator},
};
use crate::{
    TxContext, bank,
    outcome::{Fatal, Outcome},
};
use virtengine_state::State;
use virtengine_types::{
    Address, Amount, Coin, Coins,
    staking::{Delegation, StakePool, Validator, ValidatorStatus},
};

/// Where stake is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bucket {
    /// With bonded validators.
    Bonded,
    /// With unbonded validators, or unbonding.
    NotBonded,
}

impl Bucket {
    /// The bucket of a validator's tokens.
    pub(super) const fn of(validator: &Validator) -> Self {
        match validator.status {
            ValidatorStatus::Bonded => Self::Bonded,
            ValidatorStatus::Unbonded => Self::NotBonded,
        }
    }

    /// The module account that shows the bucket to clients.
    pub(super) fn address(self) -> Address {
        Address::of_module(match self {
            Self::Bonded => "bonded_tokens_pool",
            Self::NotBonded => "not_bonded_tokens_pool",
        })
    }

    fn of_pool(self, pool: &mut StakePool) -> &mut Amount {
        match self {
            Self::Bonded => &mut pool.bonded,
            Self::NotBonded => &mut pool.not_bonded,
        }
    }
}

/// Adds `amount` to a delegation and to its validator, whose row and status follow.
///
/// The caller takes the amount from wherever it was. Answers with the bucket that received it.
///
/// # Errors
/// - `NoValidator` - nobody's operator
/// - `Overflow` - the stake would not fit
pub(super) fn add_stake(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    delegator: Address,
    operator: Address,
    amount: Amount,
) -> Outcome<Bucket> {
    let before = validator(state, operator)?;
    let key = (delegator, operator);
    let delegated = state.get(&DELEGATIONS, &key)?.map_or(Amount::ZERO, |delegation| delegation.amount);
    let sum = |left: Amount| left.plus(amount).map_err(StakingInvalid::Overflow);
    let mut after = Validator { tokens: sum(before.tokens)?, ..before.clone() };
    if delegator == operator {
        after.self_delegation = sum(before.self_delegation)?;
    }
    state.put(&DELEGATIONS, &key, &Delegation { amount: sum(delegated)? })?;
    let bucket = Bucket::of(&before);
    grow(state, bucket, amount)?;
    put_validator(state, ctx, operator, after)?;
    Ok(bucket)
}

/// Takes `amount` from a delegation and from its validator, whose row and status follow.
///
/// The caller gives the amount to wherever it goes. Answers with the bucket that lost it.
///
/// # Errors
/// - `NoValidator`, `NoDelegation`, `NotEnoughDelegated` - there is no such stake
pub(super) fn remove_stake(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    delegator: Address,
    operator: Address,
    amount: Amount,
) -> Outcome<Bucket> {
    let before = validator(state, operator)?;
    let key = (delegator, operator);
    let missing = StakingInvalid::NoDelegation { delegator, validator: operator };
    let available = state.get(&DELEGATIONS, &key)?.ok_or(missing)?.amount;
    let left =
        available.minus(amount).ok_or(StakingInvalid::NotEnoughDelegated { available, needed: amount })?;
    let mut after = Validator { tokens: less("tokens", before.tokens, amount)?, ..before.clone() };
    if delegator == operator {
        after.self_delegation = less("self-delegation", before.self_delegation, amount)?;
    }
    if left.is_zero() {
        state.delete(&DELEGATIONS, &key)?;
    } else {
        state.put(&DELEGATIONS, &key, &Delegation { amount: left })?;
    }
    let bucket = Bucket::of(&before);
    shrink(state, bucket, amount)?;
    put_validator(state, ctx, operator, after)?;
    Ok(bucket)
}

/// Writes a validator after a change of its stake or promise; if its status changes, its tokens change
/// buckets.
pub(super) fn put_validator(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    operator: Address,
    mut validator: Validator,
) -> Outcome<()> {
    let from = Bucket::of(&validator);
    validator.status = status(&validator);
    let to = Bucket::of(&validator);
    if from != to {
        move_between(state, ctx, from, to, validator.tokens)?;
    }
    Ok(state.put(&VALIDATORS, &operator, &validator)?)
}

/// A validator's stake counts while it keeps its promise.
pub(super) fn status(validator: &Validator) -> ValidatorStatus {
    if validator.self_delegation >= validator.min_self_delegation && !validator.tokens.is_zero() {
        ValidatorStatus::Bonded
    } else {
        ValidatorStatus::Unbonded
    }
}

/// Adds to a running sum.
pub(super) fn grow(state: &mut State, bucket: Bucket, amount: Amount) -> Outcome<()> {
    let mut pool = stake_pool(state)?;
    let sum = bucket.of_pool(&mut pool);
    *sum = sum.plus(amount).map_err(StakingInvalid::Overflow)?;
    Ok(state.put(&STAKE_POOL, &0, &pool)?)
}

/// Takes from a running sum.
pub(super) fn shrink(state: &mut State, bucket: Bucket, amount: Amount) -> Outcome<()> {
    let mut pool = stake_pool(state)?;
    let sum = bucket.of_pool(&mut pool);
    *sum = less("stake pool", *sum, amount)?;
    Ok(state.put(&STAKE_POOL, &0, &pool)?)
}

/// Moves an amount from one running sum to the other.
fn move_between(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    from: Bucket,
    to: Bucket,
    amount: Amount,
) -> Outcome<()> {
    shrink(state, from, amount)?;
    grow(state, to, amount)?;
    tell_move(ctx, from, to, amount);
    Ok(())
}

/// Tells that stake changed buckets, if it did.
pub(super) fn tell_move(ctx: &mut TxContext<'_>, from: Bucket, to: Bucket, amount: Amount) {
    if from != to && !amount.is_zero() {
        let coin = Coin::base(amount).to_string();
        ctx.events.extend(bank::spent_and_received(from.address(), to.address(), &coin));
    }
}

/// The amount as a list of coins.
pub(super) fn coins(amount: Amount) -> Outcome<Coins> {
    let mut coins = Coins::default();
    coins.add(&Coin::base(amount)).map_err(StakingInvalid::Overflow)?;
    Ok(coins)
}

/// A difference that the invariants keep from being negative.
pub(super) fn less(what: &'static str, from: Amount, amount: Amount) -> Outcome<Amount> {
    let broken = || Fatal::Bounds { what, detail: format!("{from} - {amount} is negative") };
    Ok(from.minus(amount).ok_or_else(broken)?)
}
