//! `virtengine.tx.v1.Service`: transactions of heavy users on one stream.

use super::events::Stream;
use crate::{
    Code, Context, Router, Status,
    backend::Reply,
    server::{Room, Share},
};
use bytes::Bytes;
use prost::Message;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use virtengine_types::{
    block::Hash,
    code::Rejection,
    proto::virtengine::tx::v1::{Refused, SubmitRequest, SubmitResponse},
};

/// Most transactions of one request.
const MAX_TXS: usize = 4_096;
/// Requests of a stream that are checked at once; what is more waits in the client's window. They are many, as a client
/// may send each transaction in a request of its own.
const REQUESTS_IN_FLIGHT: usize = 1_024;
/// Transactions in these requests.
const TXS_IN_FLIGHT: usize = 2 * MAX_TXS;
/// Answers that wait for the client to take them.
const ANSWERS: usize = 4;

/// A request whose transactions were given to the mempool.
struct Submitted {
    first: u64,
    replies: Vec<Reply<Result<Hash, Rejection>>>,
    /// Of the memory for bodies.
    share: Option<Room>,
    _in_flight: OwnedSemaphorePermit,
}

/// Takes transactions from a stream into the mempool, in their order, and answers each request once all of
/// its transactions are checked. The stream shares the bound on open streams, and ends if its client sends
/// no request, or takes no answer, for the configured time.
pub(crate) fn submit(
    router: &Router,
    share: Option<Share>,
    requests: tonic::Streaming<Bytes>,
) -> Result<Stream, Status> {
    let slot = router.stream_slot()?;
    let context = router.context().clone();
    let idle = context.config().idle_timeout();
    // One place is for the reason of an end.
    let (answers, receiver) = mpsc::channel(ANSWERS + 1);
    // One more is out of the queue while its answer is awaited.
    let (submitted, waiting) = mpsc::channel(REQUESTS_IN_FLIGHT - 1);
    tokio::spawn(take(context, share, requests, submitted));
    tokio::spawn(async move {
        answer(waiting, answers, idle).await;
        drop(slot);
    });
    Ok(ReceiverStream::new(receiver))
}

/// Reads requests until the client ends the stream or something is wrong with it.
async fn take(
    context: Context,
    share: Option<Share>,
    mut requests: tonic::Streaming<Bytes>,
    submitted: mpsc::Sender<Result<Submitted, tonic::Status>>,
) {
    let idle = context.config().idle_timeout();
    let room = Arc::new(Semaphore::new(TXS_IN_FLIGHT));
    let mut first = 0u64;
    loop {
        // The place comes first: what nobody waits for must not be submitted.
        let Ok(place) = submitted.reserve().await else { return };
        let request = tokio::select! {
            () = submitted.closed() => return,
            request = timeout(idle, requests.next()) => request,
        };
        let txs = match request {
            Err(_) => return place.send(Err(quiet("no whole request came", idle))),
            Ok(None) => return,
            Ok(Some(Err(status))) => return place.send(Err(status)),
            Ok(Some(Ok(request))) => match accepted(&context, request) {
                Ok(txs) => txs,
                Err(status) => return place.send(Err(status.into())),
            },
        };
        let count = u32::try_from(txs.len()).unwrap_or(u32::MAX);
        let in_flight = tokio::select! {
            () = submitted.closed() => return,
            room = room.clone().acquire_many_owned(count) => room,
        };
        let Ok(in_flight) = in_flight else { return };
        let replies = context.backend().broadcast_all(txs).await;
        let share = share.as_ref().and_then(Share::take);
        place.send(Ok(Submitted { first, replies, share, _in_flight: in_flight }));
        first = first.saturating_add(u64::from(count));
    }
}

fn accepted(context: &Context, request: Bytes) -> Result<Vec<Bytes>, Status> {
    let SubmitRequest { txs } = SubmitRequest::decode(request).map_err(Status::invalid)?;
    if txs.len() > MAX_TXS {
        let cause = format!("a request has at most {MAX_TXS} transactions, got {}", txs.len());
        return Err(Status::invalid(cause));
    }
    context.takes_transactions()?;
    Ok(txs)
}

async fn answer(
    mut waiting: mpsc::Receiver<Result<Submitted, tonic::Status>>,
    answers: mpsc::Sender<Result<Bytes, tonic::Status>>,
    idle: Duration,
) {
    let Ok(last) = answers.clone().reserve_owned().await else { return };
    while let Some(submitted) = waiting.recv().await {
        let message = match submitted {
            Ok(submitted) => Ok(checked(submitted).await),
            Err(status) => Err(status),
        };
        match answers.send_timeout(message, idle).await {
            Ok(()) => {}
            Err(SendTimeoutError::Closed(_)) => return,
            Err(SendTimeoutError::Timeout(_)) => {
                last.send(Err(quiet("no answer was taken", idle)));
                return;
            }
        }
    }
}

fn quiet(cause: &str, idle: Duration) -> tonic::Status {
    Status::new(Code::DeadlineExceeded, format!("{cause} for {} s", idle.as_secs())).into()
}

async fn checked(submitted: Submitted) -> Bytes {
    let Submitted { first, replies, share, _in_flight } = submitted;
    let count = u32::try_from(replies.len()).unwrap_or(u32::MAX);
    let mut refused = Vec::new();
    for (position, reply) in (first..).zip(replies) {
        if let Err(Rejection { codespace, code, log }) = reply.await {
            refused.push(Refused { position, code, codespace: codespace.to_owned(), log });
        }
    }
    drop(share);
    SubmitResponse { first, count, refused }.encode_to_vec().into()
}
