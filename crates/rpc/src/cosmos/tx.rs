//! `cosmos.tx.v1beta1.Service`: simulating, broadcasting and finding transactions.

use super::{blocks, convert, simulate::simulate};
use crate::{Context, Status, router::Routes};
use bytes::Bytes;
use virtengine_events::{Found, Order, Page, Query, TxRecord, tx_hash};
use virtengine_types::proto::cosmos::{
    base::{abci::v1beta1::TxResponse, query::v1beta1::PageResponse},
    tx::v1beta1::{
        BroadcastMode, BroadcastTxRequest, BroadcastTxResponse, GetBlockWithTxsRequest,
        GetBlockWithTxsResponse, GetTxRequest, GetTxResponse, GetTxsEventRequest, GetTxsEventResponse,
        OrderBy, Tx, TxDecodeRequest, TxDecodeResponse, TxEncodeRequest, TxEncodeResponse,
    },
};

pub(super) fn add(routes: &mut Routes) {
    routes.unary("/cosmos.tx.v1beta1.Service/Simulate", &["POST /cosmos/tx/v1beta1/simulate"], simulate);
    routes.reading("/cosmos.tx.v1beta1.Service/GetTx", &["GET /cosmos/tx/v1beta1/txs/{hash}"], get_tx);
    routes.unary("/cosmos.tx.v1beta1.Service/BroadcastTx", &["POST /cosmos/tx/v1beta1/txs"], broadcast_tx);
    routes.unary("/cosmos.tx.v1beta1.Service/GetTxsEvent", &["GET /cosmos/tx/v1beta1/txs"], search);
    routes.searches("/cosmos.tx.v1beta1.Service/GetTxsEvent");
    routes.reading(
        "/cosmos.tx.v1beta1.Service/GetBlockWithTxs",
        &["GET /cosmos/tx/v1beta1/txs/block/{height}"],
        block_with_txs,
    );
    routes.immediate("/cosmos.tx.v1beta1.Service/TxDecode", &["POST /cosmos/tx/v1beta1/decode"], decode);
    routes.immediate("/cosmos.tx.v1beta1.Service/TxEncode", &["POST /cosmos/tx/v1beta1/encode"], encode);
}

async fn broadcast_tx(context: Context, request: BroadcastTxRequest) -> Result<BroadcastTxResponse, Status> {
    let BroadcastTxRequest { tx_bytes, mode } = request;
    let mode = BroadcastMode::try_from(mode).unwrap_or(BroadcastMode::Unspecified);
    let tx_response = match mode {
        BroadcastMode::Async => {
            context.takes_transactions()?;
            background(&context, tx_bytes)
        }
        BroadcastMode::Sync => broadcast(&context, tx_bytes).await?,
        BroadcastMode::Block | BroadcastMode::Unspecified => {
            let cause = format!(
                "unsupported return type {}; supported types: BROADCAST_MODE_SYNC, BROADCAST_MODE_ASYNC",
                mode.as_str_name()
            );
            return Err(Status::invalid(cause));
        }
    };
    Ok(BroadcastTxResponse { tx_response: Some(tx_response) })
}

/// Gives a transaction to the mempool without waiting for its checks.
fn background(context: &Context, tx: Bytes) -> TxResponse {
    let response = convert::checked(&tx_hash(&tx), None);
    let check = context.backend().broadcast(tx);
    // The caller asked not to be told.
    tokio::spawn(async move {
        if let Err(rejection) = check.await {
            tracing::debug!(%rejection, "a transaction broadcast without waiting was refused");
        }
    });
    response
}

/// Takes a transaction into the mempool; a refusal is an answer with its code.
///
/// # Errors
/// - `InvalidArgument` - there is no transaction
/// - `Unavailable` - the node lacks final blocks
pub(crate) async fn broadcast(context: &Context, tx: Bytes) -> Result<TxResponse, Status> {
    if tx.is_empty() {
        return Err(Status::invalid("invalid empty tx"));
    }
    context.takes_transactions()?;
    let hash = tx_hash(&tx);
    let refusal = context.backend().broadcast(tx).await.err();
    Ok(convert::checked(&hash, refusal))
}

