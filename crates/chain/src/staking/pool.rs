//! Changing a validator's stake, with everything that follows from it.

use super::{
    StakingInvalid, events,
    state::{STAKE_POOL, VALIDATORS, stake_pool},
};
use crate::{
    TxContext, bank,
    outcome::{Fatal, Outcome},
};
use virtengine_state::State;
use virtengine_types::{
    Address, Amount, Coin, Coins,
    staking::{StakePool, Standing, Validator, ValidatorStatus},
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

/// Writes a settled validator after a change of its stake, promise or standing. One that does not keep its
/// promise is jailed; if its status changes, its tokens change buckets.
pub(super) fn put_validator(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    operator: Address,
    mut validator: Validator,
) -> Outcome<()> {
    if validator.standing == Standing::Free && validator.self_delegation() < validator.min_self_delegation {
        validator.standing = Standing::Jailed;
        events::jailed(ctx, operator, &validator);
    }
    let from = Bucket::of(&validator);
    validator.status = status(&validator);
    let to = Bucket::of(&validator);
    if from != to {
        move_between(state, ctx, from, to, validator.tokens)?;
    }
    Ok(state.put(&VALIDATORS, &operator, &validator)?)
}

/// A validator's stake counts while it is free.
pub(super) fn status(validator: &Validator) -> ValidatorStatus {
    if validator.standing == Standing::Free && !validator.tokens.is_zero() {
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

/// Takes an amount, which a running sum has lost already, out of the supply. Nothing for 0.
pub(super) fn burn(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    bucket: Bucket,
    amount: Amount,
) -> Outcome<()> {
    if amount.is_zero() {
        return Ok(());
    }
    bank::burn(state, amount)?;
    events::burned(ctx, bucket.address(), amount);
    Ok(())
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
