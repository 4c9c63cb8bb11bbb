//! A provider's word that the workload runs.

use super::{LEASES, MarketInvalid, ORDERS, events, lease, order};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    Address, Height,
    market::{Lease, LeaseId, LeaseStatus, OrderStatus},
    msg::ConfirmLease,
};

/// Says that a leased workload runs: the order becomes active. Payment flows with or without it.
///
/// # Errors
/// - `LeaseNotFound` - there is no such lease
/// - `NotProvider` - the signer does not serve it
/// - `LeaseClosed` - it has ended
/// - `AlreadyConfirmed` - this was said before
///
/// Spec: docs/spec/market.md#confirm-lease
pub fn confirm_lease(state: &mut State, ctx: &mut TxContext<'_>, msg: &ConfirmLease) -> Outcome<()> {
    let mut lease = lease(state, msg.lease)?;
    served_by(msg.lease, &lease, msg.provider)?;
    active(msg.lease, &lease)?;
    // Said once.
    if lease.confirmed {
        return Err(MarketInvalid::AlreadyConfirmed { lease: msg.lease, provider: msg.provider }.into());
    }
    lease.confirmed = true;
    state.put(&LEASES, &msg.lease, &lease)?;
    let mut order = order(state, lease.order)?;
    order.status = OrderStatus::Active;
    state.put(&ORDERS, &lease.order, &order)?;
    ctx.events.extend(events::lease_confirmed(msg.lease, &lease));
    Ok(())
}

/// A lease is confirmed and earned by who serves it.
pub(super) fn served_by(id: LeaseId, lease: &Lease, sender: Address) -> Result<(), MarketInvalid> {
    if lease.provider == sender {
        return Ok(());
    }
    Err(MarketInvalid::NotProvider { what: "lease", id: id.0, provider: lease.provider, sender })
}

/// Nothing happens to a lease that has ended.
pub(super) fn active(id: LeaseId, lease: &Lease) -> Result<(), MarketInvalid> {
    match lease.status {
        LeaseStatus::Active => Ok(()),
        LeaseStatus::Closed(reason) => {
            let height = lease.closed_height.unwrap_or(Height(0));
            Err(MarketInvalid::LeaseClosed { lease: id, height, reason })
        }
    }
}
