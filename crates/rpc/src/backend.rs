//! What the surfaces ask of the rest of the node.

use bytes::Bytes;
use std::future::Future;
use std::pin::Pin;
use thiserror::Error;
use virtengine_state::Key;
use virtengine_types::{
    Address,
    block::{Hash, PartitionRoot},
    code::Rejection,
};

pub use virtengine_views::{List, ListPage, Listed};

/// An answer that takes time.
pub type Reply<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The node could not look: says nothing about what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BackendError {
    /// Not yet: the same question is answered in a moment.
    #[error("{0}")]
    Unavailable(String),
    /// The cursor is not one of the list, which is the caller's fault.
    #[error("{0}")]
    Cursor(String),
    /// This node is at fault.
    #[error("{0}")]
    Failed(String),
}

/// Why a node that lacks final blocks takes no transactions: it would check them against an old state.
pub(crate) const CATCHING_UP: &str =
    "the node is catching up: send the transaction again when /ready is 200, or to another node";

impl From<virtengine_views::ViewError> for BackendError {
    fn from(error: virtengine_views::ViewError) -> Self {
        match error {
            virtengine_views::ViewError::Filling => Self::Unavailable(error.to_string()),
            virtengine_views::ViewError::Cursor => Self::Cursor(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// The state, the lists over it and the mempool of a node.
pub trait Backend: Send + Sync + 'static {
    /// The rows of `keys` in the state of the latest applied block, in their order; `None` for absent
    /// ones.
    fn get_many(&self, keys: Vec<Key>) -> Reply<Result<Vec<Option<Bytes>>, BackendError>>;

    /// The row of `key` with its proof; `None` if it is absent.
    fn prove(&self, key: Key) -> Reply<Result<Option<ProvenRow>, BackendError>>;

    /// One page of a list, from the derived indexes.
    fn list(&self, list: List, page: ListPage) -> Reply<Result<Listed, BackendError>>;

    /// Takes a transaction into the mempool after checking it.
    fn broadcast(&self, tx: Bytes) -> Reply<Result<Hash, Rejection>>;

    /// Queues transactions for the mempool in their order, so that those of one account need no wait in between,
    /// each once there is a place. Answers with a reply for each.
    fn broadcast_all(&self, txs: Vec<Bytes>) -> Reply<Vec<Reply<Result<Hash, Rejection>>>>;

    /// The sequence behind the pending transactions of an account; `None` if it has none.
    fn next_sequence(&self, address: &Address) -> Option<u64>;

    /// Whether the node lacks blocks that are final. It takes no transactions then.
    fn is_catching_up(&self) -> bool;
}

/// A row with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenRow {
    /// Height of the block whose header commits to the state that it is proven in.
    pub height: u64,
    /// The stored row.
    pub value: Bytes,
    /// The proof, as the store encodes it.
    pub proof: Bytes,
    /// What the partitions commit to at that height; the proof verifies against their roots.
    pub partitions: [PartitionRoot; 5],
}
