//! Frames: how a batch lies in the file.

use super::Record;
use borsh::BorshDeserialize;
use sha2::{Digest, Sha256};
use std::io;

/// First bytes of a file: the name and version 1.
pub(super) const MAGIC: [u8; 8] = *b"VEPROV\0\x01";
/// Bytes of length and checksum.
const HEAD: usize = 12;
/// Largest body; a position of 100,000 reservations is a fraction of it.
const MAX_BODY: usize = 1 << 28;

/// What comes next in a file.
pub(super) enum Next {
    /// Nothing.
    End,
    /// A whole frame of `length` bytes.
    Frame { sequence: u64, record: Record, length: usize },
    /// Bytes that are no whole frame.
    Broken,
}

pub(super) fn encode(sequence: u64, record: &Record) -> io::Result<Vec<u8>> {
    let body = borsh::to_vec(&(sequence, record))?;
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= MAX_BODY);
    let length = length.ok_or_else(|| {
        io::Error::other(format!("a batch of {} bytes exceeds the {MAX_BODY} of a frame", body.len()))
    })?;
    Ok([&length.to_le_bytes(), checksum(&body).as_slice(), &body].concat())
}

pub(super) fn next(bytes: &[u8]) -> Next {
    if bytes.is_empty() {
        return Next::End;
    }
    decode(bytes).unwrap_or(Next::Broken)
}

/// Sequence of a whole frame after `after` that starts anywhere behind the first byte.
pub(super) fn later(bytes: &[u8], after: u64) -> Option<u64> {
    (1..bytes.len()).find_map(|start| match decode(&bytes[start..]) {
        Some(Next::Frame { sequence, .. }) if sequence > after => Some(sequence),
        _ => None,
    })
}

fn decode(bytes: &[u8]) -> Option<Next> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (sum, rest) = rest.split_first_chunk::<8>()?;
    let length = u32::from_le_bytes(*length) as usize;
    if length == 0 || length > MAX_BODY {
        return None;
    }
    let body = rest.get(..length)?;
    if checksum(body) != *sum {
        return None;
    }
    let (sequence, record) = <(u64, Record)>::try_from_slice(body).ok()?;
    Some(Next::Frame { sequence, record, length: HEAD + length })
}

fn checksum(body: &[u8]) -> [u8; 8] {
    let hash: [u8; 32] = Sha256::digest(body).into();
    std::array::from_fn(|at| hash[at])
}
