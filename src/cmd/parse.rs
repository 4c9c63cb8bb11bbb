//! Values of the command line.

use eyre::{Context as _, Result, bail, ensure};
use virtengine_types::{
    Address, Amount, Coin, Coins,
    coin::BASE_DENOM,
    proto::{cosmos::base::v1beta1 as wire, virtengine::provider::v1::Attribute},
};

/// Decimals behind the point of a Cosmos decimal.
const DECIMALS: usize = 18;

/// Coins such as `5uve` or `5uve,3atom`, in any order, each denomination once.
pub(super) fn coins(text: &str) -> Result<Coins> {
    refuse_separators(text)?;
    let mut coins = Coins::default();
    for part in text.split(',') {
        let coin = coin(part.trim())?;
        if let Some(earlier) = coins.iter().find(|earlier| earlier.denom == coin.denom) {
            bail!("{text}: a denomination stands once, here {earlier} and {coin}; write their sum");
        }
        coins.add(&coin)?;
    }
    Ok(coins)
}

/// Refuses numbers in groups of three digits, such as `1,000,000uve`, whose first group alone would be read.
fn refuse_separators(text: &str) -> Result<()> {
    let end = text.find(|found: char| !found.is_ascii_digit() && found != ',').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let groups: Vec<&str> = number.split(',').collect();
    let [first, rest @ ..] = groups.as_slice() else { return Ok(()) };
    if rest.is_empty() || !(1..=3).contains(&first.len()) || rest.iter().any(|group| group.len() != 3) {
        return Ok(());
    }
    let unit = if unit.is_empty() { BASE_DENOM } else { unit };
    let joined = format!("{}{unit}", groups.concat());
    coins(&joined)?; // what else is wrong with it comes first
    bail!("{text}: no thousands separators: write {joined}")
}

/// The name of a new key. An address is none, as `--from` and others take an address where they take a name.
pub(super) fn key_name(text: &str) -> Result<String> {
    let is_address = text.parse::<Address>().is_ok() || Address::from_operator(text).is_ok();
    ensure!(!is_address, "it is an address, choose another name");
    Ok(text.to_owned())
}

/// The number of an order, a bid, a lease or a height.
pub(super) fn number(text: &str) -> Result<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    ensure!(digits, "it is a whole number, such as those that `virtengine query market orders` lists");
    text.parse().wrap_err_with(|| format!("the largest is {}", u64::MAX))
}

/// A positive amount with its denomination, such as `5uve`.
fn coin(text: &str) -> Result<Coin> {
    let end = text.find(|found: char| !found.is_ascii_digit() && found != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim_start());
    let negative =
        text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()));
    ensure!(!negative, "{text}: the amount must be positive");
    ensure!(!number.is_empty(), "{text:?} is no amount; write a number and a unit, such as 1000000uve");
    if unit.eq_ignore_ascii_case("VE") {
        match micros(number) {
            Some(amount) => bail!("{text}: unknown unit {unit}; write {amount}uve"),
            None => bail!("{text}: unknown unit {unit}; write it in uve, 1 VE is 1000000uve"),
        }
    }
    ensure!(!number.contains('.'), "{text}: an amount is a whole number; 1 VE is 1000000uve");
    ensure!(!unit.is_empty(), "{text}: the unit is missing; write {text}uve, 1 VE is 1000000uve");
    ensure!(
        unit == BASE_DENOM || !unit.eq_ignore_ascii_case(BASE_DENOM),
        "{text}: unknown unit {unit}; write {number}uve"
    );
    let coin = Coin { denom: unit.parse()?, amount: number.parse()? };
    ensure!(!coin.amount.is_zero(), "{text}: the amount must be positive");
    Ok(coin)
}

/// Millionths of a decimal number, such as 1500000 of `1.5`, if they are whole and fit.
fn micros(number: &str) -> Option<u128> {
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || rest.len() > 6 || rest.contains('.') {
        return None;
    }
    format!("{whole}{rest:0<6}").parse().ok()
}

/// An amount of uve, with or without the denomination.
pub(super) fn payment(text: &str) -> Result<Amount> {
    refuse_separators(text)?;
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let coin = if digits { coin(&format!("{text}{BASE_DENOM}"))? } else { coin(text)? };
    ensure!(
        coin.denom.as_str() == BASE_DENOM,
        "{text}: the chain takes uve here, not {}; 1 VE is 1000000uve",
        coin.denom
    );
    Ok(coin.amount)
}

