//! Typed client of a node, and SDL files.
//!
//! - [`Client`] asks a node and gives it transactions
//! - [`sign`] makes and signs transactions, [`Account`] sends many of one account without waiting
//! - [`EventStream`] follows the event log over reconnections
//! - [`json`] prints protobuf messages
//! - [`sdl`] reads what a tenant wants to run

mod account;
mod block;
mod broadcast;
mod client;
mod error;
mod events;
mod gas;
pub mod json;
mod outcome;
mod patience;
mod queries;
pub mod sdl;
pub mod sign;
mod transport;

pub use account::{Account, Submitted};
pub use block::{BlockInfo, Status, parse_rfc3339_ms};
pub use broadcast::Signed;
pub use client::{Client, Config};
pub use error::{ClientError, Refusal};
pub use events::{Delivery, Event, EventPage, EventStream, Subscription};
pub use gas::{Fee, Gas, Simulated, TxOptions};
pub use outcome::{TxEvent, TxOutcome};
pub use patience::until_available;
pub use queries::{BaseAccount, Page, page};
