//! One delegation with its validator, and what a change of it means for both.

use super::{
    StakingInvalid,
    pool::{Bucket, grow, less, put_validator, shrink},
    state::{DELEGATIONS, validator},
};
use crate::{
    TxContext,
    distribution::{self, Paid},
    outcome::{Fatal, Outcome},
};
use virtengine_state::State;
use virtengine_types::{
    Address, Amount,
    staking::{Delegation, Validator},
};

/// A delegation and its settled validator as they were read; the delegation may not exist.
pub(super) struct Position {
    delegator: Address,
    operator: Address,
    validator: Validator,
    delegation: Option<Delegation>,
}

/// What came of adding stake.
pub(super) struct Added {
    /// Where the stake counts.
    pub(super) bucket: Bucket,
    /// Shares that it bought.
    pub(super) shares: Amount,
}

/// What came of taking stake.
pub(super) struct Removed {
    /// Where the stake counted.
    pub(super) bucket: Bucket,
    /// Slashes that the validator had so far, which the stake has behind it.
    pub(super) slashes: u32,
}

impl Position {
    /// Reads both rows.
    ///
    /// # Errors
    /// - `NoValidator` - nobody's operator
    pub(super) fn read(state: &mut State, delegator: Address, operator: Address) -> Outcome<Self> {
        let found = validator(state, operator)?;
        let validator = distribution::settled(state, found)?;
        let delegation = state.get(&DELEGATIONS, &(delegator, operator))?;
        Ok(Self { delegator, operator, validator, delegation })
    }

    /// Reads both rows and pays what the delegation has earned, as every change of it does.
    ///
    /// # Errors
    /// - `NoValidator` - nobody's operator
    /// - `Overflow` (codespace `sdk`) - the receiver's balance would not fit
    pub(super) fn paid(
        state: &mut State,
        ctx: &mut TxContext<'_>,
        delegator: Address,
        operator: Address,
    ) -> Outcome<Self> {
        let mut position = Self::read(state, delegator, operator)?;
        if let Some(delegation) = &mut position.delegation {
            let Paid { amount, receiver } =
                distribution::pay_reward(state, ctx, delegator, &mut position.validator, delegation)?;
            if !amount.is_zero() {
                distribution::reward_withdrawn(ctx, delegator, operator, receiver, amount);
            }
        }
        Ok(position)
    }

    /// What the delegation is worth, in uve.
    pub(super) fn worth(&self) -> Amount {
        self.delegation.map_or(Amount::ZERO, |delegation| self.validator.worth(delegation.shares))
    }

    /// Adds `amount` to the delegation and to its validator, whose status follows. The caller takes the
    /// amount from wherever it was.
    ///
    /// # Errors
    /// - `NoExchangeRate` - all stake that the present shares stand for is burned
    /// - `Overflow` - the stake would not fit
    pub(super) fn add(
        mut self,
        state: &mut State,
        ctx: &mut TxContext<'_>,
        amount: Amount,
    ) -> Outcome<Added> {
        let missing =
            StakingInvalid::NoExchangeRate { validator: self.operator, shares: self.validator.shares };
        let shares = self.validator.bought(amount).ok_or(missing)?;
        let sum = |left: Amount, right: Amount| left.plus(right).map_err(StakingInvalid::Overflow);
        let per_share = self.validator.rewards.per_share;
        let fresh = Delegation { shares: Amount::ZERO, paid_per_share: per_share };
        let delegation = self.delegation.get_or_insert(fresh);
        delegation.shares = sum(delegation.shares, shares)?;
        let validator = &mut self.validator;
        validator.tokens = sum(validator.tokens, amount)?;
        validator.shares = sum(validator.shares, shares)?;
        if self.delegator == self.operator {
            validator.self_shares = sum(validator.self_shares, shares)?;
        }
        let bucket = Bucket::of(validator);
        grow(state, bucket, amount)?;
        self.write(state, ctx)?;
        Ok(Added { bucket, shares })
    }

    /// Takes `amount` from the delegation and from its validator, whose status follows. The caller gives the
    /// amount to wherever it goes.
    ///
    /// Shares whose worth would be less than 1 uve go too. Rewards of the shares that were not paid stay with
    /// the validator's other shares.
    ///
    /// # Errors
    /// - `NoDelegation`, `NotEnoughDelegated` - there is no such stake
    pub(super) fn remove(
        mut self,
        state: &mut State,
        ctx: &mut TxContext<'_>,
        amount: Amount,
    ) -> Outcome<Removed> {
        let missing = StakingInvalid::NoDelegation { delegator: self.delegator, validator: self.operator };
        let mut delegation = self.delegation.ok_or(missing)?;
        let available = self.worth();
        if available < amount {
            return Err(StakingInvalid::NotEnoughDelegated { available, needed: amount }.into());
        }
        let validator = &mut self.validator;
        let slashes = u32::try_from(validator.slashes.len()).unwrap_or(u32::MAX);
        let mut shares = validator.given_up(amount).unwrap_or(delegation.shares);
        let kept = less("delegation", delegation.shares, shares)?;
        let after = Validator {
            tokens: less("tokens", validator.tokens, amount)?,
            shares: less("shares", validator.shares, shares)?,
            ..validator.clone()
        };
        if after.worth(kept).is_zero() {
            shares = delegation.shares;
        }
        delegation.shares = less("delegation", delegation.shares, shares)?;
        validator.tokens = after.tokens;
        validator.shares = less("shares", validator.shares, shares)?;
        if self.delegator == self.operator {
            validator.self_shares = less("self-delegation", validator.self_shares, shares)?;
        }
        let lost = Delegation { shares, ..delegation };
        let rewards = &mut validator.rewards;
        rewards.undivided = rewards.undivided.saturating_add(distribution::unpaid(rewards.per_share, &lost));
        self.delegation = (!delegation.shares.is_zero()).then_some(delegation);
        let bucket = Bucket::of(&self.validator);
        shrink(state, bucket, amount)?;
        self.write(state, ctx)?;
        Ok(Removed { bucket, slashes })
    }

    fn write(self, state: &mut State, ctx: &mut TxContext<'_>) -> Outcome<()> {
        let key = (self.delegator, self.operator);
        match &self.delegation {
            Some(delegation) => state.put(&DELEGATIONS, &key, delegation)?,
            None => state.delete(&DELEGATIONS, &key)?,
        }
        // Without shares nobody could ever own the stake.
        if self.validator.shares.is_zero() && !self.validator.tokens.is_zero() {
            let detail =
                format!("{} uve of {} have no shares", self.validator.tokens, self.operator.operator());
            return Err(Fatal::Bounds { what: "shares", detail }.into());
        }
        put_validator(state, ctx, self.operator, self.validator)
    }
}
