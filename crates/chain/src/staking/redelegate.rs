//! Moving stake from one validator to another.

use super::{
    StakingInvalid, events,
    pool::tell_move,
    position::{Position, Removed},
    state::{INCOMING, REDELEGATIONS, VALIDATORS},
    undelegate::{Entry, add_entry, completes, new_entry},
};
use crate::{TxContext, due, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    due::{Deadline, Due},
    msg::BeginRedelegate,
};

/// Moves stake of the signer to another validator at once. Until `unbonding_seconds` have passed, stake
/// of the signer with the destination does not move on to a third validator; answers with the second
/// since 1970 at which that ends.
///
/// # Errors
/// - `NoDestination`, `NoValidator` - one of the two is nobody's operator
/// - `TransitiveRedelegation` - a redelegation of the signer to the source is pending
/// - `NoDelegation`, `NotEnoughDelegated` - there is no such stake
/// - `NoExchangeRate` - the destination's stake has no shares
/// - `TooManyRedelegations` - `max_unbonding_entries` are pending between the three
///
/// Spec: docs/spec/staking.md#redelegate
pub fn begin_redelegate(state: &mut State, ctx: &mut TxContext<'_>, msg: &BeginRedelegate) -> Outcome<u64> {
    // Stake goes to a validator.
    if state.get(&VALIDATORS, &msg.destination)?.is_none() {
        return Err(StakingInvalid::NoDestination { validator: msg.destination }.into());
    }
    // Stake that may still answer for its former validator stays where that one can find it.
    let pending = state.get(&INCOMING, &(msg.delegator, msg.source))?.unwrap_or_default();
    if pending > 0 {
        let (delegator, source_validator) = (msg.delegator, msg.source);
        return Err(StakingInvalid::TransitiveRedelegation { delegator, source_validator, pending }.into());
    }
    let source = Position::paid(state, ctx, msg.delegator, msg.source)?;
    let Removed { bucket: from, slashes } = source.remove(state, ctx, msg.amount)?;
    let destination = Position::paid(state, ctx, msg.delegator, msg.destination)?;
    let to = destination.add(state, ctx, msg.amount)?.bucket;
    let completes = lock(state, ctx, msg, slashes)?;
    tell_move(ctx, from, to, msg.amount);
    events::redelegated(ctx, msg, completes);
    Ok(completes)
}

/// Records the redelegation and schedules its end.
fn lock(state: &mut State, ctx: &TxContext<'_>, msg: &BeginRedelegate, slashes: u32) -> Outcome<u64> {
    let key = (msg.delegator, msg.source, msg.destination);
    let mut redelegation = state.get(&REDELEGATIONS, &key)?.unwrap_or_default();
    let completes = completes(ctx);
    let max = ctx.params.max_unbonding_entries;
    let entry = new_entry(ctx.height(), completes, msg.amount, slashes);
    match add_entry(&mut redelegation.entries, entry, max)? {
        Entry::Merged => {}
        Entry::Added => {
            let incoming = (msg.delegator, msg.destination);
            let count = state.get(&INCOMING, &incoming)?.unwrap_or_default();
            state.put(&INCOMING, &incoming, &count.saturating_add(1))?;
            let (delegator, source, destination) = key;
            let due = Due::Redelegation { delegator, source, destination };
            due::schedule(state, Deadline::Second(completes), due)?;
        }
        Entry::NoRoom => return Err(StakingInvalid::TooManyRedelegations { max }.into()),
    }
    state.put(&REDELEGATIONS, &key, &redelegation)?;
    Ok(completes)
}
