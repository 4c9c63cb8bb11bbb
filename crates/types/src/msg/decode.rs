//! From protobuf bytes to a checked message.

use crate::{
    address::AddressError,
    code::{Rejection, SdkCode},
    coin::CoinError,
    market::SpecError,
    provider::AttributeError,
    tx::fields,
};
use prost::{Message, Name};
use thiserror::Error;

/// Why a message is refused before any state is read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MsgError {
    /// No such message.
    #[error("no concrete type registered for type URL {type_url}")]
    UnknownType {
        /// The URL given.
        type_url: String,
    },
    /// The bytes are not the message that the URL names.
    #[error("{type_url}: {cause}")]
    Malformed {
        /// The URL given.
        type_url: String,
        /// What the decoder says.
        cause: String,
    },
    /// An address is malformed.
    #[error("{field}: {cause}")]
    Address {
        /// The field.
        field: &'static str,
        /// The rule broken.
        cause: AddressError,
    },
    /// An amount is malformed, zero or of a wrong denomination.
    #[error("{field}: {cause}")]
    Coins {
        /// The field.
        field: &'static str,
        /// The rule broken.
        cause: CoinError,
    },
    /// An order's specification breaks a rule.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A list of attributes breaks a rule.
    #[error(transparent)]
    Attributes(#[from] AttributeError),
    /// A text is too long or empty.
    #[error("{field} must have {min} to {max} bytes, got {found}")]
    Text {
        /// The field.
        field: &'static str,
        /// Bytes found.
        found: usize,
        /// Fewest allowed.
        min: usize,
        /// Most allowed.
        max: usize,
    },
    /// Fixed-size bytes have another size.
    #[error("{field} must have {expected} bytes, got {found}")]
    Bytes {
        /// The field.
        field: &'static str,
        /// Size wanted.
        expected: usize,
        /// Size found.
        found: usize,
    },
    /// A list is empty or too long.
    #[error("{field} must have {min} to {max} entries, got {found}")]
    Entries {
        /// The list.
        field: &'static str,
        /// Entries found.
        found: usize,
        /// Fewest allowed.
        min: usize,
        /// Most allowed.
        max: usize,
    },
    /// Two sums that must agree do not.
    #[error("sum inputs != sum outputs: {inputs} != {outputs}")]
    Unbalanced {
        /// Sum of the inputs.
        inputs: String,
        /// Sum of the outputs.
        outputs: String,
    },
    /// A rate is not a decimal between 0 and 1, or a relation between rates is broken.
    #[error("commission {field}: {found} is not between 0 and {max}")]
    Rate {
        /// The rate.
        field: &'static str,
        /// Units of 10^-18, or the text if malformed.
        found: String,
        /// Largest allowed.
        max: String,
    },
    /// A value is not one of those allowed here.
    #[error("{field} {found} is not allowed here")]
    NotAllowed {
        /// The field.
        field: &'static str,
        /// Value found.
        found: String,
    },
}

impl MsgError {
    /// The refusal that a client sees.
    #[must_use]
    pub fn rejection(&self) -> Rejection {
        let code = match self {
            Self::UnknownType { .. } | Self::Malformed { .. } => SdkCode::TxParse,
            Self::Address { .. } => SdkCode::InvalidAddress,
            Self::Coins { .. } | Self::Unbalanced { .. } => SdkCode::InvalidCoins,
            _ => SdkCode::InvalidRequest,
        };
        Rejection::sdk(code, self)
    }
}

/// A checked message made from its wire form.
pub(super) trait Checked<W>: Sized {
    fn check(wire: W) -> Result<Self, MsgError>;
}

/// Decodes `W` and checks it into `M`.
pub(super) fn message<W: Message + Name + Default, M: Checked<W>>(
    type_url: &str,
    value: &[u8],
) -> Result<M, MsgError> {
    let malformed = |cause: String| MsgError::Malformed { type_url: type_url.to_owned(), cause };
    let wire = W::decode(value).map_err(|error| malformed(error.to_string()))?;
    match fields::unknown(&wire, value, |_| false).map_err(malformed)? {
        Some(number) => Err(malformed(format!("errUnknownField field {number} is not known"))),
        None => M::check(wire),
    }
}

pub(super) fn account(field: &'static str, text: &str) -> Result<crate::Address, MsgError> {
    text.parse().map_err(|cause| MsgError::Address { field, cause })
}

pub(super) fn operator(field: &'static str, text: &str) -> Result<crate::Address, MsgError> {
    crate::Address::from_operator(text).map_err(|cause| MsgError::Address { field, cause })
}

pub(super) fn payment(
    field: &'static str,
    coin: Option<&crate::proto::cosmos::base::v1beta1::Coin>,
) -> Result<crate::Amount, MsgError> {
    crate::Coin::positive_base(coin).map_err(|cause| MsgError::Coins { field, cause })
}

pub(super) fn text(field: &'static str, text: String, min: usize, max: usize) -> Result<String, MsgError> {
    let found = text.len();
    if (min..=max).contains(&found) { Ok(text) } else { Err(MsgError::Text { field, found, min, max }) }
}

pub(super) fn fixed<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], MsgError> {
    bytes.try_into().map_err(|_| MsgError::Bytes { field, expected: N, found: bytes.len() })
}
