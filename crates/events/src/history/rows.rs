//! Keyspaces and the encoding of their rows.

use super::{BlockMeta, Fresh, Head, HistoryError};
use borsh::{BorshDeserialize, BorshSerialize};
use fjall::{
    Database, Guard, Keyspace, KeyspaceCreateOptions, PersistMode, compaction::Leveled,
    config::CompressionPolicy,
};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Version of the row formats.
const FORMAT: u32 = 3;
/// Row of `about` with the height of the first block after a gap; without it there never was one.
pub(super) const START: &str = "start";
/// Row of `about` with the height up to which the indexes are on disk.
pub(super) const ON_DISK: &str = "indexed";
/// Fastest level; blocks are written once, on the path to finality.
const ZSTD_LEVEL: i32 = 1;
/// In-memory rows of one keyspace before they are written out as a sorted file, in bytes.
const MEMTABLE_BYTES: u64 = 8 << 20;

/// Newest tables that are searched one by one before they are merged into the others.
const L0_TABLES: u8 = 8;

/// Journal kept before memtables are written out, in bytes; a restart reads it back.
const JOURNAL_BYTES: u64 = 128 << 20;

/// Memory for packing that is kept from row to row, in bytes.
const KEPT_BYTES: usize = 16 << 20;

/// Names of the keyspaces. A directory holds all of them from the start on.
const KEYSPACES: [&str; 8] = ["about", "headers", "bodies", "results", "blocks", "txs", "index", "log"];

/// The open keyspaces. Clones share them.
#[derive(Clone)]
pub(super) struct Rows {
    pub(super) db: Database,
    pub(super) about: Keyspace,
    pub(super) headers: Keyspace,
    pub(super) bodies: Keyspace,
    pub(super) results: Keyspace,
    pub(super) blocks: Keyspace,
    pub(super) txs: Keyspace,
    pub(super) index: Keyspace,
    pub(super) log: Keyspace,
}

impl Rows {
    pub(super) fn open(directory: &Path, chain_id: &str, page_cache: u64) -> Result<Self, HistoryError> {
        if is_empty(directory).map_err(fjall::Error::Io)? {
            make(directory, chain_id)?;
        }
        let db = database(directory, page_cache)?;
        let keyspace = |name: &str| {
            // The database makes a lost one anew, without its rows.
            if !db.keyspace_exists(name) {
                return Err(corrupt(name, &"the whole keyspace is lost"));
            }
            Ok(db.keyspace(name, options)?)
        };
        let about = keyspace("about")?;
        let found = about.get("format")?.ok_or_else(|| corrupt("about/format", &"it is lost"))?;
        let found = u32::from_be_bytes(array(&found, "about/format")?);
        if found != FORMAT {
            return Err(HistoryError::Format { found, supported: FORMAT });
        }
        let chain = about.get("chain")?.unwrap_or_default();
        if *chain != *chain_id.as_bytes() {
            let found = String::from_utf8_lossy(&chain).into_owned();
            return Err(HistoryError::OtherChain { expected: chain_id.to_owned(), found });
        }
        Ok(Self {
            headers: keyspace("headers")?,
            bodies: keyspace("bodies")?,
            results: keyspace("results")?,
            blocks: keyspace("blocks")?,
            txs: keyspace("txs")?,
            index: keyspace("index")?,
            log: keyspace("log")?,
            about,
            db,
        })
    }

    pub(super) fn header(&self, height: u64) -> Result<Option<BlockMeta>, HistoryError> {
        let row = self.headers.get(height.to_be_bytes())?;
        row.map(|row| plain(&row, &format!("headers/{height}"))).transpose()
    }

    /// The height up to which the indexes are on disk.
    pub(super) fn on_disk(&self) -> Result<u64, HistoryError> {
        let row = self.about.get(ON_DISK)?;
        row.map_or(Ok(0), |row| Ok(u64::from_be_bytes(array(&row, "about/indexed")?)))
    }

    /// The heights of the kept blocks, from one on.
    pub(super) fn heights_from(&self, first: u64) -> Result<Vec<u64>, HistoryError> {
        let rows = self.headers.range(first.to_be_bytes()..);
        rows.map(|row| Ok(u64::from_be_bytes(array(&row.key()?, "headers")?))).collect()
    }

    /// What the store covers. Blocks from before the last gap that are still on disk are left over.
    pub(super) fn head(&self) -> Result<Head, HistoryError> {
        let start = match self.about.get(START)? {
            Some(start) => array(&start, "about/start")?,
            None => [0; 8],
        };
        let meta = |row: Option<Guard>| -> Result<Option<Arc<BlockMeta>>, HistoryError> {
            let row = row.map(Guard::value).transpose()?;
            row.map(|row| plain(&row, "headers").map(Arc::new)).transpose()
        };
        let (first, last) =
            (meta(self.headers.first_key_value())?, meta(self.headers.range(..start).next_back())?);
        let leftover = match (first, last) {
            (Some(first), Some(last)) => first.height().0..last.height().0 + 1,
            _ => 0..0,
        };
        Ok(Head {
            earliest: meta(self.headers.range(start..).next())?,
            latest: meta(self.headers.last_key_value())?,
            leftover,
            fresh: Fresh::default(),
        })
    }
}

