//! Changing what a provider says of itself.

use super::{PROVIDERS, events, provider};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::msg::UpdateProvider;

/// Replaces what a provider says of itself. What auditors attested of attributes that changed or are gone
/// does not count while they are not claimed with the attested value. Running leases are not touched.
///
/// # Errors
/// - `NotFound` - the signer is not a provider
///
/// Spec: docs/spec/provider.md#update
pub fn update(state: &mut State, ctx: &mut TxContext<'_>, msg: &UpdateProvider) -> Outcome<()> {
    let owner = msg.owner;
    let mut provider = provider(state, owner)?;
    provider.host_uri.clone_from(&msg.host_uri);
    provider.attributes.clone_from(&msg.attributes);
    provider.email.clone_from(&msg.email);
    provider.website.clone_from(&msg.website);
    state.put(&PROVIDERS, &owner, &provider)?;
    ctx.emit(events::updated(owner, &msg.host_uri, &msg.attributes));
    Ok(())
}
