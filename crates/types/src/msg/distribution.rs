//! Messages about rewards.

use super::decode::{Checked, MsgError, account, operator};
use crate::{Address, proto::cosmos::distribution::v1beta1 as wire};

/// Pays what a delegation has earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawReward {
    /// Who delegated.
    pub delegator: Address,
    /// To whom (operator's account).
    pub validator: Address,
}

/// Pays a validator's commission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawCommission {
    /// The operator's account.
    pub operator: Address,
}

/// Says to which account rewards are paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetWithdrawAddress {
    /// Who earns.
    pub delegator: Address,
    /// Who receives.
    pub receiver: Address,
}

impl WithdrawReward {
    pub(super) const fn signer(&self) -> Address {
        self.delegator
    }
}

impl WithdrawCommission {
    pub(super) const fn signer(&self) -> Address {
        self.operator
    }
}

impl SetWithdrawAddress {
    pub(super) const fn signer(&self) -> Address {
        self.delegator
    }
}

impl Checked<wire::MsgWithdrawDelegatorReward> for WithdrawReward {
    fn check(wire: wire::MsgWithdrawDelegatorReward) -> Result<Self, MsgError> {
        Ok(Self {
            delegator: account("delegator_address", &wire.delegator_address)?,
            validator: operator("validator_address", &wire.validator_address)?,
        })
    }
}

impl Checked<wire::MsgWithdrawValidatorCommission> for WithdrawCommission {
    fn check(wire: wire::MsgWithdrawValidatorCommission) -> Result<Self, MsgError> {
        Ok(Self { operator: operator("validator_address", &wire.validator_address)? })
    }
}

impl Checked<wire::MsgSetWithdrawAddress> for SetWithdrawAddress {
    fn check(wire: wire::MsgSetWithdrawAddress) -> Result<Self, MsgError> {
        Ok(Self {
            delegator: account("delegator_address", &wire.delegator_address)?,
            receiver: account("withdraw_address", &wire.withdraw_address)?,
        })
    }
}
