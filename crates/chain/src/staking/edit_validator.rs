//! Changing what a validator says of itself.

use super::{StakingInvalid, pool::put_validator, state::validator};
use crate::{TxContext, distribution, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    Amount, Timestamp,
    block::Event,
    decimal,
    msg::{EditDescription, EditValidator},
    staking::{Commission, Description, Validator},
};

/// Milliseconds between two changes of a commission rate.
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Changes the texts, the commission rate or the promise of the signer's validator.
///
/// # Errors
/// - `NoValidator` - the signer runs none
/// - `RateChangedToday`, `RateOverMax`, `RateRisesTooMuch` - the new rate breaks the rule of that name
/// - `MinSelfDelegationNotRaised` - a promise only rises
/// - `SelfDelegationBelowMinimum` - the signer's stake is less than the new promise
///
/// Spec: docs/spec/staking.md#edit-validator
pub fn edit_validator(state: &mut State, ctx: &mut TxContext<'_>, msg: &EditValidator) -> Outcome<()> {
    // A new rate takes its part of what is earned from now on.
    let found = validator(state, msg.operator)?;
    let mut validator = distribution::settled(state, found)?;
    if let Some(rate) = msg.rate {
        validator.commission = changed(validator.commission, rate, ctx.block.time)?;
    }
    if let Some(min) = msg.min_self_delegation {
        validator.min_self_delegation = raised(&validator, min)?;
    }
    describe(&mut validator.description, &msg.description);
    let (rate, min) = (validator.commission.rate, validator.min_self_delegation);
    let moniker = validator.description.moniker.clone();
    put_validator(state, ctx, msg.operator, validator)?;
    let rate = decimal::to_text(&rate.to_string());
    ctx.emit(Event::new("edit_validator").with("commission_rate", &rate).with("min_self_delegation", min));
    ctx.emit(
        Event::new("staking.validator.edited")
            .with("validator", msg.operator.operator())
            .with("moniker", moniker)
            .with("commission_rate", rate)
            .with("min_self_delegation", min),
    );
    Ok(())
}

/// The commission with a new rate. Falling is never too much.
fn changed(commission: Commission, rate: u128, now: Timestamp) -> Result<Commission, StakingInvalid> {
    let (last, from, max) = (commission.updated, commission.rate, commission.max_rate);
    if now.0.saturating_sub(last.0) < DAY_MS {
        return Err(StakingInvalid::RateChangedToday { last, now });
    }
    if rate > max {
        return Err(StakingInvalid::RateOverMax { rate, max });
    }
    let max = commission.max_change_rate;
    if rate.saturating_sub(from) > max {
        return Err(StakingInvalid::RateRisesTooMuch { from, to: rate, max });
    }
    Ok(Commission { rate, updated: now, ..commission })
}

/// The new promise.
fn raised(validator: &Validator, min: Amount) -> Result<Amount, StakingInvalid> {
    let (present, found) = (validator.min_self_delegation, validator.self_delegation());
    if min <= present {
        return Err(StakingInvalid::MinSelfDelegationNotRaised { present, found: min });
    }
    if found < min {
        return Err(StakingInvalid::SelfDelegationBelowMinimum { found, min });
    }
    Ok(min)
}

fn describe(description: &mut Description, edit: &EditDescription) {
    for (text, new) in [
        (&mut description.moniker, &edit.moniker),
        (&mut description.identity, &edit.identity),
        (&mut description.website, &edit.website),
        (&mut description.security_contact, &edit.security_contact),
        (&mut description.details, &edit.details),
    ] {
        if let Some(new) = new {
            text.clone_from(new);
        }
    }
}
