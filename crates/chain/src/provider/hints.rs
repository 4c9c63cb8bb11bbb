//! Keys that messages of providers will likely touch.

use super::PROVIDERS;
use virtengine_state::Key;
use virtengine_types::msg::Msg;

/// Adds the row of the provider that a message names.
pub(crate) fn hints(msg: &Msg, keys: &mut Vec<Key>) {
    let owner = match msg {
        Msg::RegisterProvider(msg) => msg.owner,
        Msg::UpdateProvider(msg) => msg.owner,
        Msg::DeregisterProvider(msg) => msg.owner,
        Msg::AttestProvider(msg) => msg.provider,
        Msg::RevokeAttestation(msg) => msg.provider,
        _ => return,
    };
    keys.extend(PROVIDERS.key(&owner));
}
