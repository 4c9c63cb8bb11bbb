//! Why a transaction is not taken.

use thiserror::Error;
use virtengine_chain::ante::AnteInvalid;
use virtengine_crypto::cosmos::VerifyError;
use virtengine_types::{
    Address, Amount,
    code::{Rejection, SdkCode},
    tx::TxError,
};

/// Codespace of failures that are not the transaction's fault.
const UNDEFINED: &str = "undefined";

/// The rule that keeps a transaction out of the mempool.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// Its bytes are not a transaction.
    #[error(transparent)]
    Decode(#[from] TxError),
    /// It is not admissible in the next block.
    #[error(transparent)]
    Ante(#[from] AnteInvalid),
    /// A signature is not valid.
    #[error(transparent)]
    Signature(#[from] VerifyError),
    /// More bytes than a transaction may have.
    #[error("a transaction has at most {max} bytes, got {found}")]
    TooLarge {
        /// Bytes found.
        found: usize,
        /// The limit.
        max: u64,
    },
    /// The same bytes are here already, or were included in a recent block.
    #[error("tx already exists in cache")]
    Duplicate,
    /// The fee payer has no account.
    #[error("fee payer address: {address} does not exist")]
    NoPayer {
        /// The payer.
        address: Address,
    },
    /// The payer cannot pay this fee and those of its pending transactions.
    #[error("spendable balance {available}uve is smaller than {needed}uve")]
    Funds {
        /// Its balance less the fees of its pending transactions.
        available: Amount,
        /// The fee.
        needed: Amount,
    },
    /// No room, and the fee is not above that of what could make room.
    #[error(
        "{count} transactions of {bytes} bytes are pending, there is room for {max_count} of {max_bytes} bytes, and {offered} uve per million gas do not outbid them"
    )]
    Full {
        /// Transactions kept.
        count: usize,
        /// Their bytes.
        bytes: usize,
        /// Limit of transactions for whoever brought it.
        max_count: usize,
        /// Limit of bytes for whoever brought it.
        max_bytes: usize,
        /// Fee of the refused one: uve per million gas.
        offered: u128,
    },
    /// Too many of one signer.
    #[error("{count} transactions of account {address} are pending, at most {max} are kept")]
    AccountFull {
        /// The signer.
        address: Address,
        /// Its pending transactions.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// Too many wait for their check.
    #[error("{max} transactions wait for their check, and no more can")]
    Busy {
        /// The limit.
        max: usize,
    },
    /// The accounts could not be read.
    #[error("the accounts of the signers could not be read: {cause}")]
    Lookup {
        /// What the store says.
        cause: String,
    },
    /// The node is stopping.
    #[error("the node is stopping")]
    Stopping,
}

impl Refused {
    /// The refusal that a client sees.
    #[must_use]
    pub fn rejection(&self) -> Rejection {
        let code = match self {
            Self::Decode(error) => return error.rejection(),
            Self::Ante(error) => return error.rejection(),
            Self::Signature(error) => return error.rejection(),
            Self::TooLarge { .. } => SdkCode::TxTooLarge,
            Self::Duplicate => SdkCode::TxInMempoolCache,
            Self::NoPayer { .. } => SdkCode::UnknownAddress,
            Self::Funds { .. } => SdkCode::InsufficientFunds,
            Self::Full { .. } | Self::AccountFull { .. } | Self::Busy { .. } => SdkCode::MempoolFull,
            Self::Lookup { .. } | Self::Stopping => {
                return Rejection { codespace: UNDEFINED, code: 1, log: self.to_string() };
            }
        };
        Rejection::sdk(code, self)
    }

    /// Whether only a faulty or hostile node passes such a transaction on.
    #[must_use]
    pub fn is_garbage(&self) -> bool {
        matches!(self, Self::Decode(_) | Self::Signature(VerifyError::Signature { .. }))
    }
}
