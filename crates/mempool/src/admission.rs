//! From submitted to pending: one task that takes batches through the checks that need the state.

use crate::{
    AccountSource, Config, Inserted, LookupError, Mempool, Origin, Refused, SignerState, accounts::Accounts,
    mempool::Inner,
};
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use virtengine_chain::ante::AnteInvalid;
use virtengine_crypto::cosmos::Unverified;
use virtengine_types::{
    Address, Height,
    block::Hash,
    code::Rejection,
    tx::{DecodedTx, VerifiedTx},
};

/// A submitted transaction's claim to an answer.
#[derive(Debug)]
pub struct Ticket {
    pub(crate) hash: Hash,
    pub(crate) answer: oneshot::Receiver<Result<(), Refused>>,
}

impl Ticket {
    /// SHA-256 of the transaction.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Waits until the transaction is taken in. Dropping the ticket does not take it back.
    ///
    /// # Errors
    /// Why it is refused, as a client is told.
    pub async fn wait(self) -> Result<Hash, Rejection> {
        let hash = self.hash;
        self.outcome().await.map(|()| hash).map_err(|refused| refused.rejection())
    }

    pub(crate) async fn outcome(self) -> Result<(), Refused> {
        self.answer.await.unwrap_or(Err(Refused::Stopping))
    }
}

/// Transactions on their way to the pool, so that the same bytes are checked once and the queue is
/// bounded. Clients and peers have places of their own, which are given in the order of asking.
#[derive(Debug)]
pub(crate) struct Waiting {
    hashes: Mutex<FxHashSet<Hash>>,
    clients: Arc<Semaphore>,
    peers: Arc<Semaphore>,
    max: usize,
}

/// The right to have one transaction checked.
pub(crate) type Turn = OwnedSemaphorePermit;

impl Waiting {
    /// `max` places for clients and as many for peers.
    pub(crate) fn new(max: usize) -> Self {
        let places = || Arc::new(Semaphore::new(max));
        Self { hashes: Mutex::default(), clients: places(), peers: places(), max }
    }

    const fn places(&self, origin: Origin) -> &Arc<Semaphore> {
        match origin {
            Origin::Client | Origin::Question => &self.clients,
            Origin::Peer => &self.peers,
        }
    }

    /// Waits for a place, behind those who asked before.
    pub(crate) async fn turn(&self, origin: Origin) -> Result<Turn, Refused> {
        let place = Arc::clone(self.places(origin)).acquire_owned().await;
        place.map_err(|_| Refused::Stopping)
    }

    /// A place, if one is free.
    pub(crate) fn try_turn(&self, origin: Origin) -> Result<Turn, Refused> {
        let place = Arc::clone(self.places(origin)).try_acquire_owned();
        place.map_err(|_| Refused::Busy { max: self.max })
    }

    /// Takes the place for a transaction.
    pub(crate) fn enter(self: &Arc<Self>, hash: Hash, turn: Turn) -> Result<Place, Refused> {
        if !self.hashes.lock().insert(hash) {
            return Err(Refused::Duplicate);
        }
        Ok(Place { waiting: Arc::clone(self), hash, _turn: turn })
    }
}

/// One place among those who wait; free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    waiting: Arc<Waiting>,
    hash: Hash,
    _turn: Turn,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.hashes.lock().remove(&self.hash);
    }
}

/// Whether whoever submits awaits the answer before the next transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It does, so that a wait for a larger batch would only slow it down.
    Awaits,
    /// It goes on meanwhile.
    Goes,
}

/// A transaction that waits for its check.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) tx: Arc<DecodedTx>,
    pub(crate) origin: Origin,
    pub(crate) patience: Patience,
    pub(crate) reply: oneshot::Sender<Result<(), Refused>>,
    pub(crate) place: Place,
}

/// The task that admits transactions, in the order in which they were submitted.
///
/// While a batch is checked the next one collects, for a least time, so batches grow with the load. What comes alone,
/// or from somebody who awaits the answer, does not wait for that.
#[derive(Debug)]
pub struct Admission<A> {
    mempool: Mempool,
    source: A,
    jobs: mpsc::Receiver<Job>,
}

impl<A: AccountSource> Admission<A> {
    pub(crate) const fn new(mempool: Mempool, source: A, jobs: mpsc::Receiver<Job>) -> Self {
        Self { mempool, source, jobs }
    }

    /// Runs until it is dropped. Whoever waits then is told that the node is stopping. `pause` resolves after a time.
    pub async fn run(mut self, pause: impl AsyncFn(Duration)) {
        let Config { max_batch: max, batch_interval_ms, .. } = self.mempool.inner.config;
        let interval = Duration::from_millis(batch_interval_ms);
        let mut batch = Vec::new();
        let mut last: Option<Instant> = None;
        while self.jobs.recv_many(&mut batch, max).await > 0 {
            let early = last.and_then(|last| interval.checked_sub(last.elapsed()));
            let patient = batch.iter().all(|job| job.patience == Patience::Goes);
            if let Some(early) = early.filter(|_| patient && batch.len() < max) {
                pause(early).await;
                while batch.len() < max
                    && let Ok(job) = self.jobs.try_recv()
                {
                    batch.push(job);
                }
            }
            last = Some(Instant::now());
            self.admit(std::mem::take(&mut batch)).await;
        }
    }

