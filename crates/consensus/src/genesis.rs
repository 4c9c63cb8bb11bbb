//! The block before the first, and its state.

use crate::{
    Committee, Context, Digest, Identity,
    application::chain_digest,
    block::{Block, Header, txs_root},
    committee::CommitteeError,
};
use commonware_codec::{Copying, DecodeExt as _};
use commonware_consensus::types::{Epoch, Height, Round, View};
use commonware_cryptography::Digest as _;
use commonware_storage::metadata::{self, Metadata};
use commonware_utils::sequence::U64;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use std::{fmt, sync::Arc};
use thiserror::Error;
use tracing::info;
use virtengine_chain::genesis::Seat;
use virtengine_state::WriteSet;
use virtengine_store::{GenesisWriter, StoreContext, destroy};
use virtengine_types::block::{BlockOutcome, PartitionRoot, state_root};

/// What helps when a node's data is damaged.
pub const RESTORE: &str = "restore the home's data folder from a backup, or remove it to fetch the chain from peers \
    again; keep keys, and remove a validator's data only once the others have gone on without the votes in it";

/// Batches written between two lines of the log.
const REPORT: usize = 16;

/// What a chain starts from.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// Name of the chain.
    pub chain_id: String,
    /// Milliseconds since 1970.
    pub time_ms: u64,
    /// Tells it from any other: SHA-256 of its file.
    pub hash: Digest,
    /// The first state.
    pub rows: Rows,
    /// The committee of the first epoch.
    pub committee: Committee,
}

/// Why the rows of a genesis cannot be given.
pub type RowsError = Box<dyn std::error::Error + Send + Sync>;
/// Batches of rows in the order in which the databases take them.
pub type Batches = BoxStream<'static, Result<WriteSet, RowsError>>;

/// Gives the batches of the first state, from the first one whenever it is asked: they are not kept in memory.
#[derive(Clone)]
pub struct Rows(Arc<dyn Fn() -> Batches + Send + Sync>);

impl Rows {
    /// Batches that `give` gives.
    pub fn new(give: impl Fn() -> Batches + Send + Sync + 'static) -> Self {
        Self(Arc::new(give))
    }

    /// Batches that are in memory, as those of a small chain.
    #[must_use]
    pub fn in_memory(batches: Vec<WriteSet>) -> Self {
        Self::new(move || stream::iter(batches.clone().into_iter().map(Ok)).boxed())
    }

    /// The batches, from the first one.
    #[must_use]
    pub fn give(&self) -> Batches {
        (self.0)()
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Rows")
    }
}

