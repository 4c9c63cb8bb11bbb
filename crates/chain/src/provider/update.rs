//! Changing what a provider says of itself.

use super::{events, provider, state::put_provider};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::msg::UpdateProvider;

/// Replaces what a provider says of itself. What auditors attested of attributes that changed or are
/// gone is dropped, and with its last attribute the attestation. Running leases are not touched.
///
/// # Errors
/// - `NotFound` - the signer is not a provider
/// - `TooLarge` - the row would be too large
///
/// Spec: docs/spec/provider.md#update
pub fn update(state: &mut State, ctx: &mut TxContext<'_>, msg: &UpdateProvider) -> Outcome<()> {
    let owner = msg.owner;
    let mut provider = provider(state, owner)?;
    for attestation in &mut provider.attestations {
        attestation.attributes.retain(|attested| msg.attributes.contains(attested));
    }
    provider.attestations.retain(|attestation| !attestation.attributes.is_empty());
    provider.host_uri.clone_from(&msg.host_uri);
    provider.attributes.clone_from(&msg.attributes);
    provider.email.clone_from(&msg.email);
    provider.website.clone_from(&msg.website);
    put_provider(state, owner, &provider)?;
    ctx.emit(events::updated(owner, &msg.host_uri, &msg.attributes));
    Ok(())
}
