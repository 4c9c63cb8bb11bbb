//! Validators, delegations and unbondings as stored. Amounts are uve.

use crate::{Amount, Height, Timestamp, ratio};
use borsh::{BorshDeserialize, BorshSerialize};

/// Who a validator says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Description {
    /// Name, at most 70 bytes.
    pub moniker: String,
    /// Identity signature (for example a Keybase id), at most 3,000 bytes.
    pub identity: String,
    /// Web page, at most 140 bytes.
    pub website: String,
    /// Security contact, at most 140 bytes.
    pub security_contact: String,
    /// Anything else, at most 280 bytes.
    pub details: String,
}

/// Commission rates in units of 10^-18, so 10^17 is 10 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Commission {
    /// Present rate.
    pub rate: u128,
    /// Highest rate it may ever take.
    pub max_rate: u128,
    /// Largest change in a day.
    pub max_change_rate: u128,
    /// When the rate last changed.
    pub updated: Timestamp,
}

/// Whether a validator's stake counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ValidatorStatus {
    /// It is free and has stake.
    Bonded,
    /// It is jailed or has no stake.
    Unbonded,
}

/// Whether a validator may be bonded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Standing {
    /// It may.
    Free,
    /// Its self-delegation fell below its promise; it may return when it keeps it again.
    Jailed,
    /// It signed two conflicting votes; it never returns.
    Tombstoned,
}

/// A fraction of a validator's stake that was burned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Slash {
    /// Stake that left the validator at this height or later answers for it.
    pub infraction: Height,
    /// Height of the block that burned it.
    pub height: Height,
    /// The fraction in hundredths of a percent.
    pub fraction_bps: u32,
}

/// Rewards of a validator and its delegators, in units of 10^-18 uve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ValidatorRewards {
    /// The chain's reward for each bonded token up to which the validator's are counted here.
    pub settled: u128,
    /// What each share has earned since the validator exists.
    pub per_share: u128,
    /// Of what delegators earned, the part that is too small to divide by the shares.
    pub undivided: u128,
    /// What delegators earned and were not paid, `undivided` included.
    pub owed: u128,
    /// Commission that was earned and not paid.
    pub commission: u128,
}

/// A validator, stored under its operator's account address.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Validator {
    /// Ed25519 key of its node, as CometBFT clients know it.
    pub consensus_key: [u8; 32],
    /// BLS12-381 key, whose signatures can be summed over all validators, once set.
    pub bls_key: Option<[u8; 48]>,
    /// Stake of all delegations together.
    pub tokens: Amount,
    /// Shares of all delegations together; at least `tokens`, as only a slash moves them apart.
    pub shares: Amount,
    /// Shares of the operator's own delegation.
    pub self_shares: Amount,
    /// Self-delegation that the operator promised to keep.
    pub min_self_delegation: Amount,
    /// Who it says it is.
    pub description: Description,
    /// What it keeps of rewards.
    pub commission: Commission,
    /// Whether its stake counts.
    pub status: ValidatorStatus,
    /// Whether it may.
    pub standing: Standing,
    /// When it was created.
    pub created_height: Height,
    /// What it and its delegators earned.
    pub rewards: ValidatorRewards,
    /// Every slash, first to last.
    pub slashes: Vec<Slash>,
}

impl Validator {
    /// What shares of this validator are worth: `floor(shares x tokens / all shares)`, in uve.
    #[must_use]
    pub fn worth(&self, shares: Amount) -> Amount {
        Amount(ratio::floor(shares.0, self.tokens.0, self.shares.0).unwrap_or_default())
    }

    /// Shares that `amount` buys, rounded down; as many as uve before a slash. `None` if they do not fit,
    /// or if all that the present shares were worth is burned.
    #[must_use]
    pub fn bought(&self, amount: Amount) -> Option<Amount> {
        if self.shares.is_zero() {
            return Some(amount);
        }
        ratio::floor(amount.0, self.shares.0, self.tokens.0).map(Amount)
    }

    /// Shares that are given up for `amount`, rounded up. `None` if there is no stake.
    #[must_use]
    pub fn given_up(&self, amount: Amount) -> Option<Amount> {
        ratio::ceil(amount.0, self.shares.0, self.tokens.0).map(Amount)
    }

    /// What the operator's own delegation is worth, in uve.
    #[must_use]
    pub fn self_delegation(&self) -> Amount {
        self.worth(self.self_shares)
    }
}

/// A delegation, stored under (delegator, validator operator).
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Delegation {
    /// Its part of the validator's stake; whole numbers.
    pub shares: Amount,
    /// The validator's `per_share` up to which it was paid.
    pub paid_per_share: u128,
}

/// Stake on its way out, stored under (delegator, validator operator), entries by completion.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Unbonding {
    /// What is pending; at most the parameter `max_unbonding_entries`.
    pub entries: Vec<UnbondingEntry>,
}

/// One undelegation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct UnbondingEntry {
    /// Height of the undelegation.
    pub created_height: Height,
    /// Second since 1970 at which the coins return.
    pub completes: u64,
    /// Amount at the undelegation.
    pub initial: Amount,
    /// Amount still to return; less than `initial` after a cancellation. Slashes later than `slashes` are not
    /// taken off yet.
    pub balance: Amount,
    /// Number of slashes of the validator that the balance has behind it.
    pub slashes: u32,
}

impl UnbondingEntry {
    /// What is left of the balance after all slashes of the validator whose stake it was. Each takes its
    /// fraction, rounded down, if the stake was still the validator's at the infraction.
    #[must_use]
    pub fn left(&self, slashes: &[Slash]) -> Amount {
        let later = slashes.iter().skip(self.slashes as usize);
        let answers = later.filter(|slash| slash.infraction <= self.created_height);
        answers.fold(self.balance, |left, slash| {
            let cut = ratio::of_bps(left, slash.fraction_bps);
            Amount(left.0.saturating_sub(cut.0))
        })
    }
}

/// Stake moved between validators, stored under (delegator, source, destination).
///
/// While entries are pending, stake received this way may not move on again.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Redelegation {
    /// What is pending; at most the parameter `max_unbonding_entries`.
    pub entries: Vec<UnbondingEntry>,
}

/// What the chain's fees have earned for bonded stake, in units of 10^-18 uve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Rewards {
    /// Earned by each bonded token since the genesis.
    pub per_token: u128,
    /// The part that is too small to divide by the bonded tokens.
    pub undivided: u128,
    /// All that was ever given to bonded stake. It fits, so that no product of stake and reward overflows.
    pub total: u128,
}

/// When an epoch began, stored under its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct EpochStart {
    /// Height of its first block.
    pub height: Height,
    /// Second since 1970 of that block.
    pub second: u64,
}

/// Running sums over all validators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StakePool {
    /// Tokens delegated to bonded validators.
    pub bonded: Amount,
    /// Tokens delegated to unbonded validators, and tokens unbonding.
    pub not_bonded: Amount,
    /// Number of validators.
    pub validators: u64,
}

#[cfg(test)]
mod tests;
