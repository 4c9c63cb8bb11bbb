//! The genesis, whole if it is small, else in chunks, which are read from its file.

use super::super::{Comet, app::AppState, args::Args, envelope::RpcError, shapes};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
};

/// Largest genesis that is answered in one piece, in bytes of JSON; also the size of one chunk.
const CHUNK: u64 = 16 << 20;

pub(in super::super) fn whole(comet: &Comet, _: &Args) -> Result<Value, RpcError> {
    let mut text = Text::of(comet).map_err(RpcError::internal)?;
    if text.length() > CHUNK {
        return Err(RpcError::internal(
            "genesis response is large, please use the genesis_chunked API instead",
        ));
    }
    let text = text.part(0, CHUNK).map_err(RpcError::internal)?;
    let genesis: Value = serde_json::from_slice(&text).map_err(RpcError::internal)?;
    Ok(json!({"genesis": genesis}))
}

pub(in super::super) fn chunk(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let mut text = Text::of(comet).map_err(RpcError::internal)?;
    let total = text.length().div_ceil(CHUNK);
    let wanted = args.integer("chunk")?.unwrap_or(0);
    let Some(from) = u64::try_from(wanted).ok().filter(|wanted| *wanted < total) else {
        let last = total - 1;
        return Err(RpcError::internal(format!(
            "there are {total} chunks, valid range is 0 to {last}, got {wanted}"
        )));
    };
    let data = text.part(from * CHUNK, CHUNK).map_err(RpcError::internal)?;
    Ok(json!({"chunk": wanted.to_string(), "total": total.to_string(), "data": shapes::base64(&data)}))
}

/// The JSON of a genesis: what is made here, then the state of the modules, which ends it.
struct Text {
    head: Vec<u8>,
    state: File,
    state_bytes: u64,
}

/// What follows the state of the modules.
const END: &[u8] = b"}";

impl Text {
    fn of(comet: &Comet) -> io::Result<Self> {
        let genesis = &comet.inner.genesis;
        let mut head = shapes::genesis(genesis).to_string().into_bytes();
        head.truncate(head.len() - END.len());
        head.extend_from_slice(b",\"app_state\":");
        let AppState { path, bytes } = &genesis.app_state;
        Ok(Self { head, state: File::open(path)?, state_bytes: *bytes })
    }

    const fn length(&self) -> u64 {
        self.head.len() as u64 + self.state_bytes + END.len() as u64
    }

    /// At most `length` bytes from the place `from` on.
    fn part(&mut self, from: u64, length: u64) -> io::Result<Vec<u8>> {
        let state_from = self.head.len() as u64;
        let end_from = state_from + self.state_bytes;
        let to = (from + length).min(end_from + END.len() as u64);
        let mut part = Vec::with_capacity(usize::try_from(to - from).unwrap_or_default());
        part.extend_from_slice(slice(&self.head, from, to));
        let (first, last) = (from.max(state_from), to.min(end_from));
        if first < last {
            self.state.seek(SeekFrom::Start(first - state_from))?;
            let read = (&mut self.state).take(last - first).read_to_end(&mut part)?;
            if read as u64 != last - first {
                return Err(io::Error::other("the genesis file is shorter than when the node started"));
            }
        }
        part.extend_from_slice(slice(END, from.saturating_sub(end_from), to.saturating_sub(end_from)));
        Ok(part)
    }
}

/// What lies between two places, as far as there is something.
fn slice(bytes: &[u8], from: u64, to: u64) -> &[u8] {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    &bytes[place(from)..place(to)]
}
