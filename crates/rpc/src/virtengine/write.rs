//! REST routes that take a signed transaction of the market and answer with the number created.
//!
//! | route | message | id |
//! |---|---|---|
//! | `POST /virtengine/market/v1/orders` | `MsgCreateOrder` | order |
//! | `POST /virtengine/market/v1/bids` | `MsgSubmitBid` | bid |
//! | `POST /virtengine/market/v1/orders/{id}/allocate` | `MsgAcceptBid` of that order | lease |
//!
//! The body is `{"tx_bytes": "<base64>", "mode": "..."}`. By default the call waits for the transaction's
//! block: 200 with `{"id": "5", "tx_response": {...}}` if it succeeded, 400 with `id` null if it was
//! refused or failed, 202 with `id` null if no block has it in time. With mode `BROADCAST_MODE_SYNC` it
//! answers 202 once the mempool has accepted the transaction.

use crate::{Context, Router, Status, cosmos, from_json, json::to_json};
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use prost::{Message, Name};
use prost_reflect::DynamicMessage;
use serde_json::{Value, json};
use virtengine_chain::market::BIDS;
use virtengine_events::{BlockCursor, TxRecord};
use virtengine_types::{
    market::OrderId,
    msg::Msg,
    proto::{
        cosmos::{
            base::abci::v1beta1::{TxMsgData, TxResponse},
            tx::v1beta1::{BroadcastMode, BroadcastTxRequest},
        },
        pool,
        virtengine::market::v1::{MsgAcceptBidResponse, MsgCreateOrderResponse, MsgSubmitBidResponse},
    },
    tx::DecodedTx,
};

/// One of the write routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Order,
    Bid,
    Allocate(OrderId),
}

impl Write {
    /// The write route of a path, if it is one.
    pub(crate) fn find(method: &Method, segments: &[String]) -> Option<Self> {
        if *method != Method::POST {
            return None;
        }
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        match parts.strip_prefix(&["virtengine", "market", "v1"])? {
            ["orders"] => Some(Self::Order),
            ["bids"] => Some(Self::Bid),
            ["orders", id, "allocate"] => Some(Self::Allocate(OrderId(id.parse().ok()?))),
            _ => None,
        }
    }

    /// Broadcasts the transaction of a body and waits for what became of it.
    ///
    /// # Errors
    /// - `InvalidArgument` - the body is malformed, or the transaction has no message of this route
    /// - `NotFound` - the accepted bid does not exist
    pub(crate) async fn answer(self, router: &Router, body: &Value) -> Result<(StatusCode, Value), Status> {
        let context = router.context();
        let request: BroadcastTxRequest = from_message(body)?;
        let tx = DecodedTx::decode(request.tx_bytes.clone());
        let tx = tx.map_err(|error| Status::invalid(error.rejection()))?;
        let mut blocks = context.hub().blocks();
        let response = router
            .bounded(async {
                self.check(context, &tx).await?;
                cosmos::broadcast(context, request.tx_bytes).await
            })
            .await?;
        if response.code != 0 {
            return Ok((StatusCode::BAD_REQUEST, answered(None, &response)?));
        }
        let waits = request.mode == i32::from(BroadcastMode::Unspecified)
            || request.mode == i32::from(BroadcastMode::Block);
        let included = if waits { included(context, tx.hash, &mut blocks).await? } else { None };
        let Some(record) = included else { return Ok((StatusCode::ACCEPTED, answered(None, &response)?)) };
        let response = cosmos::tx_response(&record)?;
        if record.result.code != 0 {
            return Ok((StatusCode::BAD_REQUEST, answered(None, &response)?));
        }
        Ok((StatusCode::OK, answered(self.created(record.result.data)?, &response)?))
    }

    /// Refuses a transaction that does not do what the route is for.
    async fn check(self, context: &Context, tx: &DecodedTx) -> Result<(), Status> {
        let missing = |name: &str| Status::invalid(format!("the transaction has no {name}"));
        let order = match self {
            Self::Order => {
                let found = tx.messages.iter().any(|msg| matches!(msg, Msg::CreateOrder(_)));
                return if found { Ok(()) } else { Err(missing("MsgCreateOrder")) };
            }
            Self::Bid => {
                let found = tx.messages.iter().any(|msg| matches!(msg, Msg::SubmitBid(_)));
                return if found { Ok(()) } else { Err(missing("MsgSubmitBid")) };
            }
            Self::Allocate(order) => order,
        };
        let accepted = tx.messages.iter().find_map(|msg| match msg {
            Msg::AcceptBid(msg) => Some(msg.bid),
            _ => None,
        });
        let id = accepted.ok_or_else(|| missing("MsgAcceptBid"))?;
        let bid = context.get(&BIDS, &id).await?;
        let bid = bid.ok_or_else(|| Status::not_found(format!("bid {id} not found")))?;
        if bid.order != order {
            return Err(Status::invalid(format!("bid {id} answers order {}, not {order}", bid.order)));
        }
        Ok(())
    }

    /// The number that the first message of this route created.
    fn created(self, data: Bytes) -> Result<Option<u64>, Status> {
        let data = TxMsgData::decode(data).map_err(Status::internal)?;
        match self {
            Self::Order => Ok(response(&data)?.map(|response: MsgCreateOrderResponse| response.order_id)),
            Self::Bid => Ok(response(&data)?.map(|response: MsgSubmitBidResponse| response.bid_id)),
            Self::Allocate(_) => Ok(response(&data)?.map(|response: MsgAcceptBidResponse| response.lease_id)),
        }
    }
}

fn from_message<M: Message + Name + Default>(body: &Value) -> Result<M, Status> {
    let descriptor = pool().get_message_by_name(&M::full_name());
    let descriptor =
        descriptor.ok_or_else(|| Status::internal(format!("{} is not known", M::full_name())))?;
    from_json(&descriptor, body)?.transcode_to().map_err(Status::invalid)
}

fn response<M: Message + Name + Default>(data: &TxMsgData) -> Result<Option<M>, Status> {
    let url = format!("/{}", M::full_name());
    let any = data.msg_responses.iter().find(|any| any.type_url == url);
    any.map(|any| M::decode(any.value.as_slice())).transpose().map_err(Status::internal)
}

/// Waits for the block with a transaction, up to the configured time.
async fn included(
    context: &Context,
    hash: [u8; 32],
    blocks: &mut BlockCursor,
) -> Result<Option<TxRecord>, Status> {
    let wait = async {
        loop {
            if let Some(record) = context.history(move |history| Ok(history.tx(&hash)?)).await? {
                // Subscribers, and thus queries, see a block a moment after the history has it.
                while context.height() < record.height.0 {
                    blocks.next().await?;
                }
                return Ok(record);
            }
            blocks.next().await?;
        }
    };
    match tokio::time::timeout(context.config().inclusion_timeout(), wait).await {
        Ok(record) => record.map(Some),
        Err(_) => Ok(None),
    }
}

fn answered(id: Option<u64>, response: &TxResponse) -> Result<Value, Status> {
    let descriptor = pool().get_message_by_name(&TxResponse::full_name());
    let descriptor = descriptor.ok_or_else(|| Status::internal("TxResponse is not known"))?;
    let mut message = DynamicMessage::new(descriptor);
    message.transcode_from(response).map_err(Status::internal)?;
    let shown = to_json(&message).map_err(Status::internal)?;
    Ok(json!({"id": id.map(|id| id.to_string()), "tx_response": shown}))
}
