//! The one set of concrete database types, and their configuration.

use bytes::Bytes;
use commonware_codec::RangeCfg;
use commonware_cryptography::{Sha256, sha256};
use commonware_glue::stateful::db::{DatabaseSet, Shared};
use commonware_parallel::Rayon;
use commonware_runtime::{Clock, Metrics, Spawner, Storage, buffer::paged::CacheRef};
use commonware_storage::{
    index::unordered::Index,
    journal::contiguous::variable::{Config as LogConfig, Journal},
    merkle::full::Config as MerkleConfig,
    mmb,
    qmdb::{
        any::{operation, unordered::Update, value::VariableEncoding},
        current::{VariableConfig, db::Db},
        sync::Target,
    },
    translator::EightCap,
};
use commonware_utils::{NZU64, NZUsize, sequence::FixedBytes};
use std::num::{NonZeroU64, NonZeroUsize};
use virtengine_state::{MAX_VALUE_BYTES, Partition};

/// Bitmap chunk of the activity tree in bytes: one digest, so proofs are smallest.
pub(crate) const CHUNK: usize = 32;

/// Merkle family. Proofs of recently written values stay short in it, which is what clients ask for.
pub(crate) type Family = mmb::Family;
pub(crate) type Location = mmb::Location;
pub(crate) type Digest = sha256::Digest;
pub(crate) type RowKey = FixedBytes<32>;
pub(crate) type RowUpdate = Update<RowKey, VariableEncoding<Bytes>>;
pub(crate) type Operation = operation::Operation<Family, RowUpdate>;
/// What decoding one operation takes: nothing for the key, the length bound for the value.
pub(crate) type OperationConfig = ((), RangeCfg<usize>);
pub(crate) type Log<E> = Journal<E, Operation>;
pub(crate) type Positions = Index<EightCap, Location>;

/// What the databases need of the runtime.
pub trait StoreContext: Storage + Clock + Metrics + Spawner {}

impl<T: Storage + Clock + Metrics + Spawner> StoreContext for T {}

/// The database of one partition.
pub type Database<E> = Db<Family, E, Log<E>, Positions, Sha256, RowUpdate, CHUNK, Rayon>;

/// All five databases, in the order of [`Partition::ALL`].
pub type Databases<E> =
    (Shared<Database<E>>, Shared<Database<E>>, Shared<Database<E>>, Shared<Database<E>>, Shared<Database<E>>);

/// Configuration of all five databases, as the engine takes it.
pub type DatabasesConfig<E> = <Databases<E> as DatabaseSet<E>>::Config;

/// Sync targets of all five databases, as the engine takes them.
pub type DatabasesTargets = (
    Target<Family, Digest>,
    Target<Family, Digest>,
    Target<Family, Digest>,
    Target<Family, Digest>,
    Target<Family, Digest>,
);

/// Operations in one file of a log. Part of the format on disk.
const ITEMS_PER_FILE: NonZeroU64 = NZU64!(1 << 18);
/// Bytes read at once when a log is replayed at start.
const REPLAY_BUFFER: NonZeroUsize = NZUsize!(1 << 20);
/// Entries that resolve key collisions at start without reading the log twice.
const INIT_CACHE: NonZeroUsize = NZUsize!(1 << 14);

/// How the databases are kept.
#[derive(Clone)]
pub struct Config {
    /// Start of every storage partition's name.
    pub prefix: String,
    /// Pages shared by all five databases. Its page size is fixed for the life of the data.
    pub page_cache: CacheRef,
    /// Bytes buffered before a write, for each of a database's files.
    pub write_buffer: NonZeroUsize,
    /// Threads that hash a block's changes.
    pub strategy: Rayon,
}

pub(crate) fn operation_config() -> OperationConfig {
    ((), (..=MAX_VALUE_BYTES).into())
}

pub(crate) fn config(of: &Config, partition: Partition) -> VariableConfig<EightCap, OperationConfig, Rayon> {
    let name = format!("{}-{}", of.prefix, partition.name());
    VariableConfig {
        merkle_config: MerkleConfig {
            journal_partition: format!("{name}-nodes"),
            metadata_partition: format!("{name}-nodes-meta"),
            items_per_blob: ITEMS_PER_FILE,
            write_buffer: of.write_buffer,
            replay_buffer: REPLAY_BUFFER,
            strategy: of.strategy.clone(),
            page_cache: of.page_cache.clone(),
        },
        journal_config: LogConfig {
            partition: format!("{name}-log"),
            items_per_section: ITEMS_PER_FILE,
            compression: None,
            codec_config: operation_config(),
            page_cache: of.page_cache.clone(),
            write_buffer: of.write_buffer,
            replay_buffer: REPLAY_BUFFER,
        },
        grafted_metadata_partition: format!("{name}-grafted"),
        translator: EightCap,
        init_cache: Some(INIT_CACHE),
        init_buffer: REPLAY_BUFFER,
        init_concurrency: (),
    }
}

/// The configuration of all five databases.
#[must_use]
pub fn configs<E: StoreContext>(of: &Config) -> DatabasesConfig<E> {
    let [ledger, staking, market, identity, hpc] = Partition::ALL.map(|partition| config(of, partition));
    (ledger, staking, market, identity, hpc)
}
