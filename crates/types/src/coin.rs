//! Amounts, denominations and lists of coins.

use crate::proto::cosmos::base::v1beta1 as wire;
use borsh::{
    BorshDeserialize, BorshSerialize,
    io::{self, ErrorKind, Read},
};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// The denomination of fees, stake and market payments; 1 VE is 10^6 uve.
pub const BASE_DENOM: &str = "uve";

/// Most coins that one list may hold.
pub const MAX_COINS: usize = 32;

/// Why a text or a list is not a valid amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CoinError {
    /// A denomination breaks `[a-zA-Z][a-zA-Z0-9/:._-]{2,127}`.
    #[error("invalid denom: {text:?}")]
    Denom {
        /// The text as given.
        text: String,
    },
    /// Not a base-10 integer of at most 38 digits.
    #[error("invalid amount: {text:?} is not an integer between 0 and 2^128 - 1")]
    Amount {
        /// The text as given.
        text: String,
    },
    /// A zero where a payment is meant.
    #[error("amount of {denom} must be positive, got 0")]
    Zero {
        /// The denomination.
        denom: String,
    },
    /// Not in ascending order of denominations, or one occurs twice.
    #[error("coins must be sorted and unique: {first} comes before {second}")]
    Order {
        /// The earlier entry.
        first: String,
        /// The entry after it.
        second: String,
    },
    /// Too many coins.
    #[error("at most {max} coins are allowed, got {found}")]
    TooMany {
        /// Coins found.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// Two amounts do not fit in one.
    #[error("amount overflows: {left} + {right} exceeds 2^128 - 1")]
    Overflow {
        /// Augend.
        left: u128,
        /// Addend.
        right: u128,
    },
    /// No coin where one is needed.
    #[error("coin is missing")]
    Missing,
    /// Another denomination than the one that is accepted here.
    #[error("invalid denom: expected {expected}, got {found}")]
    Other {
        /// Accepted denomination.
        expected: String,
        /// Denomination given.
        found: String,
    },
}

/// An integer number of base units.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Amount(pub u128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum, if it fits.
    ///
    /// # Errors
    /// - `Overflow` - the sum exceeds 2^128 - 1
    pub fn plus(self, other: Self) -> Result<Self, CoinError> {
        let overflow = CoinError::Overflow { left: self.0, right: other.0 };
        self.0.checked_add(other.0).map(Self).ok_or(overflow)
    }

    /// What is left after taking `other`, or `None` if there is not enough.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Amount {
    type Err = CoinError;

    fn from_str(text: &str) -> Result<Self, CoinError> {
        let invalid = || CoinError::Amount { text: text.chars().take(64).collect() };
        if text.is_empty() || text.len() > 39 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid());
        }
        text.parse().map(Self).map_err(|_| invalid())
    }
}

