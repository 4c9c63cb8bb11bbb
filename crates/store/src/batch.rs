//! Reading and sealing the state of one block.

use crate::database::{
    Database, Databases, DatabasesTargets, Digest, Family, Location, Log, Positions, RowKey, RowUpdate,
    StoreContext,
};
use bytes::Bytes;
use commonware_cryptography::Sha256;
use commonware_glue::stateful::db::{
    DatabaseSet, ManagedDb, Unmerkleized as _,
    current::{CurrentMerkleized, CurrentStaged, CurrentUnmerkleized},
};
use commonware_parallel::Rayon;
use commonware_storage::qmdb::{self, current::batch::Slot, sync::Target};
use commonware_utils::non_empty_range;
use futures::future::try_join_all;
use std::collections::{BTreeMap, HashMap};
use thiserror::Error;
use virtengine_state::{Key, Partition, WriteSet};
use virtengine_types::block::PartitionRoot;

type Unmerkleized<E> =
    CurrentUnmerkleized<Family, E, Log<E>, Positions, Sha256, RowUpdate, { crate::database::CHUNK }, Rayon>;
type Staged<E> =
    CurrentStaged<Family, E, Log<E>, Positions, Sha256, RowUpdate, { crate::database::CHUNK }, Rayon>;
type Merkleized<E> =
    CurrentMerkleized<Family, E, Log<E>, Positions, Sha256, RowUpdate, { crate::database::CHUNK }, Rayon>;

/// A read or the sealing of a block's state failed: this node cannot go on with the block.
///
/// A block on an abandoned fork also fails so, when its ancestors lost to a finalized block.
#[derive(Debug, Error)]
#[error("the {partition} database failed: {source}")]
pub struct LoadError {
    /// Name of the partition.
    pub partition: &'static str,
    /// What the database says.
    pub source: qmdb::Error<Family>,
}

/// The state that a block executes on: its parent's, plus what was read of it.
///
/// Every key read is kept staged, so sealing resolves no key a second time.
pub struct BlockBatch<E: StoreContext> {
    partitions: [PartitionBatch<E>; 5],
}

/// The sealed state after a block, ready to be applied once the block is final.
pub struct Sealed<E: StoreContext> {
    /// The batches as the engine takes them.
    pub batches: <Databases<E> as DatabaseSet<E>>::Merkleized,
    /// What the block's header commits to.
    pub roots: [PartitionRoot; 5],
}

struct PartitionBatch<E: StoreContext> {
    partition: Partition,
    reads: Reads<E>,
    slots: HashMap<RowKey, usize>,
}

enum Reads<E: StoreContext> {
    None(Unmerkleized<E>),
    Staged(Staged<E>),
}

impl<E: StoreContext> BlockBatch<E> {
    /// Starts from the batches that the engine forked from the parent's state.
    #[must_use]
    pub fn new(batches: <Databases<E> as DatabaseSet<E>>::Unmerkleized) -> Self {
        let (ledger, staking, market, identity, hpc) = batches;
        let mut partitions = Partition::ALL.into_iter();
        let partitions = [ledger, staking, market, identity, hpc].map(|batch| PartitionBatch {
            partition: partitions.next().unwrap_or(Partition::Hpc),
            reads: Reads::None(batch),
            slots: HashMap::new(),
        });
        Self { partitions }
    }

    /// Reads `keys`, one staged read a partition, all partitions at once.
    ///
    /// Keys read before are skipped, so every returned key is new.
    ///
    /// # Errors
    /// A database failed or the block's fork was abandoned.
    pub async fn load(self, keys: &[Key]) -> Result<(Self, Vec<(Key, Option<Bytes>)>), LoadError> {
        let mut wanted: [Vec<RowKey>; 5] = Default::default();
        for key in keys {
            if let Some(list) = wanted.get_mut(key.partition as usize) {
                list.push(RowKey::new(key.bytes));
            }
        }
        let loads =
            self.partitions.into_iter().zip(wanted).map(|(partition, keys)| Box::pin(partition.load(keys)));
        let mut partitions = Vec::with_capacity(5);
        let mut values = Vec::with_capacity(keys.len());
        for (partition, rows) in try_join_all(loads).await? {
            partitions.push(partition);
            values.extend(rows);
        }
        Ok((Self { partitions: five(partitions) }, values))
    }

