//! Typed tables over a loaded working set and an overlay of writes.
//!
//! Execution never sees a database. Before a block runs, the keys it is expected to touch are loaded
//! into a [`State`]; operations read and write through [`Table`]s; what they wrote comes out as a
//! [`WriteSet`]. A read of a key that was not loaded is [`StateError::NotLoaded`]: the caller loads the
//! key and runs the transaction again, so a missing hint costs time and never changes a result.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::cast_possible_truncation
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::cast_possible_truncation
    )
)]

mod key;
mod memory;
mod overlay;
mod table;
mod writes;

pub use key::{Key, Partition};
pub use memory::MemoryStore;
pub use overlay::{Place, Savepoint, State, StateError};
pub use table::{MAX_VALUE_BYTES, Record, Table, VERSION};
pub use writes::WriteSet;
