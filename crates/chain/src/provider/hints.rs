//! Keys that messages of providers will likely touch, and bids on what they can be.

use super::{ATTESTATIONS, PROVIDERS};
use virtengine_state::Key;
use virtengine_types::{Address, market::OrderSpec, msg::Msg};

/// Adds the rows of the provider and of the attestation that a message names.
pub(crate) fn hints(msg: &Msg, keys: &mut Vec<Key>) {
    match msg {
        Msg::RegisterProvider(msg) => keys.extend(PROVIDERS.key(&msg.owner)),
        Msg::UpdateProvider(msg) => keys.extend(PROVIDERS.key(&msg.owner)),
        Msg::DeregisterProvider(msg) => keys.extend(PROVIDERS.key(&msg.owner)),
        Msg::AttestProvider(msg) => {
            keys.extend(PROVIDERS.key(&msg.provider));
            keys.extend(ATTESTATIONS.key(&(msg.provider, msg.auditor)));
        }
        Msg::RevokeAttestation(msg) => keys.extend(ATTESTATIONS.key(&(msg.provider, msg.auditor))),
        _ => {}
    }
}

/// Adds the rows that tell whether a provider is what an order wants.
pub(crate) fn fit_hints(owner: Address, spec: &OrderSpec, keys: &mut Vec<Key>) {
    keys.extend(PROVIDERS.key(&owner));
    let auditors = spec.signed_by_all.iter().chain(&spec.signed_by_any);
    keys.extend(auditors.flat_map(|auditor| ATTESTATIONS.key(&(owner, *auditor))));
}
