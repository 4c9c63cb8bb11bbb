//! Stable codes with which transactions are refused.

use std::fmt;

/// Codespace of the codes that every Cosmos client knows.
pub const SDK: &str = "sdk";

/// The codes of codespace `sdk`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
#[allow(missing_docs)] // each is named after its meaning
pub enum SdkCode {
    TxParse = 2,
    InvalidSequence = 3,
    Unauthorized = 4,
    InsufficientFunds = 5,
    UnknownRequest = 6,
    InvalidAddress = 7,
    InvalidPubKey = 8,
    UnknownAddress = 9,
    InvalidCoins = 10,
    OutOfGas = 11,
    MemoTooLarge = 12,
    InsufficientFee = 13,
    TooManySignatures = 14,
    NoSignatures = 15,
    InvalidRequest = 18,
    TxInMempoolCache = 19,
    MempoolFull = 20,
    TxTooLarge = 21,
    KeyNotFound = 22,
    InvalidHeight = 26,
    InvalidChainId = 28,
    InvalidType = 29,
    TxTimeoutHeight = 30,
    UnknownExtensionOptions = 31,
    WrongSequence = 32,
    Logic = 35,
    Conflict = 36,
    NotSupported = 37,
    NotFound = 38,
    InvalidGasLimit = 41,
}

impl SdkCode {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// The phrase that ends a log, as clients know it.
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::TxParse => "tx parse error",
            Self::InvalidSequence => "invalid sequence",
            Self::Unauthorized => "unauthorized",
            Self::InsufficientFunds => "insufficient funds",
            Self::UnknownRequest => "unknown request",
            Self::InvalidAddress => "invalid address",
            Self::InvalidPubKey => "invalid pubkey",
            Self::UnknownAddress => "unknown address",
            Self::InvalidCoins => "invalid coins",
            Self::OutOfGas => "out of gas",
            Self::MemoTooLarge => "memo too large",
            Self::InsufficientFee => "insufficient fee",
            Self::TooManySignatures => "maximum number of signatures exceeded",
            Self::NoSignatures => "no signatures supplied",
            Self::InvalidRequest => "invalid request",
            Self::TxInMempoolCache => "tx already in mempool",
            Self::MempoolFull => "mempool is full",
            Self::TxTooLarge => "tx too large",
            Self::KeyNotFound => "key not found",
            Self::InvalidHeight => "invalid height",
            Self::InvalidChainId => "invalid chain-id",
            Self::InvalidType => "invalid type",
            Self::TxTimeoutHeight => "tx timeout height",
            Self::UnknownExtensionOptions => "unknown extension options",
            Self::WrongSequence => "incorrect account sequence",
            Self::Logic => "internal logic error",
            Self::Conflict => "conflict",
            Self::NotSupported => "feature not supported",
            Self::NotFound => "not found",
            Self::InvalidGasLimit => "invalid gas limit",
        }
    }
}

/// A refusal as clients see it: whose code, which code, and a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Whose code it is.
    pub codespace: &'static str,
    /// Never 0.
    pub code: u32,
    /// Names the rule and both values.
    pub log: String,
}

impl Rejection {
    /// A refusal in codespace `sdk`: the cause, then the code's phrase.
    #[must_use]
    pub fn sdk(code: SdkCode, cause: impl fmt::Display) -> Self {
        Self { codespace: SDK, code: code.number(), log: format!("{cause}: {}", code.phrase()) }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.log)
    }
}

impl std::error::Error for Rejection {}
