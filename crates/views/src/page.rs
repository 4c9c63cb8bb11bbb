//! A page of items, and the cursors between pages.

use crate::ViewError;
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;

/// A page of items.
pub(crate) struct Page<I> {
    pub(crate) items: Vec<I>,
    pub(crate) next: Option<Bytes>,
    pub(crate) total: Option<u64>,
}

pub(crate) fn encode_cursor<I: BorshSerialize>(item: &I) -> Result<Bytes, ViewError> {
    borsh::to_vec(item).map(Bytes::from).map_err(|_| ViewError::Cursor)
}

pub(crate) fn decode_cursor<I: BorshDeserialize>(cursor: &Bytes) -> Result<I, ViewError> {
    I::try_from_slice(cursor).map_err(|_| ViewError::Cursor)
}
