//! The record that leases leave on their provider.

use super::{PROVIDERS, provider};
use crate::outcome::{Fatal, Outcome};
use virtengine_state::State;
use virtengine_types::{Address, provider::Provider};

/// How a lease counts for its provider's reputation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeaseEnd {
    /// It ended otherwise than by the provider's fault.
    Completed,
    /// The provider gave it up, or did not serve as leased.
    Failed,
}

/// Counts a lease that began. `provider` is the row as read in this step.
pub(crate) fn lease_started(state: &mut State, owner: Address, mut provider: Provider) -> Outcome<()> {
    provider.active_leases = provider.active_leases.saturating_add(1);
    Ok(state.put(&PROVIDERS, &owner, &provider)?)
}

/// Counts a lease that ended.
pub(crate) fn lease_ended(state: &mut State, owner: Address, end: LeaseEnd) -> Outcome<()> {
    let mut provider = provider(state, owner)?;
    provider.active_leases = provider.active_leases.checked_sub(1).ok_or_else(|| Fatal::Bounds {
        what: "active leases",
        detail: format!("provider {owner} has 0 and one of them ends"),
    })?;
    let counter = match end {
        LeaseEnd::Completed => &mut provider.completed_leases,
        LeaseEnd::Failed => &mut provider.failed_leases,
    };
    *counter = counter.saturating_add(1);
    Ok(state.put(&PROVIDERS, &owner, &provider)?)
}
