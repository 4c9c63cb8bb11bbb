//! `virtengine tx distribution`.

use super::Signer;
use clap::Subcommand;
use eyre::Result;
use prost_types::Any;
use virtengine_client::sign::any;
use virtengine_types::{
    Address,
    proto::cosmos::distribution::v1beta1::{
        MsgSetWithdrawAddress, MsgWithdrawDelegatorReward, MsgWithdrawValidatorCommission,
    },
};

#[derive(Subcommand)]
pub(super) enum Distribution {
    /// Pay out what the signer's delegation to a validator has earned.
    WithdrawReward {
        /// The validator: its operator address, account, key or moniker.
        validator: String,
    },
    /// Pay out the commission of the signer's validator.
    WithdrawCommission,
    /// Say to which account the signer's rewards and commission go.
    SetWithdrawAddress {
        /// The account: an address, or the name of a key; the signer's own undoes it.
        receiver: String,
    },
}

impl Distribution {
    /// The message; `account` and `find` find the account and the validator that a text names.
    pub(super) async fn message(
        self,
        signer: &Signer<'_>,
        account: impl Fn(&str) -> Result<Address>,
        find: impl AsyncFn(&str) -> Result<Address>,
    ) -> Result<Any> {
        let delegator_address = signer.address.to_string();
        Ok(match self {
            Self::WithdrawReward { validator } => any(&MsgWithdrawDelegatorReward {
                delegator_address,
                validator_address: find(&validator).await?.operator(),
            }),
            Self::WithdrawCommission => {
                any(&MsgWithdrawValidatorCommission { validator_address: signer.address.operator() })
            }
            Self::SetWithdrawAddress { receiver } => {
                let withdraw_address = account(&receiver)?.to_string();
                any(&MsgSetWithdrawAddress { delegator_address, withdraw_address })
            }
        })
    }
}
