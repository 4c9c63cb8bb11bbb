//! Reads of the applied state by queries and at start.

use crate::{
    batch::root_of_database,
    database::{Database, Databases, Family, Location, Operation, RowKey, StoreContext},
    proof::{self, Proven},
};
use bytes::Bytes;
use commonware_glue::stateful::db::Shared;
use commonware_storage::qmdb::{self, any::unordered::Update};
use commonware_utils::{NZU64, bitmap::Readable as _};
use std::num::NonZeroU64;
use thiserror::Error;
use virtengine_state::{Key, Partition};
use virtengine_types::block::PartitionRoot;

/// Operations read at once by a scan.
const SCAN_STEP: NonZeroU64 = NZU64!(512);

/// A read of the state failed.
#[derive(Debug, Error)]
#[error("the {partition} database failed: {source}")]
pub struct ReadError {
    /// Name of the partition.
    pub partition: &'static str,
    /// What the database says.
    pub source: qmdb::Error<Family>,
}

/// A handle for reading the state of the latest applied block. Cheap to clone.
///
/// While a read runs, the next block waits to be applied: keep reads small on a live node.
pub struct Reader<E: StoreContext> {
    databases: [Shared<Database<E>>; 5],
}

impl<E: StoreContext> Clone for Reader<E> {
    fn clone(&self) -> Self {
        Self { databases: self.databases.clone() }
    }
}

impl<E: StoreContext> Reader<E> {
    /// A reader of these databases.
    #[must_use]
    pub fn new(databases: Databases<E>) -> Self {
        let (ledger, staking, market, identity, hpc) = databases;
        Self { databases: [ledger, staking, market, identity, hpc] }
    }

    /// The rows of `keys`, in their order; `None` for absent ones.
    ///
    /// Rows of one partition belong to one block. Those of two partitions may be one block apart.
    ///
    /// # Errors
    /// A database failed.
    pub async fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Bytes>>, ReadError> {
        let mut rows = vec![None; keys.len()];
        for partition in Partition::ALL {
            let (places, wanted): (Vec<usize>, Vec<RowKey>) = keys
                .iter()
                .enumerate()
                .filter(|(_, key)| key.partition == partition)
                .map(|(place, key)| (place, RowKey::new(key.bytes)))
                .unzip();
            if wanted.is_empty() {
                continue;
            }
            let wanted: Vec<&RowKey> = wanted.iter().collect();
            let database = self.database(partition).read().await;
            let values = database.get_many(&wanted).await.map_err(failed(partition))?;
            for (place, value) in places.into_iter().zip(values) {
                if let Some(row) = rows.get_mut(place) {
                    *row = value;
                }
            }
        }
        Ok(rows)
    }

    /// The row of `key` with its proof; `None` if it is absent, which cannot be proven.
    ///
    /// # Errors
    /// A database failed.
    pub async fn prove(&self, key: &Key) -> Result<Option<Proven>, ReadError> {
        let row = RowKey::new(key.bytes);
        let mut roots = self.roots().await.map(|root| root.root);
        let database = self.database(key.partition).read().await;
        let Some(value) = database.get(&row).await.map_err(failed(key.partition))? else {
            return Ok(None);
        };
        let proof = database.key_value_proof(row).await.map_err(failed(key.partition))?;
        if let Some(root) = roots.get_mut(key.partition as usize) {
            *root = database.root().0;
        }
        Ok(Some(Proven { value, proof: proof::encode(&proof), roots }))
    }

    /// What the five databases commit to now.
    pub async fn roots(&self) -> [PartitionRoot; 5] {
        let mut roots = [PartitionRoot::default(); 5];
        for (root, database) in roots.iter_mut().zip(&self.databases) {
            *root = root_of_database(&*database.read().await);
        }
        roots
    }

    /// Gives every live row of `partition` to `visit`, in the order of writing, in flat memory.
    ///
    /// O(log length). No block is applied to the partition meanwhile.
    ///
    /// # Errors
    /// The database failed.
    pub async fn scan(
        &self,
        partition: Partition,
        mut visit: impl FnMut(Key, Bytes) + Send,
    ) -> Result<(), ReadError> {
        let database = self.database(partition).read().await;
        let end = *database.bounds().end;
        // The log is pruned by whole files, so it may begin before the bits; what they are pruned of is not live.
        let mut start = (*database.bounds().start).max(database.bitmap().pruned_bits());
        while start < end {
            let (_, operations) = database
                .ops_historical_proof(Location::new(end), Location::new(start), SCAN_STEP)
                .await
                .map_err(failed(partition))?;
            if operations.is_empty() {
                break;
            }
            for (place, operation) in (start..).zip(&operations) {
                if let Operation::Update(Update(key, value)) = operation
                    && database.bitmap().get_bit(place)
                {
                    visit(Key { partition, bytes: key.clone().into() }, value.clone());
                }
            }
            start = start.saturating_add(operations.len() as u64);
        }
        Ok(())
    }

    const fn database(&self, partition: Partition) -> &Shared<Database<E>> {
        let [ledger, staking, market, identity, hpc] = &self.databases;
        match partition {
            Partition::Ledger => ledger,
            Partition::Staking => staking,
            Partition::Market => market,
            Partition::Identity => identity,
            Partition::Hpc => hpc,
        }
    }
}

fn failed(partition: Partition) -> impl Fn(qmdb::Error<Family>) -> ReadError {
    move |source| ReadError { partition: partition.name(), source }
}
