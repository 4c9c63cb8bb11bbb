//! How an operation can end.

use thiserror::Error;
use virtengine_state::{Key, StateError};
use virtengine_types::code::{Rejection, SdkCode};

/// The result of an operation.
pub type Outcome<T> = Result<T, Stop>;

/// Why an operation did not complete.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Stop {
    /// The request breaks a rule: its writes are dropped and the client is told.
    #[error("{0}")]
    Invalid(Rejection),
    /// A key was not loaded: load it and run again.
    #[error("key {0:?} was not loaded")]
    NotLoaded(Key),
    /// This node cannot decide: it must stop and never vote.
    #[error(transparent)]
    Fatal(#[from] Fatal),
}

/// Why this node cannot decide what a block does.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fatal {
    /// The stored state is damaged or of another version.
    #[error("the state cannot be read or written: {0}")]
    State(StateError),
    /// A quantity that the rules keep in bounds left them.
    #[error("{what} left its bounds: {detail}")]
    Bounds {
        /// Which quantity.
        what: &'static str,
        /// Its value and bound.
        detail: String,
    },
}

impl From<StateError> for Stop {
    fn from(error: StateError) -> Self {
        match error {
            StateError::NotLoaded { key } => Self::NotLoaded(key),
            // Every node finds the same size, so it is a verdict on the request.
            StateError::TooLarge { .. } => Self::Invalid(Rejection::sdk(SdkCode::InvalidRequest, error)),
            other => Self::Fatal(Fatal::State(other)),
        }
    }
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Invalid(rejection)
    }
}

/// Makes a module's error enum convertible into [`Stop::Invalid`] under the module's codespace.
///
/// The enum provides `code(&self) -> u32`, stable and never 0, or an `sdk` code through `rejection`.
macro_rules! rejects_as {
    ($error:ty, $codespace:literal) => {
        impl From<$error> for $crate::outcome::Stop {
            fn from(error: $error) -> Self {
                Self::Invalid(virtengine_types::code::Rejection {
                    codespace: $codespace,
                    code: error.code(),
                    log: error.to_string(),
                })
            }
        }
    };
}

pub(crate) use rejects_as;
