//! Counting what was earned.

use crate::outcome::Fatal;
use virtengine_types::{
    decimal, ratio,
    staking::{Delegation, Validator, ValidatorStatus},
};

/// Units of a reward in one uve, and of the rate 1.
pub const UNIT: u128 = decimal::ONE;

/// Counts what a validator has earned while a bonded token's reward rose to `per_token`: its commission,
/// rounded down, and for each of its shares the rest. Nothing if that is counted already.
///
/// # Errors
/// - `Fatal::Bounds` - a sum does not fit, which the bound on all rewards rules out
///
/// Spec: docs/spec/distribution.md#settlement
pub fn settle(per_token: u128, validator: &mut Validator) -> Result<(), Fatal> {
    let broken = |detail: &str| Fatal::Bounds { what: "rewards", detail: detail.to_owned() };
    let rewards = &mut validator.rewards;
    let risen = per_token.checked_sub(rewards.settled).ok_or_else(|| broken("they fell"))?;
    rewards.settled = per_token;
    if validator.status == ValidatorStatus::Bonded {
        let sum = |left: u128, right: u128| left.checked_add(right).ok_or_else(|| broken("a sum overflows"));
        let earned = validator.tokens.0.checked_mul(risen).ok_or_else(|| broken("a product overflows"))?;
        let commission = ratio::floor(earned, validator.commission.rate.min(UNIT), UNIT).unwrap_or_default();
        let rest = earned.saturating_sub(commission);
        rewards.commission = sum(rewards.commission, commission)?;
        rewards.owed = sum(rewards.owed, rest)?;
        rewards.undivided = sum(rewards.undivided, rest)?;
    }
    // Without shares it waits for the next delegation.
    if let Some(each) = rewards.undivided.checked_div(validator.shares.0) {
        rewards.per_share =
            rewards.per_share.checked_add(each).ok_or_else(|| broken("a share's sum overflows"))?;
        rewards.undivided = rewards.undivided.checked_rem(validator.shares.0).unwrap_or_default();
    }
    Ok(())
}

/// What a delegation has earned and was not paid, in units of 10^-18 uve, given what each share of its settled
/// validator has earned.
#[must_use]
pub fn unpaid(per_share: u128, delegation: &Delegation) -> u128 {
    let each = per_share.saturating_sub(delegation.paid_per_share);
    delegation.shares.0.saturating_mul(each) // a part of all rewards, which fit
}
