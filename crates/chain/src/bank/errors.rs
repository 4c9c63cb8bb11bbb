//! Why a movement of coins is refused.

use crate::outcome::Stop;
use thiserror::Error;
use virtengine_types::{
    Address, Coins,
    code::{Rejection, SdkCode},
};

/// The rule that a movement of coins breaks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BankInvalid {
    /// The account has less than is needed.
    #[error("spendable balance {available} is smaller than {needed}")]
    InsufficientFunds {
        /// What it has of the currency, such as `5uve`.
        available: String,
        /// What is needed.
        needed: String,
    },
    /// The payer has no account.
    #[error("account {address} does not exist, needed {needed}")]
    NoAccount {
        /// Who should pay.
        address: Address,
        /// What is needed.
        needed: Coins,
    },
    /// A module's account takes no coins from clients.
    #[error("{address} is not allowed to receive funds")]
    Blocked {
        /// The module's account.
        address: Address,
    },
    /// The receiver would own more than fits.
    #[error("balance of {address} overflows")]
    Overflow {
        /// Who would receive.
        address: Address,
    },
}

impl From<BankInvalid> for Stop {
    fn from(error: BankInvalid) -> Self {
        let code = match error {
            BankInvalid::InsufficientFunds { .. } => SdkCode::InsufficientFunds,
            BankInvalid::NoAccount { .. } => SdkCode::UnknownAddress,
            BankInvalid::Blocked { .. } => SdkCode::Unauthorized,
            BankInvalid::Overflow { .. } => SdkCode::InvalidCoins,
        };
        Self::Invalid(Rejection::sdk(code, error))
    }
}
