//! Moving stake from one validator to another.

use super::{
    StakingInvalid, events,
    pool::{add_stake, remove_stake, tell_move},
    state::{INCOMING, REDELEGATIONS, VALIDATORS},
    undelegate::{Entry, add_entry, completes},
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
    let from = remove_stake(state, ctx, msg.delegator, msg.source, msg.amount)?;
    let to = add_stake(state, ctx, msg.delegator, msg.destination, msg.amount)?;
    let completes = lock(state, ctx, msg)?;
    tell_move(ctx, from, to, msg.amount);
    events::redelegated(ctx, msg, completes);
    Ok(completes)
}

/// Records the redelegation and schedules its end.
fn lock(state: &mut State, ctx: &TxContext<'_>, msg: &BeginRedelegate) -> Outcome<u64> {
    let key = (msg.delegator, msg.source, msg.destination);
    let mut redelegation = state.get(&REDELEGATIONS, &key)?.unwrap_or_default();
    let completes = completes(ctx);
    let max = ctx.params.max_unbonding_entries;
    match add_entry(&mut redelegation.entries, ctx.height(), completes, msg.amount, max)? {
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
