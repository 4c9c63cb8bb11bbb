//! State queries, broadcasting and the mempool.

use super::super::app::{Checked, QueryRequest};
use super::super::args::Args;
use super::super::envelope::RpcError;
use super::super::{Comet, shapes};
use super::failed;
use crate::backend::CATCHING_UP;
use bytes::Bytes;
use serde_json::{Value, json};
use std::time::Duration;
use virtengine_events::{TxRecord, tx_hash};
use virtengine_types::block::Hash;

/// Most transactions of one `unconfirmed_txs` answer.
const MAX_PENDING: i64 = 100;

pub(in super::super) async fn abci_query(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let request = QueryRequest {
        path: args.text("path")?.unwrap_or_default().to_owned(),
        data: args.hex("data")?,
        height: args.integer("height")?.unwrap_or(0),
        prove: args.flag("prove")?,
    };
    let answer = comet.inner.app.query(request).await;
    Ok(json!({"response": {
        "code": answer.code,
        "log": answer.log,
        "info": "",
        "index": "0",
        "key": null,
        "value": if answer.value.is_empty() { Value::Null } else { shapes::base64(&answer.value).into() },
        "proofOps": null,
        "height": answer.height.to_string(),
        "codespace": answer.codespace,
    }}))
}

async fn submit(comet: &Comet, tx: Bytes) -> Result<Checked, RpcError> {
    if comet.inner.app.is_catching_up() {
        return Err(RpcError::unavailable(CATCHING_UP));
    }
    comet.inner.app.broadcast(tx).await.map_err(|refused| RpcError::internal(refused.0))
}

/// Answers once the transaction is checked; a rejection is an answer with its code.
pub(in super::super) async fn broadcast(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let tx = args.bytes("tx")?;
    let hash = tx_hash(&tx);
    let checked = submit(comet, tx).await?;
    Ok(json!({
        "code": checked.code,
        "data": "",
        "log": checked.log,
        "codespace": checked.codespace,
        "hash": shapes::hex(&hash),
    }))
}

/// Answers once the transaction is in a block, or when it was rejected.
pub(in super::super) async fn broadcast_commit(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let tx = args.bytes("tx")?;
    let hash = tx_hash(&tx);
    let checked = submit(comet, tx).await?;
    let answer = |result: Value, height: u64| {
        json!({
            "check_tx": shapes::check_result(&checked),
            "tx_result": result,
            "hash": shapes::hex(&hash),
            "height": height.to_string(),
        })
    };
    if checked.code != 0 {
        return Ok(answer(shapes::check_result(&Checked::default()), 0));
    }
    let seconds = comet.inner.config.commit_timeout_secs;
    match tokio::time::timeout(Duration::from_secs(seconds), included(comet, &hash)).await {
        Ok(record) => {
            let record = record?;
            Ok(answer(shapes::tx_result(&record.result), record.height.0))
        }
        Err(_) => Err(RpcError::internal(format!(
            "timed out waiting for tx {} to be included in a block within {seconds} s",
            shapes::hex(&hash)
        ))),
    }
}

/// Waits until a published block holds the transaction.
async fn included(comet: &Comet, hash: &Hash) -> Result<TxRecord, RpcError> {
    let mut blocks = comet.inner.hub.blocks();
    loop {
        // Looking after the cursor was made: a block that comes in between wakes it.
        let turn = comet.inner.limits.read().await?;
        let (history, wanted) = (comet.inner.hub.history().clone(), *hash);
        let found = tokio::task::spawn_blocking(move || history.tx(&wanted)).await;
        drop(turn);
        if let Some(record) = found.map_err(RpcError::internal)?.map_err(failed)?
            && record.height.0 <= comet.inner.hub.tip().height
        {
            return Ok(record);
        }
        blocks.next().await.map_err(failed)?;
    }
}

pub(in super::super) async fn check(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let checked = comet.inner.app.check(args.bytes("tx")?).await;
    Ok(shapes::check_result(&checked.map_err(|refused| RpcError::internal(refused.0))?))
}

pub(in super::super) fn unconfirmed_count(comet: &Comet) -> Value {
    let pending = comet.inner.app.pending(0);
    let count = pending.count.to_string();
    json!({"n_txs": count, "total": count, "total_bytes": pending.bytes.to_string(), "txs": null})
}

/// The transactions that come next, 30 unless `limit` says otherwise.
pub(in super::super) fn unconfirmed(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let limit = match args.integer("limit")? {
        None | Some(..1) => 30,
        Some(wanted) => wanted.min(MAX_PENDING),
    };
    let pending = comet.inner.app.pending(usize::try_from(limit).unwrap_or(0));
    let txs: Vec<String> = pending.txs.iter().map(|tx| shapes::base64(tx)).collect();
    Ok(json!({
        "n_txs": txs.len().to_string(),
        "total": pending.count.to_string(),
        "total_bytes": pending.bytes.to_string(),
        "txs": txs,
    }))
}
