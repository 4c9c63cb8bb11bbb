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

/// Replaces whatever the partitions hold with exactly `writes`, durably, and says what results.
///
/// The result depends only on `writes`, so every node computes the same genesis block.
///
/// # Errors
/// A database failed.
pub async fn write_genesis<E: StoreContext>(
    context: &E,
    of: &Config,
    writes: &WriteSet,
) -> Result<[PartitionRoot; 5], GenesisError> {
    destroy(context, of).await?;
    let mut roots = [PartitionRoot::default(); 5];
    for (root, partition) in roots.iter_mut().zip(Partition::ALL) {
        let failed = |source| GenesisError { partition: partition.name(), source };
        let database = Box::pin(open(context, of, partition)).await.map_err(failed)?;
        let mut batch = database.new_batch();
        for (key, value) in writes.partition(partition) {
            batch = batch.write(RowKey::new(key.bytes), value.clone());
        }
        let sealed = Box::pin(batch.merkleize(&database, None, &mut Proportional)).await.map_err(failed)?;
        let database = Box::pin(database.apply_batch(sealed)).await.map_err(failed)?;
        let database = Box::pin(database.sync()).await.map_err(failed)?;
        *root = root_of_database(&database);
    }
    Ok(roots)
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
