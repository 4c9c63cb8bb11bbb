//! Files that hold secrets: written whole or not at all, readable by their owner only.

use rand::Rng as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use thiserror::Error;
use zeroize::Zeroizing;

/// Largest secret file that is read, in bytes; real ones have under 2,000.
const MAX_BYTES: u64 = 64 * 1024;

/// Why a secret file cannot be read or written.
#[derive(Debug, Error)]
pub enum SecretFileError {
    /// Nothing is there.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Something is there, and is never overwritten.
    #[error("{} exists and is not overwritten; move it away first", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others may read it.
    #[error("{path} has mode {mode:03o}, so others can read the secret in it; run: chmod 600 {path}", path = path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Larger than any secret file is.
    #[error("{} is no key file: it has more than {MAX_BYTES} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refuses.
    #[error("failed to {verb} {}: {cause}", path.display())]
    Io {
        /// What was tried.
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

impl SecretFileError {
    pub(crate) fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::Io { verb, path: path.to_owned(), cause }
    }
}

/// Writes a new file with mode 0600 and makes it durable. Whoever looks sees nothing or all of it, also
/// after a crash.
///
/// # Errors
/// - `Exists` - the file is there already; it stays as it is
/// - `Io` - the folder cannot be written
pub(crate) fn create(path: &Path, bytes: &[u8]) -> Result<(), SecretFileError> {
    let folder = folder_of(path);
    let mut suffix = [0; 8];
    rand::rng().fill_bytes(&mut suffix);
    let draft = folder.join(format!(".draft-{}", hex::encode(suffix)));
    let written = write_draft(&draft, bytes).and_then(|()| {
        // A link, unlike a rename, fails if the name is taken.
        fs::hard_link(&draft, path).map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => SecretFileError::Exists { path: path.to_owned() },
            _ => SecretFileError::io("create", path)(cause),
        })
    });
    let cleaned = match fs::remove_file(&draft) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            Err(SecretFileError::io("remove", &draft)(cause))
        }
        _ => Ok(()),
    };
    written.and(cleaned)?;
    sync_folder(folder)
}

/// Gives the file another name, which must be free, and makes that durable.
///
/// # Errors
/// - `Missing` - there is no `from`
/// - `Exists` - there is a `to`
/// - `Io` - the folder cannot be written
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), SecretFileError> {
    fs::hard_link(from, to).map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => SecretFileError::Exists { path: to.to_owned() },
        io::ErrorKind::NotFound => SecretFileError::Missing { path: from.to_owned() },
        _ => SecretFileError::io("rename", from)(cause),
    })?;
    // The new name must be durable before the old one goes, or a crash could lose the key.
    sync_folder(folder_of(to))?;
    remove(from)
}

/// Removes the file and makes that durable.
///
/// # Errors
/// - `Missing` - there is none
/// - `Io` - the folder cannot be written
pub(crate) fn remove(path: &Path) -> Result<(), SecretFileError> {
    fs::remove_file(path).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => SecretFileError::Missing { path: path.to_owned() },
        _ => SecretFileError::io("remove", path)(cause),
    })?;
    sync_folder(folder_of(path))
}

/// Reads a file that only its owner may read.
///
/// # Errors
/// - `Missing` - there is none
/// - `Exposed` - group or others have any right to it
/// - `TooLarge` - no key file
/// - `Io` - it cannot be read
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    // To open a pipe would wait for someone who writes into it.
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(SecretFileError::io("read", path)(io::Error::other("it is not a file")));
    }
    let file = File::open(path).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => SecretFileError::Missing { path: path.to_owned() },
        _ => SecretFileError::io("open", path)(cause),
    })?;
    let metadata = file.metadata().map_err(SecretFileError::io("examine", path))?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777;
        if mode & 0o077 != 0 {
            return Err(SecretFileError::Exposed { path: path.to_owned(), mode });
        }
    }
    if metadata.len() > MAX_BYTES {
        return Err(SecretFileError::TooLarge { path: path.to_owned() });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(SecretFileError::io("read", path))?;
    Ok(bytes)
}

/// Makes the folder, readable by its owner only if it is new.
///
/// # Errors
/// - `Io` - it cannot be made
pub(crate) fn create_folder(path: &Path) -> Result<(), SecretFileError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(SecretFileError::io("create folder", path))
}

fn write_draft(path: &Path, bytes: &[u8]) -> Result<(), SecretFileError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(SecretFileError::io("create", path))?;
    file.write_all(bytes).map_err(SecretFileError::io("write", path))?;
    file.sync_all().map_err(SecretFileError::io("sync", path))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder(folder: &Path) -> Result<(), SecretFileError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(SecretFileError::io("sync folder", folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_it_wrote_and_leaves_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        create(&path, b"secret").unwrap();
        assert_eq!(**read(&path).unwrap(), *b"secret");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        rename(&path, &folder.path().join("other.json")).unwrap();
        assert!(matches!(read(&path), Err(SecretFileError::Missing { .. })));
        remove(&folder.path().join("other.json")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn rejects_overwriting_and_keeps_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["a", "b"].map(|name| folder.path().join(name));
        create(&first, b"1").unwrap();
        create(&second, b"2").unwrap();
        assert!(matches!(create(&first, b"3"), Err(SecretFileError::Exists { .. })));
        assert!(matches!(rename(&second, &first), Err(SecretFileError::Exists { .. })));
        assert_eq!(**read(&first).unwrap(), *b"1");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn rejects_missing_files_and_folders() {
        let folder = tempfile::tempdir().unwrap();
        let refused = read(folder.path()).unwrap_err();
        assert!(refused.to_string().contains("it is not a file"), "{refused}");
        let path = folder.path().join("none/key.json");
        assert!(matches!(read(&path), Err(SecretFileError::Missing { .. })));
        assert!(matches!(remove(&path), Err(SecretFileError::Missing { .. })));
        assert!(matches!(create(&path, b""), Err(SecretFileError::Io { .. })));
    }

    #[test]
    fn rejects_files_larger_than_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        create(&path, &vec![0; MAX_BYTES as usize + 1]).unwrap();
        assert!(matches!(read(&path), Err(SecretFileError::TooLarge { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn rejects_files_that_others_can_read() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.json");
        create(&path, b"secret").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(read(&path), Err(SecretFileError::Exposed { mode: 0o640, .. })));
    }
}
