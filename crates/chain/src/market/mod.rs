//! Orders, the bids on them, and the leases that come of them.
//!
//! ```text
//! order  create -> open --accept_bid / window closes--> matched --confirm_lease--> active
//!                   ^ |                                    \------ lease ends -----/
//!                   | |-> cancelled (cancel_order)              |              |
//!                   | \-> expired   (nobody was chosen)         v              |
//!                   \------------- reopened <------------------ | -> closed <--/
//!
//! bid    submit -> open -> won | lost | withdrawn | expired
//! lease  active -> closed (tenant, provider, unfunded, unhealthy)
//! ```
//!
//! A lease bears the number of the bid that won, so the block's own work creates no numbers.
//!
//! Invariants
//! 1. An open order's list holds exactly its open bids, best first: by price, then reputation (higher
//!    first), then age. The list of an order that is not open holds the bids that await the return of
//!    their deposits.
//! 2. A bid's deposit is locked while the bid is in a list, or its lease runs.
//! 3. An order is matched or active exactly while its last lease is active.
//! 4. At most one open bid of a provider, and at most `max_bids_per_order` bids, are in a list.
//! 5. Every order that is open has an entry in the time wheel at its `expires_at`.

mod accept_bid;
mod cancel_order;
mod close_lease;
mod close_unfunded;
mod close_window;
mod confirm_lease;
mod create_order;
mod deposit_escrow;
mod errors;
mod events;
mod free_bids;
mod hints;
pub mod invariants;
mod lease;
mod release_bid;
mod state;
mod submit_bid;
#[cfg(test)]
pub(crate) mod tests;
mod withdraw_bid;
mod withdraw_earnings;

pub use accept_bid::accept_bid;
pub use cancel_order::cancel_order;
pub use close_lease::close_lease;
pub use close_unfunded::close_unfunded;
pub use close_window::close_window;
pub use confirm_lease::confirm_lease;
pub use create_order::create_order;
pub use deposit_escrow::deposit_escrow;
pub use errors::MarketInvalid;
pub use free_bids::{FREED_PER_ENTRY, free_bids};
pub(crate) use hints::{created_hints, due_hints, hints, named_hints, window_hints};
pub use release_bid::release_bid;
pub use state::{BIDS, LEASES, MAX_ORDER_BYTES, ORDER_BIDS, ORDERS, bid, lease, order, order_bids};
pub use submit_bid::submit_bid;
pub use withdraw_bid::withdraw_bid;
pub use withdraw_earnings::withdraw_earnings;
