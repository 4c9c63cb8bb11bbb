//! The handle that the node's parts hold.

use crate::{
    AccountSource, Admission, BlockSpace, Committed, Config, Metrics, Origin, Pool, Refused, Ticket,
    accounts::{AccountCache, Known, verified_for},
    admission::{Job, Patience, Turn, Waiting},
};
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use sha2::{Digest, Sha256};
use std::{
    collections::HashSet,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use virtengine_chain::{ante, bank::ACCOUNTS, params::PARAMS};
use virtengine_crypto::cosmos::{Unverified, VerifiedCache, VerifyError, are_few, verify_txs};
use virtengine_state::{Partition, StateError};
use virtengine_types::{
    Address, Height,
    block::{FinalizedBlock, Hash},
    code::{Rejection, SDK, SdkCode},
    params::Params,
    tx::{DecodedTx, VerifiedTx},
};

/// Transactions waiting for a block. Clones share it.
#[derive(Clone, Debug)]
pub struct Mempool {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) pool: Mutex<Pool>,
    /// Locked only while the pool is, so that it is always at the pool's height.
    pub(crate) accounts: Mutex<AccountCache>,
    chain_id: String,
    params: RwLock<Arc<Params>>,
    verified: VerifiedCache,
    waiting: Arc<Waiting>,
    queue: mpsc::Sender<Job>,
    status: watch::Sender<Status>,
    pub(crate) unsent: Notify,
    pub(crate) metrics: Metrics,
}

/// How much is pending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Pending transactions.
    pub count: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Transactions that were ever taken in.
    pub arrivals: u64,
}

impl Mempool {
    /// A mempool of a chain whose last committed block is at `height`, and the task that admits
    /// transactions to it, which has to run. `source` reads the last committed state.
    #[must_use]
    pub fn new<A: AccountSource>(
        config: Config,
        chain_id: String,
        height: Height,
        params: Params,
        source: A,
    ) -> (Self, Admission<A>) {
        let count = |count| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
        // Clients and peers wait separately, each up to the limit.
        let (queue, jobs) = mpsc::channel(config.max_waiting.saturating_mul(2).max(2));
        let inner = Inner {
            pool: Mutex::new(Pool::new(config.clone(), height)),
            chain_id,
            params: RwLock::new(Arc::new(params)),
            accounts: Mutex::new(AccountCache::new(count(config.accounts_count))),
            verified: VerifiedCache::new(count(config.verified_count), config.verified_bytes),
            waiting: Arc::new(Waiting::new(config.max_waiting)),
            queue,
            status: watch::Sender::default(),
            unsent: Notify::new(),
            metrics: Metrics::default(),
            config,
        };
        let mempool = Self { inner: Arc::new(inner) };
        (mempool.clone(), Admission::new(mempool, source, jobs))
    }

    /// Checks a transaction of a client fully and takes it in. Answers with its hash. Waits for a place in the
    /// queue, in turn with everybody else, up to `max_wait_ms`.
    ///
    /// # Errors
    /// What the client is told: the codes are listed in the spec. The same bytes again give `sdk` 19.
    pub async fn check_tx(&self, raw: Bytes) -> Result<Hash, Rejection> {
        self.checked(raw, Origin::Client).await
    }

    /// Makes the checks of [`Mempool::check_tx`] without taking the transaction in.
    ///
    /// # Errors
    /// As [`Mempool::check_tx`], but for those about room and replacement.
    pub async fn examine(&self, raw: Bytes) -> Result<Hash, Rejection> {
        self.checked(raw, Origin::Question).await
    }

    async fn checked(&self, raw: Bytes, origin: Origin) -> Result<Hash, Rejection> {
        let waiting = &self.inner.waiting;
        let turn = match waiting.try_turn(origin) {
            Ok(turn) => Ok(turn),
            Err(busy) => {
                let longest = Duration::from_millis(self.inner.config.max_wait_ms);
                tokio::time::timeout(longest, waiting.turn(origin)).await.unwrap_or(Err(busy))
            }
        };
        let ticket = turn.and_then(|turn| self.enqueue(raw, origin, turn, Patience::Awaits));
        self.counted(ticket)?.wait().await
    }

    /// Makes the checks that need no state and queues a client's transaction, once there is a place in the queue:
    /// whoever sends many is slowed down, not refused. Transactions are admitted in the order of these calls, so
    /// those of one account need no wait for their tickets in between.
    ///
    /// # Errors
    /// As [`Mempool::check_tx`], for the rules that need no state.
    pub async fn submit(&self, raw: Bytes) -> Result<Ticket, Rejection> {
        self.counted(self.enqueue_in_turn(raw, Origin::Client).await)
    }

    fn counted<T>(&self, outcome: Result<T, Refused>) -> Result<T, Rejection> {
        outcome.map_err(|refused| {
            let rejection = refused.rejection();
            self.inner.metrics.reject(&rejection);
            rejection
        })
    }

