//! Load on a network: signed transactions, offered on a schedule that waits for nothing.
//!
//! - [`schedule`] says when transactions arrive, [`keys`] and [`Transfers`] what they are; `Turns` are transfers of
//!   senders that wait for an answer each
//! - [`drive`] offers them in one of three [`Way`]s and times each from its scheduled arrival to finality
//! - [`signature_limit`] is what the machine could do at best
//!
//! One thread does all of it while the load runs but for reading the results of blocks, so that its share of a core is
//! known and the rest of the machine belongs to the network.

mod by_arrival;
mod drive;
mod errors;
pub(crate) mod http;
mod limit;
mod observe;
mod schedule;
mod sequences;
mod signing;
mod submit;
mod timeline;
mod transfers;
mod turns;
mod work;

pub use by_arrival::ByArrival;
pub use drive::{Drive, Outcome, Told, drive};
pub use errors::Errors;
pub use limit::signature_limit;
pub(crate) use observe::block_results;
pub use observe::{Block, TxResult};
pub use schedule::{Arrivals, schedule};
pub(crate) use sequences::Sequences;
pub use signing::{Signer, Terms, keys};
pub use submit::Way;
pub(crate) use transfers::Receivers;
pub use transfers::{Transfers, transfer};
pub(crate) use turns::Turns;
pub use work::{Hash, Signed, Work};
