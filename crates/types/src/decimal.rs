//! Decimals: integers in units of 10^-18 on the wire, text with 18 digits after the point in JSON.

/// Digits after the point.
const DIGITS: usize = 18;
/// Units of the number 1: 10^18.
pub const ONE: u128 = 1_000_000_000_000_000_000;

/// The fields that hold decimals: integers in units of 10^-18 on the wire, decimal text in JSON.
const DECIMALS: &[&str] = &[
    "cosmos.base.v1beta1.DecCoin.amount",
    "cosmos.distribution.v1beta1.Params.base_proposer_reward",
    "cosmos.distribution.v1beta1.Params.bonus_proposer_reward",
    "cosmos.distribution.v1beta1.Params.community_tax",
    "cosmos.distribution.v1beta1.ValidatorSlashEvent.fraction",
    "cosmos.slashing.v1beta1.Params.min_signed_per_window",
    "cosmos.slashing.v1beta1.Params.slash_fraction_double_sign",
    "cosmos.slashing.v1beta1.Params.slash_fraction_downtime",
    "cosmos.staking.v1beta1.CommissionRates.max_change_rate",
    "cosmos.staking.v1beta1.CommissionRates.max_rate",
    "cosmos.staking.v1beta1.CommissionRates.rate",
    "cosmos.staking.v1beta1.Delegation.shares",
    "cosmos.staking.v1beta1.MsgEditValidator.commission_rate",
    "cosmos.staking.v1beta1.Params.min_commission_rate",
    "cosmos.staking.v1beta1.RedelegationEntry.shares_dst",
    "cosmos.staking.v1beta1.Validator.delegator_shares",
];

/// Whether the text of a field by its full name, in slashing its bytes, is an integer in units of 10^-18 that JSON
/// shows as a decimal.
#[must_use]
pub fn is_decimal(full_name: &str) -> bool {
    DECIMALS.contains(&full_name)
}

/// `100000000000000000` becomes `0.100000000000000000`. Text that is not an integer stays as it is.
#[must_use]
pub fn to_text(units: &str) -> String {
    let (sign, digits) = units.strip_prefix('-').map_or(("", units), |rest| ("-", rest));
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return units.to_owned();
    }
    let padded = format!("{digits:0>width$}", width = DIGITS.saturating_add(1));
    let (whole, fraction) = padded.split_at(padded.len().saturating_sub(DIGITS));
    format!("{sign}{whole}.{fraction}")
}

/// `0.1` becomes `100000000000000000`; `None` if it is not a decimal of at most 18 digits after the point.
#[must_use]
pub fn from_text(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || fraction.len() > DIGITS {
        return None;
    }
    let all = format!("{whole}{fraction:0<DIGITS$}");
    let units = all.trim_start_matches('0');
    Some(if units.is_empty() { "0".to_owned() } else { format!("{sign}{units}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_go_both_ways() {
        for (units, text) in [
            ("100000000000000000", "0.100000000000000000"),
            ("0", "0.000000000000000000"),
            ("1000000000000000000000", "1000.000000000000000000"),
            ("-1", "-0.000000000000000001"),
        ] {
            assert_eq!(to_text(units), text);
            assert_eq!(from_text(text).as_deref(), Some(units));
        }
        assert_eq!(from_text("0.1").as_deref(), Some("100000000000000000"));
        assert_eq!(from_text("1").as_deref(), Some("1000000000000000000"));
    }

    #[test]
    fn every_decimal_field_exists() {
        for field in DECIMALS {
            let (message, name) = field.rsplit_once('.').unwrap();
            let message = crate::proto::pool().get_message_by_name(message).unwrap();
            assert!(message.get_field_by_name(name).is_some(), "{field}");
        }
    }

    #[test]
    fn rejects_text_that_is_not_a_decimal() {
        for text in ["", ".", ".5", "1e3", "0.1234567890123456789", "--1", "1.-1", "x"] {
            assert_eq!(from_text(text), None, "{text}");
        }
        assert_eq!(to_text(""), "");
        assert_eq!(to_text("abc"), "abc");
    }
}
