//! Whether a provider is what an order wants.

use super::ProviderInvalid;
use virtengine_types::{
    Address,
    market::OrderSpec,
    provider::{Attribute, Provider},
};

/// Attribute that names a provider's region.
const REGION: &str = "region";
/// Identity tier of every provider: nothing raises it.
const TIER: u32 = 0;

/// Checks that a provider is in the order's region, has its attributes, has them attested by the
/// auditors that it names, and has its identity tier. In a demanded key `*` stands for any text. Without demanded attributes an auditor's
/// attestation of anything suffices; the region counts as a demanded attribute.
///
/// # Errors
/// - `Region` - another region, or none
/// - `Attribute` - an attribute is missing or has another value
/// - `NotSignedByAll` - an auditor of `signed_by_all` has not attested the demanded attributes
/// - `NotSignedByAny` - no auditor of `signed_by_any` has
/// - `IdentityTier` - a tier above 0 is demanded
pub fn fit(owner: Address, provider: &Provider, spec: &OrderSpec) -> Result<(), ProviderInvalid> {
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
    // Auditors vouch for what is demanded, not for something else.
    if let Some(&auditor) = spec.signed_by_all.iter().find(|&&auditor| !attested(provider, auditor, spec)) {
        return Err(ProviderInvalid::NotSignedByAll { owner, auditor });
    }
    let any = &spec.signed_by_any;
    if !any.is_empty() && !any.iter().any(|&auditor| attested(provider, auditor, spec)) {
        return Err(ProviderInvalid::NotSignedByAny { owner, wanted: any.len() });
    }
    let wanted = spec.minimum_identity_tier;
    if wanted > TIER {
        return Err(ProviderInvalid::IdentityTier { owner, wanted, found: TIER });
    }
    Ok(())
}

/// Whether `auditor` attested everything that `spec` demands.
fn attested(provider: &Provider, auditor: Address, spec: &OrderSpec) -> bool {
    let Some(attestation) = provider.attestations.iter().find(|attestation| attestation.auditor == auditor)
    else {
        return false;
    };
    let attested = &attestation.attributes;
    spec.attributes.iter().all(|wish| states(attested, &wish.key, &wish.value))
        && (spec.region.is_empty() || states(attested, REGION, &spec.region))
}

/// Whether `list` has `value` under a key that matches `wish`, in which the first `*` stands for any text.
fn states(list: &[Attribute], wish: &str, value: &str) -> bool {
    let matches = |key: &str| match wish.split_once('*') {
        Some((start, end)) => key.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
        None => key == wish,
    };
    list.iter().any(|attribute| attribute.value == value && matches(&attribute.key))
}
