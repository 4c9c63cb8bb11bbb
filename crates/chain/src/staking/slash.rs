//! Burning stake of a validator that misbehaved.

use super::{
    pool::{Bucket, burn, less, put_validator, shrink},
    position::Position,
    state::{UNBONDINGS, VALIDATORS, validator},
};
use crate::{TxContext, distribution, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    Address, Amount, Height, ratio,
    staking::{Slash, Standing, UnbondingEntry, Validator},
};

/// Burns a fraction of a validator's stake, rounded down, and tombstones it. Answers with what was burned.
///
/// Stake that left it at `infraction` or later and is still unbonding or locked by a redelegation loses the
/// same fraction when its time is over: so a slash costs the same whatever left.
///
/// # Errors
/// - `NoValidator` - nobody's operator
///
/// Spec: docs/spec/slashing.md#slash
pub(crate) fn tombstone(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    operator: Address,
    infraction: Height,
    fraction_bps: u32,
) -> Outcome<Amount> {
    let found = validator(state, operator)?;
    let mut validator = distribution::settled(state, found)?;
    let burned = ratio::of_bps(validator.tokens, fraction_bps);
    let bucket = Bucket::of(&validator);
    shrink(state, bucket, burned)?;
    burn(state, ctx, bucket, burned)?;
    validator.tokens = less("tokens", validator.tokens, burned)?;
    validator.slashes.push(Slash { infraction, height: ctx.height(), fraction_bps });
    validator.standing = Standing::Tombstoned;
    put_validator(state, ctx, operator, validator)?;
    Ok(burned)
}

/// Lets a validator return.
pub(crate) fn free(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    operator: Address,
    validator: Validator,
) -> Outcome<()> {
    let found = distribution::settled(state, validator)?;
    put_validator(state, ctx, operator, Validator { standing: Standing::Free, ..found })
}

/// Slashes of a validator, in their order.
pub(super) fn slashes(state: &mut State, operator: Address) -> Outcome<Vec<Slash>> {
    Ok(state.get(&VALIDATORS, &operator)?.map(|validator| validator.slashes).unwrap_or_default())
}

/// What slashes take from an entry's balance.
pub(super) fn cut(entry: &UnbondingEntry, slashes: &[Slash]) -> Amount {
    Amount(entry.balance.0.saturating_sub(entry.left(slashes).0))
}

/// Burns up to `amount` of what a redelegation brought to a validator: of the delegation, then of what has
/// left it since. None of it can have gone elsewhere: an undelegation is due later, and a further
/// redelegation is refused.
pub(super) fn burn_redelegated(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    delegator: Address,
    destination: Address,
    amount: Amount,
) -> Outcome<()> {
    let position = Position::read(state, delegator, destination)?;
    let staked = position.worth().min(amount);
    if !staked.is_zero() {
        let bucket = position.remove(state, ctx, staked)?.bucket;
        burn(state, ctx, bucket, staked)?;
    }
    let mut rest = less("slashed redelegation", amount, staked)?;
    let key = (delegator, destination);
    let Some(mut unbonding) = state.get(&UNBONDINGS, &key)? else { return Ok(()) };
    let mut left = Amount::ZERO;
    for entry in &mut unbonding.entries {
        let part = entry.balance.min(rest);
        entry.balance = less("unbonding entry", entry.balance, part)?;
        rest = less("slashed redelegation", rest, part)?;
        left = Amount(left.0.saturating_add(part.0));
    }
    if left.is_zero() {
        return Ok(());
    }
    unbonding.entries.retain(|entry| !entry.balance.is_zero());
    if unbonding.entries.is_empty() {
        state.delete(&UNBONDINGS, &key)?;
    } else {
        state.put(&UNBONDINGS, &key, &unbonding)?;
    }
    shrink(state, Bucket::NotBonded, left)?;
    burn(state, ctx, Bucket::NotBonded, left)
}
