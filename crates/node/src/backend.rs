//! The node as its surfaces see it.

use crate::source::{LateReader, opened};
use bytes::Bytes;
use parking_lot::RwLock;
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use thiserror::Error;
use tokio::sync::watch;
use virtengine_mempool::Mempool;
use virtengine_rpc::{
    Code, Router, Status,
    backend::{Backend, BackendError, List, ListPage, Listed, ProvenRow},
    comet,
};
use virtengine_state::Key;
use virtengine_types::{
    Address,
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
    /// Age from which the last block is stale, in milliseconds.
    pub(crate) stale_ms: u64,
}

/// Age from which a block is stale, in milliseconds, however rarely an idle chain makes one.
const STALE_MS: u64 = 10_000;

/// Age from which the last block of a chain is stale, in milliseconds: several should have followed it.
pub(crate) fn stale_ms(idle_block_interval: Duration) -> u64 {
    let several = idle_block_interval.saturating_mul(5).as_millis();
    u64::try_from(several).unwrap_or(u64::MAX).max(STALE_MS)
}

/// Final blocks that may be on their way here: under load they come every 50 ms, and each waits for the disk.
const ON_THEIR_WAY: u64 = 10;
/// As many, once the last block executed here is no longer fresh.
const ON_THEIR_WAY_LATE: u64 = 2;
/// Age up to which a block is fresh, in milliseconds; idle validators make one a second.
const FRESH_MS: u64 = 2_000;

/// Why a node does not serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum NotReady {
    /// It has executed no block.
    #[error("waiting for the first block")]
    NoBlock,
    /// It lacks blocks that are final.
    #[error("catching up at height {executed}: block {known} is final")]
    Behind {
        /// Height of the last block executed here.
        executed: u64,
        /// Highest height known to be final.
        known: u64,
    },
    /// Its last block is old: it has not heard from the others since it began, or the chain stands still.
    #[error("stale at height {executed}: its last block is {seconds} s old")]
    Stale {
        /// Height of the last block executed here.
        executed: u64,
        /// Age of that block.
        seconds: u64,
    },
    /// Its lists are not there.
    #[error("building the lists at height {executed}")]
    Lists {
        /// Height of the last block executed here.
        executed: u64,
    },
}

/// Whether a node serves: the height that it serves at. `executed` is the height and the age in milliseconds
/// of its last block, `known` the highest height known to be final, `stale_ms` the age of a block that is stale.
fn readiness(
    executed: Option<(u64, u64)>,
    known: u64,
    views_built: bool,
    stale_ms: u64,
) -> Result<u64, NotReady> {
    let (height, age) = executed.unwrap_or_default();
    let lacking = known.saturating_sub(height);
    if lacking > ON_THEIR_WAY || (lacking > ON_THEIR_WAY_LATE && age > FRESH_MS) {
        return Err(NotReady::Behind { executed: height, known });
    }
    match executed {
        None => Err(NotReady::NoBlock),
        Some((_, age)) if age > stale_ms => Err(NotReady::Stale { executed: height, seconds: age / 1_000 }),
        Some(_) if !views_built => Err(NotReady::Lists { executed: height }),
        Some(_) => Ok(height),
    }
}

impl NodeBackend {
    /// Whether the node serves: the height that it serves at.
    ///
    /// # Errors
    /// - `NoBlock`, `Behind`, `Stale`, `Lists` - not yet, and why
    pub(crate) fn ready(&self) -> Result<u64, NotReady> {
        // A clock that is wrong makes the rule stricter or laxer by a few blocks, no more.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let tip = self.tip.borrow();
        let executed = tip.as_ref().map(|header| (header.height.0, now.saturating_sub(header.time.0)));
        drop(tip);
        readiness(executed, *self.known.read(), *self.views_built.borrow(), self.stale_ms)
    }

    /// Whether blocks are final that this node has not executed.
    fn behind(&self) -> bool {
        matches!(self.ready(), Err(NotReady::Behind { .. }))
    }
}

