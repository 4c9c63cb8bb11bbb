//! Leaving.

use super::{PROVIDERS, ProviderInvalid, events, provider};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::msg::DeregisterProvider;

/// Removes a provider with its record. What was attested of it counts no more, also if it registers again.
/// Its open bids can no longer win; their deposits return as those of any bid.
///
/// # Errors
/// - `NotFound` - the signer is not a provider
/// - `ActiveLeases` - it serves leases
///
/// Spec: docs/spec/provider.md#deregister
pub fn deregister(state: &mut State, ctx: &mut TxContext<'_>, msg: &DeregisterProvider) -> Outcome<()> {
    let owner = msg.owner;
    let active = provider(state, owner)?.active_leases;
    // Whoever serves stays reachable and accountable.
    if active > 0 {
        return Err(ProviderInvalid::ActiveLeases { owner, active }.into());
    }
    state.delete(&PROVIDERS, &owner)?;
    ctx.emit(events::deregistered(owner));
    Ok(())
}
