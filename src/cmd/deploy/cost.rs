//! What a lease costs over time, at a measured block time.

/// Microseconds of an hour.
const HOUR_US: u128 = 3_600_000_000;
/// Hours of the month that prices are quoted for: 30 days.
const MONTH_HOURS: u128 = 30 * 24;

/// Cost of a price per block over an hour and over 30 days, rounded to the nearest uve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) hour: u128,
    pub(super) month: u128,
}

/// The cost at a block time in milliseconds; `None` if there is no block time or the cost exceeds 2^128.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a float's cast saturates
pub(super) fn cost(price_per_block: u128, block_time_ms: f64) -> Option<Cost> {
    let block_us = u128::from((block_time_ms * 1_000.0).round() as u64);
    if block_us == 0 {
        return None;
    }
    let of =
        |span_us: u128| Some((price_per_block.checked_mul(span_us)?.checked_add(block_us / 2)?) / block_us);
    Some(Cost { hour: of(HOUR_US)?, month: of(HOUR_US * MONTH_HOURS)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_follows_the_block_time() {
        assert_eq!(cost(100, 1_000.0), Some(Cost { hour: 360_000, month: 259_200_000 }));
        assert_eq!(cost(100, 250.0).unwrap().hour, 1_440_000);
        assert_eq!(cost(1, 7_000.0).unwrap().hour, 514); // 3600 / 7 = 514.3
        assert_eq!(cost(100, 0.0), None);
        assert_eq!(cost(u128::MAX, 1_000.0), None);
    }
}
