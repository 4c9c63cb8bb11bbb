//! Turning unbonding coins into stake again.

use super::{
    StakingInvalid, events,
    pool::{Bucket, burn, less, shrink, tell_move},
    position::Position,
    slash::cut,
    state::{UNBONDINGS, validator},
};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::msg::CancelUnbonding;

/// Delegates coins that are unbonding again to the validator that they leave. All or part of the entry
/// of one height is cancelled.
///
/// # Errors
/// - `NoValidator`, `NoUnbonding`, `NoUnbondingEntry` - there is no such entry
/// - `AlreadyCompleted` - its time is over
/// - `CancelsTooMuch` - it has less than is cancelled
/// - `NoExchangeRate` - the validator's stake has no shares
///
/// Spec: docs/spec/staking.md#cancel-unbonding
pub fn cancel_unbonding(state: &mut State, ctx: &mut TxContext<'_>, msg: &CancelUnbonding) -> Outcome<()> {
    let key = (msg.delegator, msg.validator);
    let slashes = validator(state, msg.validator)?.slashes;
    let missing = StakingInvalid::NoUnbonding { delegator: msg.delegator, validator: msg.validator };
    let mut unbonding = state.get(&UNBONDINGS, &key)?.ok_or(missing)?;
    let entry = unbonding
        .entries
        .iter_mut()
        .find(|entry| entry.created_height == msg.created_height)
        .ok_or(StakingInvalid::NoUnbondingEntry { height: msg.created_height })?;
    // An entry whose time is over is paid out, even if this block has no budget for it.
    let now = ctx.block.time.seconds();
    if entry.completes <= now {
        return Err(StakingInvalid::AlreadyCompleted { completes: entry.completes, now }.into());
    }
    // What the validator's slashes took does not return.
    let burned = cut(entry, &slashes);
    entry.balance = less("unbonding entry", entry.balance, burned)?;
    entry.slashes = u32::try_from(slashes.len()).unwrap_or(u32::MAX);
    // No more returns than is on its way.
    let (available, needed) = (entry.balance, msg.amount);
    if available < needed {
        return Err(StakingInvalid::CancelsTooMuch { available, needed }.into());
    }
    entry.balance = less("unbonding entry", available, needed)?;
    unbonding.entries.retain(|entry| !entry.balance.is_zero());
    if unbonding.entries.is_empty() {
        state.delete(&UNBONDINGS, &key)?;
    } else {
        state.put(&UNBONDINGS, &key, &unbonding)?;
    }
    shrink(state, Bucket::NotBonded, msg.amount)?;
    shrink(state, Bucket::NotBonded, burned)?;
    burn(state, ctx, Bucket::NotBonded, burned)?;
    let position = Position::paid(state, ctx, msg.delegator, msg.validator)?;
    let bucket = position.add(state, ctx, msg.amount)?.bucket;
    tell_move(ctx, Bucket::NotBonded, bucket, msg.amount);
    events::unbonding_cancelled(ctx, msg.delegator, msg.validator, msg.amount, msg.created_height);
    Ok(())
}
