//! Exact decimals with unit suffixes.

use super::{MAX_CPU_MILLI, MAX_QUANTITY_BYTES, Rule};

const CPU: &str = "a number of cores such as 0.5, 2 or 100m";
const BYTES: &str = "a size in bytes such as 512Mi, 1.5Gi or 1G (suffixes k, M, G, T, P, E, Ki ... Ei)";
const PRICE: &str = "an amount such as 100 or 2.5";

/// Suffixes, longest first so that `Mi` is not taken for `M`.
const SUFFIXES: [(&str, u128); 12] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("Pi", 1 << 50),
    ("Ei", 1 << 60),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000),
];

/// Thousandths of a core, rounded up.
///
/// # Errors
/// - `Quantity` - not a decimal, or thousandths with a fraction
/// - `QuantityRange` - zero or above [`MAX_CPU_MILLI`]
pub fn cpu_milli(text: &str) -> Result<u64, Rule> {
    let bad = || Rule::Quantity { found: shown(text), what: CPU };
    let decimal = match text.strip_suffix('m') {
        Some(milli) => Decimal::parse(milli).filter(|decimal| decimal.places == 0),
        None => Decimal::parse(text).and_then(|decimal| decimal.times(1_000)),
    };
    within(text, decimal.ok_or_else(bad)?.round_up(), MAX_CPU_MILLI, "millicores")
}

/// Bytes, rounded up.
///
/// # Errors
/// - `Quantity` - not a decimal with one of the suffixes
/// - `QuantityRange` - zero or above [`MAX_QUANTITY_BYTES`]
pub fn bytes(text: &str) -> Result<u64, Rule> {
    let (number, unit) = split_suffix(text);
    let decimal = Decimal::parse(number).and_then(|decimal| decimal.times(unit));
    let decimal = decimal.ok_or_else(|| Rule::Quantity { found: shown(text), what: BYTES })?;
    within(text, decimal.round_up(), MAX_QUANTITY_BYTES, "bytes")
}

/// The number and what its suffix multiplies it by. Case does not matter and a `B` may follow, except
/// that a lone `m` is refused: it means thousandths elsewhere in the file.
fn split_suffix(text: &str) -> (&str, u128) {
    let trimmed = text.strip_suffix(['b', 'B']).unwrap_or(text);
    if trimmed.ends_with('m') && trimmed.len() == text.len() {
        return (text, 1);
    }
    let ends_with = |suffix: &str| {
        let (number, end) = trimmed.split_at_checked(trimmed.len().checked_sub(suffix.len())?)?;
        end.eq_ignore_ascii_case(suffix).then_some(number)
    };
    let found = SUFFIXES.iter().find_map(|(suffix, unit)| ends_with(suffix).map(|number| (number, *unit)));
    found.unwrap_or((trimmed, 1))
}

/// Base units, rounded down so that nobody pays more than the file says.
///
/// # Errors
/// - `Quantity` - not a decimal
/// - `PriceTooLow` - less than one base unit
pub(super) fn price(text: &str) -> Result<u128, Rule> {
    let decimal = Decimal::parse(text).ok_or_else(|| Rule::Quantity { found: shown(text), what: PRICE })?;
    match decimal.round_down() {
        0 => Err(Rule::PriceTooLow { found: shown(text) }),
        price => Ok(price),
    }
}

fn within(text: &str, value: u128, max: u64, unit: &'static str) -> Result<u64, Rule> {
    let range = || Rule::QuantityRange { found: shown(text), min: 1, max: max.into(), unit };
    u64::try_from(value).ok().filter(|value| (1..=max).contains(value)).ok_or_else(range)
}

/// The start of a text, short enough for a message.
pub(super) fn shown(text: &str) -> String {
    if text.chars().count() <= 64 {
        text.to_owned()
    } else {
        text.chars().take(61).chain("...".chars()).collect()
    }
}

/// `digits / 10^places`.
#[derive(Clone, Copy)]
struct Decimal {
    digits: u128,
    places: u32,
}

impl Decimal {
    /// Digits with at most one point; no sign, exponent or separator.
    fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.trim_end_matches('0');
        let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits_only(whole) || !digits_only(fraction) || text.is_empty() || text == "." {
            return None;
        }
        let digits = if whole.is_empty() && fraction.is_empty() {
            0
        } else {
            format!("{whole}{fraction}").parse().ok()?
        };
        Some(Self { digits, places: u32::try_from(fraction.len()).ok()? })
    }

    fn times(self, factor: u128) -> Option<Self> {
        Some(Self { digits: self.digits.checked_mul(factor)?, ..self })
    }

    fn round_up(self) -> u128 {
        10u128.checked_pow(self.places).map_or(1, |scale| self.digits.div_ceil(scale))
    }

    fn round_down(self) -> u128 {
        10u128.checked_pow(self.places).map_or(0, |scale| self.digits / scale)
    }
}