/// Makes a directory that holds nothing but its format and chain. It gets its name when all of it is on disk, so that
/// whoever finds it finds all of it.
fn make(directory: &Path, chain_id: &str) -> Result<(), HistoryError> {
    let draft = directory.with_extension("draft");
    let failed = fjall::Error::Io;
    match fs::remove_dir_all(&draft) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(failed(cause).into()),
        _ => {}
    }
    let db = database(&draft, 0)?;
    for name in KEYSPACES {
        db.keyspace(name, options)?;
    }
    let about = db.keyspace("about", options)?;
    let mut batch = db.batch().durability(Some(PersistMode::SyncAll));
    batch.insert(&about, "format", FORMAT.to_be_bytes());
    batch.insert(&about, "chain", chain_id);
    batch.commit()?;
    drop((about, db));
    let sync = |folder: &Path| File::open(folder)?.sync_all();
    sync(&draft.join("keyspaces")).map_err(failed)?;
    fs::rename(&draft, directory).map_err(failed)?;
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
    Ok(sync(parent.unwrap_or(Path::new("."))).map_err(failed)?)
}

fn database(directory: &Path, page_cache: u64) -> fjall::Result<Database> {
    Database::builder(directory)
        .cache_size(page_cache)
        .max_journaling_size(JOURNAL_BYTES)
        // Of two, one only passes messages to the other while it compacts, and keeps a core busy with it.
        .worker_threads(1)
        .open()
}

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_BYTES)
        // Large rows are compressed already, and hashes cannot be.
        .data_block_compression_policy(CompressionPolicy::disabled())
        .compaction_strategy(Arc::new(Leveled::default().with_l0_threshold(L0_TABLES)))
}

fn is_empty(directory: &Path) -> io::Result<bool> {
    match fs::read_dir(directory) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(cause) => Err(cause),
    }
}

/// Encodes a row.
pub(super) fn encode(value: &impl BorshSerialize, row: &str) -> Result<Vec<u8>, HistoryError> {
    borsh::to_vec(value).map_err(|error| corrupt(row, &error))
}

/// Encodes and compresses rows one after the other, in memory that is used again: rows of large blocks have megabytes.
pub(super) struct Packer {
    compressor: zstd::bulk::Compressor<'static>,
    encoded: Vec<u8>,
    packed: Vec<u8>,
}

impl Packer {
    pub(super) fn new() -> io::Result<Self> {
        let compressor = zstd::bulk::Compressor::new(ZSTD_LEVEL)?;
        Ok(Self { compressor, encoded: Vec::new(), packed: Vec::new() })
    }

    /// The packed row, until the next.
    pub(super) fn pack(&mut self, value: &impl BorshSerialize, row: &str) -> Result<&[u8], HistoryError> {
        for buffer in [&mut self.encoded, &mut self.packed] {
            buffer.clear();
            buffer.shrink_to(KEPT_BYTES);
        }
        let failed = |error| corrupt(row, &error);
        value.serialize(&mut self.encoded).map_err(failed)?;
        self.packed.reserve(zstd::zstd_safe::compress_bound(self.encoded.len()));
        self.compressor.compress_to_buffer(&self.encoded, &mut self.packed).map_err(failed)?;
        Ok(&self.packed)
    }
}

/// Decodes a row of [`encode`].
pub(super) fn plain<T: BorshDeserialize>(bytes: &[u8], row: &str) -> Result<T, HistoryError> {
    T::try_from_slice(bytes).map_err(|error| corrupt(row, &error))
}

/// Decodes a row of [`Packer::pack`].
pub(super) fn unpack<T: BorshDeserialize>(bytes: &[u8], row: &str) -> Result<T, HistoryError> {
    plain(&zstd::decode_all(bytes).map_err(|error| corrupt(row, &error))?, row)
}

/// A row or key of a fixed length.
pub(super) fn array<const N: usize>(bytes: &[u8], row: &str) -> Result<[u8; N], HistoryError> {
    bytes.try_into().map_err(|_| corrupt(row, &format!("expected {N} bytes, got {}", bytes.len())))
}

/// The error of a block of which only the header is there.
pub(super) fn lost(height: u64) -> HistoryError {
    corrupt(&format!("headers/{height}"), &"the rest of the block is lost")
}

/// The error of a row that cannot be read.
pub(super) fn corrupt(row: &str, reason: &impl ToString) -> HistoryError {
    HistoryError::Corrupt { row: row.to_owned(), reason: reason.to_string() }
}
