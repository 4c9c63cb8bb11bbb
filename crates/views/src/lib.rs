//! Secondary indexes in memory, derived from finalized writes.
//!
//! A [`Views`] is filled at start by a scan of the partitions and then follows each finalized block. It
//! knows where rows are and by what they can be found, not what is in them: an answer is a page of
//! [`Key`]s, whose rows are read from the state. Execution never reads a view.

mod list;
mod listing;
mod tables;

pub use list::{List, ListPage, Listed};
pub use tables::ViewError;

use bytes::Bytes;
use parking_lot::RwLock;
use std::sync::Arc;
use tables::Tables;
use virtengine_state::{Key, Partition};
use virtengine_types::block::StateWrite;

/// The indexes of a node. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Views {
    tables: Arc<RwLock<Tables>>,
}

impl Views {
    /// Takes in one row found by a scan at start.
    ///
    /// # Errors
    /// - `State` - the row does not decode
    pub fn insert(&self, key: &Key, row: &[u8]) -> Result<(), ViewError> {
        self.tables.write().write(key, Some(row))
    }

    /// Follows a finalized block. Applying the same block again changes nothing.
    ///
    /// # Errors
    /// - `State` - a row does not decode
    /// - `Partition` - no such partition
    pub fn apply(&self, writes: &[StateWrite]) -> Result<(), ViewError> {
        let mut tables = self.tables.write();
        for (partition, bytes, row) in writes {
            let partition = Partition::ALL
                .get(usize::from(*partition))
                .copied()
                .ok_or(ViewError::Partition { number: *partition })?;
            tables.write(&Key { partition, bytes: *bytes }, row.as_ref().map(Bytes::as_ref))?;
        }
        Ok(())
    }

    /// One page of a list. Cost: the page, and with several filters what they skip.
    ///
    /// # Errors
    /// - `Cursor` - the cursor is not one of this list
    /// - `State` - a key cannot be formed
    pub fn list(&self, list: &List, page: &ListPage) -> Result<Listed, ViewError> {
        self.tables.read().list(list, page)
    }
}

#[cfg(test)]
mod tests;
