//! Decimal numbers of any size, compared without rounding.

use std::cmp::Ordering;
use std::fmt;

/// A decimal number, kept as its digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number {
    negative: bool,
    /// Without leading zeros; empty for 0.
    integer: String,
    /// Without trailing zeros.
    fraction: String,
}

impl Number {
    /// Reads the number at the start of a text and tells how many bytes it takes: an optional minus sign,
    /// digits, and optionally a dot with more digits. `None` if the text starts otherwise.
    #[must_use]
    pub fn prefix(text: &str) -> Option<(Self, usize)> {
        let digits = |from: &str| from.bytes().take_while(u8::is_ascii_digit).count();
        let sign = usize::from(text.starts_with('-'));
        let unsigned = text.get(sign..)?;
        let (integer, rest) = unsigned.split_at(digits(unsigned));
        if integer.is_empty() {
            return None;
        }
        let fraction = rest.strip_prefix('.').map_or("", |rest| rest.split_at(digits(rest)).0);
        let dot = usize::from(!fraction.is_empty());
        let integer_digits = integer.trim_start_matches('0');
        let fraction_digits = fraction.trim_end_matches('0');
        let zero = integer_digits.is_empty() && fraction_digits.is_empty();
        let number = Self {
            negative: sign == 1 && !zero,
            integer: integer_digits.to_owned(),
            fraction: fraction_digits.to_owned(),
        };
        Some((number, sign + integer.len() + dot + fraction.len()))
    }

    /// The number at the start of a text, such as 100 of `100uve`.
    #[must_use]
    pub fn leading(text: &str) -> Option<Self> {
        Self::prefix(text).map(|(number, _)| number)
    }

    /// The largest whole number that is not greater, clamped to what fits.
    #[must_use]
    pub fn floor(&self) -> i128 {
        let magnitude = if self.integer.is_empty() { 0 } else { self.integer.parse().unwrap_or(i128::MAX) };
        match (self.negative, self.fraction.is_empty()) {
            (false, _) => magnitude,
            (true, true) => -magnitude,
            (true, false) => (-magnitude).saturating_sub(1),
        }
    }

    /// Whether it has no fraction.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.fraction.is_empty()
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        (self.integer.len().cmp(&other.integer.len()))
            .then_with(|| self.integer.cmp(&other.integer))
            .then_with(|| self.fraction.cmp(&other.fraction))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        let integer = if value == 0 { String::new() } else { value.to_string() };
        Self { negative: false, integer, fraction: String::new() }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let integer = if self.integer.is_empty() { "0" } else { &self.integer };
        write!(f, "{sign}{integer}")?;
        if self.fraction.is_empty() { Ok(()) } else { write!(f, ".{}", self.fraction) }
    }
}