/// The wire form of an amount of uve.
pub(super) fn uve(amount: Amount) -> Option<wire::Coin> {
    Some(Coin::base(amount).to_wire())
}

/// An attribute such as `region=eu-west`.
pub(super) fn attribute(text: &str) -> Result<Attribute> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => {
            Ok(Attribute { key: key.to_owned(), value: value.to_owned() })
        }
        _ => bail!("{text:?} is not an attribute such as region=eu-west"),
    }
}

/// A rate such as `0.05`, in units of 10^-18.
pub(super) fn rate(text: &str) -> Result<String> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    ensure!(
        !whole.is_empty() && digits(whole) && digits(rest) && rest.len() <= DECIMALS && whole.len() <= 20,
        "{text:?} is not a rate such as 0.05"
    );
    let all = format!("{whole}{rest:0<DECIMALS$}");
    let trimmed = all.trim_start_matches('0');
    Ok(if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_coins_in_any_order() {
        assert_eq!(coins("5uve, 3atom").unwrap().to_string(), "3atom,5uve");
    }

    #[test]
    fn rejects_amounts_with_what_to_write_instead() {
        for (text, said) in [
            ("5", "5: the unit is missing; write 5uve, 1 VE is 1000000uve"),
            ("5VE", "5VE: unknown unit VE; write 5000000uve"),
            ("1.5ve", "1.5ve: unknown unit ve; write 1500000uve"),
            ("0.0000001VE", "0.0000001VE: unknown unit VE; write it in uve, 1 VE is 1000000uve"),
            ("5UVE", "5UVE: unknown unit UVE; write 5uve"),
            ("1.5uve", "1.5uve: an amount is a whole number; 1 VE is 1000000uve"),
            ("0uve", "0uve: the amount must be positive"),
            ("-5uve", "-5uve: the amount must be positive"),
            ("--form", "\"--form\" is no amount; write a number and a unit, such as 1000000uve"),
            ("1uve, 2uve", "1uve, 2uve: a denomination stands once, here 1uve and 2uve; write their sum"),
            ("", "\"\" is no amount; write a number and a unit, such as 1000000uve"),
            ("5uve,0atom", "0atom: the amount must be positive"),
            ("1,000,000uve", "1,000,000uve: no thousands separators: write 1000000uve"),
            ("25,000", "25,000: no thousands separators: write 25000uve"),
            ("1,000VE", "1000VE: unknown unit VE; write 1000000000uve"),
            ("1,000uve,5atom", "1,000uve,5atom: no thousands separators: write 1000uve,5atom"),
            ("5,3uve", "5: the unit is missing; write 5uve, 1 VE is 1000000uve"),
        ] {
            assert_eq!(coins(text).unwrap_err().to_string(), said);
        }
        let error = payment("5atom").unwrap_err().to_string();
        assert_eq!(error, "5atom: the chain takes uve here, not atom; 1 VE is 1000000uve");
        let error = payment("1,000").unwrap_err().to_string();
        assert_eq!(error, "1,000: no thousands separators: write 1000uve");
        assert_eq!(payment("0").unwrap_err().to_string(), "0uve: the amount must be positive");
    }

    #[test]
    fn rejects_numbers_with_what_they_are() {
        assert_eq!(number("72057594037993472").unwrap(), 72_057_594_037_993_472);
        for text in ["zzz", "", "-7", "+7", "7.0"] {
            let error = number(text).unwrap_err().to_string();
            assert!(
                error.contains("whole number") && error.contains("query market orders"),
                "{text}: {error}"
            );
        }
        assert!(number("18446744073709551616").unwrap_err().to_string().contains("18446744073709551615"));
    }

    #[test]
    fn accepts_payments_with_and_without_denomination() {
        assert_eq!(payment("500").unwrap(), Amount(500));
        assert_eq!(payment("500uve").unwrap(), Amount(500));
        for text in ["0", "0uve", "5atom", "1.5", "", "-1"] {
            assert!(payment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn accepts_rates_as_decimals() {
        assert_eq!(rate("0.05").unwrap(), "50000000000000000");
        assert_eq!(rate("1").unwrap(), "1000000000000000000");
        assert_eq!(rate("0").unwrap(), "0");
        for text in ["", ".5", "-1", "1,5", "0.0000000000000000001"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rejects_attributes_without_value() {
        assert_eq!(attribute("a=b=c").unwrap().value, "b=c");
        assert!(attribute("a").is_err() && attribute("a=").is_err() && attribute("=b").is_err());
    }
}
