//! Writing the state before the first block.

use crate::{
    batch::root_of_database,
    database::{Config, Database, Family, RowKey, StoreContext, config},
};
use commonware_runtime as runtime;
use commonware_storage::qmdb::{self, floor::Proportional};
use thiserror::Error;
use virtengine_state::{Partition, WriteSet};
use virtengine_types::block::PartitionRoot;

/// Ends of the names of all that one database keeps. Part of the format on disk.
pub(crate) const PARTS: [&str; 7] = [
    "log_data",
    "log_offsets-blobs",
    "log_offsets-metadata",
    "nodes-blobs",
    "nodes-metadata",
    "nodes-meta",
    "grafted",
];

/// The genesis state could not be written.
#[derive(Debug, Error)]
#[error("the {partition} database cannot take the genesis state: {source}")]
pub struct GenesisError {
    /// Name of the partition.
    pub partition: &'static str,
    /// What the database says.
    pub source: qmdb::Error<Family>,
}

/// Fills the partitions with the state before the first block, batch after batch.
///
/// The result depends only on the batches, so every node that gives the same ones computes the same genesis block. It is
/// whole once [`GenesisWriter::finish`] answers; until then it is to be begun again.
pub struct GenesisWriter<E: StoreContext> {
    databases: Vec<(Partition, Database<E>)>,
    begun: bool,
}

impl<E: StoreContext> GenesisWriter<E> {
    /// Removes whatever the partitions hold.
    ///
    /// # Errors
    /// A database failed.
    pub async fn begin(context: &E, of: &Config) -> Result<Self, GenesisError> {
        destroy(context, of).await?;
        let mut databases = Vec::with_capacity(Partition::ALL.len());
        for partition in Partition::ALL {
            let failed = |source| GenesisError { partition: partition.name(), source };
            databases.push((partition, Box::pin(open(context, of, partition)).await.map_err(failed)?));
        }
        Ok(Self { databases, begun: false })
    }

    /// Adds rows durably. Each partition takes its rows of a batch as one batch of its own; the first is taken by every
    /// partition, a later one by those of which it has rows.
    ///
    /// # Errors
    /// A database failed.
    pub async fn write(self, rows: &WriteSet) -> Result<Self, GenesisError> {
        let mut databases = Vec::with_capacity(self.databases.len());
        for (partition, database) in self.databases {
            if self.begun && rows.partition(partition).next().is_none() {
                databases.push((partition, database));
                continue;
            }
            let failed = |source| GenesisError { partition: partition.name(), source };
            let mut batch = database.new_batch();
            for (key, value) in rows.partition(partition) {
                batch = batch.write(RowKey::new(key.bytes), value.clone());
            }
            let sealed =
                Box::pin(batch.merkleize(&database, None, &mut Proportional)).await.map_err(failed)?;
            let database = Box::pin(database.apply_batch(sealed)).await.map_err(failed)?;
            databases.push((partition, Box::pin(database.sync()).await.map_err(failed)?));
        }
        Ok(Self { databases, begun: true })
    }

    /// What the block before the first commits to.
    #[must_use]
    pub fn finish(self) -> [PartitionRoot; 5] {
        let mut roots = [PartitionRoot::default(); 5];
        for (root, (_, database)) in roots.iter_mut().zip(&self.databases) {
            *root = root_of_database(database);
        }
        roots
    }
}

/// Fills the partitions with exactly `writes`, in one batch.
///
/// # Errors
/// A database failed.
pub async fn write_genesis<E: StoreContext>(
    context: &E,
    of: &Config,
    writes: &WriteSet,
) -> Result<[PartitionRoot; 5], GenesisError> {
    let writer = Box::pin(GenesisWriter::begin(context, of)).await?;
    Ok(Box::pin(writer.write(writes)).await?.finish())
}

/// Removes the partitions: of a genesis that was cut short, or before state sync fills them. They are not opened for it, as
/// a database that was cut short while it was made or removed may not open.
///
/// # Errors
/// A database failed.
pub async fn destroy<E: StoreContext>(context: &E, of: &Config) -> Result<(), GenesisError> {
    for partition in Partition::ALL {
        let failed = |source| GenesisError { partition: partition.name(), source };
        for part in PARTS {
            match context.remove(&part_name(of, partition, part), None).await {
                Ok(()) | Err(runtime::Error::PartitionMissing(_)) => {}
                Err(error) => return Err(failed(error.into())),
            }
        }
    }
    Ok(())
}

pub(crate) fn part_name(of: &Config, partition: Partition, part: &str) -> String {
    format!("{}-{}-{part}", of.prefix, partition.name())
}

pub(crate) async fn open<E: StoreContext>(
    context: &E,
    of: &Config,
    partition: Partition,
) -> Result<Database<E>, qmdb::Error<Family>> {
    let context = context.child("genesis").with_attribute("partition", partition.name());
    Database::init(context, config(of, partition), None).await
}
