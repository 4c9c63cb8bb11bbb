//! Who sells compute, what providers say of themselves, and which auditors confirm it.
//!
//! ```text
//! register -> (update | attested | attestation revoked)* -> deregister
//! ```
//!
//! A provider is one row under its account's address; each auditor's attestation of it is a row of its own,
//! which the auditor pays for, so nobody can take another's place. The market counts a provider's leases
//! here, because they hold its deregistration back and make its reputation.
//!
//! Invariants
//! 1. `active_leases` is the number of active leases that name the provider.
//! 2. An attestation is of another account than its auditor's, of some attributes, sorted and unique, and of
//!    no registration that is still to come. Which of it counts is decided when it is looked at.

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
pub(crate) use hints::{fit_hints, hints};
pub(crate) use leases::{LeaseEnd, lease_ended, lease_started};
pub use register::register;
pub use revoke::revoke;
pub use state::{ATTESTATIONS, PROVIDERS, provider};
pub use update::update;
