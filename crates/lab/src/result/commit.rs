//! Which program was measured.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    process::Command,
};
use thiserror::Error;

/// Marks a tree with changes that are in no commit, so that its figures are not taken for the commit's.
const DIRTY: &str = "-dirty";

/// A commit by its hash, 7 to 64 digits of lower-case hex, with `-dirty` behind it if the tree had changes; of a
/// program that lies in no tree, the SHA-256 of its file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Commit(String);

/// Why a commit is not known.
#[derive(Debug, Error)]
pub enum CommitError {
    /// Not a hash.
    #[error("commit {found:?} must be 7 to 64 digits of lower-case hex, and may end in {DIRTY}")]
    Hash {
        /// As given, cut.
        found: String,
    },
    /// No answer from git.
    #[error("cannot ask git for the commit of {folder}: {cause}; name it with --commit")]
    Git {
        /// Where it was asked.
        folder: String,
        /// What it says.
        cause: String,
    },
    /// The program cannot be read.
    #[error("failed to read {}: {cause}; name the commit with --commit", path.display())]
    Program {
        /// Its file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

impl Commit {
    /// The commit of the tree at `folder`, as git tells it.
    ///
    /// # Errors
    /// - `Git` - git is not there, or the folder is in no repository
    pub fn read(folder: &Path) -> Result<Self, CommitError> {
        let hash = git(folder, &["rev-parse", "HEAD"])?;
        let changes = git(folder, &["status", "--porcelain", "--untracked-files=no"])?;
        let mark = if changes.is_empty() { "" } else { DIRTY };
        Self::try_from(format!("{hash}{mark}"))
    }

    /// The commit of the tree in which `program` lies, or, where there is none or no git to ask, the SHA-256 of the
    /// program's file. Cost: one reading of it.
    ///
    /// # Errors
    /// - `Program` - the file cannot be read
    pub fn of_program(program: &Path) -> Result<Self, CommitError> {
        match Self::read(program.parent().unwrap_or(Path::new("."))) {
            Err(CommitError::Git { .. }) => {
                let failed = |cause| CommitError::Program { path: program.to_owned(), cause };
                Self::try_from(hex::encode(Sha256::digest(fs::read(program).map_err(failed)?)))
            }
            read => read,
        }
    }

    /// As in the document.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the tree had changes that are in no commit.
    pub fn is_dirty(&self) -> bool {
        self.0.ends_with(DIRTY)
    }

    /// The first 10 digits of the hash, with the mark of a tree with changes.
    pub fn short(&self) -> String {
        let hash = self.0.trim_end_matches(DIRTY);
        let mark = if hash.len() == self.0.len() { "" } else { DIRTY };
        format!("{}{mark}", &hash[..hash.len().min(10)])
    }
}

impl TryFrom<String> for Commit {
    type Error = CommitError;

    fn try_from(text: String) -> Result<Self, CommitError> {
        let hash = text.strip_suffix(DIRTY).unwrap_or(&text);
        let digits = hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !digits || !(7..=64).contains(&hash.len()) {
            return Err(CommitError::Hash { found: text.chars().take(80).collect() });
        }
        Ok(Self(text))
    }
}

impl From<Commit> for String {
    fn from(commit: Commit) -> Self {
        commit.0
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The answer of git, without the space around it.
fn git(folder: &Path, arguments: &[&str]) -> Result<String, CommitError> {
    let failed = |cause: String| CommitError::Git { folder: folder.display().to_string(), cause };
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .map_err(|e| failed(e.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_string()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}
