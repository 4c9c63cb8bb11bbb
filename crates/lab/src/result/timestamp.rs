//! A moment, written as RFC 3339.

use serde::{Deserialize, Serialize};
use std::{fmt, time::SystemTime};
use thiserror::Error;

/// A moment in UTC, to the second. Written as `2026-01-30T12:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(SystemTime);

/// A text is no moment.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{found:?} is not a moment in UTC such as 2026-01-30T12:00:00Z: {cause}")]
pub struct TimestampError {
    /// As given, cut.
    found: String,
    /// What is wrong.
    cause: String,
}

impl Timestamp {
    /// This moment by the machine's clock.
    pub fn now() -> Self {
        Self(SystemTime::now())
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(time)
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, TimestampError> {
        humantime::parse_rfc3339(&text).map(Self).map_err(|error| TimestampError {
            found: text.chars().take(40).collect(),
            cause: error.to_string(),
        })
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", humantime::format_rfc3339_seconds(self.0))
    }
}
