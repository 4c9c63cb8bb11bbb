//! The rows of providers.

use super::ProviderInvalid;
use crate::outcome::{Fatal, Outcome};
use virtengine_state::{Partition, State, StateError, Table};
use virtengine_types::{Address, provider::Provider};

/// Providers by their account.
pub const PROVIDERS: Table<Address, Provider> = Table::new(Partition::Market, 1, "providers");

/// Largest encoded provider in bytes, attestations included. Below the limit of a row, so that a
/// transaction never meets that one.
pub const MAX_PROVIDER_BYTES: usize = 48 * 1024;

/// Reads a provider that must be registered.
///
/// # Errors
/// - `NotFound` - the address is not a registered provider
pub fn provider(state: &mut State, owner: Address) -> Outcome<Provider> {
    Ok(state.get(&PROVIDERS, &owner)?.ok_or(ProviderInvalid::NotFound { owner })?)
}

/// Writes a provider.
///
/// # Errors
/// - `TooLarge` - the row would exceed [`MAX_PROVIDER_BYTES`]
pub(super) fn put_provider(state: &mut State, owner: Address, provider: &Provider) -> Outcome<()> {
    let unencodable = |_| Fatal::State(StateError::Encode { table: PROVIDERS.name() });
    let found = borsh::object_length(provider).map_err(unencodable)?;
    if found > MAX_PROVIDER_BYTES {
        return Err(ProviderInvalid::TooLarge { owner, found, max: MAX_PROVIDER_BYTES }.into());
    }
    Ok(state.put(&PROVIDERS, &owner, provider)?)
}
