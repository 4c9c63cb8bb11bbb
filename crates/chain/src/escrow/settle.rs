//! Paying a stream up to a height.

use crate::outcome::{Fatal, Outcome};
use virtengine_types::{Amount, Height, escrow::EscrowAccount};

/// Moves what a stream has earned up to and including `height` from the deposits to its earnings:
/// `rate x (height - settled_height)`, at most the balance. Deposits are spent first to last. Returns
/// what was moved, in uve; nothing without a stream or for a height that is settled.
///
/// Cost: the number of depositors.
///
/// # Errors
/// - `Fatal::Bounds` - the earnings do not fit an amount, which the supply rules out
///
/// Spec: docs/spec/escrow.md#settlement
pub fn settle(account: &mut EscrowAccount, height: Height) -> Outcome<Amount> {
    let balance = account.balance();
    let Some(stream) = &mut account.stream else { return Ok(Amount::ZERO) };
    let blocks = u128::from(height.since(account.settled_height));
    // A product that does not fit exceeds every balance.
    let due = Amount(stream.rate.0.saturating_mul(blocks)).min(balance);
    stream.earned = stream
        .earned
        .plus(due)
        .map_err(|error| Fatal::Bounds { what: "stream earnings", detail: error.to_string() })?;
    account.settled_height = account.settled_height.max(height);
    let mut unpaid = due;
    for (_, left) in &mut account.deposits {
        let part = unpaid.min(*left);
        *left = Amount(left.0.saturating_sub(part.0));
        unpaid = Amount(unpaid.0.saturating_sub(part.0));
    }
    // The tenant's place, the first, stays.
    let mut place = 0usize;
    account.deposits.retain(|(_, left)| {
        place = place.saturating_add(1);
        place == 1 || !left.is_zero()
    });
    Ok(due)
}

/// First height that `balance` cannot pay for at `rate` a block, if it is settled at `settled`.
pub(crate) fn exhausted_height(settled: Height, balance: Amount, rate: Amount) -> Height {
    let blocks = balance.0.checked_div(rate.0).unwrap_or(u128::MAX);
    settled.plus(u64::try_from(blocks).unwrap_or(u64::MAX)).plus(1)
}
