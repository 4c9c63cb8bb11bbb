//! Products divided, without losing what exceeds 128 bits in between.

use crate::Amount;

/// Basis points of the whole.
pub const WHOLE_BPS: u32 = 10_000;

/// `floor(a x b / c)`; `None` if `c` is 0 or the result does not fit.
#[must_use]
pub fn floor(a: u128, b: u128, c: u128) -> Option<u128> {
    divided(a, b, c).map(|(quotient, _)| quotient)
}

/// `a x b / c`, rounded up; `None` if `c` is 0 or the result does not fit.
#[must_use]
pub fn ceil(a: u128, b: u128, c: u128) -> Option<u128> {
    let (quotient, rest) = divided(a, b, c)?;
    quotient.checked_add(u128::from(rest > 0))
}

/// `bps` hundredths of a percent of an amount, rounded down; at most all of it.
#[must_use]
pub fn of_bps(amount: Amount, bps: u32) -> Amount {
    let part = floor(amount.0, u128::from(bps.min(WHOLE_BPS)), u128::from(WHOLE_BPS));
    Amount(part.unwrap_or_default()) // a part of an amount fits
}

/// Quotient and rest of `a x b / c`.
fn divided(a: u128, b: u128, c: u128) -> Option<(u128, u128)> {
    if let Some(product) = a.checked_mul(b) {
        return Some((product.checked_div(c)?, product.checked_rem(c)?));
    }
    let (mut low, mut rest) = a.carrying_mul(b, 0);
    if rest >= c {
        return None;
    }
    // Long division: the lower half of the product moves into the rest bit by bit.
    let mut quotient = 0_u128;
    for _ in 0..u128::BITS {
        let full = rest.leading_zeros() == 0;
        low = low.rotate_left(1);
        rest = (rest << 1) | (low & 1);
        quotient <<= 1;
        if full || rest >= c {
            rest = rest.wrapping_sub(c);
            quotient |= 1;
        }
    }
    Some((quotient, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_is_divided_by_zero_and_nothing_overflows() {
        assert_eq!((floor(1, 1, 0), floor(u128::MAX, 2, 1)), (None, None));
        assert_eq!(floor(u128::MAX, u128::MAX, u128::MAX), Some(u128::MAX));
        assert_eq!(ceil(u128::MAX, u128::MAX, u128::MAX), Some(u128::MAX));
        assert_eq!((floor(7, 3, 2), ceil(7, 3, 2)), (Some(10), Some(11)));
        assert_eq!(
            (of_bps(Amount(99), 200), of_bps(Amount(u128::MAX), 20_000)),
            (Amount(1), Amount(u128::MAX))
        );
    }

    proptest! {
        #[test]
        fn a_quotient_and_its_rest_make_the_product(a: u128, b: u128, c in 1u128..) {
            let (low, high) = a.carrying_mul(b, 0);
            match divided(a, b, c) {
                None => prop_assert!(high >= c),
                Some((quotient, rest)) => {
                    prop_assert!(rest < c);
                    prop_assert_eq!(quotient.carrying_mul(c, rest), (low, high));
                }
            }
        }
    }
}
