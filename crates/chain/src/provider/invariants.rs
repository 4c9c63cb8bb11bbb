//! What is true of all providers between two blocks.

use super::{ATTESTATIONS, PROVIDERS};
use crate::{
    invariants::{Violation, holds, rows},
    market::LEASES,
};
use std::collections::BTreeMap;
use virtengine_state::MemoryStore;
use virtengine_types::{Address, market::LeaseStatus};

/// Each provider counts exactly the active leases that name it.
///
/// # Errors
/// - `Broken` - a count differs, or an active lease names no provider
pub fn active_leases_match(store: &MemoryStore) -> Result<(), Violation> {
    let mut active: BTreeMap<Address, u32> = BTreeMap::new();
    for (_, lease) in rows(store, &LEASES)? {
        if lease.status == LeaseStatus::Active {
            let count = active.entry(lease.provider).or_default();
            *count = count.saturating_add(1);
        }
    }
    for (owner, provider) in rows(store, &PROVIDERS)? {
        let (counted, found) = (provider.active_leases, active.remove(&owner).unwrap_or_default());
        holds("a provider counts its active leases", counted == found, || {
            format!("{owner} counts {counted}, {found} are active")
        })?;
    }
    holds("an active lease has a provider", active.is_empty(), || format!("{active:?}"))
}

/// An attestation is of another account than its auditor's, of some attributes, sorted and unique, and of no
/// registration that is still to come.
///
/// # Errors
/// - `Broken` - one is not
pub fn attestations_are_sound(store: &MemoryStore) -> Result<(), Violation> {
    let providers: BTreeMap<_, _> = rows(store, &PROVIDERS)?.into_iter().collect();
    for ((owner, auditor), attestation) in rows(store, &ATTESTATIONS)? {
        holds("an auditor attests another account", owner != auditor, || format!("{owner}"))?;
        let list = &attestation.attributes;
        let sorted = list.is_sorted_by(|left, right| left.key < right.key);
        holds("attested attributes are some, sorted and unique", sorted && !list.is_empty(), || {
            format!("{auditor} of {owner}: {list:?}")
        })?;
        let of = attestation.registered_height;
        let since = providers.get(&owner).map_or(of, |provider| provider.registered_height);
        holds("what is attested had registered", of <= since, || {
            format!("{auditor} of {owner}: registered at {of}, now at {since}")
        })?;
    }
    Ok(())
}
