//! A home on its disk: one process at a time, files that are whole or absent, and room to write.

use super::HomeError;
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::Path,
};

/// Bytes that must fit on the disk, about what the node writes between two looks at it.
const ROOM: usize = 4 << 20;

/// Keeps other processes out of a home while it lives. The system frees it however the process ends.
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

/// Locks `file` for the home at `path`.
pub(super) fn lock(path: &Path, file: &Path) -> Result<HomeLock, HomeError> {
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(file);
    let open = open.map_err(HomeError::file("open", file))?;
    match open.try_lock() {
        Ok(()) => Ok(HomeLock { _file: open }),
        Err(TryLockError::WouldBlock) => Err(HomeError::Locked { path: path.display().to_string() }),
        Err(TryLockError::Error(cause)) => Err(HomeError::file("lock", file)(cause)),
    }
}

/// Checks that some megabytes can be written into `folder`.
///
/// # Errors
/// - `File` - they cannot
pub fn check_room(folder: &Path) -> Result<(), HomeError> {
    let probe = folder.join(".room-check");
    let write = || -> io::Result<()> { File::create(&probe)?.write_all(&vec![0; ROOM]) };
    let written = write();
    let removed = match fs::remove_file(&probe) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    };
    written.and(removed).map_err(HomeError::file("write into", folder))
}

/// Refuses what is not a file: whoever opened a pipe would wait for a writer, and a device may have no end. Its length.
pub(crate) fn regular(path: &Path) -> io::Result<u64> {
    let found = fs::metadata(path)?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a file: put a copy of the file there"));
    }
    Ok(found.len())
}

/// Reads a file of at most `max` bytes.
pub(super) fn read_file(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let found = regular(path)?;
    if found > max {
        return Err(io::Error::other(format!(
            "at most {max} bytes are read, it has {found}: restore it from a backup"
        )));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file so that after a crash it is either absent, old or complete.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    put_durably(path, |new| new.write_all(bytes))
}

/// Copies a file of any length so that after a crash the copy is either absent, old or complete.
pub(super) fn copy_durably(from: &Path, to: &Path) -> Result<(), HomeError> {
    let mut from = regular(from).and_then(|_| File::open(from)).map_err(HomeError::file("read", from))?;
    put_durably(to, |new| io::copy(&mut from, new).map(drop))
}

fn put_durably(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), HomeError> {
    let part = path.with_extension("part");
    let write = || {
        let mut new = File::create(&part)?;
        fill(&mut new)?;
        new.sync_all()?;
        fs::rename(&part, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|cause| {
        // Room matters now; a part that stays would be replaced by the next write.
        drop(fs::remove_file(&part));
        HomeError::file("write", path)(cause)
    })
}
