//! How a call fails, in the words of gRPC, REST and `abci_query`.

use std::fmt;
use thiserror::Error;
use virtengine_types::code::SdkCode;

/// The kinds of failure that gRPC knows, under their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// No better word fits; failed simulations use it.
    Unknown = 2,
    /// The request breaks a rule of its own.
    InvalidArgument = 3,
    /// It took longer than the configured time.
    DeadlineExceeded = 4,
    /// What was asked for does not exist.
    NotFound = 5,
    /// The request is larger or broader than the configured bounds.
    ResourceExhausted = 8,
    /// No such method.
    Unimplemented = 12,
    /// This node is at fault.
    Internal = 13,
    /// This node cannot answer now.
    Unavailable = 14,
}

impl Code {
    /// The name that gRPC's Go library prints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::InvalidArgument => "InvalidArgument",
            Self::DeadlineExceeded => "DeadlineExceeded",
            Self::NotFound => "NotFound",
            Self::ResourceExhausted => "ResourceExhausted",
            Self::Unimplemented => "Unimplemented",
            Self::Internal => "Internal",
            Self::Unavailable => "Unavailable",
        }
    }

    /// The HTTP status of a REST answer.
    #[must_use]
    pub const fn http(self) -> u16 {
        match self {
            Self::InvalidArgument => 400,
            Self::NotFound => 404,
            Self::ResourceExhausted => 429,
            Self::Unknown | Self::Internal => 500,
            Self::Unimplemented => 501,
            Self::Unavailable => 503,
            Self::DeadlineExceeded => 504,
        }
    }

    /// The code of codespace `sdk` in an answer to `abci_query`.
    const fn sdk(self) -> SdkCode {
        match self {
            Self::NotFound => SdkCode::KeyNotFound,
            Self::InvalidArgument => SdkCode::InvalidRequest,
            _ => SdkCode::UnknownRequest,
        }
    }
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Status {
    /// What kind of failure.
    pub code: Code,
    /// Names the rule and the values.
    pub message: String,
    sdk: Option<SdkCode>,
}

impl Status {
    /// A failure of this kind.
    #[must_use]
    pub fn new(code: Code, message: impl fmt::Display) -> Self {
        Self { code, message: message.to_string(), sdk: None }
    }

    /// The request breaks a rule.
    #[must_use]
    pub fn invalid(message: impl fmt::Display) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// What was asked for does not exist.
    #[must_use]
    pub fn not_found(message: impl fmt::Display) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// This node is at fault.
    #[must_use]
    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(Code::Internal, message)
    }

    /// The failure with another code in answers to `abci_query`.
    #[must_use]
    pub const fn with_sdk(mut self, code: SdkCode) -> Self {
        self.sdk = Some(code);
        self
    }

    /// Code and log of an answer to `abci_query`, in codespace `sdk`.
    #[must_use]
    pub fn abci(&self) -> (u32, String) {
        let sdk = self.sdk.unwrap_or(self.code.sdk());
        let log = match self.sdk {
            Some(_) => format!("{}: {}", self.message, sdk.phrase()),
            None => format!("{self}: {}", sdk.phrase()),
        };
        (sdk.number(), log)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rpc error: code = {} desc = {}", self.code.name(), self.message)
    }
}

impl From<virtengine_state::StateError> for Status {
    fn from(error: virtengine_state::StateError) -> Self {
        Self::internal(error)
    }
}

impl From<virtengine_types::address::AddressError> for Status {
    fn from(error: virtengine_types::address::AddressError) -> Self {
        Self::invalid(error)
    }
}

impl From<virtengine_events::HistoryError> for Status {
    fn from(error: virtengine_events::HistoryError) -> Self {
        match error {
            virtengine_events::HistoryError::TooBroad { .. }
            | virtengine_events::HistoryError::TooLarge { .. } => Self::invalid(error),
            virtengine_events::HistoryError::NotHeld { .. } => Self::not_found(error),
            other => Self::internal(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_things_carry_the_phrases_that_clients_look_for() {
        let (code, log) = Status::not_found("account x not found").abci();
        assert_eq!(code, 22);
        assert_eq!(log, "rpc error: code = NotFound desc = account x not found: key not found");
    }

    #[test]
    fn failures_have_the_codes_of_each_surface() {
        let invalid = Status::invalid("empty address");
        assert_eq!((invalid.abci().0, invalid.code.http()), (18, 400));
        let unknown = Status::new(Code::Unknown, "out of gas");
        assert_eq!((unknown.abci().0, unknown.code.http()), (6, 500));
        let future = Status::invalid("height 9").with_sdk(SdkCode::InvalidHeight);
        assert_eq!(future.abci(), (26, "height 9: invalid height".to_owned()));
    }
}
