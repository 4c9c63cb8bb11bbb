//! Returning from jail.

use super::SlashingInvalid;
use crate::{
    TxContext,
    outcome::Outcome,
    staking::{self, VALIDATORS},
};
use virtengine_state::State;
use virtengine_types::{block::Event, msg::Unjail, staking::Standing};

/// Lets the signer's validator return, which was jailed because it broke its promise and keeps it now. Its
/// stake counts again at once.
///
/// # Errors
/// - `NoValidator` - the signer runs none
/// - `Tombstoned`, `NotJailed` - it does not return, or need not
/// - `NoSelfDelegation`, `SelfDelegationTooLow` - it does not keep its promise
///
/// Spec: docs/spec/slashing.md#unjail
pub fn unjail(state: &mut State, ctx: &mut TxContext<'_>, msg: &Unjail) -> Outcome<()> {
    let operator = msg.operator;
    let missing = SlashingInvalid::NoValidator { validator: operator };
    let validator = state.get(&VALIDATORS, &operator)?.ok_or(missing)?;
    // Only a broken promise is forgiven.
    match validator.standing {
        Standing::Jailed => {}
        Standing::Free => return Err(SlashingInvalid::NotJailed { validator: operator }.into()),
        Standing::Tombstoned => return Err(SlashingInvalid::Tombstoned { validator: operator }.into()),
    }
    // And only when it is kept again.
    if validator.self_shares.is_zero() {
        return Err(SlashingInvalid::NoSelfDelegation { validator: operator }.into());
    }
    let (found, min) = (validator.self_delegation(), validator.min_self_delegation);
    if found < min {
        return Err(SlashingInvalid::SelfDelegationTooLow { found, min }.into());
    }
    staking::free(state, ctx, operator, validator)?;
    let event = Event::new("slashing.validator.unjailed").with("validator", operator.operator());
    ctx.emit(event.with("self_delegation", found));
    Ok(())
}
