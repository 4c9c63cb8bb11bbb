//! The durable file of a position: its changes, each batch in a frame that proves itself whole.
//!
//! ```text
//! file  = magic (8 bytes, the last two the version) frame*
//! frame = length of body (u32) | checksum of body (first 8 bytes of SHA-256) | body
//! body  = borsh (sequence of the frame, Record)
//! ```
//!
//! Numbers are little endian. A batch is durable when [`Journal::append`] returns. The last frame may be
//! torn by a crash, which takes back a batch that was not acknowledged; damage before it is an error. A
//! file that has grown far beyond its position is replaced by one with a single frame.

mod frame;
#[cfg(test)]
mod tests;

use crate::position::{Change, Position};
use borsh::{BorshDeserialize, BorshSerialize};
use frame::{MAGIC, Next};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};
use thiserror::Error;
use virtengine_types::Address;

/// Name of the file in the daemon's home.
pub const FILE: &str = "position.journal";
/// Name of the file that a running daemon holds locked.
const LOCK: &str = "position.lock";
/// A file is replaced when it exceeds this many bytes and four times its size after the last replacement.
const COMPACT_ABOVE: u64 = 1 << 20;

/// Why a position cannot be kept.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The system refuses.
    #[error("failed to {verb} {}: {cause}{}", path.display(), hint(cause))]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// Another daemon runs in this home.
    #[error("{} is locked: another provider daemon runs in this home; stop it or choose another home", path.display())]
    Locked {
        /// The lock's file.
        path: PathBuf,
    },
    /// Not such a file, or of another version.
    #[error(
        "{} starts with {found}, expected {expected}: it is not a position of this version; restore it, or remove it to take the position from the chain anew",
        path.display()
    )]
    Magic {
        /// The file.
        path: PathBuf,
        /// First bytes in hex, or that there are none.
        found: String,
        /// Those of this version.
        expected: String,
    },
    /// The file is damaged before its end.
    #[error("{} is damaged at byte {offset} ({cause}): restore it, or remove it to take the position from the chain anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: u64,
        /// What is wrong.
        cause: String,
    },
    /// The position of another provider or chain.
    #[error("{} belongs to {found} on chain {found_chain}, this is {expected} on chain {expected_chain}: choose another home", path.display())]
    Owner {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        found: Address,
        /// Its chain.
        found_chain: String,
        /// Who opens it.
        expected: Address,
        /// The chain it is opened for.
        expected_chain: String,
    },
}

/// What a frame says.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
enum Record {
    /// The whole position; the first frame of each file.
    Whole(Position),
    /// Steps from there.
    Changes(Vec<Change>),
}

/// An open, locked file.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Held as long as the journal is open.
    _lock: File,
    sequence: u64,
    bytes: u64,
    compacted_bytes: u64,
}

impl Journal {
    /// Opens the position in `home`, or begins one.
    ///
    /// # Errors
    /// - `Io` - a file cannot be made, read or written
    /// - `Locked` - another daemon runs here
    /// - `Magic`, `Damaged` - the file is no position of this version, or damaged before its end
    /// - `Owner` - it is another provider's or another chain's
    pub fn open(home: &Path, chain_id: &str, provider: Address) -> Result<(Self, Position), JournalError> {
        fs::create_dir_all(home).map_err(|cause| failed("make", home, cause))?;
        let lock = lock(home)?;
        let path = home.join(FILE);
        if !path.try_exists().map_err(|cause| failed("read", &path, cause))? {
            let position = Position::new(chain_id.to_owned(), provider);
            let (file, bytes) = replace(&path, 0, &position)?;
            let journal = Self { path, file, _lock: lock, sequence: 0, bytes, compacted_bytes: bytes };
            return Ok((journal, position));
        }
        let open = OpenOptions::new().read(true).write(true).open(&path);
        let mut file = open.map_err(|cause| failed("open", &path, cause))?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(|cause| failed("read", &path, cause))?;
        let (position, sequence, whole) = read(&path, &content)?;
        if position.provider != provider || position.chain_id != chain_id {
            return Err(JournalError::Owner {
                path,
                found: position.provider,
                found_chain: position.chain_id,
                expected: provider,
                expected_chain: chain_id.to_owned(),
            });
        }
        let bytes = whole as u64;
        if whole < content.len() {
            tracing::warn!(path = %path.display(), from = whole, to = content.len(), "dropping a batch that a crash cut off");
            file.set_len(bytes)
                .and_then(|()| file.sync_all())
                .map_err(|cause| failed("cut", &path, cause))?;
        }
        file.seek(SeekFrom::Start(bytes)).map_err(|cause| failed("open", &path, cause))?;
        let journal = Self { path, file, _lock: lock, sequence, bytes, compacted_bytes: COMPACT_ABOVE / 4 };
        Ok((journal, position))
    }