impl Serialize for Amount {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The name of a currency: `[a-zA-Z][a-zA-Z0-9/:._-]{2,127}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, Serialize)]
#[serde(transparent)]
pub struct Denom(SmolStr);

/// Longest denomination in bytes.
const MAX_DENOM_BYTES: usize = 128;

impl Denom {
    /// The denomination of fees, stake and market payments.
    #[must_use]
    pub const fn base() -> Self {
        Self(SmolStr::new_static(BASE_DENOM))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Denom {
    type Err = CoinError;

    fn from_str(text: &str) -> Result<Self, CoinError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/:._-".contains(&byte);
        let valid = (3..=MAX_DENOM_BYTES).contains(&text.len())
            && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
            && text.bytes().all(allowed);
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(CoinError::Denom { text: text.chars().take(64).collect() })
        }
    }
}

impl<'de> Deserialize<'de> for Denom {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl BorshDeserialize for Denom {
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        let length = u32::deserialize_reader(reader)?;
        let mut bytes = [0; MAX_DENOM_BYTES];
        let malformed = || io::Error::new(ErrorKind::InvalidData, "a denomination is malformed");
        let text = bytes.get_mut(..length as usize).ok_or_else(malformed)?;
        reader.read_exact(text)?;
        std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or_else(malformed)
    }
}

impl fmt::Display for Denom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An amount of one currency. Prints as `100uve`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize, Serialize, Deserialize,
)]
pub struct Coin {
    /// The currency.
    pub denom: Denom,
    /// How much of it, in base units.
    pub amount: Amount,
}

impl Coin {
    /// `amount` base units of the base denomination.
    #[must_use]
    pub fn base(amount: Amount) -> Self {
        Self { denom: Denom::base(), amount }
    }

    /// Reads a wire coin of any amount, zero included.
    ///
    /// # Errors
    /// - `Denom`, `Amount` - a field is malformed
    pub fn from_wire(coin: &wire::Coin) -> Result<Self, CoinError> {
        Ok(Self { denom: coin.denom.parse()?, amount: coin.amount.parse()? })
    }

    /// Reads an optional wire coin that must be a positive amount of the base denomination.
    ///
    /// # Errors
    /// - `Missing` - no coin
    /// - `Denom`, `Amount` - a field is malformed
    /// - `Other` - another denomination
    /// - `Zero` - nothing
    pub fn positive_base(coin: Option<&wire::Coin>) -> Result<Amount, CoinError> {
        let coin = Self::from_wire(coin.ok_or(CoinError::Missing)?)?;
        if coin.denom.as_str() != BASE_DENOM {
            return Err(CoinError::Other { expected: BASE_DENOM.to_owned(), found: coin.denom.to_string() });
        }
        if coin.amount.is_zero() {
            return Err(CoinError::Zero { denom: coin.denom.to_string() });
        }
        Ok(coin.amount)
    }

    /// The wire form.
    #[must_use]
    pub fn to_wire(&self) -> wire::Coin {
        wire::Coin { denom: self.denom.to_string(), amount: self.amount.to_string() }
    }
}

impl fmt::Display for Coin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.amount, self.denom)
    }
}

impl FromStr for Coin {
    type Err = CoinError;

    fn from_str(text: &str) -> Result<Self, CoinError> {
        let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (amount, denom) = text.split_at(split);
        Ok(Self { amount: amount.parse()?, denom: denom.trim_start().parse()? })
    }
}

/// Positive amounts of different currencies, sorted by denomination. Prints as `5atom,100uve`.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize)]
pub struct Coins(Vec<(Denom, Amount)>);

impl Coins {
    /// Reads a wire list: sorted, unique, positive, at most [`MAX_COINS`].
    ///
    /// # Errors
    /// - `TooMany`, `Order`, `Zero` - the list breaks the rule of that name
    /// - `Denom`, `Amount` - an entry is malformed
    pub fn from_wire(coins: &[wire::Coin]) -> Result<Self, CoinError> {
        if coins.len() > MAX_COINS {
            return Err(CoinError::TooMany { found: coins.len(), max: MAX_COINS });
        }
        let mut list: Vec<(Denom, Amount)> = Vec::with_capacity(coins.len());
        for coin in coins {
            let Coin { denom, amount } = Coin::from_wire(coin)?;
            if amount.is_zero() {
                return Err(CoinError::Zero { denom: denom.to_string() });
            }
            if let Some((last, _)) = list.last()
                && *last >= denom
            {
                return Err(CoinError::Order { first: last.to_string(), second: denom.to_string() });
            }
            list.push((denom, amount));
        }
        Ok(Self(list))
    }

    /// Where a currency is in the list, or where it belongs.
    fn position(&self, denom: &Denom) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(denom))
    }

    fn set(&mut self, denom: &Denom, amount: Amount) {
        match self.position(denom) {
            Ok(position) if amount.is_zero() => {
                self.0.remove(position);
            }
            Ok(position) => {
                if let Some((_, known)) = self.0.get_mut(position) {
                    *known = amount;
                }
            }
            Err(_) if amount.is_zero() => {}
            Err(position) => self.0.insert(position, (denom.clone(), amount)),
        }
    }

    /// Adds to the amount of a currency.
    ///
    /// # Errors
    /// - `Overflow` - the sum exceeds 2^128 - 1
    pub fn add(&mut self, coin: &Coin) -> Result<(), CoinError> {
        let amount = self.amount_of(&coin.denom).plus(coin.amount)?;
        self.set(&coin.denom, amount);
        Ok(())
    }

    /// Takes from the amount of a currency; `false` and no change if there is not enough.
    #[must_use]
    pub fn take(&mut self, coin: &Coin) -> bool {
        let Some(left) = self.amount_of(&coin.denom).minus(coin.amount) else { return false };
        self.set(&coin.denom, left);
        true
    }

    /// How much of a currency there is; zero if it is not in the list.
    #[must_use]
    pub fn amount_of(&self, denom: &Denom) -> Amount {
        let found = self.position(denom).ok().and_then(|position| self.0.get(position));
        found.map_or(Amount::ZERO, |(_, amount)| *amount)
    }

    /// Currencies and amounts in order of denominations.
    pub fn iter(&self) -> impl Iterator<Item = Coin> + '_ {
        self.0.iter().map(|(denom, amount)| Coin { denom: denom.clone(), amount: *amount })
    }

    /// Whether the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of currencies.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The wire form.
    #[must_use]
    pub fn to_wire(&self) -> Vec<wire::Coin> {
        self.iter().map(|coin| coin.to_wire()).collect()
    }
}

impl BorshDeserialize for Coins {
    /// A list that is not in order has another encoding than its canonical one, and is refused.
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        let list = Vec::<(Denom, Amount)>::deserialize_reader(reader)?;
        if list.is_sorted_by(|(first, _), (second, _)| first < second) {
            Ok(Self(list))
        } else {
            Err(io::Error::new(ErrorKind::InvalidData, "coins are not in order"))
        }
    }
}

impl fmt::Display for Coins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, coin) in self.iter().enumerate() {
            write!(f, "{}{coin}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(list: &[(&str, &str)]) -> Vec<wire::Coin> {
        list.iter()
            .map(|(denom, amount)| wire::Coin { denom: (*denom).into(), amount: (*amount).into() })
            .collect()
    }

    #[test]
    fn accepts_a_sorted_list_and_prints_it() {
        let coins = Coins::from_wire(&wire(&[("atom", "5"), ("uve", "100")])).unwrap();
        assert_eq!(coins.to_string(), "5atom,100uve");
    }

    #[test]
    fn rejects_unsorted_zero_and_malformed_coins() {
        let order = Coins::from_wire(&wire(&[("uve", "1"), ("atom", "1")]));
        assert_eq!(order, Err(CoinError::Order { first: "uve".into(), second: "atom".into() }));
        let twice = Coins::from_wire(&wire(&[("uve", "1"), ("uve", "1")]));
        assert!(matches!(twice, Err(CoinError::Order { .. })));
        assert_eq!(Coins::from_wire(&wire(&[("uve", "0")])), Err(CoinError::Zero { denom: "uve".into() }));
        for amount in ["", "-1", "+1", "1.5", "0x1", "340282366920938463463374607431768211456"] {
            assert!(matches!(Coins::from_wire(&wire(&[("uve", amount)])), Err(CoinError::Amount { .. })));
        }
        for denom in ["", "ab", "1abc", "a b", &"a".repeat(129)] {
            assert!(matches!(Coins::from_wire(&wire(&[(denom, "1")])), Err(CoinError::Denom { .. })));
        }
        let many: Vec<_> = (0..33).map(|n| (format!("d{n:03}"), "1")).collect();
        let many: Vec<_> = many.iter().map(|(denom, amount)| (denom.as_str(), *amount)).collect();
        assert_eq!(Coins::from_wire(&wire(&many)), Err(CoinError::TooMany { found: 33, max: 32 }));
    }

    #[test]
    fn rejects_missing_and_foreign_base_coins() {
        assert_eq!(Coin::positive_base(None), Err(CoinError::Missing));
        let atom = wire(&[("atom", "1")]);
        assert!(matches!(Coin::positive_base(atom.first()), Err(CoinError::Other { .. })));
    }

    #[test]
    fn rejects_sums_that_overflow() {
        assert!(matches!(Amount(u128::MAX).plus(Amount(1)), Err(CoinError::Overflow { .. })));
    }
}
