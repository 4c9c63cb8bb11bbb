//! The rows of providers and of what auditors say of them.

use super::ProviderInvalid;
use crate::outcome::Outcome;
use virtengine_state::{Partition, State, Table};
use virtengine_types::{
    Address,
    provider::{Attestation, Provider},
};

/// Providers by their account.
pub const PROVIDERS: Table<Address, Provider> = Table::new(Partition::Market, 1, "providers");
/// Attestations by (provider, auditor).
pub const ATTESTATIONS: Table<(Address, Address), Attestation> =
    Table::new(Partition::Market, 6, "attestations");

/// Reads a provider that must be registered.
///
/// # Errors
/// - `NotFound` - the address is not a registered provider
pub fn provider(state: &mut State, owner: Address) -> Outcome<Provider> {
    Ok(state.get(&PROVIDERS, &owner)?.ok_or(ProviderInvalid::NotFound { owner })?)
}
