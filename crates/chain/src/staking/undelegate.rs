//! Taking stake back.

use super::{
    StakingInvalid, events,
    pool::{Bucket, grow, tell_move},
    position::{Position, Removed},
    state::UNBONDINGS,
};
use crate::{TxContext, due, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    Amount, Height,
    due::{Deadline, Due},
    msg::Undelegate,
    staking::UnbondingEntry,
};

/// Takes stake back from a validator. The coins return to the signer when `unbonding_seconds` have
/// passed; answers with the second since 1970 at which that is.
///
/// Undelegations of one block are one entry.
///
/// # Errors
/// - `NoValidator`, `NoDelegation`, `NotEnoughDelegated` - there is no such stake
/// - `TooManyUnbondings` - `max_unbonding_entries` are pending between the two
///
/// Spec: docs/spec/staking.md#undelegate
pub fn undelegate(state: &mut State, ctx: &mut TxContext<'_>, msg: &Undelegate) -> Outcome<u64> {
    let key = (msg.delegator, msg.validator);
    let position = Position::paid(state, ctx, msg.delegator, msg.validator)?;
    let Removed { bucket, slashes } = position.remove(state, ctx, msg.amount)?;
    grow(state, Bucket::NotBonded, msg.amount)?;
    let mut unbonding = state.get(&UNBONDINGS, &key)?.unwrap_or_default();
    let completes = completes(ctx);
    let max = ctx.params.max_unbonding_entries;
    let entry = new_entry(ctx.height(), completes, msg.amount, slashes);
    match add_entry(&mut unbonding.entries, entry, max)? {
        Entry::Merged => {}
        Entry::Added => {
            let due = Due::Unbonding { delegator: msg.delegator, validator: msg.validator };
            due::schedule(state, Deadline::Second(completes), due)?;
        }
        Entry::NoRoom => return Err(StakingInvalid::TooManyUnbondings { max }.into()),
    }
    state.put(&UNBONDINGS, &key, &unbonding)?;
    tell_move(ctx, bucket, Bucket::NotBonded, msg.amount);
    events::undelegated(ctx, msg.delegator, msg.validator, msg.amount, completes);
    Ok(completes)
}

/// The second at which stake that begins to unbond now is free: at least the next one.
pub(super) fn completes(ctx: &TxContext<'_>) -> u64 {
    ctx.block.time.seconds().saturating_add(ctx.params.unbonding_seconds.max(1))
}

/// What became of a new entry.
pub(super) enum Entry {
    /// It is a further one, and its deadline must be set.
    Added,
    /// It joined one of the same block, whose deadline is set.
    Merged,
    /// The list is full.
    NoRoom,
}

/// The entry of stake that begins to leave a validator which had this many slashes.
pub(super) const fn new_entry(
    created_height: Height,
    completes: u64,
    amount: Amount,
    slashes: u32,
) -> UnbondingEntry {
    UnbondingEntry { created_height, completes, initial: amount, balance: amount, slashes }
}

/// Adds an entry to a list of at most `max`, ordered by completion.
pub(super) fn add_entry(entries: &mut Vec<UnbondingEntry>, new: UnbondingEntry, max: u32) -> Outcome<Entry> {
    let place_of = |entry: &UnbondingEntry| (entry.created_height, entry.completes, entry.slashes);
    if let Some(entry) = entries.iter_mut().find(|entry| place_of(entry) == place_of(&new)) {
        entry.initial = entry.initial.plus(new.initial).map_err(StakingInvalid::Overflow)?;
        entry.balance = entry.balance.plus(new.balance).map_err(StakingInvalid::Overflow)?;
        return Ok(Entry::Merged);
    }
    if entries.len() >= max as usize {
        return Ok(Entry::NoRoom);
    }
    let place = entries.partition_point(|entry| entry.completes <= new.completes);
    entries.insert(place, new);
    Ok(Entry::Added)
}
