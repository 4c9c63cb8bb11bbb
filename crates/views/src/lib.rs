//! Secondary indexes in memory, derived from finalized writes.
//!
//! A [`Views`] is filled at start by a scan of the partitions and follows each finalized block, also while
//! the scan runs; until the scan is over it answers nothing. It knows where rows are and by what they can be found,
//! not what is in them: an answer is a page of [`Key`]s, whose rows are read from the state. Of validators, which are
//! many and asked for together, it knows more: [`Validators`]. Execution never reads a view.

mod list;
mod listing;
mod page;
mod pairs;
mod ranks;
mod tables;
mod validators;

pub use list::{List, ListPage, Listed};
pub use tables::ViewError;
pub use validators::{ValidatorEntry, ValidatorTotals, Validators};

use bytes::Bytes;
use parking_lot::{MappedRwLockReadGuard, RwLock, RwLockReadGuard};
use rustc_hash::FxHashSet;
use std::{ops::Deref, sync::Arc};
use tables::Tables;
use virtengine_state::{Key, Partition};
use virtengine_types::block::StateWrite;

/// The indexes of a node. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Views {
    inner: Arc<RwLock<Inner>>,
}

#[derive(Debug)]
struct Inner {
    tables: Tables,
    /// Rows that blocks wrote since the scan began, one key each; `None` once the scan is over.
    written: Option<FxHashSet<Key>>,
}

impl Default for Inner {
    fn default() -> Self {
        Self { tables: Tables::default(), written: Some(FxHashSet::default()) }
    }
}

impl Views {
    /// Takes in one row found by the scan at start, unless a block wrote or deleted it since.
    ///
    /// # Errors
    /// - `State` - the row does not decode
    pub fn insert(&self, key: &Key, row: &[u8]) -> Result<(), ViewError> {
        let mut inner = self.inner.write();
        if inner.written.as_ref().is_some_and(|written| written.contains(key)) {
            return Ok(());
        }
        inner.tables.write(key, Some(row))
    }

    /// The scan is over: what it found is put in order, and what blocks wrote meanwhile need not be known any more.
    /// Cost: O(n log n), on all cores.
    pub fn filled(&self) {
        let Inner { tables, written } = &mut *self.inner.write();
        tables.order();
        *written = None;
    }

    /// Follows a finalized block. Applying the same block again changes nothing.
    ///
    /// Until [`Views::filled`] it remembers the key of each row that was written, so that the scan, which
    /// may find an older row, does not undo it: 33 bytes for each of these rows.
    ///
    /// # Errors
    /// - `State` - a row does not decode
    /// - `Partition` - no such partition
    pub fn apply(&self, writes: &[StateWrite]) -> Result<(), ViewError> {
        let Inner { tables, written } = &mut *self.inner.write();
        for (partition, bytes, row) in writes {
            let partition = Partition::ALL
                .get(usize::from(*partition))
                .copied()
                .ok_or(ViewError::Partition { number: *partition })?;
            let key = Key { partition, bytes: *bytes };
            tables.write(&key, row.as_ref().map(Bytes::as_ref))?;
            if let Some(written) = written {
                written.insert(key);
            }
        }
        Ok(())
    }

    /// Rows of the state that the lists hold. Cost: one look at each list.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.inner.read().tables.len()
    }

    /// One page of a list. Cost: the page, and with several filters what they skip.
    ///
    /// # Errors
    /// - `Filling` - before [`Views::filled`]
    /// - `Cursor` - the cursor is not one of this list
    /// - `State` - a key cannot be formed
    pub fn list(&self, list: &List, page: &ListPage) -> Result<Listed, ViewError> {
        self.tables()?.list(list, page)
    }

    /// All validators, as of the last block. Blocks wait while the answer is held.
    ///
    /// # Errors
    /// - `Filling` - before [`Views::filled`]
    pub fn validators(&self) -> Result<impl Deref<Target = Validators>, ViewError> {
        Ok(MappedRwLockReadGuard::map(self.tables()?, |tables| &tables.validators))
    }

    fn tables(&self) -> Result<MappedRwLockReadGuard<'_, Tables>, ViewError> {
        let inner = self.inner.read();
        if inner.written.is_some() {
            return Err(ViewError::Filling);
        }
        Ok(RwLockReadGuard::map(inner, |inner| &inner.tables))
    }
}

#[cfg(test)]
mod tests;
