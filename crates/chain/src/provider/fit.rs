//! Whether a provider is what an order wants.

use super::{ATTESTATIONS, ProviderInvalid};
use crate::outcome::Outcome;
use virtengine_state::State;
use virtengine_types::{
    Address,
    market::OrderSpec,
    provider::{Attribute, Provider},
};

/// Attribute that names a provider's region.
const REGION: &str = "region";
/// Identity tier of every provider: nothing raises it.
const TIER: u32 = 0;

/// Checks that a provider is in the order's region, has its attributes and its identity tier, and has the
/// attributes attested by the auditors that the order names. In a demanded key `*` stands for any text.
/// Without demanded attributes an auditor's valid attestation of anything suffices; the region counts as a
/// demanded attribute.
///
/// Cost: the number of auditors that the order names.
///
/// # Errors
/// - `Region` - another region, or none
/// - `Attribute` - an attribute is missing or has another value
/// - `IdentityTier` - a tier above 0 is demanded
/// - `NotSignedByAll` - an auditor of `signed_by_all` has not attested the demanded attributes
/// - `NotSignedByAny` - no auditor of `signed_by_any` has
pub fn fit(state: &mut State, owner: Address, provider: &Provider, spec: &OrderSpec) -> Outcome<()> {
    claims(owner, provider, spec)?;
    // Auditors vouch for what is demanded, not for something else.
    for &auditor in &spec.signed_by_all {
        if !attested(state, owner, provider, auditor, spec)? {
            return Err(ProviderInvalid::NotSignedByAll { owner, auditor }.into());
        }
    }
    for &auditor in &spec.signed_by_any {
        if attested(state, owner, provider, auditor, spec)? {
            return Ok(());
        }
    }
    match spec.signed_by_any.len() {
        0 => Ok(()),
        wanted => Err(ProviderInvalid::NotSignedByAny { owner, wanted }.into()),
    }
}

/// What the provider's own row tells.
fn claims(owner: Address, provider: &Provider, spec: &OrderSpec) -> Result<(), ProviderInvalid> {
    let has = |key: &str| provider.attributes.iter().find(|has| has.key == key).map(|has| &has.value);
    // The workload stays where the tenant wants it.
    if !spec.region.is_empty() && has(REGION) != Some(&spec.region) {
        let (wanted, found) = (spec.region.clone(), has(REGION).cloned());
        return Err(ProviderInvalid::Region { owner, wanted, found });
    }
    // Every demanded attribute is claimed with that value.
    for Attribute { key, value } in &spec.attributes {
        if !states(&provider.attributes, key, value) {
            let (wanted, found) = (value.clone(), has(key).cloned());
            return Err(ProviderInvalid::Attribute { owner, key: key.clone(), wanted, found });
        }
    }
    let wanted = spec.minimum_identity_tier;
    if wanted > TIER {
        return Err(ProviderInvalid::IdentityTier { owner, wanted, found: TIER });
    }
    Ok(())
}

/// Whether `auditor` attested everything that `spec` demands, and that still counts.
fn attested(
    state: &mut State,
    owner: Address,
    provider: &Provider,
    auditor: Address,
    spec: &OrderSpec,
) -> Outcome<bool> {
    let Some(attestation) = state.get(&ATTESTATIONS, &(owner, auditor))? else { return Ok(false) };
    let valid = attestation.valid(provider);
    let stated = |key: &str, value: &str| states(valid.iter().copied(), key, value);
    Ok(!valid.is_empty()
        && spec.attributes.iter().all(|wish| stated(&wish.key, &wish.value))
        && (spec.region.is_empty() || stated(REGION, &spec.region)))
}

/// Whether `list` has `value` under a key that matches `wish`, in which the first `*` stands for any text.
fn states<'a>(list: impl IntoIterator<Item = &'a Attribute>, wish: &str, value: &str) -> bool {
    let matches = |key: &str| match wish.split_once('*') {
        Some((start, end)) => key.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
        None => key == wish,
    };
    list.into_iter().any(|attribute| attribute.value == value && matches(&attribute.key))
}
