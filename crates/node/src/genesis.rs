//! The genesis file of a chain: checked once, then known by its hash.
//!
//! A file may hold millions of validators and accounts and is never in memory whole. [`CheckedGenesis::of`] reads it to
//! check every rule; what a node needs later is in the answer, which its home keeps. When the state is made, the file is
//! read again for its rows, and must be the same.

mod aside;
mod check;
mod rows;

pub(crate) use aside::read_aside;
pub(crate) use rows::rows;

use crate::home::{HomeError, regular};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::Path,
};
use virtengine_chain::genesis::{ReadError, Summary, Visit, read};

/// Bytes read at once.
const CHUNK: usize = 1 << 18;

/// What a genesis file says in short; that it could be made says that the file breaks no rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckedGenesis {
    /// SHA-256 of the file.
    #[serde(with = "hex::serde")]
    pub sha256: [u8; 32],
    /// Length of the file.
    pub bytes: u64,
    /// What it says.
    pub summary: Summary,
}

/// SHA-256 and length of a file, in about a second for each gigabyte.
pub(crate) fn hash(path: &Path) -> Result<([u8; 32], u64), HomeError> {
    let mut file = Hashing::open(path, &|_| ())?;
    let mut chunk = vec![0; CHUNK];
    while file.read(&mut chunk).map_err(HomeError::file("read", path))? > 0 {}
    Ok(file.finish())
}

/// Shows a file to `visit`; its SHA-256 and length. `report` hears how many bytes were read.
fn visit(path: &Path, visit: &mut impl Visit, report: &dyn Fn(u64)) -> Result<([u8; 32], u64), HomeError> {
    let mut file = Hashing::open(path, report)?;
    let outcome = read(BufReader::with_capacity(CHUNK, &mut file), visit);
    outcome.map_err(|cause| refused(path, cause))?;
    Ok(file.finish())
}

fn refused(path: &Path, cause: ReadError) -> HomeError {
    let path = path.display().to_string();
    match cause {
        ReadError::Rule(cause) => HomeError::GenesisRule { path, cause },
        cause => HomeError::Genesis { path, cause: cause.to_string() },
    }
}

/// A file that is hashed while it is read.
struct Hashing<'a> {
    file: File,
    hasher: Sha256,
    bytes: u64,
    report: &'a dyn Fn(u64),
}

impl<'a> Hashing<'a> {
    fn open(path: &Path, report: &'a dyn Fn(u64)) -> Result<Self, HomeError> {
        let file = regular(path).and_then(|_| File::open(path)).map_err(HomeError::file("read", path))?;
        Ok(Self { file, hasher: Sha256::new(), bytes: 0, report })
    }

    fn finish(self) -> ([u8; 32], u64) {
        (self.hasher.finalize().into(), self.bytes)
    }
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        self.bytes += count as u64;
        (self.report)(self.bytes);
        Ok(count)
    }
}

#[cfg(test)]
pub(crate) mod tests;
