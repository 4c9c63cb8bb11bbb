//! Who sells compute, what providers say of themselves, and which auditors confirm it.
//!
//! ```text
//! register -> (update | attested | attestation revoked)* -> deregister
//! ```
//!
//! A provider is one row under its account's address; its attestations are in the row. The market
//! counts a provider's leases here, because they hold its deregistration back and make its reputation.
//!
//! Invariants
//! 1. `active_leases` is the number of active leases that name the provider.
//! 2. Every attested attribute is one that the provider claims now, with the same value.
//! 3. Attestations are sorted by auditor, one for each, at most [`MAX_ATTESTATIONS`].
//!
//! [`MAX_ATTESTATIONS`]: virtengine_types::provider::MAX_ATTESTATIONS

mod attest;
mod deregister;
mod errors;
mod events;
mod fit;
mod hints;
pub mod invariants;
mod leases;
mod register;
mod revoke;
mod state;
#[cfg(test)]
mod tests;
mod update;

pub use attest::attest;
pub use deregister::deregister;
pub use errors::ProviderInvalid;
pub use fit::fit;
pub(crate) use hints::hints;
pub(crate) use leases::{LeaseEnd, lease_ended, lease_started};
pub use register::register;
pub use revoke::revoke;
pub use state::{MAX_PROVIDER_BYTES, PROVIDERS, provider};
pub use update::update;
