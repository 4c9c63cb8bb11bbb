//! Why bytes are not a transaction.

use crate::{
    Address,
    address::AddressError,
    code::{Rejection, SdkCode},
    coin::CoinError,
    msg::MsgError,
};
use thiserror::Error;

/// Why bytes are not a transaction that could ever be executed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TxError {
    /// Too many bytes.
    #[error("a transaction has at most {max} bytes, got {found}")]
    TooLarge {
        /// Bytes found.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// Not the protobuf it should be.
    #[error("{part}: {cause}")]
    Malformed {
        /// Which part of the transaction.
        part: &'static str,
        /// What the decoder says.
        cause: String,
    },
    /// A field that is not known and would change the meaning.
    #[error("{part}: errUnknownField field {number} is not known")]
    UnknownField {
        /// Which part of the transaction.
        part: &'static str,
        /// The field's number.
        number: u32,
    },
    /// Extension options are not supported.
    #[error("got {found} extension options, none is known")]
    ExtensionOptions {
        /// How many.
        found: usize,
    },
    /// Unordered transactions and time-out times are not supported.
    #[error("{field} is not supported")]
    NotSupported {
        /// The field.
        field: &'static str,
    },
    /// The same transaction has a shorter or ordered encoding, which alone is accepted (ADR-027).
    #[error(
        "{part} is not in its canonical encoding: {found} bytes, in the order of fields and as short as can be it has {canonical}"
    )]
    NotCanonical {
        /// Which part of the transaction.
        part: &'static str,
        /// Bytes found.
        found: usize,
        /// Bytes of the canonical encoding.
        canonical: usize,
    },
    /// No messages or too many.
    #[error("a transaction has 1 to {max} messages, got {found}")]
    Messages {
        /// Messages found.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// A message is refused.
    #[error("message {index}: {cause}")]
    Message {
        /// Its index.
        index: usize,
        /// The rule broken.
        cause: MsgError,
    },
    /// No signatures.
    #[error("a transaction needs a signature of each of its {expected} signers, got 0")]
    NoSignatures {
        /// Signers of the messages.
        expected: usize,
    },
    /// Signers, signer infos and signatures do not match in number.
    #[error(
        "wrong number of signers; expected {expected}, got {infos} signer infos and {signatures} signatures"
    )]
    SignerCount {
        /// Signers of the messages and the fee.
        expected: usize,
        /// Signer infos found.
        infos: usize,
        /// Signatures found.
        signatures: usize,
    },
    /// Too many signers.
    #[error("a transaction has at most {max} signers, got {found}")]
    TooManySigners {
        /// Signers found.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// A signer's key is malformed.
    #[error("public key {type_url}: {cause}")]
    Key {
        /// Its kind.
        type_url: String,
        /// The rule broken.
        cause: String,
    },
    /// A signer's key does not belong to its account.
    #[error(
        "pubKey does not match signer address {expected} with signer index: {index}, the key is of {found}"
    )]
    KeyMismatch {
        /// Index of the signer.
        index: usize,
        /// Account that must sign.
        expected: Address,
        /// Account of the key.
        found: Address,
    },
    /// The mode of signing is not supported.
    #[error("sign mode {found} is not supported")]
    SignMode {
        /// Its number; -1 if it is missing or nested too deep.
        found: i32,
    },
    /// The gas limit does not fit.
    #[error("gas limit {found} exceeds {max}")]
    Gas {
        /// Limit given.
        found: u64,
        /// Largest allowed.
        max: u64,
    },
    /// The fee is malformed.
    #[error("fee: {0}")]
    Fee(#[from] CoinError),
    /// The fee payer or granter is not an address.
    #[error("fee {field}: {cause}")]
    FeeAddress {
        /// `payer` or `granter`.
        field: &'static str,
        /// The rule broken.
        cause: AddressError,
    },
}

impl TxError {
    /// The refusal that a client sees.
    #[must_use]
    pub fn rejection(&self) -> Rejection {
        let code = match self {
            Self::TooLarge { .. } => SdkCode::TxTooLarge,
            Self::Malformed { .. } | Self::UnknownField { .. } | Self::NotCanonical { .. } => {
                SdkCode::TxParse
            }
            Self::ExtensionOptions { .. } => SdkCode::UnknownExtensionOptions,
            Self::NotSupported { .. } => SdkCode::NotSupported,
            Self::Messages { .. } | Self::Gas { .. } => SdkCode::InvalidRequest,
            Self::Message { cause, .. } => {
                let cause = cause.rejection();
                return Rejection { log: format!("{self}: {}", phrase_of(&cause)), ..cause };
            }
            Self::NoSignatures { .. } => SdkCode::NoSignatures,
            Self::SignerCount { .. } | Self::SignMode { .. } => SdkCode::Unauthorized,
            Self::TooManySigners { .. } => SdkCode::TooManySignatures,
            Self::Key { .. } | Self::KeyMismatch { .. } => SdkCode::InvalidPubKey,
            Self::Fee(_) => SdkCode::InvalidCoins,
            Self::FeeAddress { .. } => SdkCode::InvalidAddress,
        };
        Rejection::sdk(code, self)
    }
}

fn phrase_of(rejection: &Rejection) -> &str {
    rejection.log.rsplit(": ").next().unwrap_or_default()
}
