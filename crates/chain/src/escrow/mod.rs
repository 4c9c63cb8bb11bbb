//! Funds of orders, and their flow to providers block by block.
//!
//! ```text
//! open -> deposit* -> start -> (deposit | withdraw)* -> stop -> refund
//!                       ^                                |
//!                       \------ the order reopens -------/
//! ```
//!
//! An order has one account. While a lease runs, a stream takes its rate from the account every block.
//! Nobody counts blocks as they pass: whoever touches the account settles it first, and the one height
//! that matters, at which the funds do not suffice, is in the time wheel.
//!
//! Invariants
//! 1. An account exists exactly while its order is open, matched or active; a stream flows exactly
//!    while the order's lease is active.
//! 2. What was deposited equals what is left of the deposits, what is earned, and what was paid out.
//! 3. While a stream flows, `exhausted_height = settled_height + floor(balance / rate) + 1`, or the
//!    account was settled after it and is empty. An entry of the time wheel waits at that height.
//! 4. The first deposit is the tenant's, which keeps its place when it is spent.

mod deposit;
mod errors;
mod events;
pub mod invariants;
mod open;
mod refund;
mod settle;
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod withdraw;

pub(crate) use deposit::deposit;
pub use errors::EscrowInvalid;
pub(crate) use open::open;
pub(crate) use refund::refund;
pub(crate) use settle::exhausted_height;
pub use settle::settle;
pub use state::{ESCROW_ACCOUNTS, account, module_address};
pub(crate) use state::{lock, unlock};
pub(crate) use stream::{start, stop};
pub(crate) use withdraw::withdraw;
