//! What is true of all providers between two blocks.

use super::PROVIDERS;
use crate::{
    invariants::{Violation, holds, rows},
    market::LEASES,
};
use std::collections::BTreeMap;
use virtengine_state::MemoryStore;
use virtengine_types::{Address, market::LeaseStatus, provider::MAX_ATTESTATIONS};

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

/// Every attested attribute is claimed with the same value; attestations are sorted, unique and bounded.
///
/// # Errors
/// - `Broken` - one is not
pub fn attestations_are_claimed(store: &MemoryStore) -> Result<(), Violation> {
    for (owner, provider) in rows(store, &PROVIDERS)? {
        let list = &provider.attestations;
        let claimed = list
            .iter()
            .flat_map(|attestation| &attestation.attributes)
            .all(|it| provider.attributes.contains(it));
        holds("attested attributes are claimed", claimed, || format!("{owner}: {list:?}"))?;
        let sorted = list.is_sorted_by(|left, right| left.auditor < right.auditor);
        let bounded = list.len() <= MAX_ATTESTATIONS;
        holds("attestations are sorted, unique and bounded", sorted && bounded, || {
            format!("{owner}: {list:?}")
        })?;
    }
    Ok(())
}
