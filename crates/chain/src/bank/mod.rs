//! Accounts and the coins that they own.
//!
//! An account is made when an address first receives coins. Its number, sequence, key and balances are
//! one row.
//!
//! Invariants
//! 1. The supply of a denomination equals the balances of all accounts plus everything locked in
//!    escrow accounts, bid deposits, validators and unbondings.
//! 2. No balance is zero or negative: a coin that reaches zero leaves the row.
//! 3. A sequence never decreases.

mod errors;
mod events;
mod multi_send;
mod send;
mod state;
#[cfg(test)]
mod tests;

pub use errors::BankInvalid;
pub(crate) use events::{fee_paid, moved, spent_and_received};
pub use multi_send::multi_send;
pub(crate) use send::receivable;
pub use send::send;
pub use state::{ACCOUNTS, SUPPLY, account, credit, debit, supply};
pub(crate) use state::{burn, debited};
