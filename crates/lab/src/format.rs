//! Numbers as people read them.

/// Characters of a number's unit that a cell shows.
const MAX_UNIT: usize = 16;

/// A quantity with its unit, to four digits: `25,312 tx/s`, `0.612`, `1.53 GB`. Bytes are in powers of 1,000.
pub(crate) fn quantity(number: f64, unit: &str) -> String {
    match unit {
        "bytes" => bytes(number),
        "ratio" | "" => plain(number),
        _ => format!("{} {}", plain(number), unit.chars().take(MAX_UNIT).collect::<String>()),
    }
}

/// A quantity, or a dash for none.
pub(crate) fn value(number: Option<f64>, unit: &str) -> String {
    number.map_or_else(|| "–".into(), |number| quantity(number, unit))
}

/// A number to four digits, its thousands apart; very large and small ones as a power of ten.
pub(crate) fn plain(number: f64) -> String {
    to_digits(number, 4)
}

/// A number to two digits, as for a fitted parameter.
pub(crate) fn rough(number: f64) -> String {
    to_digits(number, 2)
}

fn to_digits(number: f64, digits: i32) -> String {
    let size = number.abs();
    if number == 0.0 {
        "0".into()
    } else if !number.is_finite() {
        "infinite".into()
    } else if !(1e-4..1e15).contains(&size) {
        format!("{number:.1e}")
    } else if size >= 1_000.0 {
        grouped(number)
    } else {
        let decimals = (digits - 1 - size.log10().floor() as i32).clamp(0, 8) as usize;
        trimmed(format!("{number:.decimals$}"))
    }
}

/// A factor as a change in percent, with its sign.
pub(crate) fn percent(part: f64) -> String {
    format!("{:+.1} %", part * 100.0)
}

/// The label of a tick on an axis: short, as there is little room.
pub(crate) fn tick(number: f64) -> String {
    let size = number.abs();
    // Computed ticks miss round numbers, and 0, by the last digits.
    let short = |number: f64, mark: &str| format!("{}{mark}", trimmed(format!("{number:.4}")));
    match size {
        _ if size < 1e-9 => "0".into(),
        _ if size >= 1e9 => short(number / 1e9, "G"),
        _ if size >= 1e6 => short(number / 1e6, "M"),
        _ if size >= 1e3 => short(number / 1e3, "k"),
        _ if size >= 1e-3 => short(number, ""),
        _ => format!("{number:.0e}"),
    }
}

fn bytes(number: f64) -> String {
    let (scale, mark) = match number {
        _ if number >= 1e12 => (1e12, "TB"),
        _ if number >= 1e9 => (1e9, "GB"),
        _ if number >= 1e6 => (1e6, "MB"),
        _ if number >= 1e3 => (1e3, "kB"),
        _ => (1.0, "B"),
    };
    format!("{} {mark}", plain(number / scale))
}

fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0.0 { format!("-{text}") } else { text }
}

/// Without the zeros that end a decimal fraction.
fn trimmed(text: String) -> String {
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}
