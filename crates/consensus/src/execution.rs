//! Running the chain's executor over a block's state.

use crate::{StageTimes, recent::Outcome};
use bytes::Bytes;
use commonware_storage::qmdb;
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};
use thiserror::Error;
use virtengine_chain::{BlockContext, BlockExecutor, Executed, Fatal, Mode, Step, bank};
use virtengine_crypto::cosmos::{SignerAccount, Unverified};
use virtengine_state::{Key, StateError};
use virtengine_store::{BlockBatch, LoadError, Sealed, StoreContext};
use virtengine_types::{
    block::StateWrite,
    code::Rejection,
    tx::{DecodedTx, VerifiedTx},
};

/// Why a block has no outcome.
#[derive(Debug, Error)]
pub(crate) enum Undecided {
    /// Whoever executes the block finds it invalid.
    #[error("the block is invalid: {0}")]
    Invalid(Rejection),
    /// The block's fork lost while it was executed.
    #[error("the block's fork was abandoned")]
    Abandoned,
    /// This node cannot decide and must stop.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// This node's database failed.
    #[error(transparent)]
    Load(LoadError),
}

impl From<LoadError> for Undecided {
    fn from(error: LoadError) -> Self {
        match error.source {
            qmdb::Error::StaleRead => Self::Abandoned,
            _ => Self::Load(error),
        }
    }
}

impl From<StateError> for Undecided {
    fn from(error: StateError) -> Self {
        Self::Fatal(Fatal::State(error))
    }
}

/// Times the parts of one block's decision one after the other. No decision depends on it.
pub(crate) struct Watch(Instant);

impl Watch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start or the last lap.
    pub(crate) fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.0, now))
    }
}

/// An executed block and the state after it.
pub(crate) struct Decided<E: StoreContext> {
    pub(crate) executed: Box<Executed>,
    pub(crate) sealed: Sealed<E>,
    pub(crate) times: StageTimes,
}

/// The state of a block, and everything read of it so far.
pub(crate) struct WorkingSet<E: StoreContext> {
    batch: BlockBatch<E>,
    loaded: HashMap<Key, Option<Bytes>>,
    times: StageTimes,
}

impl<E: StoreContext> WorkingSet<E> {
    pub(crate) fn new(batch: BlockBatch<E>) -> Self {
        Self { batch, loaded: HashMap::new(), times: StageTimes::default() }
    }

    /// Notes how long it took to know the block's transactions and their signatures.
    pub(crate) fn verified_in(mut self, decode: Duration, signatures: Duration) -> Self {
        self.times = StageTimes { decode, signatures, ..self.times };
        self
    }

    async fn load(mut self, keys: &[Key]) -> Result<Self, LoadError> {
        let (batch, rows) = self.batch.load(keys).await?;
        self.batch = batch;
        self.loaded.extend(rows);
        Ok(self)
    }

    /// Reads the accounts of all signers, so that signatures can be checked.
    ///
    /// A signer without an account makes its transaction, and so the block, invalid.
    pub(crate) async fn with_accounts(
        self,
        txs: Vec<Arc<DecodedTx>>,
    ) -> Result<(Self, Vec<Unverified>), Undecided> {
        let mut keys = Vec::new();
        for signer in txs.iter().flat_map(|tx| &tx.signers) {
            keys.push(bank::ACCOUNTS.key(&signer.address)?);
        }
        let set = self.load(&keys).await?;
        let mut unverified = Vec::with_capacity(txs.len());
        for tx in txs {
            let mut accounts = Vec::with_capacity(tx.signers.len());
            for signer in &tx.signers {
                let key = bank::ACCOUNTS.key(&signer.address)?;
                let Some(Some(row)) = set.loaded.get(&key) else {
                    let cause = format!("signer {} has no account in the parent's state", signer.address);
                    return Err(Undecided::Invalid(Rejection::sdk(
                        virtengine_types::code::SdkCode::UnknownAddress,
                        cause,
                    )));
                };
                let (_, account) = bank::ACCOUNTS.decode(row)?;
                accounts
                    .push(SignerAccount { account_number: account.number, public_key: account.public_key });
            }
            unverified.push(Unverified { tx, accounts });
        }
        Ok((set, unverified))
    }

    /// Executes the block and seals the state after it.
    pub(crate) async fn execute(
        self,
        context: BlockContext,
        txs: Vec<VerifiedTx>,
        mode: Mode,
    ) -> Result<Decided<E>, Undecided> {
        let mut watch = Watch::start();
        let mut executor = BlockExecutor::new(context, txs, mode);
        let hints = executor.hints();
        let mut execute = watch.lap();
        let mut set = self.load(&hints).await?;
        executor.load(set.loaded.drain());
        let mut load = watch.lap();
        let executed = loop {
            let step = executor.run()?;
            execute += watch.lap();
            match step {
                Step::Done(executed) => break executed,
                Step::Invalid(rejection) => return Err(Undecided::Invalid(rejection)),
                Step::Load(keys) => {
                    set = set.load(&keys).await?;
                    executor.load(set.loaded.drain());
                    load += watch.lap();
                }
            }
        };
        let sealed = set.batch.seal(&executed.writes).await?;
        let times = StageTimes { load, execute, merkleize: watch.lap(), ..set.times };
        Ok(Decided { executed, sealed, times })
    }
}

/// What is remembered of an executed block.
pub(crate) fn remember(executed: Executed, txs: Vec<Arc<DecodedTx>>, times: StageTimes) -> Outcome {
    let writes = executed.writes.iter();
    let writes: Vec<StateWrite> =
        writes.map(|(key, value)| (key.partition as u8, key.bytes, value.clone())).collect();
    Outcome { txs, outcome: Arc::new(executed.outcome), writes: Arc::new(writes), times }
}