    /// Writes what the block changed and computes the roots of the state after it.
    ///
    /// # Errors
    /// A database failed or the block's fork was abandoned.
    pub async fn seal(self, writes: &WriteSet) -> Result<Sealed<E>, LoadError> {
        let seals = self.partitions.into_iter().map(|batch| {
            let writes = writes
                .partition(batch.partition)
                .map(|(key, value)| (RowKey::new(key.bytes), value.clone()))
                .collect();
            Box::pin(batch.seal(writes))
        });
        let batches = five(try_join_all(seals).await?);
        let roots = batches.each_ref().map(root_of);
        let [ledger, staking, market, identity, hpc] = batches;
        Ok(Sealed { batches: (ledger, staking, market, identity, hpc), roots })
    }
}

impl<E: StoreContext> PartitionBatch<E> {
    async fn load(mut self, mut keys: Vec<RowKey>) -> Result<(Self, Vec<(Key, Option<Bytes>)>), LoadError> {
        keys.sort_unstable();
        keys.dedup();
        keys.retain(|key| !self.slots.contains_key(key));
        if keys.is_empty() {
            return Ok((self, Vec::new()));
        }
        let partition = self.partition;
        let failed = |source| LoadError { partition: partition.name(), source };
        let references: Vec<&RowKey> = keys.iter().collect();
        let (first, values, staged) = match self.reads {
            Reads::None(batch) => {
                let (values, staged) = batch.stage(&references).await.map_err(failed)?;
                (0, values, staged)
            }
            Reads::Staged(staged) => {
                let (range, values, staged) = staged.expand(&references).await.map_err(failed)?;
                (range.start, values, staged)
            }
        };
        self.reads = Reads::Staged(staged);
        self.slots.extend(keys.iter().cloned().zip(first..));
        let rows = keys.into_iter().zip(values);
        let rows = rows.map(|(key, value)| (Key { partition, bytes: key.into() }, value)).collect();
        Ok((self, rows))
    }

    async fn seal(self, mut writes: BTreeMap<RowKey, Option<Bytes>>) -> Result<Merkleized<E>, LoadError> {
        let partition = self.partition;
        let failed = |source| LoadError { partition: partition.name(), source };
        match self.reads {
            Reads::None(mut batch) => {
                for (key, value) in writes {
                    batch = batch.write(key, value);
                }
                batch.merkleize().await.map_err(failed)
            }
            Reads::Staged(staged) => {
                let mut slots = vec![Slot::Keep; staged.len()];
                for (key, slot) in &self.slots {
                    let (Some(value), Some(place)) = (writes.remove(key), slots.get_mut(*slot)) else {
                        continue;
                    };
                    *place = value.map_or(Slot::Delete, Slot::Put);
                }
                staged.merkleize(slots, writes.into_iter().collect()).await.map_err(failed)
            }
        }
    }
}

/// What the engine must find in the databases after a block that commits to `roots`.
///
/// `None` if a range is empty, which no honest header contains: check it when decoding.
#[must_use]
pub fn targets(roots: &[PartitionRoot; 5]) -> Option<DatabasesTargets> {
    let [ledger, staking, market, identity, hpc] = roots.map(|root| {
        let (start, end) = (Location::new(root.range_start), Location::new(root.range_end));
        (root.range_start < root.range_end)
            .then(|| Target::new(Digest::from(root.ops_root), non_empty_range!(start, end)))
    });
    Some((ledger?, staking?, market?, identity?, hpc?))
}

fn root_of<E: StoreContext>(batch: &Merkleized<E>) -> PartitionRoot {
    PartitionRoot {
        ops_root: batch.ops_root().0,
        range_start: *batch.sync_boundary(),
        range_end: *batch.bounds().tip.size,
        root: (**batch).root().0,
    }
}

/// The commitment of a database's applied state.
pub(crate) fn root_of_database<E: StoreContext>(database: &Database<E>) -> PartitionRoot {
    let target = <Database<E> as ManagedDb<E>>::sync_target(database);
    PartitionRoot {
        ops_root: target.root.0,
        range_start: *target.range.start(),
        range_end: *target.range.end(),
        root: database.root().0,
    }
}

/// Turns the five results of a join back into an array.
fn five<T>(items: Vec<T>) -> [T; 5] {
    items.try_into().unwrap_or_else(|_| unreachable!("a join over five partitions yields five results"))
}
