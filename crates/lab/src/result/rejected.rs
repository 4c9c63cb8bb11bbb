//! Why a document is refused.

use thiserror::Error;

/// The rule that a document breaks, with what was found and what is allowed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Rejected {
    /// The file exceeds the bound.
    #[error("the document has {found} bytes; at most {max} are read")]
    TooLarge {
        /// Size in bytes.
        found: usize,
        /// The bound in bytes.
        max: usize,
    },
    /// Not JSON, or not of this shape.
    #[error("the document cannot be read: {cause}")]
    Malformed {
        /// What is wrong, with its line and column.
        cause: String,
    },
    /// A list has too many entries.
    #[error("{what} has {found} entries; at most {max} are allowed")]
    TooMany {
        /// The list.
        what: String,
        /// Its entries.
        found: usize,
        /// The bound.
        max: usize,
    },
    /// A name is not made of lower-case letters, digits, `_` and `-`, or is too long.
    #[error("{what} {found:?} must have 1 to {max} lower-case letters, digits, '_' or '-'")]
    Name {
        /// Whose name.
        what: String,
        /// The name, cut.
        found: String,
        /// The bound in characters.
        max: usize,
    },
    /// A text is too long.
    #[error("{what} has {found} characters; at most {max} are allowed")]
    LongText {
        /// Which text.
        what: String,
        /// Its length in characters.
        found: usize,
        /// The bound in characters.
        max: usize,
    },
    /// A text has characters that move a terminal's cursor or reverse a page's text.
    #[error("{what} has the control character {found:?}; texts have none")]
    ControlCharacter {
        /// Which text.
        what: String,
        /// The first such character.
        found: char,
    },
    /// A number is negative, not a number, or larger than anything that is measured.
    #[error("{what} is {found}; it must be from 0 to {max:e}")]
    NotMagnitude {
        /// Which number.
        what: String,
        /// The number.
        found: f64,
        /// The bound.
        max: f64,
    },
    /// A number is outside its range.
    #[error("{what} is {found}; it must be from {min} to {max}")]
    OutOfRange {
        /// Which number.
        what: String,
        /// The number.
        found: f64,
        /// The smallest allowed.
        min: f64,
        /// The largest allowed.
        max: f64,
    },
    /// Two entries of a list that is read by name have one name.
    #[error("{what} {name:?} is given twice; names are unique")]
    Duplicate {
        /// Whose names.
        what: String,
        /// The name.
        name: String,
    },
    /// Numbers that must not fall do.
    #[error("{what} falls from {first} to {second}; it must not fall")]
    Falling {
        /// Which numbers.
        what: String,
        /// The earlier one.
        first: f64,
        /// The one after it.
        second: f64,
    },
    /// A ratio is not the quotient of its value and its limit.
    #[error("the ratio of {name} is {ratio}; its value {value} over its limit {limit:?} is another")]
    Ratio {
        /// The metric.
        name: String,
        /// As given.
        ratio: f64,
        /// The metric's value.
        value: f64,
        /// The metric's limit.
        limit: Option<f64>,
    },
    /// A target is on the wrong side of the critical bound.
    #[error(
        "{name} has the target {target} and the critical bound {critical}; {better} is better, so they are swapped"
    )]
    Swapped {
        /// The metric.
        name: String,
        /// The target.
        target: f64,
        /// The critical bound.
        critical: f64,
        /// `higher` or `lower`.
        better: &'static str,
    },
}