    /// Queues a transaction once there is a place.
    pub(crate) async fn enqueue_in_turn(&self, raw: Bytes, origin: Origin) -> Result<Ticket, Refused> {
        let turn = self.inner.waiting.turn(origin).await?;
        self.enqueue(raw, origin, turn, Patience::Goes)
    }

    fn enqueue(&self, raw: Bytes, origin: Origin, turn: Turn, patience: Patience) -> Result<Ticket, Refused> {
        let inner = &self.inner;
        let params = self.params();
        if raw.len() as u64 > params.max_tx_bytes {
            return Err(Refused::TooLarge { found: raw.len(), max: params.max_tx_bytes });
        }
        let hash: Hash = Sha256::digest(&raw).into();
        let height = {
            let pool = inner.pool.lock();
            if pool.knows(&hash) {
                return Err(Refused::Duplicate);
            }
            pool.height().plus(1)
        };
        let place = inner.waiting.enter(hash, turn)?;
        let start = Instant::now();
        // What arrived is a part of a message that may be a thousand times larger: the pool keeps its own copy.
        let tx = DecodedTx::decode(Bytes::copy_from_slice(&raw))?;
        ante::check(&params, height, &tx)?;
        inner.metrics.stage("decode", start);
        let (reply, answer) = oneshot::channel();
        let job = Job { tx: Arc::new(tx), origin, patience, reply, place };
        inner.queue.try_send(job).map_err(|_| Refused::Stopping)?;
        Ok(Ticket { hash, answer })
    }

    /// Transactions for the next block, best fee per gas first and executable in this order. They stay.
    ///
    /// `included` are those of blocks that are not committed yet: they are left out and count as done.
    #[must_use]
    pub fn propose(&self, space: BlockSpace, included: &HashSet<Hash>) -> Vec<VerifiedTx> {
        self.inner.pool.lock().propose(space, included)
    }