async fn get_tx(context: Context, request: GetTxRequest) -> Result<GetTxResponse, Status> {
    if request.hash.is_empty() {
        return Err(Status::invalid("tx hash cannot be empty"));
    }
    let malformed = || Status::invalid(format!("tx hash {:?} is not 64 hex digits", request.hash));
    let hash: [u8; 32] =
        hex::decode(&request.hash).ok().and_then(|hash| hash.try_into().ok()).ok_or_else(malformed)?;
    let record = context.history(move |history| Ok(history.tx(&hash)?)).await?;
    let record = record.ok_or_else(|| Status::not_found(format!("tx not found: {}", request.hash)))?;
    let (tx, tx_response) = shown(&record)?;
    Ok(GetTxResponse { tx: Some(tx), tx_response: Some(tx_response) })
}

async fn search(context: Context, request: GetTxsEventRequest) -> Result<GetTxsEventResponse, Status> {
    let text = if request.query.is_empty() { request.events.join(" AND ") } else { request.query };
    if text.is_empty() {
        return Err(Status::invalid("query cannot be empty"));
    }
    let query = Query::parse(&text, context.config().max_query_bytes).map_err(Status::invalid)?;
    let order = match OrderBy::try_from(request.order_by) {
        Ok(OrderBy::Desc) => Order::Descending,
        _ => Order::Ascending,
    };
    let pagination = request.pagination.unwrap_or_default();
    let limit = context.page_limit(if request.limit > 0 { request.limit } else { pagination.limit });
    let offset = match request.page {
        0 => pagination.offset,
        page => (page - 1).saturating_mul(limit as u64),
    };
    let page = Page { offset, limit, max_bytes: context.config().max_page_bytes as u64 };
    context
        .history(move |history| {
            let Found { items, total } = history.search_txs(&query, order, page)?;
            let shown = items.iter().map(shown).collect::<Result<Vec<(Tx, TxResponse)>, _>>()?;
            let (txs, tx_responses) = shown.into_iter().unzip();
            let pagination = Some(PageResponse { next_key: Bytes::new(), total });
            Ok(GetTxsEventResponse { txs, tx_responses, pagination, total })
        })
        .await
}

async fn block_with_txs(
    context: Context,
    request: GetBlockWithTxsRequest,
) -> Result<GetBlockWithTxsResponse, Status> {
    let record = blocks::at(&context, request.height).await?;
    let (page, pagination) = context.page_of(record.txs.clone(), request.pagination)?;
    context.check_page(page.iter().map(Bytes::len))?;
    let validators = context.genesis().validators.len();
    context
        .history(move |_| {
            Ok(GetBlockWithTxsResponse {
                txs: page.iter().map(|tx| convert::tx(tx)).collect::<Result<_, _>>()?,
                block_id: Some(blocks::id(&record.meta.hash)),
                block: Some(blocks::block(&record, validators)),
                pagination: Some(pagination),
            })
        })
        .await
}

fn decode(_: Context, request: TxDecodeRequest) -> Result<TxDecodeResponse, Status> {
    if request.tx_bytes.is_empty() {
        return Err(Status::invalid("invalid empty tx bytes"));
    }
    Ok(TxDecodeResponse { tx: Some(convert::tx(&request.tx_bytes)?) })
}

fn encode(_: Context, request: TxEncodeRequest) -> Result<TxEncodeResponse, Status> {
    let tx = request.tx.ok_or_else(|| Status::invalid("invalid empty tx"))?;
    Ok(TxEncodeResponse { tx_bytes: convert::raw(tx).into() })
}

fn shown(record: &TxRecord) -> Result<(Tx, TxResponse), Status> {
    let tx = convert::tx(&record.tx)?;
    let response = convert::response(record, &tx);
    Ok((tx, response))
}
