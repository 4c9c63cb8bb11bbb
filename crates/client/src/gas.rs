//! What a transaction may use and pays.

use virtengine_types::Coins;

/// Gas limit of a transaction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Gas {
    /// Simulated, times this factor, which covers what other transactions change in between.
    Auto {
        /// At least 1.
        adjustment: f64,
    },
    /// This much.
    Limit(u64),
}

/// Fee of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fee {
    /// The chain's minimum for the gas limit.
    Auto,
    /// This much.
    Amount(Coins),
}

/// How a transaction is made.
#[derive(Clone, Debug, PartialEq)]
pub struct TxOptions {
    /// Its gas limit. Default `Auto` with 1.4.
    pub gas: Gas,
    /// Its fee. Default `Auto`.
    pub fee: Fee,
    /// Free text.
    pub memo: String,
    /// Last height that may include it; 0 for any.
    pub timeout_height: u64,
}

impl Default for TxOptions {
    fn default() -> Self {
        Self { gas: Gas::Auto { adjustment: 1.4 }, fee: Fee::Auto, memo: String::new(), timeout_height: 0 }
    }
}

/// What a simulated transaction used.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// Gas used.
    pub gas_used: u64,
    /// One response a message.
    pub responses: Vec<prost_types::Any>,
}

/// `gas_used` times `adjustment`, rounded up; at least `gas_used`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
pub(crate) fn adjusted(gas_used: u64, adjustment: f64) -> u64 {
    ((gas_used as f64 * adjustment).ceil() as u64).max(gas_used) // a float's cast saturates
}

/// The least fee for a gas limit at a price in base units per 10^6 gas, rounded up.
pub(crate) fn min_fee(gas_limit: u64, per_million_gas: u128) -> u128 {
    u128::from(gas_limit).saturating_mul(per_million_gas).div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gas_is_adjusted_upwards_only() {
        assert_eq!(adjusted(100_001, 1.4), 140_002);
        assert_eq!(adjusted(100, 0.5), 100);
        assert_eq!(adjusted(100, f64::NAN), 100);
    }

    #[test]
    fn a_fee_is_rounded_up() {
        assert_eq!(min_fee(100_001, 25_000), 2_501);
        assert_eq!(min_fee(0, 25_000), 0);
        assert_eq!(min_fee(1, 1), 1);
    }
}
