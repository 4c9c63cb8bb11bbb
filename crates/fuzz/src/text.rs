//! Short texts: addresses, amounts, denominations, coins, quantities, times.

use crate::{Target, Verdict};
use std::{fmt::Display, str::FromStr};
use virtengine_client::{parse_rfc3339_ms, sdl};
use virtengine_types::{
    Address, Amount, Coin, Coins, Denom, Timestamp,
    address::{ACCOUNT_PREFIX, OPERATOR_PREFIX},
};

/// A parser whose values print as texts that mean the same.
fn printed<T>(seeds: &[&str]) -> Target
where
    T: FromStr + Display + PartialEq + std::fmt::Debug + 'static,
    T::Err: std::fmt::Debug,
{
    Target::of_text(seeds, |text| {
        let parsed = text.parse::<T>();
        if let Ok(value) = &parsed {
            let printed = value.to_string();
            assert_eq!(&printed.parse::<T>().expect("what prints can be read"), value, "{printed}");
        }
        Verdict::of(&parsed)
    })
}

/// Account and operator addresses: printing gives the text that was read, but for its case.
#[must_use]
pub fn addresses() -> Target {
    let address = Address([7; 20]);
    let seeds = [address.account(), address.operator(), address.account().to_uppercase()];
    Target::of_text(&seeds.each_ref().map(String::as_str), |text| {
        let account = text.parse::<Address>();
        let operator = Address::from_operator(text);
        assert!(account.is_err() || operator.is_err(), "{text} is of two kinds");
        for (found, prefix) in [(&account, ACCOUNT_PREFIX), (&operator, OPERATOR_PREFIX)] {
            if let Ok(address) = found {
                let printed = address.to_bech32(prefix);
                assert!(printed.eq_ignore_ascii_case(text), "{printed} was read from {text}");
                assert_eq!(Address::from_bech32(&printed, prefix).as_ref(), Ok(address));
            }
        }
        Verdict::of(&account.or(operator))
    })
}

/// Amounts of 128 bits.
#[must_use]
pub fn amounts() -> Target {
    printed::<Amount>(&["0", "1", "5000000", "340282366920938463463374607431768211455"])
}

/// Denominations.
#[must_use]
pub fn denoms() -> Target {
    printed::<Denom>(&[
        "uve",
        "ibc/27394FB092D2ECCD56123C74F36E4C1F926001CEADA9CA97EA622B25F41E5EB2",
        "a-b:c.d_e",
    ])
}

/// One coin.
#[must_use]
pub fn coins() -> Target {
    printed::<Coin>(&["5uve", "0uve", "340282366920938463463374607431768211455ibc/AB"])
}

/// Lists of coins as transactions write them, here joined by commas.
#[must_use]
pub fn coin_lists() -> Target {
    Target::of_text(&["5uve", "1abc,2uve", "7aaa,8bbb,9ccc"], |text| {
        let wire: Result<Vec<_>, _> =
            text.split(',').map(|part| part.parse::<Coin>().map(|coin| coin.to_wire())).collect();
        let coins = wire.and_then(|wire| Coins::from_wire(&wire));
        if let Ok(coins) = &coins {
            assert_eq!(Coins::from_wire(&coins.to_wire()).as_ref(), Ok(coins));
            assert!(coins.iter().all(|coin| coins.amount_of(&coin.denom) == coin.amount));
        }
        Verdict::of(&coins)
    })
}

/// Quantities of SDL files: processors and bytes.
#[must_use]
pub fn quantities() -> Target {
    Target::of_text(&["100m", "0.5", "2", "512Mi", "1.5Gi", "10GB"], |text| {
        let cpu = sdl::parse_cpu_milli(text);
        let bytes = sdl::parse_bytes(text);
        if let Ok(bytes) = bytes {
            assert_eq!(sdl::parse_bytes(&bytes.to_string()), Ok(bytes));
        }
        if let Ok(cpu) = cpu {
            assert_eq!(sdl::parse_cpu_milli(&format!("{cpu}m")), Ok(cpu));
        }
        if cpu.is_ok() || bytes.is_ok() { Verdict::Accepted } else { Verdict::Refused }
    })
}

/// Times of node answers.
#[must_use]
pub fn times() -> Target {
    Target::of_text(
        &["2026-11-23T21:40:00Z", "1970-01-01T00:00:00.001Z", "2026-11-23T21:40:00.123456789Z"],
        |text| {
            let found = parse_rfc3339_ms(text);
            if let Some(milliseconds) = found {
                assert_eq!(parse_rfc3339_ms(&Timestamp(milliseconds).rfc3339()), found, "{text}");
            }
            Verdict::of(&found.ok_or(()))
        },
    )
}
