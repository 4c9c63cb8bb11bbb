//! The node as its surfaces see it.

use crate::source::{LateReader, opened};
use bytes::Bytes;
use parking_lot::RwLock;
use std::{future::Future, pin::Pin, sync::Arc, sync::OnceLock};
use tokio::sync::watch;
use virtengine_mempool::Mempool;
use virtengine_rpc::{
    Router,
    backend::{Backend, BackendError, List, ListPage, Listed, ProvenRow},
    comet,
};
use virtengine_state::Key;
use virtengine_types::{
    Height,
    block::{BlockHeader, Hash, PartitionRoot},
    code::{Rejection, SDK, SdkCode},
    tx::DecodedTx,
};
use virtengine_views::Views;

type Reply<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What the surfaces read and write. Clones share it.
#[derive(Clone)]
pub(crate) struct NodeBackend {
    pub(crate) reader: LateReader,
    pub(crate) views: Views,
    /// Whether the views hold the whole state.
    pub(crate) views_built: watch::Receiver<bool>,
    pub(crate) mempool: Mempool,
    pub(crate) tip: watch::Receiver<Option<BlockHeader>>,
    /// Highest height known to be final, whether or not it is executed here.
    pub(crate) known: Arc<RwLock<u64>>,
    /// Set once, right after the router is made from this.
    pub(crate) router: Arc<OnceLock<Router>>,
    pub(crate) peers: Arc<Vec<comet::Peer>>,
}

impl NodeBackend {
    /// Whether blocks are final that this node has not executed.
    pub(crate) fn behind(&self) -> bool {
        let executed = self.tip.borrow().as_ref().map_or(0, |header| header.height.0);
        // One block on its way is no lag.
        *self.known.read() > executed.saturating_add(2)
    }
}

fn failed(error: impl std::fmt::Display) -> BackendError {
    BackendError(error.to_string())
}

impl Backend for NodeBackend {
    fn get_many(&self, keys: Vec<Key>) -> Reply<Result<Vec<Option<Bytes>>, BackendError>> {
        let reader = self.reader.clone();
        Box::pin(async move {
            let reader = opened(&reader).await.ok_or_else(|| failed("the node is stopping"))?;
            reader.get_many(&keys).await.map_err(failed)
        })
    }

    fn prove(&self, key: Key) -> Reply<Result<Option<ProvenRow>, BackendError>> {
        let (reader, mut tip) = (self.reader.clone(), self.tip.clone());
        Box::pin(async move {
            let reader = opened(&reader).await.ok_or_else(|| failed("the node is stopping"))?;
            // A block may be applied between the reads: take the proof again until it fits the header.
            for _ in 0..8 {
                let Some(proven) = reader.prove(&key).await.map_err(failed)? else { return Ok(None) };
                let header = tip.borrow_and_update().clone();
                let fitting = header.filter(|header| roots(&header.partitions) == proven.roots);
                if let Some(header) = fitting {
                    return Ok(Some(ProvenRow {
                        height: header.height.0,
                        value: proven.value,
                        proof: proven.proof,
                        partitions: header.partitions,
                    }));
                }
                let next = tip.changed();
                if tokio::time::timeout(std::time::Duration::from_secs(2), next).await.is_err() {
                    continue;
                }
            }
            Err(failed("the state moved on during every attempt at a proof: ask again"))
        })
    }

    fn list(&self, list: List, page: ListPage) -> Reply<Result<Listed, BackendError>> {
        let listed = if *self.views_built.borrow() {
            self.views.list(&list, &page).map_err(failed)
        } else {
            Err(failed("the node is starting: lists are being built, ask again in a moment"))
        };
        Box::pin(std::future::ready(listed))
    }

    fn broadcast(&self, tx: Bytes) -> Reply<Result<Hash, Rejection>> {
        let mempool = self.mempool.clone();
        Box::pin(async move { mempool.check_tx(tx).await })
    }

    fn is_catching_up(&self) -> bool {
        self.behind()
    }
}

fn roots(partitions: &[PartitionRoot; 5]) -> [Hash; 5] {
    partitions.map(|partition| partition.root)
}

impl comet::Application for NodeBackend {
    fn query(&self, request: comet::QueryRequest) -> comet::Reply<comet::QueryAnswer> {
        let router = self.router.get().cloned();
        Box::pin(async move {
            match router {
                Some(router) => router.abci_query(request).await,
                None => comet::QueryAnswer {
                    code: SdkCode::UnknownRequest.number(),
                    codespace: SDK.to_owned(),
                    log: "the node is starting: ask again in a moment".to_owned(),
                    ..Default::default()
                },
            }
        })
    }

    fn broadcast(&self, tx: Bytes) -> comet::Reply<comet::Broadcast> {
        let mempool = self.mempool.clone();
        Box::pin(async move { answer(&tx, mempool.check_tx(tx.clone()).await.map(|_| ())) })
    }

    fn check(&self, tx: Bytes) -> comet::Reply<comet::Broadcast> {
        let mempool = self.mempool.clone();
        let height = self.tip.borrow().as_ref().map_or(Height(0), |header| header.height).plus(1);
        Box::pin(async move {
            let decoded = DecodedTx::decode(tx.clone());
            let checked = decoded.map_err(|error| error.rejection()).and_then(|decoded| {
                virtengine_chain::ante::check(&mempool.params(), height, &decoded)
                    .map_err(|error| error.rejection())
            });
            answer(&tx, checked)
        })
    }

    fn pending(&self, limit: usize) -> comet::Pending {
        let status = self.mempool.status();
        let txs = if limit == 0 { Vec::new() } else { self.mempool.unconfirmed(limit) };
        comet::Pending { count: status.count, bytes: status.bytes as u64, txs }
    }

    fn peers(&self) -> Vec<comet::Peer> {
        self.peers.to_vec()
    }

    fn is_catching_up(&self) -> bool {
        self.behind()
    }
}

/// The outcome of the checks in CometBFT's words: three refusals are errors there, others are answers.
fn answer(tx: &Bytes, checked: Result<(), Rejection>) -> comet::Broadcast {
    let gas_wanted = || DecodedTx::decode(tx.clone()).map_or(0, |tx| tx.fee.gas_limit.0);
    match checked {
        Ok(()) => Ok(comet::Checked { gas_wanted: gas_wanted(), ..Default::default() }),
        Err(Rejection { codespace: SDK, code, log }) => {
            let is = |known: SdkCode| known.number() == code;
            if is(SdkCode::TxInMempoolCache) {
                Err(comet::Refused("tx already exists in cache".to_owned()))
            } else {
                Ok(refused(SDK, code, log, gas_wanted()))
            }
        }
        Err(Rejection { codespace, code, log }) => Ok(refused(codespace, code, log, gas_wanted())),
    }
}

fn refused(codespace: &str, code: u32, log: String, gas_wanted: u64) -> comet::Checked {
    comet::Checked { code, codespace: codespace.to_owned(), log, gas_wanted, ..Default::default() }
}
