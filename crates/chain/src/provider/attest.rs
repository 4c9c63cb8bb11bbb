//! An auditor's statement.

use super::{ProviderInvalid, events, provider, state::put_provider};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    msg::AttestProvider,
    provider::{Attestation, Attribute, MAX_ATTESTATIONS},
};

/// States that a provider has attributes; replaces what the same auditor stated before. Any account is
/// an auditor; orders name those that they trust.
///
/// # Errors
/// - `NotFound` - there is no such provider
/// - `SelfAttestation` - the auditor is the provider
/// - `NotClaimed` - the provider does not claim an attribute, or with another value
/// - `TooManyAttestations` - as many other auditors as fit have attested it
/// - `TooLarge` - the row would be too large
///
/// Spec: docs/spec/provider.md#attest
pub fn attest(state: &mut State, ctx: &mut TxContext<'_>, msg: &AttestProvider) -> Outcome<()> {
    let (owner, auditor) = (msg.provider, msg.auditor);
    let mut provider = provider(state, owner)?;
    // Nobody vouches for itself.
    if auditor == owner {
        return Err(ProviderInvalid::SelfAttestation { owner }.into());
    }
    for attribute in &msg.attributes {
        claimed(&provider.attributes, attribute)?;
    }
    let attestation = Attestation { auditor, attributes: msg.attributes.clone() };
    let found = provider.attestations.len();
    match provider.attestations.binary_search_by_key(&auditor, |attestation| attestation.auditor) {
        Ok(position) => {
            if let Some(previous) = provider.attestations.get_mut(position) {
                *previous = attestation;
            }
        }
        // The row is bounded.
        Err(_) if found >= MAX_ATTESTATIONS => {
            return Err(ProviderInvalid::TooManyAttestations { owner, found, max: MAX_ATTESTATIONS }.into());
        }
        Err(position) => provider.attestations.insert(position, attestation),
    }
    put_provider(state, owner, &provider)?;
    ctx.emit(events::attested(owner, auditor, msg.attributes.len()));
    Ok(())
}

/// An auditor confirms claims; it does not make them.
fn claimed(claims: &[Attribute], attested: &Attribute) -> Result<(), ProviderInvalid> {
    let claim = claims.iter().find(|claim| claim.key == attested.key);
    if claim.is_some_and(|claim| claim.value == attested.value) {
        return Ok(());
    }
    Err(ProviderInvalid::NotClaimed {
        key: attested.key.clone(),
        attested: attested.value.clone(),
        claimed: claim.map(|claim| claim.value.clone()),
    })
}
