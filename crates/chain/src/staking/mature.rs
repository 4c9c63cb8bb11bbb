//! What happens when unbonding stake and redelegations have waited long enough.

use super::{
    events,
    pool::{Bucket, burn, coins, less, shrink},
    slash::{burn_redelegated, cut, slashes},
    state::{INCOMING, REDELEGATIONS, UNBONDINGS},
};
use crate::{
    TxContext, bank,
    outcome::{Fatal, Outcome},
};
use virtengine_state::State;
use virtengine_types::{
    Address, Amount,
    staking::{Slash, UnbondingEntry},
};

/// Pays every entry between the two whose time has come, less what slashes of the validator took. Entries
/// that were cancelled or already paid are gone, so a deadline without any does nothing.
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
    let slashes = slashes(state, validator)?;
    let Mature { count, balance, cut } = take_mature(&mut unbonding.entries, &slashes, ctx)?;
    if count == 0 {
        return Ok(());
    }
    if unbonding.entries.is_empty() {
        state.delete(&UNBONDINGS, &key)?;
    } else {
        state.put(&UNBONDINGS, &key, &unbonding)?;
    }
    let amount = less("unbonding sum", balance, cut)?;
    shrink(state, Bucket::NotBonded, balance)?;
    burn(state, ctx, Bucket::NotBonded, cut)?;
    if !amount.is_zero() {
        bank::credit(state, ctx, delegator, &coins(amount)?)?;
    }
    events::unbonded(ctx, delegator, validator, amount);
    Ok(())
}

/// Ends the lock of every redelegation between the three whose time has come, and burns what slashes of the
/// source took.
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
    let slashes = slashes(state, source)?;
    let Mature { count, balance, cut } = take_mature(&mut redelegation.entries, &slashes, ctx)?;
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
    if !cut.is_zero() {
        burn_redelegated(state, ctx, delegator, destination, cut)?;
    }
    events::redelegation_completed(ctx, delegator, source, destination, balance);
    Ok(())
}

/// Entries whose time has come.
struct Mature {
    count: u32,
    /// What they sum up to.
    balance: Amount,
    /// What slashes take of it.
    cut: Amount,
}

/// Takes the entries whose time has come.
fn take_mature(entries: &mut Vec<UnbondingEntry>, slashes: &[Slash], ctx: &TxContext<'_>) -> Outcome<Mature> {
    let now = ctx.block.time.seconds();
    let mature = entries.partition_point(|entry| entry.completes <= now);
    let sum = |left: Amount, right: Amount| {
        let overflow = |_| Fatal::Bounds { what: "unbonding sum", detail: format!("{left} + {right}") };
        left.plus(right).map_err(overflow)
    };
    let count = u32::try_from(mature).unwrap_or(u32::MAX);
    let mut taken = Mature { count, balance: Amount::ZERO, cut: Amount::ZERO };
    for entry in entries.drain(..mature) {
        taken.balance = sum(taken.balance, entry.balance)?;
        taken.cut = sum(taken.cut, cut(&entry, slashes))?;
    }
    Ok(taken)
}
