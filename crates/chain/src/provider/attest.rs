//! An auditor's statement.

use super::{ATTESTATIONS, ProviderInvalid, events, provider};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    msg::AttestProvider,
    provider::{Attestation, Attribute},
};

/// States that a provider has attributes; replaces what the same auditor stated before. Any account is
/// an auditor; orders name those that they trust.
///
/// # Errors
/// - `NotFound` - there is no such provider
/// - `SelfAttestation` - the auditor is the provider
/// - `NotClaimed` - the provider does not claim an attribute, or with another value
///
/// Spec: docs/spec/provider.md#attest
pub fn attest(state: &mut State, ctx: &mut TxContext<'_>, msg: &AttestProvider) -> Outcome<()> {
    let (owner, auditor) = (msg.provider, msg.auditor);
    let provider = provider(state, owner)?;
    // Nobody vouches for itself.
    if auditor == owner {
        return Err(ProviderInvalid::SelfAttestation { owner }.into());
    }
    for attribute in &msg.attributes {
        claimed(&provider.attributes, attribute)?;
    }
    let attestation =
        Attestation { registered_height: provider.registered_height, attributes: msg.attributes.clone() };
    state.put(&ATTESTATIONS, &(owner, auditor), &attestation)?;
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
