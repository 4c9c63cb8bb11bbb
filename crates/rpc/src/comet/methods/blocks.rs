//! Blocks, headers and commits.

use super::super::args::Args;
use super::super::envelope::RpcError;
use super::super::{Comet, shapes};
use super::{failed, height};
use serde_json::{Value, json};
use std::sync::Arc;
use virtengine_events::{BlockMeta, BlockRecord};

/// Most headers of one `blockchain` answer.
const MAX_HEADERS: u64 = 20;

fn validators(comet: &Comet) -> usize {
    comet.inner.genesis.validators.len()
}

fn at_height(comet: &Comet, args: &Args) -> Result<Arc<BlockRecord>, RpcError> {
    let height = height(comet, args)?;
    let record = comet.inner.hub.history().block(height).map_err(failed)?;
    record.ok_or_else(|| RpcError::internal(format!("block {height} is not available")))
}

fn meta_at_height(comet: &Comet, args: &Args) -> Result<BlockMeta, RpcError> {
    let height = height(comet, args)?;
    let meta = comet.inner.hub.history().header(height).map_err(failed)?;
    meta.ok_or_else(|| RpcError::internal(format!("block {height} is not available")))
}

fn of_hash(comet: &Comet, args: &Args) -> Result<Option<Arc<BlockRecord>>, RpcError> {
    comet.inner.hub.history().block_by_hash(&args.hash("hash")?).map_err(failed)
}

pub(in super::super) fn block(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    Ok(shapes::identified_block(&*at_height(comet, args)?, validators(comet)))
}

/// An unknown hash is answered with an empty id and no block.
pub(in super::super) fn block_by_hash(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    Ok(match of_hash(comet, args)? {
        Some(record) => shapes::identified_block(&record, validators(comet)),
        None => json!({"block_id": {"hash": "", "parts": {"total": 0, "hash": ""}}, "block": null}),
    })
}

pub(in super::super) fn header(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    Ok(json!({"header": shapes::header(&meta_at_height(comet, args)?.header)}))
}

pub(in super::super) fn header_by_hash(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let record = of_hash(comet, args)?;
    Ok(json!({"header": record.map(|record| shapes::header(&record.meta.header))}))
}

pub(in super::super) fn block_results(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    Ok(shapes::block_results(&*at_height(comet, args)?))
}

pub(in super::super) fn commit(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let meta = meta_at_height(comet, args)?;
    let commit = shapes::commit(meta.height(), &meta.hash, validators(comet));
    Ok(json!({
        "signed_header": {"header": shapes::header(&meta.header), "commit": commit},
        "canonical": true,
    }))
}

/// Headers from `maxHeight` down to `minHeight`, at most 20.
pub(in super::super) fn blockchain(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let bound = |name: &str| {
        let given = args.integer(name)?.unwrap_or(0);
        u64::try_from(given)
            .map_err(|_| RpcError::internal(format!("{name} must not be negative, but got {given}")))
    };
    let tip = comet.inner.hub.tip().height;
    let history = comet.inner.hub.history();
    let earliest = history.earliest().map_or(1, |earliest| earliest.height().0);
    let (given_min, given_max) = (bound("minHeight")?, bound("maxHeight")?);
    let max = if given_max == 0 { tip } else { given_max.min(tip) };
    history.check_held(max).map_err(failed)?;
    let min = given_min.max(earliest).max((max + 1).saturating_sub(MAX_HEADERS));
    if min > max && tip > 0 {
        return Err(RpcError::internal(format!("min height {min} can't be greater than max height {max}")));
    }
    let mut metas = Vec::new();
    for height in (min..=max).rev() {
        metas.extend(history.header(height).map_err(failed)?.map(|meta| shapes::block_meta(&meta)));
    }
    Ok(json!({"last_height": tip.to_string(), "block_metas": metas}))
}
