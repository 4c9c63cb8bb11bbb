//! A provider's pay.

use super::{
    confirm_lease::{active, served_by},
    lease,
};
use crate::{TxContext, escrow, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{Amount, msg::WithdrawEarnings};

/// Pays the provider what an active lease has earned up to and including this block, less the take fee.
/// Returns what it received, in uve. A lease that ends pays out by itself.
///
/// # Errors
/// - `LeaseNotFound` - there is no such lease
/// - `NotProvider` - the signer does not serve it
/// - `LeaseClosed` - it has ended and has been paid
/// - `escrow` 7 - nothing was earned since the last withdrawal
///
/// Spec: docs/spec/market.md#withdraw-earnings
pub fn withdraw_earnings(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    msg: &WithdrawEarnings,
) -> Outcome<Amount> {
    let lease = lease(state, msg.lease)?;
    served_by(msg.lease, &lease, msg.provider)?;
    active(msg.lease, &lease)?;
    escrow::withdraw(state, ctx, lease.order)
}