    /// Makes a batch durable; `position` is where it leads. After an error the journal must be dropped
    /// and opened anew: what of the batch is in the file is not known.
    ///
    /// # Errors
    /// - `Io` - the disk refuses
    pub fn append(&mut self, changes: &[Change], position: &Position) -> Result<(), JournalError> {
        if changes.is_empty() {
            return Ok(());
        }
        if self.bytes > COMPACT_ABOVE && self.bytes / 4 > self.compacted_bytes {
            return self.compact(position);
        }
        let sequence = self.sequence + 1;
        let written = frame::encode(sequence, &Record::Changes(changes.to_vec()))
            .and_then(|frame| self.file.write_all(&frame).map(|()| frame.len()))
            .and_then(|length| self.file.sync_data().map(|()| length));
        let length = written.map_err(|cause| failed("write", &self.path, cause))?;
        self.sequence = sequence;
        self.bytes += length as u64;
        Ok(())
    }

    /// Replaces the file by one that holds `position` alone.
    ///
    /// # Errors
    /// - `Io` - the disk refuses; the file is as it was
    pub fn compact(&mut self, position: &Position) -> Result<(), JournalError> {
        let (file, bytes) = replace(&self.path, self.sequence + 1, position)?;
        self.sequence += 1;
        (self.file, self.bytes, self.compacted_bytes) = (file, bytes, bytes);
        Ok(())
    }
}

/// What to do about a failure, to be put behind it.
fn hint(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ": free some room on the disk and start again; bids that are out are found on the chain"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ": let this user read and write the folder, or choose another home"
        }
        _ => "",
    }
}

fn failed(verb: &'static str, path: &Path, cause: io::Error) -> JournalError {
    JournalError::Io { verb, path: path.to_owned(), cause }
}

fn lock(home: &Path) -> Result<File, JournalError> {
    let path = home.join(LOCK);
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = open.map_err(|cause| failed("open", &path, cause))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::Locked { path }),
        Err(TryLockError::Error(cause)) => Err(failed("lock", &path, cause)),
    }
}

/// Writes a file beside the old one and puts it in its place in one step.
fn replace(path: &Path, sequence: u64, position: &Position) -> Result<(File, u64), JournalError> {
    let new = path.with_extension("new");
    let write = || -> io::Result<(File, u64)> {
        let frame = frame::encode(sequence, &Record::Whole(position.clone()))?;
        let mut file = File::create(&new)?;
        file.write_all(&MAGIC)?;
        file.write_all(&frame)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok((file, (MAGIC.len() + frame.len()) as u64))
    };
    write().map_err(|cause| failed("write", &new, cause))
}

/// The position, the last frame's sequence, and the length of the part that is whole.
fn read(path: &Path, content: &[u8]) -> Result<(Position, u64, usize), JournalError> {
    let found = content.get(..MAGIC.len()).unwrap_or(content);
    if found != MAGIC {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let found = if found.is_empty() { "nothing, as it is empty".to_owned() } else { hex(found) };
        return Err(JournalError::Magic { path: path.to_owned(), found, expected: hex(&MAGIC) });
    }
    let damaged = |offset: usize, cause: String| JournalError::Damaged {
        path: path.to_owned(),
        offset: offset as u64,
        cause,
    };
    let mut offset = MAGIC.len();
    let (mut position, mut sequence) = match frame::next(&content[offset..]) {
        Next::Frame { sequence, record: Record::Whole(mut position), length } => {
            position.recount();
            offset += length;
            (position, sequence)
        }
        _ => return Err(damaged(offset, "it does not start with a whole position".to_owned())),
    };
    loop {
        match frame::next(&content[offset..]) {
            Next::End => return Ok((position, sequence, offset)),
            Next::Frame { sequence: found, record: Record::Changes(changes), length }
                if found == sequence + 1 =>
            {
                changes.iter().for_each(|change| position.apply(change));
                sequence = found;
                offset += length;
            }
            Next::Frame { sequence: found, .. } => {
                return Err(damaged(offset, format!("frame {found} follows frame {sequence}")));
            }
            // Torn by a crash if nothing whole comes after it.
            Next::Broken => match frame::later(&content[offset..], sequence) {
                Some(found) => return Err(damaged(offset, format!("a broken frame before frame {found}"))),
                None => return Ok((position, sequence, offset)),
            },
        }
    }
}