/// Why a node cannot start from a genesis.
#[derive(Debug, Error)]
pub enum GenesisError {
    /// The data directory belongs to another chain, or to another genesis of a chain of this name.
    #[error(
        "the data directory was made for genesis {found}, the genesis file has {expected}: copy the chain's genesis file \
         there again, or use another home"
    )]
    OtherChain {
        /// Hash of the genesis that the data was made for.
        found: Digest,
        /// Hash of the given one.
        expected: Digest,
    },
    /// The rows of the first state cannot be given.
    #[error("the rows of the genesis cannot be read: {0}")]
    Rows(RowsError),
    /// A validator's node key is no key.
    #[error("the consensus_key of validator {moniker} is not an ed25519 public key: {cause}")]
    Identity {
        /// Name of the validator.
        moniker: String,
        /// What is wrong with the key.
        cause: String,
    },
    /// The validators are no committee.
    #[error(transparent)]
    Committee(#[from] CommitteeError),
    /// The first state cannot be written.
    #[error("{0}: {RESTORE}")]
    Store(#[from] virtengine_store::GenesisError),
    /// The record of the genesis is gone although the databases hold the state of a block.
    #[error("the record of the genesis block is gone although the node has run: {RESTORE}")]
    Lost,
    /// The record of the genesis cannot be read or written.
    #[error("the record of the genesis block failed: {0}: {RESTORE}")]
    Record(#[from] metadata::Error),
}

/// What the databases are to hold when a node starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// The state of the genesis, or of a block after it if the node has run before.
    Genesis,
    /// What peers send, of which a part may be there.
    Sync,
    /// The state of a block: the node has run, or has synced.
    Kept,
}

/// Record: the header, the hash of its genesis, and whether the databases were filled with its state.
type Record = (Header, Digest, bool);

const KEY: U64 = U64::new(0);

impl Genesis {
    fn header(&self, partitions: [PartitionRoot; 5]) -> Header {
        let identities = self.committee.identities();
        let Some(leader) = identities.get(0).cloned() else { unreachable!("a committee has a member") };
        Header {
            chain: chain_digest(&self.chain_id),
            context: Context {
                round: Round::new(Epoch::zero(), View::zero()),
                leader,
                parent: (View::zero(), Digest::EMPTY),
            },
            parent: Digest::EMPTY,
            height: Height::zero(),
            time_ms: self.time_ms,
            txs_root: txs_root(&[]),
            results_root: BlockOutcome::default().results_root().into(),
            gas_used: 0,
            partitions,
            state_root: state_root(&partitions).into(),
            committee: self.committee.hash(),
            next_committee: self.committee.hash(),
        }
    }

    /// The genesis block. On a new data directory its state is written, unless peers will fill the databases.
    /// Safe to cut short at any point.
    ///
    /// # Errors
    /// - `OtherChain` - the data directory has another genesis
    /// - `Lost` - the node has run, and the record of its genesis is gone
    /// - `Store`, `Record` - the disk failed
    pub(crate) async fn block<E: StoreContext>(
        &self,
        context: &E,
        prefix: &str,
        store: &virtengine_store::Config,
        contents: Contents,
    ) -> Result<Block, GenesisError> {
        let expected = self.hash;
        let config = metadata::Config { partition: format!("{prefix}-genesis"), codec_config: ((), (), ()) };
        let record: Metadata<E, U64, Record> =
            Box::pin(Metadata::init(context.child("genesis"), config)).await?;
        if let Some((header, found, filled)) = record.get(&KEY) {
            if *found != expected {
                return Err(GenesisError::OtherChain { found: *found, expected });
            }
            if *filled || contents != Contents::Genesis {
                return Ok(Block { header: header.clone(), txs: Vec::new() });
            }
        } else if contents == Contents::Kept {
            return Err(GenesisError::Lost);
        }
        let header = self.header(Box::pin(self.write(context, store)).await?);
        let filled = contents == Contents::Genesis;
        if !filled {
            Box::pin(destroy(context, store)).await?;
        }
        record.put_sync(KEY, (header.clone(), expected, filled)).await?;
        Ok(Block { header, txs: Vec::new() })
    }

    async fn write<E: StoreContext>(
        &self,
        context: &E,
        store: &virtengine_store::Config,
    ) -> Result<[PartitionRoot; 5], GenesisError> {
        let mut writer = Box::pin(GenesisWriter::begin(context, store)).await?;
        let mut batches = self.rows.give();
        let (mut count, mut rows) = (0, 0);
        while let Some(batch) = batches.next().await {
            let batch = batch.map_err(GenesisError::Rows)?;
            writer = Box::pin(writer.write(&batch)).await?;
            (count, rows) = (count + 1, rows + batch.len());
            if count % REPORT == 0 {
                info!(rows, "writing the first state");
            }
        }
        Ok(writer.finish())
    }
}

/// The committee of these seats.
///
/// # Errors
/// - `Identity` - a validator's `consensus_key` is not an ed25519 key
/// - `Committee` - the seats are no committee
pub fn committee(seats: &[Seat]) -> Result<Committee, GenesisError> {
    let mut members = Vec::with_capacity(seats.len());
    for seat in seats {
        let identity = Identity::decode(Copying(&seat.consensus_key)).map_err(|error| {
            GenesisError::Identity { moniker: seat.moniker.clone(), cause: error.to_string() }
        })?;
        members.push(identity);
    }
    Ok(Committee::new(&members)?)
}
