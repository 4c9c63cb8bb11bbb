//! Transactions and blocks by hash and by query.

use super::super::args::Args;
use super::super::envelope::RpcError;
use super::super::{Comet, shapes};
use super::{Window, failed};
use serde_json::{Value, json};
use virtengine_events::{Order, Page, Query};

pub(in super::super) fn tx(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let hash = args.hash("hash")?;
    let found = comet.inner.hub.history().tx(&hash).map_err(failed)?;
    let found = found.filter(|tx| tx.height.0 <= comet.inner.hub.tip().height);
    found
        .map(|record| shapes::tx(&record))
        .ok_or_else(|| RpcError::internal(format!("tx ({}) not found", shapes::hex(&hash))))
}

fn query(comet: &Comet, args: &Args) -> Result<Query, RpcError> {
    let text = args.text("query")?.unwrap_or_default();
    Query::parse(text, comet.inner.config.max_query_bytes).map_err(RpcError::internal)
}

fn order(args: &Args) -> Result<Order, RpcError> {
    match args.text("order_by")?.unwrap_or_default() {
        "" | "asc" => Ok(Order::Ascending),
        "desc" => Ok(Order::Descending),
        other => {
            let other: String = other.chars().take(32).collect();
            Err(RpcError::internal(format!(
                "expected order_by to be either `asc` or `desc` or empty, got {other:?}"
            )))
        }
    }
}

fn page(comet: &Comet, window: Window) -> Page {
    let limit = usize::try_from(window.per_page).unwrap_or(usize::MAX);
    Page { offset: window.offset(), limit, max_bytes: comet.inner.config.max_page_bytes as u64 }
}

pub(in super::super) fn tx_search(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let (query, order, window) = (query(comet, args)?, order(args)?, Window::new(comet, args)?);
    let found = comet.inner.hub.history().search_txs(&query, order, page(comet, window)).map_err(failed)?;
    window.check(found.total)?;
    let txs: Vec<Value> = found.items.iter().map(shapes::tx).collect();
    Ok(json!({"txs": txs, "total_count": found.total.to_string()}))
}

pub(in super::super) fn block_search(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let (query, order, window) = (query(comet, args)?, order(args)?, Window::new(comet, args)?);
    let found =
        comet.inner.hub.history().search_blocks(&query, order, page(comet, window)).map_err(failed)?;
    window.check(found.total)?;
    let validators = comet.inner.genesis.validators.len();
    let blocks: Vec<Value> =
        found.items.iter().map(|record| shapes::identified_block(record, validators)).collect();
    Ok(json!({"blocks": blocks, "total_count": found.total.to_string()}))
}
