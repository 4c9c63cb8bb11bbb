//! The sequenced durable journal of finalized blocks and events, with topics and subscriptions.
//!
//! [`History`] keeps every finalized block with its results, finds transactions by hash and by event
//! attribute, and gives the events of our own modules their sequences in the *event log*. [`Hub`] tells
//! live subscribers of it. A subscriber is a position in the log and not a queue: whoever is slow reads the
//! journal instead of memory, so nothing is lost and no subscriber costs more than its cursor.
//!
//! The order that makes this hold, block by block: [`History::append`] returns once the block is on disk,
//! the derived views and the state take it in, then [`Hub::publish`] wakes the subscribers.

mod filter;
mod history;
mod hub;
mod query;

pub use filter::{Entry, Filter, FilterError, MAX_ATTRIBUTES, MAX_PART_BYTES, MAX_TOPICS};
pub use history::{
    BlockMeta, BlockRecord, Config, EventPage, Found, History, HistoryError, Order, Page, TxRecord, tx_hash,
};
pub use hub::{BlockCursor, Delivery, Hub, HubConfig, Multiplex, Published, Subscription, Tip};
pub use query::{Attributes, Condition, Number, Query, QueryError, Test};
