//! Values of the command line.

use eyre::{Result, bail, ensure};
use virtengine_types::{
    Address, Amount, Coin, Coins,
    address::AddressError,
    coin::CoinError,
    proto::{cosmos::base::v1beta1 as wire, virtengine::provider::v1::Attribute},
};

/// Decimals behind the point of a Cosmos decimal.
const DECIMALS: usize = 18;

/// Coins such as `5uve` or `5uve,3atom`, in any order.
pub(super) fn coins(text: &str) -> Result<Coins, CoinError> {
    let mut coins = Coins::default();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        coins.add(&part.parse()?)?;
    }
    Ok(coins)
}

/// An amount of uve, with or without the denomination.
pub(super) fn payment(text: &str) -> Result<Amount> {
    let coin = match text.parse::<Amount>() {
        Ok(amount) => Coin::base(amount),
        Err(_) => text.parse()?,
    };
    ensure!(
        coin.denom.as_str() == virtengine_types::coin::BASE_DENOM,
        "it is {}, the chain takes uve here",
        coin.denom
    );
    ensure!(!coin.amount.is_zero(), "it must be positive, got 0");
    Ok(coin.amount)
}

/// The wire form of an amount of uve.
pub(super) fn uve(amount: Amount) -> Option<wire::Coin> {
    Some(Coin::base(amount).to_wire())
}

/// A validator by its operator address or by its account.
pub(super) fn validator(text: &str) -> Result<Address, AddressError> {
    Address::from_operator(text).or_else(|error| text.parse().map_err(|_| error))
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
        assert!(coins("5").is_err());
        assert!(coins("-5uve").is_err());
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
    fn accepts_both_addresses_of_a_validator() {
        let address = Address([7; 20]);
        assert_eq!(validator(&address.operator()).unwrap(), address);
        assert_eq!(validator(&address.to_string()).unwrap(), address);
        assert!(validator("cosmos1x").is_err());
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