    async fn admit(&self, batch: Vec<Job>) {
        let txs: Vec<Arc<DecodedTx>> = batch.iter().map(|job| Arc::clone(&job.tx)).collect();
        let origins: Vec<Origin> = batch.iter().map(|job| job.origin).collect();
        let outcomes = match self.check(&txs, &origins).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                tracing::warn!(%error, count = txs.len(), "cannot read the accounts of signers");
                txs.iter().map(|_| Err(Refused::Lookup { cause: error.0.clone() })).collect()
            }
        };
        let metrics = &self.mempool.inner.metrics;
        let mut arrivals = 0;
        for (outcome, origin) in outcomes.iter().zip(&origins) {
            match outcome {
                Ok(_) if *origin == Origin::Question => {}
                Ok(inserted) => {
                    arrivals += 1;
                    metrics.accepted.inc();
                    metrics.evicted.inc_by(inserted.evicted as u64);
                    metrics.replaced.inc_by(u64::from(inserted.replaced));
                }
                Err(refused) => metrics.reject(&refused.rejection()),
            }
        }
        if arrivals > 0 {
            self.mempool.changed(arrivals);
        }
        for (job, outcome) in batch.into_iter().zip(outcomes) {
            drop(job.place);
            // A client that does not wait any more does not want an answer.
            drop(job.reply.send(outcome.map(|_| ())));
        }
    }

    /// Takes a batch in: one read of accounts, one check of signatures, then each in its order.
    async fn check(
        &self,
        txs: &[Arc<DecodedTx>],
        origins: &[Origin],
    ) -> Result<Vec<Result<Inserted, Refused>>, LookupError> {
        let Inner { pool, metrics, .. } = &*self.mempool.inner;
        let (mut height, mut accounts, prechecked) = loop {
            let start = Instant::now();
            let (height, accounts) = self.accounts(txs).await?;
            metrics.stage("accounts", start);
            let start = Instant::now();
            if let Some(prechecked) = self.precheck(txs, origins, height, &accounts) {
                metrics.stage("precheck", start);
                break (height, accounts, prechecked);
            }
        };
        let verified = self.verify(prechecked).await;
        let start = Instant::now();
        loop {
            {
                let mut pool = pool.lock();
                if pool.height() == height {
                    let states = txs.iter().map(|tx| accounts.states(tx));
                    let jobs = verified.into_iter().zip(states).zip(origins);
                    let inserted = jobs
                        .map(|((tx, states), origin)| match origin {
                            Origin::Question => tx.map(|_| Inserted::default()),
                            _ => pool.insert(tx?, &states, *origin),
                        })
                        .collect();
                    metrics.stage("insert", start);
                    return Ok(inserted);
                }
            }
            // A block was committed meanwhile: what was read may be outdated.
            (height, accounts) = self.accounts(txs).await?;
        }
    }

    /// The accounts of all signers, as they are after a height.
    async fn accounts(&self, txs: &[Arc<DecodedTx>]) -> Result<(Height, Accounts), LookupError> {
        let Inner { pool, accounts: cache, .. } = &*self.mempool.inner;
        let (height, (mut accounts, missing)) = {
            let pool = pool.lock();
            (pool.height(), Accounts::remembered(&mut cache.lock(), txs.iter().map(AsRef::as_ref)))
        };
        let read = Accounts::read(&self.source, missing).await?;
        accounts.extend(&read);
        let pool = pool.lock();
        if pool.height() == height {
            cache.lock().insert(read);
        }
        Ok((height, accounts))
    }

    /// Refuses what cannot get in before its signatures are checked; `None` if a block was committed since
    /// the accounts were read.
    fn precheck(
        &self,
        txs: &[Arc<DecodedTx>],
        origins: &[Origin],
        height: Height,
        accounts: &Accounts,
    ) -> Option<Prechecked> {
        let mut verdicts = Vec::with_capacity(txs.len());
        let mut jobs = Vec::with_capacity(txs.len());
        let pool = self.mempool.inner.pool.lock();
        if pool.height() != height {
            return None;
        }
        // Transactions of one account may follow each other within the batch.
        let mut ahead: FxHashMap<Address, u64> = FxHashMap::default();
        for (tx, origin) in txs.iter().zip(origins) {
            let states: Vec<Option<SignerState>> = accounts.states(tx);
            let before = tx.signers.iter().filter_map(|signer| ahead.get(&signer.address));
            let before = before.max().copied().unwrap_or(0);
            let verdict = pool.precheck(tx, &states, before, *origin).and_then(|()| {
                let accounts = accounts.keys(tx);
                let accounts = accounts.map_err(|address| AnteInvalid::NoAccount { address })?;
                jobs.push(Unverified { tx: Arc::clone(tx), accounts });
                for signer in &tx.signers {
                    *ahead.entry(signer.address).or_default() += 1;
                }
                Ok(())
            });
            verdicts.push(verdict);
        }
        Some(Prechecked { verdicts, jobs })
    }

    async fn verify(&self, Prechecked { verdicts, jobs }: Prechecked) -> Vec<Result<VerifiedTx, Refused>> {
        let mut checked = self.mempool.check_signatures(jobs).await.into_iter();
        let mut verdict = |passed: Result<(), Refused>| {
            passed.and_then(|()| checked.next().unwrap_or(Err(Refused::Stopping)))
        };
        verdicts.into_iter().map(&mut verdict).collect()
    }
}

/// A batch before its signatures are checked.
struct Prechecked {
    verdicts: Vec<Result<(), Refused>>,
    /// Those that passed.
    jobs: Vec<Unverified>,
}
