//! Ending a lease by one of its sides.

use super::{MarketInvalid, confirm_lease::active, lease, lease::end_lease, order_bids};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    market::{CloseReason, Lease},
    msg::{AfterClose, CloseLease},
};

/// Ends a lease for its tenant (`Tenant` or `Unhealthy`) or its provider (`Provider`); without a reason
/// for the side's own. This block is the last that is paid. A tenant may let the order open again for
/// new bids, with what is left in escrow.
///
/// # Errors
/// - `LeaseNotFound` - there is no such lease
/// - `NotParty` - the signer is neither side
/// - `LeaseClosed` - it has ended
/// - `NotYourReason` - the reason is the other side's
/// - `ReopenByProvider` - the provider wants the order to open again
/// - `BidsNotFreed` - the order is to open again and deposits of losing bids are not returned yet
///
/// Spec: docs/spec/market.md#close-lease
pub fn close_lease(state: &mut State, ctx: &mut TxContext<'_>, msg: &CloseLease) -> Outcome<()> {
    let lease = lease(state, msg.lease)?;
    let reason = reason_of(&lease, msg)?;
    active(msg.lease, &lease)?;
    if msg.order == AfterClose::Reopen {
        // Who pays decides whether to look for another.
        if msg.sender != lease.tenant {
            let (order, tenant, sender) = (lease.order, lease.tenant, msg.sender);
            return Err(MarketInvalid::ReopenByProvider { order, tenant, sender }.into());
        }
        // Bids that lost stay lost: a new round starts with an empty list.
        let found = order_bids(state, lease.order)?.ranked.len();
        if found > 0 {
            return Err(MarketInvalid::BidsNotFreed { order: lease.order, found }.into());
        }
    }
    end_lease(state, ctx, msg.lease, lease, reason, msg.order)
}

/// The reason that the sender gives, if it is its to give.
fn reason_of(lease: &Lease, msg: &CloseLease) -> Result<CloseReason, MarketInvalid> {
    let (tenant, provider, sender) = (lease.tenant, lease.provider, msg.sender);
    let (side, own) = if sender == tenant {
        ("tenant", CloseReason::Tenant)
    } else if sender == provider {
        ("provider", CloseReason::Provider)
    } else {
        return Err(MarketInvalid::NotParty { lease: msg.lease, tenant, provider, sender });
    };
    match msg.reason {
        None => Ok(own),
        Some(reason) if reason == own => Ok(reason),
        Some(CloseReason::Unhealthy) if sender == tenant => Ok(CloseReason::Unhealthy),
        Some(reason) => Err(MarketInvalid::NotYourReason { lease: msg.lease, side, reason }),
    }
}
