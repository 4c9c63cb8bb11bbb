//! What happens when unbonding stake and redelegations have waited long enough.

use super::{
    events,
    pool::{Bucket, coins, shrink},
    state::{INCOMING, REDELEGATIONS, UNBONDINGS},
};
use crate::{
    TxContext, bank,
    outcome::{Fatal, Outcome},
};
use virtengine_state::State;
use virtengine_types::{Address, Amount, staking::UnbondingEntry};

/// Pays every entry between the two whose time has come. Entries that were cancelled or already paid
/// are gone, so a deadline without any does nothing.
///
/// # Errors
/// - `Overflow` (codespace `sdk`) - the delegator's balance would not fit
pub(crate) fn mature_unbonding(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    delegator: Address,
    validator: Address,
) -> Outcome<()> {
    let key = (delegator, validator);
    let Some(mut unbonding) = state.get(&UNBONDINGS, &key)? else { return Ok(()) };
    let (count, amount) = take_mature(&mut unbonding.entries, ctx)?;
    if count == 0 {
        return Ok(());
    }
    if unbonding.entries.is_empty() {
        state.delete(&UNBONDINGS, &key)?;
    } else {
        state.put(&UNBONDINGS, &key, &unbonding)?;
    }
    shrink(state, Bucket::NotBonded, amount)?;
    bank::credit(state, ctx, delegator, &coins(amount)?)?;
    events::unbonded(ctx, delegator, validator, amount);
    Ok(())
}

/// Ends the lock of every redelegation between the three whose time has come.
///
/// # Errors
/// - `Fatal::Bounds` - the count of pending redelegations is wrong
pub(crate) fn mature_redelegation(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    delegator: Address,
    source: Address,
    destination: Address,
) -> Outcome<()> {
    let key = (delegator, source, destination);
    let Some(mut redelegation) = state.get(&REDELEGATIONS, &key)? else { return Ok(()) };
    let (count, amount) = take_mature(&mut redelegation.entries, ctx)?;
    if count == 0 {
        return Ok(());
    }
    if redelegation.entries.is_empty() {
        state.delete(&REDELEGATIONS, &key)?;
    } else {
        state.put(&REDELEGATIONS, &key, &redelegation)?;
    }
    let incoming = (delegator, destination);
    let pending = state.get(&INCOMING, &incoming)?.unwrap_or_default();
    let broken = || Fatal::Bounds {
        what: "incoming redelegations",
        detail: format!("{count} complete, {pending} are pending"),
    };
    match pending.checked_sub(count).ok_or_else(broken)? {
        0 => state.delete(&INCOMING, &incoming)?,
        left => state.put(&INCOMING, &incoming, &left)?,
    }
    events::redelegation_completed(ctx, delegator, source, destination, amount);
    Ok(())
}

/// Takes the entries whose time has come: how many, and what they sum up to.
fn take_mature(entries: &mut Vec<UnbondingEntry>, ctx: &TxContext<'_>) -> Outcome<(u32, Amount)> {
    let now = ctx.block.time.seconds();
    let mature = entries.partition_point(|entry| entry.completes <= now);
    let mut sum = Amount::ZERO;
    for entry in entries.drain(..mature) {
        let overflow =
            |_| Fatal::Bounds { what: "unbonding sum", detail: format!("{sum} + {}", entry.balance) };
        sum = sum.plus(entry.balance).map_err(overflow)?;
    }
    Ok((u32::try_from(mature).unwrap_or(u32::MAX), sum))
}
