//! Misbehaviour of validators: what proves it, and what follows.
//!
//! ```text
//! two conflicting votes of one key ──> its operator's validator loses a fraction and is tombstoned
//! ```
//!
//! Votes name an epoch and a view. The chain notes when each epoch began, so stake that left a validator in
//! the epoch or later answers for it.
//!
//! Invariants
//! 1. Every epoch that had a block has a row, written by its first block.
//! 2. A validator is slashed once for conflicting votes: after that it is tombstoned.

mod epochs;
mod errors;
mod hints;
mod submit_evidence;
#[cfg(test)]
mod tests;
mod unjail;

pub use epochs::EPOCHS;
pub(crate) use epochs::note_epoch;
pub use errors::SlashingInvalid;
pub(crate) use hints::hints;
pub use submit_evidence::{EVIDENCE_GAS, submit_evidence};
pub use unjail::unjail;
