//! The query language of CometBFT's searches and subscriptions.
//!
//! `condition (AND condition)*`, where a condition is `key = 'text'`, `key = 5`, `key < 5`, `key <= 5`,
//! `key > 5`, `key >= 5`, `key CONTAINS 'text'` or `key EXISTS`. A key is an event type and an attribute
//! joined by a dot (`transfer.recipient`) or one of `tx.hash`, `tx.height`, `tm.event`, `block.height`.

mod number;
mod parse;
#[cfg(test)]
mod tests;

pub use number::Number;

use std::collections::BTreeMap;
use std::fmt;
use thiserror::Error;

/// What a query is matched against: every value of every key.
pub type Attributes = BTreeMap<String, Vec<String>>;

/// Why a text is not a query.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum QueryError {
    /// Longer than allowed.
    #[error("a query has at most {max} bytes, got {found}")]
    TooLong {
        /// Bytes found.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// Another thing was expected at a place of the text.
    #[error("failed to parse query at byte {at}: expected {expected}, got {found:?}")]
    Syntax {
        /// Byte offset.
        at: usize,
        /// What may stand there.
        expected: &'static str,
        /// What stands there, at most 32 characters.
        found: String,
    },
}

/// A rule for the values of one key; it holds if any value of the key fulfils it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// The value is this text. A bare number is compared as it is written.
    Equals(String),
    /// The number at the start of the value is less.
    Less(Number),
    /// It is less or equal.
    AtMost(Number),
    /// It is greater.
    Greater(Number),
    /// It is greater or equal.
    AtLeast(Number),
    /// The value contains this text.
    Contains(String),
    /// The key has a value.
    Exists,
}

/// One rule of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// `type.attribute` or a reserved key.
    pub key: String,
    /// The rule.
    pub test: Test,
}

/// Conditions that must all hold. Prints in its canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// At least one condition, in the order written.
    pub conditions: Vec<Condition>,
}

impl Query {
    /// Reads a query of at most `max_bytes`.
    ///
    /// # Errors
    /// - `TooLong` - more than `max_bytes`
    /// - `Syntax` - not a sentence of the language, or empty
    pub fn parse(text: &str, max_bytes: usize) -> Result<Self, QueryError> {
        if text.len() > max_bytes {
            return Err(QueryError::TooLong { found: text.len(), max: max_bytes });
        }
        parse::query(text)
    }

    /// Whether every condition holds. Conditions are independent: two of them may be fulfilled by
    /// different events.
    #[must_use]
    pub fn matches(&self, attributes: &Attributes) -> bool {
        self.conditions.iter().all(|condition| condition.matches(attributes))
    }
}

impl Condition {
    /// Whether a value of the key fulfils the rule.
    #[must_use]
    pub fn matches(&self, attributes: &Attributes) -> bool {
        let values = attributes.get(&self.key).map(Vec::as_slice).unwrap_or_default();
        values.iter().any(|value| self.holds(value))
    }

    fn holds(&self, value: &str) -> bool {
        let number = || Number::leading(value);
        match &self.test {
            Test::Equals(text) if self.key == "tx.hash" => value.eq_ignore_ascii_case(text),
            Test::Equals(text) => value == text,
            Test::Less(bound) => number().is_some_and(|number| number < *bound),
            Test::AtMost(bound) => number().is_some_and(|number| number <= *bound),
            Test::Greater(bound) => number().is_some_and(|number| number > *bound),
            Test::AtLeast(bound) => number().is_some_and(|number| number >= *bound),
            Test::Contains(text) => value.contains(text.as_str()),
            Test::Exists => true,
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Condition { key, test }) in self.conditions.iter().enumerate() {
            if index > 0 {
                f.write_str(" AND ")?;
            }
            match test {
                Test::Equals(text) => write!(f, "{key}='{text}'")?,
                Test::Less(bound) => write!(f, "{key}<{bound}")?,
                Test::AtMost(bound) => write!(f, "{key}<={bound}")?,
                Test::Greater(bound) => write!(f, "{key}>{bound}")?,
                Test::AtLeast(bound) => write!(f, "{key}>={bound}")?,
                Test::Contains(text) => write!(f, "{key} CONTAINS '{text}'")?,
                Test::Exists => write!(f, "{key} EXISTS")?,
            }
        }
        Ok(())
    }
}
