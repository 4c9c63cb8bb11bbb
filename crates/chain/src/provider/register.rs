//! Becoming a provider.

use super::{PROVIDERS, ProviderInvalid, events};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{msg::RegisterProvider, provider::Provider};

/// Registers the signer as a provider, with a clean record; what was attested before does not count.
///
/// # Errors
/// - `AlreadyRegistered` - the signer is a provider
///
/// Spec: docs/spec/provider.md#register
pub fn register(state: &mut State, ctx: &mut TxContext<'_>, msg: &RegisterProvider) -> Outcome<()> {
    let owner = msg.owner;
    // An account is one provider.
    if let Some(Provider { registered_height: since, .. }) = state.get(&PROVIDERS, &owner)? {
        return Err(ProviderInvalid::AlreadyRegistered { owner, since }.into());
    }
    let provider = Provider {
        host_uri: msg.host_uri.clone(),
        attributes: msg.attributes.clone(),
        email: msg.email.clone(),
        website: msg.website.clone(),
        active_leases: 0,
        completed_leases: 0,
        failed_leases: 0,
        registered_height: ctx.height(),
    };
    state.put(&PROVIDERS, &owner, &provider)?;
    ctx.emit(events::registered(owner, &msg.host_uri, &msg.attributes));
    Ok(())
}
