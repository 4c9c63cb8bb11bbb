//! Amounts of uve with up to six decimals, as configuration files write them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// Millionths in one uve.
pub const MICRO: u128 = 1_000_000;
/// Most digits before the point: a trillion uve is far beyond any rate, and products stay within `u128`.
const MAX_WHOLE_DIGITS: usize = 12;

/// Why a text is not such an amount.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{text:?} is not a decimal amount: write 1 to {MAX_WHOLE_DIGITS} digits and at most 6 decimals, such as \"0.25\""
)]
pub struct DecimalError {
    /// The text as given, at most 64 characters of it.
    pub text: String,
}

/// A non-negative number of uve, exact to the millionth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MicroUve(pub u128);

impl FromStr for MicroUve {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let invalid = || DecimalError { text: text.chars().take(64).collect() };
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str, max: usize| {
            (1..=max).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, MAX_WHOLE_DIGITS) || !digits(decimals, 6) {
            return Err(invalid());
        }
        let whole: u128 = whole.parse().map_err(|_| invalid())?;
        let decimals: u128 = format!("{decimals:0<6}").parse().map_err(|_| invalid())?;
        Ok(Self(whole * MICRO + decimals))
    }
}

impl fmt::Display for MicroUve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / MICRO, self.0 % MICRO);
        let decimals = format!("{rest:06}");
        match decimals.trim_end_matches('0') {
            "" => write!(f, "{whole}"),
            decimals => write!(f, "{whole}.{decimals}"),
        }
    }
}

impl Serialize for MicroUve {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MicroUve {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_whole_numbers_and_up_to_six_decimals() {
        for (text, micro) in [("0", 0), ("7", 7_000_000), ("0.25", 250_000), ("12.000001", 12_000_001)] {
            let amount: MicroUve = text.parse().unwrap();
            assert_eq!(amount, MicroUve(micro));
            assert_eq!(amount.to_string(), text);
        }
    }

    #[test]
    fn rejects_signs_exponents_and_more_decimals() {
        for text in
            ["", ".", "1.", ".5", "-1", "+1", "1e3", "0.0000001", "1,5", "1 ", "1000000000000.0", "1.2.3"]
        {
            assert_eq!(text.parse::<MicroUve>(), Err(DecimalError { text: text.to_owned() }));
        }
    }
}