fn failed(error: impl std::fmt::Display) -> BackendError {
    BackendError::Failed(error.to_string())
}

/// What is there in a moment.
const STARTING: &str = "the node is starting: ask again in a moment";

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
        Box::pin(std::future::ready(self.views.list(&list, &page).map_err(BackendError::from)))
    }

    fn broadcast(&self, tx: Bytes) -> Reply<Result<Hash, Rejection>> {
        let mempool = self.mempool.clone();
        Box::pin(async move { mempool.check_tx(tx).await })
    }

    fn broadcast_all(&self, txs: Vec<Bytes>) -> Reply<Vec<Reply<Result<Hash, Rejection>>>> {
        let mempool = self.mempool.clone();
        Box::pin(async move {
            let mut replies = Vec::with_capacity(txs.len());
            for tx in txs {
                let submitted = mempool.submit(tx).await;
                let reply: Reply<_> = Box::pin(async move { submitted?.wait().await });
                replies.push(reply);
            }
            replies
        })
    }

    fn next_sequence(&self, address: &Address) -> Option<u64> {
        self.mempool.next_sequence(address)
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
                None => {
                    let (code, log) = Status::new(Code::Unavailable, STARTING).abci();
                    comet::QueryAnswer { code, codespace: SDK.to_owned(), log, ..Default::default() }
                }
            }
        })
    }

    fn broadcast(&self, tx: Bytes) -> comet::Reply<comet::Broadcast> {
        let mempool = self.mempool.clone();
        Box::pin(async move { answer(&tx, mempool.check_tx(tx.clone()).await.map(|_| ())) })
    }

    fn check(&self, tx: Bytes) -> comet::Reply<comet::Broadcast> {
        let mempool = self.mempool.clone();
        Box::pin(async move { answer(&tx, mempool.examine(tx.clone()).await.map(|_| ())) })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn readiness(executed: Option<(u64, u64)>, known: u64, views_built: bool) -> Result<u64, NotReady> {
        super::readiness(executed, known, views_built, STALE_MS)
    }

    #[test]
    fn a_node_serves_at_the_tip_with_its_lists() {
        assert_eq!(readiness(Some((100, 0)), 100, true), Ok(100));
        assert_eq!(readiness(Some((100, FRESH_MS)), 100 + ON_THEIR_WAY, true), Ok(100));
        assert_eq!(readiness(Some((100, 9_000)), 100 + ON_THEIR_WAY_LATE, true), Ok(100));
    }

    #[test]
    fn rejects_a_node_that_is_behind() {
        let behind = |known| Err(NotReady::Behind { executed: 100, known });
        let (far, late) = (101 + ON_THEIR_WAY, 101 + ON_THEIR_WAY_LATE);
        assert_eq!(readiness(Some((100, 0)), far, true), behind(far));
        assert_eq!(readiness(Some((100, FRESH_MS + 1)), late, true), behind(late));
        assert_eq!(readiness(None, 90, false), Err(NotReady::Behind { executed: 0, known: 90 }));
        let text = NotReady::Behind { executed: 100, known: far }.to_string();
        assert_eq!(text, "catching up at height 100: block 111 is final");
    }

    #[test]
    fn rejects_a_node_whose_last_block_is_old() {
        assert_eq!(stale_ms(Duration::from_secs(1)), 10_000);
        assert_eq!(stale_ms(Duration::from_secs(3)), 15_000);
        assert_eq!(readiness(Some((100, 10_000)), 100, true), Ok(100));
        let stale = readiness(Some((100, 61_500)), 100, true).unwrap_err();
        assert_eq!(stale.to_string(), "stale at height 100: its last block is 61 s old");
    }

    #[test]
    fn rejects_a_node_without_blocks_or_lists() {
        assert_eq!(readiness(None, 0, true), Err(NotReady::NoBlock));
        let lists = readiness(Some((100, 0)), 100, false).unwrap_err();
        assert_eq!(lists.to_string(), "building the lists at height 100");
    }
}
