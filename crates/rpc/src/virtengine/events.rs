//! `virtengine.events.v1.Service`: the event log, in pages and as a stream.

use crate::{Context, Router, Status, router::Routes};
use bytes::Bytes;
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use virtengine_events::{Delivery, Entry, Filter, Subscription};
use virtengine_types::proto::virtengine::events::v1::{
    Attribute, Event, Lagged, ListRequest, ListResponse, SubscribeRequest, SubscribeResponse,
    subscribe_response::Message as Answer,
};

/// Messages that wait for a slow client of a stream.
const WAITING: usize = 64;

/// Encoded messages of a stream.
pub(crate) type Stream = ReceiverStream<Result<Bytes, tonic::Status>>;

pub(super) fn add(routes: &mut Routes) {
    routes.reading("/virtengine.events.v1.Service/List", &["GET /virtengine/events/v1/events"], list);
}

async fn list(context: Context, request: ListRequest) -> Result<ListResponse, Status> {
    let filter = filter(request.topics, request.filter)?;
    let (from, limit) = (request.from_sequence, context.page_limit(request.limit.into()));
    context
        .history(move |history| {
            let earliest = history.earliest_sequence();
            if from != 0 && from < earliest {
                let cause =
                    format!("events before sequence {earliest} are not held here, got from_sequence {from}");
                return Err(Status::not_found(cause));
            }
            let page = history.events(from, &filter, limit)?;
            let next_sequence = if page.next < history.next_sequence() { page.next } else { 0 };
            Ok(ListResponse { events: page.events.into_iter().map(wire).collect(), next_sequence })
        })
        .await
}

/// Streams entries that match. A subscriber that is slow is told that it lags and gets everything from the
/// journal; one that asks for what is not held here is refused.
pub(crate) fn subscribe(router: &Router, request: Bytes) -> Result<Stream, Status> {
    let request = SubscribeRequest::decode(request).map_err(Status::invalid)?;
    let filter = filter(request.topics, request.filter)?;
    let context = router.context();
    let slot = router.stream_slot()?;
    let from = (request.from_sequence != 0).then_some(request.from_sequence);
    let subscription = context.hub().subscribe(filter, from);
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        follow(subscription, sender).await;
        drop(slot);
    });
    Ok(ReceiverStream::new(receiver))
}

async fn follow(mut subscription: Subscription, sender: mpsc::Sender<Result<Bytes, tonic::Status>>) {
    loop {
        let batch = tokio::select! {
            () = sender.closed() => return,
            batch = subscription.next() => batch,
        };
        let messages: Vec<Result<Bytes, tonic::Status>> = match batch {
            Ok(batch) => batch.into_iter().map(delivered).collect(),
            Err(error) => vec![Err(Status::from(error).into())],
        };
        for message in messages {
            let is_end = message.is_err();
            if sender.send(message).await.is_err() || is_end {
                return;
            }
        }
    }
}

fn delivered(delivery: Delivery) -> Result<Bytes, tonic::Status> {
    let message = match delivery {
        Delivery::Event(entry) => Answer::Event(wire(entry)),
        Delivery::Lagged { from, to } => Answer::Lagged(Lagged { from, to }),
        Delivery::Pruned { from, to } => {
            let cause = format!("events {from} to {to} are not held here: subscribe from {}", to + 1);
            return Err(Status::not_found(cause).into());
        }
    };
    Ok(SubscribeResponse { message: Some(message) }.encode_to_vec().into())
}

fn filter(topics: Vec<String>, attributes: Vec<Attribute>) -> Result<Filter, Status> {
    let attributes = attributes.into_iter().map(|Attribute { key, value }| (key, value)).collect();
    Filter::new(topics, attributes).map_err(Status::invalid)
}

fn wire(entry: Entry) -> Event {
    let attribute = |(key, value)| Attribute { key, value };
    Event {
        sequence: entry.sequence,
        height: entry.height.0,
        tx_index: entry.tx_index.map_or(-1, i64::from),
        topic: entry.topic,
        attributes: entry.attributes.into_iter().map(attribute).collect(),
    }
}
