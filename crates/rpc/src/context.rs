//! What a handler answers from.

use crate::{
    Code, Status,
    backend::{Backend, BackendError, CATCHING_UP, List, ListPage, Listed},
    comet::{Genesis, NodeInfo},
    config::Config,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use virtengine_events::{BlockMeta, History, Hub};
use virtengine_state::{Key, Record, Table};
use virtengine_types::{
    params::Params,
    proto::cosmos::base::query::v1beta1::{PageRequest, PageResponse},
};

/// The node as handlers see it. Clones share it.
#[derive(Clone)]
pub struct Context {
    shared: Arc<Shared>,
    /// The turn of a call that reads blocks.
    turn: Option<Turn>,
}

/// A turn to read blocks from disk, over when the last clone is dropped.
pub(crate) type Turn = Arc<OwnedSemaphorePermit>;

struct Shared {
    backend: Arc<dyn Backend>,
    hub: Hub,
    genesis: Genesis,
    node: NodeInfo,
    config: Config,
    reads: Arc<Semaphore>,
    searches: Arc<Semaphore>,
}

impl Context {
    /// A context over a node's parts.
    #[must_use]
    pub fn new(
        backend: Arc<dyn Backend>,
        hub: Hub,
        genesis: Genesis,
        node: NodeInfo,
        config: Config,
    ) -> Self {
        let reads = Arc::new(Semaphore::new(config.max_concurrent_reads));
        let searches = Arc::new(Semaphore::new(config.max_concurrent_searches));
        Self { shared: Arc::new(Shared { backend, hub, genesis, node, config, reads, searches }), turn: None }
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.shared.backend
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.shared.hub
    }

    pub(crate) fn genesis(&self) -> &Genesis {
        &self.shared.genesis
    }

    pub(crate) fn node(&self) -> &NodeInfo {
        &self.shared.node
    }

    pub(crate) fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Refuses transactions while the node lacks final blocks.
    ///
    /// # Errors
    /// - `Unavailable` - it does
    pub(crate) fn takes_transactions(&self) -> Result<(), Status> {
        if self.backend().is_catching_up() {
            return Err(Status::new(Code::Unavailable, CATCHING_UP));
        }
        Ok(())
    }

    /// Height of the latest block; 0 before the first.
    pub(crate) fn height(&self) -> u64 {
        self.shared.hub.tip().height
    }

    /// The latest block; not found before the first.
    pub(crate) fn latest(&self) -> Result<Arc<BlockMeta>, Status> {
        let latest = self.shared.hub.history().latest();
        latest.ok_or_else(|| Status::not_found("the chain has no block yet"))
    }

    /// Waits for a turn to read blocks, which the clone that is returned holds.
    pub(crate) async fn reading(&self) -> Result<Self, Status> {
        self.in_turn(&self.shared.reads).await
    }

    /// Waits for a turn to search blocks, which the clone that is returned holds.
    pub(crate) async fn searching(&self) -> Result<Self, Status> {
        self.in_turn(&self.shared.searches).await
    }

    async fn in_turn(&self, turns: &Arc<Semaphore>) -> Result<Self, Status> {
        let turn = turns.clone().acquire_owned().await.map_err(Status::internal)?;
        Ok(Self { shared: self.shared.clone(), turn: Some(Arc::new(turn)) })
    }

    /// The turn to read blocks that it holds.
    pub(crate) fn turn(self) -> Option<Turn> {
        self.turn
    }

    /// Reads the history beside the async threads, in the turn of the call or in one of its own.
    pub(crate) async fn history<T: Send + 'static>(
        &self,
        read: impl FnOnce(&History) -> Result<T, Status> + Send + 'static,
    ) -> Result<T, Status> {
        let turn = match &self.turn {
            Some(turn) => Some(turn.clone()),
            None => self.reading().await?.turn,
        };
        let history = self.shared.hub.history().clone();
        // The read goes on when its client has gone or waited too long, so it keeps the turn itself.
        let read = tokio::task::spawn_blocking(move || {
            let answer = read(&history);
            drop(turn);
            answer
        });
        read.await.unwrap_or_else(|error| Err(Status::internal(error)))
    }

    /// Refuses a page that takes more bytes than one may, unless it is of one item.
    pub(crate) fn check_page(&self, sizes: impl Iterator<Item = usize>) -> Result<(), Status> {
        let (max, mut found, mut items) = (self.config().max_page_bytes, 0_usize, 0_u64);
        for size in sizes {
            (found, items) = (found.saturating_add(size), items + 1);
        }
        if found <= max || items <= 1 {
            return Ok(());
        }
        Err(Status::invalid(format!(
            "a page has at most {max} bytes, its {items} items have {found}: ask for fewer items"
        )))
    }

    /// Reads one row.
    pub(crate) async fn get<K: Record, V: Record>(
        &self,
        table: &Table<K, V>,
        key: &K,
    ) -> Result<Option<V>, Status> {
        let rows = self.backend().get_many(vec![table.key(key)?]).await?;
        match rows.into_iter().next().flatten() {
            Some(row) => Ok(Some(table.decode(&row)?.1)),
            None => Ok(None),
        }
    }

    /// Reads the rows of places in one table; absent ones are left out.
    pub(crate) async fn rows<K: Record, V: Record>(
        &self,
        table: &Table<K, V>,
        keys: Vec<Key>,
    ) -> Result<Vec<(K, V)>, Status> {
        let rows = self.backend().get_many(keys).await?;
        self.check_page(rows.iter().flatten().map(Bytes::len))?;
        rows.into_iter().flatten().map(|row| Ok(table.decode(&row)?)).collect()
    }

    /// Reads the rows of one page of a list.
    pub(crate) async fn page<K: Record, V: Record>(
        &self,
        table: &Table<K, V>,
        list: List,
        request: Option<PageRequest>,
    ) -> Result<(Vec<(K, V)>, PageResponse), Status> {
        let page = self.list_page(request.unwrap_or_default())?;
        let Listed { keys, next, total } = self.backend().list(list, page).await?;
        let rows = self.rows(table, keys).await?;
        Ok((rows, PageResponse { next_key: next.unwrap_or_default(), total: total.unwrap_or_default() }))
    }

    /// The chain's parameters.
    pub(crate) async fn params(&self) -> Result<Params, Status> {
        Ok(self.get(&virtengine_chain::params::PARAMS, &0).await?.unwrap_or_default())
    }

    /// Rows of a page within the configured bounds; 0 asks for the default.
    pub(crate) fn page_limit(&self, limit: u64) -> usize {
        let config = self.config();
        match usize::try_from(limit).unwrap_or(usize::MAX) {
            0 => config.default_page_limit,
            limit => limit.min(config.max_page_limit),
        }
    }

    fn list_page(&self, request: PageRequest) -> Result<ListPage, Status> {
        let PageRequest { key, offset, limit, count_total, reverse } = request;
        if !key.is_empty() && offset > 0 {
            let key = STANDARD.encode(&key);
            return Err(Status::invalid(format!(
                "paginate: either offset or key is expected, got both: {offset} and {key}"
            )));
        }
        Ok(ListPage {
            // Without any wish, as for clients that know no paging, the length is part of the answer.
            count: count_total || (key.is_empty() && offset == 0 && limit == 0),
            cursor: (!key.is_empty()).then_some(key),
            offset,
            limit: self.page_limit(limit),
            reverse,
        })
    }

    /// A page of a list that is in memory as a whole.
    pub(crate) fn page_of<T>(
        &self,
        all: Vec<T>,
        request: Option<PageRequest>,
    ) -> Result<(Vec<T>, PageResponse), Status> {
        let ListPage { cursor, offset, limit, reverse, .. } = self.list_page(request.unwrap_or_default())?;
        let total = all.len() as u64;
        let start = match cursor {
            Some(cursor) => <[u8; 8]>::try_from(cursor.as_ref()).map(u64::from_be_bytes).map_err(|_| {
                Status::invalid(format!("invalid pagination key: {}", STANDARD.encode(&cursor)))
            })?,
            None => offset,
        };
        let end = start.saturating_add(limit as u64);
        let skip = usize::try_from(start).unwrap_or(usize::MAX);
        let items: Vec<T> = if reverse {
            all.into_iter().rev().skip(skip).take(limit).collect()
        } else {
            all.into_iter().skip(skip).take(limit).collect()
        };
        let next_key = if end < total { Bytes::copy_from_slice(&end.to_be_bytes()) } else { Bytes::new() };
        Ok((items, PageResponse { next_key, total }))
    }
}

impl From<BackendError> for Status {
    fn from(error: BackendError) -> Self {
        let code = match error {
            BackendError::Unavailable(_) => Code::Unavailable,
            BackendError::Cursor(_) => Code::InvalidArgument,
            BackendError::Failed(_) => Code::Internal,
        };
        Self::new(code, error)
    }
}
