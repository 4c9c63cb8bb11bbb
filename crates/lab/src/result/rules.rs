//! The bounds of a document, each written once.

use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

use super::Rejected;
use crate::statistics::Estimate;

/// Largest document that is read, in bytes.
pub const MAX_BYTES: usize = 16 << 20;
/// Most metrics of a document.
pub const MAX_METRICS: usize = 1_000;
/// Most series of a document.
pub const MAX_SERIES: usize = 200;
/// Most points of one series: five hours at a second each.
pub const MAX_POINTS: usize = 20_000;
/// Most kinds of errors of a document.
pub const MAX_ERRORS: usize = 1_000;
/// Most parameters of a document.
pub const MAX_PARAMETERS: usize = 200;
/// Longest value of a parameter, in bytes of JSON.
pub const MAX_PARAMETER: usize = 2_000;
/// Longest name of a scenario, metric or parameter, in characters.
pub const MAX_NAME: usize = 64;
/// Longest free text, in characters.
pub const MAX_TEXT: usize = 500;
/// Largest number: the nanoseconds of thirty years. Sums and squares of such numbers are far from infinite.
pub const MAX_NUMBER: f64 = 1e18;

/// Reads JSON of at most [`MAX_BYTES`].
///
/// # Errors
/// - `TooLarge` - more bytes than that
/// - `Malformed` - not JSON, or not of the shape of `T`
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Rejected> {
    if bytes.len() > MAX_BYTES {
        return Err(Rejected::TooLarge { found: bytes.len(), max: MAX_BYTES });
    }
    serde_json::from_slice(bytes).map_err(|error| {
        // The parser quotes what it found, so the cause of a bad document can be as long as the document.
        Rejected::Malformed { cause: clean(&error.to_string(), MAX_TEXT) }
    })
}

/// A list is no longer than `max`.
pub(crate) fn check_count(what: &str, found: usize, max: usize) -> Result<(), Rejected> {
    if found > max {
        return Err(Rejected::TooMany { what: what.into(), found, max });
    }
    Ok(())
}

/// A name can be a file's name, an anchor of a page and an argument of a command without quotes.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), Rejected> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(allowed) {
        return Err(Rejected::Name { what: what.into(), found: clean(name, MAX_NAME), max: MAX_NAME });
    }
    Ok(())
}

/// A text fits a line of a table and changes nothing around it.
pub(crate) fn check_text(what: &str, text: &str) -> Result<(), Rejected> {
    let found = text.chars().count();
    if found > MAX_TEXT {
        return Err(Rejected::LongText { what: what.into(), found, max: MAX_TEXT });
    }
    match text.chars().find(|c| is_control(*c)) {
        Some(found) => Err(Rejected::ControlCharacter { what: what.into(), found }),
        None => Ok(()),
    }
}

/// Measured quantities are finite, not negative, and no larger than [`MAX_NUMBER`].
pub(crate) fn check_magnitude(what: &str, found: f64) -> Result<(), Rejected> {
    if !(0.0..=MAX_NUMBER).contains(&found) {
        return Err(Rejected::NotMagnitude { what: what.into(), found, max: MAX_NUMBER });
    }
    Ok(())
}

/// A number that may be below 0, such as an exponent, no further from it than [`MAX_NUMBER`].
pub(super) fn check_signed(what: &str, found: f64) -> Result<(), Rejected> {
    if !(-MAX_NUMBER..=MAX_NUMBER).contains(&found) {
        return Err(Rejected::OutOfRange { what: what.into(), found, min: -MAX_NUMBER, max: MAX_NUMBER });
    }
    Ok(())
}

/// As [`check_signed`], of an estimate and the ends of its interval.
pub(super) fn check_estimate(what: &str, Estimate { low, value, high }: &Estimate) -> Result<(), Rejected> {
    [low, value, high].into_iter().try_for_each(|found| check_signed(what, *found))
}

/// A quantity from `min` to `max`, both included.
pub(super) fn check_range(what: &str, found: f64, min: f64, max: f64) -> Result<(), Rejected> {
    check_magnitude(what, found)?;
    if found < min || found > max {
        return Err(Rejected::OutOfRange { what: what.into(), found, min, max });
    }
    Ok(())
}

/// No name occurs twice.
pub(crate) fn check_unique<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), Rejected> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Rejected::Duplicate { what: what.into(), name: clean(name, MAX_NAME) });
        }
    }
    Ok(())
}

/// Each number is at least the one before it.
pub(super) fn check_rising(what: &str, numbers: impl IntoIterator<Item = f64>) -> Result<(), Rejected> {
    let mut last = 0.0;
    for number in numbers {
        check_magnitude(what, number)?;
        if number < last {
            return Err(Rejected::Falling { what: what.into(), first: last, second: number });
        }
        last = number;
    }
    Ok(())
}

/// The first `max` characters of a text, with a space for each control character.
pub(super) fn clean(text: &str, max: usize) -> String {
    text.chars().take(max).map(|c| if is_control(c) { ' ' } else { c }).collect()
}

/// Also the characters that reverse the direction of text, as they make a page show what a file does not say.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