    /// Resolves once a transaction is taken in after this call.
    pub fn arrived(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut status = self.inner.status.subscribe();
        let before = status.borrow().arrivals;
        async move {
            // The sender is in the handle; once that is gone nothing arrives.
            if status.wait_for(|status| status.arrivals > before).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Resolves once something is pending.
    pub fn wait_nonempty(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut status = self.inner.status.subscribe();
        async move {
            if status.wait_for(|status| status.count > 0).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Checks signatures of a proposed block's transactions; those that this node checked before for the
    /// same accounts cost nothing. The verdicts are in order and do not depend on what is remembered.
    pub async fn verify(&self, txs: Vec<Unverified>) -> Vec<Result<VerifiedTx, Rejection>> {
        let verdicts = self.check_signatures(txs).await;
        let rejection = |refused: Refused| refused.rejection();
        verdicts.into_iter().map(|verdict| verdict.map_err(rejection)).collect()
    }

    pub(crate) async fn check_signatures(&self, txs: Vec<Unverified>) -> Vec<Result<VerifiedTx, Refused>> {
        let known: Vec<Option<VerifiedTx>> = txs
            .iter()
            .map(|job| {
                let found = self.inner.verified.get(&job.tx.hash);
                found.filter(|verified| verified_for(verified, &job.accounts))
            })
            .collect();
        let jobs = txs.into_iter().zip(&known).filter(|(_, known)| known.is_none());
        let jobs: Vec<Unverified> = jobs.map(|(job, _)| job).collect();
        let metrics = &self.inner.metrics;
        metrics.verified_before.inc_by((known.len() - jobs.len()) as u64);
        let mut checked = self.check_new_signatures(jobs).await.into_iter();
        let mut verdict = |known: Option<VerifiedTx>| match known {
            Some(tx) => Ok(tx),
            None => checked.next().unwrap_or(Err(Refused::Stopping)),
        };
        known.into_iter().map(&mut verdict).collect()
    }

    /// Checks few at once, and many on the threads that compute, off those that wait.
    async fn check_new_signatures(&self, jobs: Vec<Unverified>) -> Vec<Result<VerifiedTx, Refused>> {
        if jobs.is_empty() {
            return Vec::new();
        }
        let metrics = &self.inner.metrics;
        metrics.verify_batch_size.observe(jobs.len() as f64);
        let start = Instant::now();
        let verdicts = if are_few(&jobs) {
            verify_txs(&jobs, &self.inner.chain_id)
        } else {
            let (reply, answer) = oneshot::channel::<Vec<Result<VerifiedTx, VerifyError>>>();
            let chain_id = self.inner.chain_id.clone();
            rayon::spawn(move || {
                // Nobody waits any more if this fails.
                drop(reply.send(verify_txs(&jobs, &chain_id)));
            });
            answer.await.unwrap_or_default()
        };
        metrics.stage("signatures", start);
        for tx in verdicts.iter().flatten() {
            self.inner.verified.insert(tx.clone());
        }
        verdicts.into_iter().map(|verdict| verdict.map_err(Refused::from)).collect()
    }

    /// Drops transactions that execution did not admit to a block, and those that follow them.
    ///
    /// One whose sequence is not the next on a fork stays: it may be the next on the chain, and once a block
    /// is committed the pool knows.
    pub fn refused(&self, txs: &[(Hash, Rejection)]) {
        let on_this_fork =
            |why: &Rejection| why.codespace == SDK && why.code == SdkCode::WrongSequence.number();
        let dropped = txs.iter().filter(|(_, why)| !on_this_fork(why));
        let hashes: Vec<Hash> = dropped.map(|(hash, _)| *hash).collect();
        let removed = self.inner.pool.lock().remove(&hashes);
        self.inner.metrics.stale.inc_by(removed as u64);
        self.changed(0);
    }

    /// Follows a committed block. The accounts that it changed are read from its writes. Harmless if
    /// repeated.
    ///
    /// # Errors
    /// - a row of the block's writes is not what the chain writes; the pool was not changed
    pub fn committed(&self, block: &FinalizedBlock) -> Result<Committed, StateError> {
        let (accounts, params) = changed_rows(block).inspect_err(|_| self.forget_accounts())?;
        if let Some(params) = params {
            *self.inner.params.write() = Arc::new(params);
        }
        let height = block.header.height;
        let txs = block.txs.iter().map(AsRef::as_ref);
        let outcome = {
            let mut pool = self.inner.pool.lock();
            let mut cache = self.inner.accounts.lock();
            if height > pool.height().plus(1) {
                cache.clear();
            }
            let states = accounts.iter().map(|(address, known)| (*address, known.state()));
            let outcome = pool.committed(height, txs, states);
            // What is delivered again after a restart is older than what was read.
            if height == pool.height() {
                accounts.into_iter().for_each(|(address, known)| cache.update(&address, known));
            }
            outcome
        };
        for tx in &block.txs {
            self.inner.verified.remove(&tx.hash);
        }
        self.inner.metrics.stale.inc_by(outcome.stale as u64);
        self.inner.metrics.expired.inc_by(outcome.expired as u64);
        self.changed(0);
        Ok(outcome)
    }

    fn forget_accounts(&self) {
        let _pool = self.inner.pool.lock();
        self.inner.accounts.lock().clear();
    }

    /// A transaction that this node has decoded and verified before.
    #[must_use]
    pub fn decoded(&self, hash: &Hash) -> Option<Arc<DecodedTx>> {
        self.inner.verified.get(hash).map(|verified| verified.tx)
    }

    /// The parameters that transactions are checked against.
    #[must_use]
    pub fn params(&self) -> Arc<Params> {
        Arc::clone(&self.inner.params.read())
    }

    /// How much is pending now.
    #[must_use]
    pub fn status(&self) -> Status {
        *self.inner.status.borrow()
    }

    /// Tells whenever [`Mempool::status`] changes.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Status> {
        self.inner.status.subscribe()
    }

    /// Pending transactions in order of arrival, at most `limit`.
    #[must_use]
    pub fn unconfirmed(&self, limit: usize) -> Vec<Bytes> {
        self.inner.pool.lock().oldest(limit)
    }

    /// The sequence that an account's next new transaction has to have, if any of it is pending.
    #[must_use]
    pub fn next_sequence(&self, address: &Address) -> Option<u64> {
        self.inner.pool.lock().next_sequence(address)
    }

    /// Whether these bytes are pending.
    #[must_use]
    pub fn contains(&self, hash: &Hash) -> bool {
        self.inner.pool.lock().contains(hash)
    }

    /// The metrics, to be registered once.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Tells watchers, gauges and the gossip task of a change that took in `arrivals` transactions.
    pub(crate) fn changed(&self, arrivals: u64) {
        let inner = &self.inner;
        let (count, bytes, unsent) = {
            let pool = inner.pool.lock();
            (pool.len(), pool.bytes(), pool.has_unsent())
        };
        inner.status.send_modify(|status| {
            *status = Status { count, bytes, arrivals: status.arrivals + arrivals };
        });
        inner.metrics.size.set(i64::try_from(count).unwrap_or(i64::MAX));
        inner.metrics.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        if unsent {
            inner.unsent.notify_one();
        }
    }
}

/// The accounts that a block changed, as they are after it, and its parameters if it changed them.
fn changed_rows(block: &FinalizedBlock) -> Result<(Vec<(Address, Known)>, Option<Params>), StateError> {
    let mut accounts = Vec::new();
    let mut params = None;
    for (partition, key, row) in block.writes.iter() {
        let Some(row) = row.as_ref().filter(|_| *partition == Partition::Ledger as u8) else {
            continue;
        };
        if key[0] == ACCOUNTS.tag() {
            let (address, account) = ACCOUNTS.decode(row)?;
            accounts.push((address, Known::new(account)));
        } else if key[0] == PARAMS.tag() {
            params = Some(PARAMS.decode(row)?.1);
        }
    }
    Ok((accounts, params))
}

#[cfg(test)]
mod tests;
