//! The gRPC stream of `virtengine.tx.v1.Service/Submit`.

use super::{Answer, Fault, Item, all};
use crate::{load::Hash, network::Endpoint};
use eyre::{Context as _, Result};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, client::Grpc, codegen::http::uri::PathAndQuery, transport::Channel};
use tonic_prost::ProstCodec;
use virtengine_client::Refusal;
use virtengine_types::proto::virtengine::tx::v1::{SubmitRequest, SubmitResponse};

/// Requests that wait for the connection; what is more waits in the queue and makes requests larger.
const WAITING: usize = 2;

type Sent = Vec<(Hash, u64)>;

struct Open {
    requests: mpsc::Sender<SubmitRequest>,
    responses: Streaming<SubmitResponse>,
}

/// Opens a stream and sends what comes through the queue, at most `most` transactions a request.
pub(super) async fn open(
    endpoint: &Endpoint,
    most: usize,
    queue: mpsc::UnboundedReceiver<Item>,
    answers: mpsc::UnboundedSender<Vec<Answer>>,
) -> Result<()> {
    let channel = endpoint.channel().await?;
    let first = start(channel.clone()).await?;
    tokio::spawn(keep_open(channel, first, most, queue, answers));
    Ok(())
}

async fn start(channel: Channel) -> Result<Open> {
    let mut client = Grpc::new(channel);
    client.ready().await.wrap_err("failed to connect for a stream of transactions")?;
    let (requests, outgoing) = mpsc::channel(WAITING);
    let path = PathAndQuery::from_static("/virtengine.tx.v1.Service/Submit");
    let codec: ProstCodec<SubmitRequest, SubmitResponse> = ProstCodec::default();
    let request = tonic::Request::new(ReceiverStream::new(outgoing));
    let answer =
        client.streaming(request, path, codec).await.wrap_err("failed to open a stream of transactions")?;
    Ok(Open { requests, responses: answer.into_inner() })
}

/// Sends until the queue ends; a stream that breaks is opened anew.
async fn keep_open(
    channel: Channel,
    first: Open,
    most: usize,
    mut queue: mpsc::UnboundedReceiver<Item>,
    answers: mpsc::UnboundedSender<Vec<Answer>>,
) {
    let mut next = Some(first);
    while !queue.is_closed() || !queue.is_empty() {
        let stream = match next.take() {
            Some(stream) => stream,
            None => match start(channel.clone()).await {
                Ok(stream) => stream,
                Err(error) => {
                    let Some(item) = queue.recv().await else { return };
                    drop(answers.send(all(&[(item.hash, item.id)], &lost(format!("{error:#}")))));
                    continue;
                }
            },
        };
        let (sent, waiting) = mpsc::unbounded_channel();
        let writing = write(stream.requests, &mut queue, most, sent, &answers);
        tokio::join!(writing, read(stream.responses, waiting, &answers));
    }
}

/// Makes requests of what comes through the queue, until it ends or the stream is broken.
async fn write(
    requests: mpsc::Sender<SubmitRequest>,
    queue: &mut mpsc::UnboundedReceiver<Item>,
    most: usize,
    sent: mpsc::UnboundedSender<Sent>,
    answers: &mpsc::UnboundedSender<Vec<Answer>>,
) {
    let mut items: Vec<Item> = Vec::new();
    while queue.recv_many(&mut items, most).await > 0 {
        let place = requests.reserve().await;
        // While there was no place more may have come.
        while items.len() < most
            && let Ok(item) = queue.try_recv()
        {
            items.push(item);
        }
        let hashes: Sent = items.iter().map(|item| (item.hash, item.id)).collect();
        let Ok(place) = place else {
            drop(answers.send(all(&hashes, &lost("the stream is broken".to_owned()))));
            return;
        };
        if sent.send(hashes).is_err() {
            return;
        }
        place.send(SubmitRequest { txs: items.drain(..).map(|item| item.bytes).collect() });
    }
}

/// Tells the answer of each request, which come in the order of the requests.
async fn read(
    mut responses: Streaming<SubmitResponse>,
    mut waiting: mpsc::UnboundedReceiver<Sent>,
    answers: &mpsc::UnboundedSender<Vec<Answer>>,
) {
    let mut broken = None;
    while let Some(sent) = waiting.recv().await {
        let answer = match &broken {
            Some(fault) => all(&sent, fault),
            None => match responses.message().await {
                Ok(Some(response)) => told(&sent, response),
                other => {
                    let cause = other
                        .err()
                        .map_or_else(|| "the node ended the stream".to_owned(), |status| status.to_string());
                    all(&sent, broken.insert(lost(cause)))
                }
            },
        };
        drop(answers.send(answer)); // nobody listens once the load is over
    }
}

fn lost(cause: String) -> Fault {
    Fault::Lost { kind: "stream".to_owned(), cause }
}

/// The answer of one request; positions count from the stream's beginning.
fn told(sent: &[(Hash, u64)], response: SubmitResponse) -> Vec<Answer> {
    if response.count as usize != sent.len() {
        let cause = format!("{} transactions were sent and {} answered", sent.len(), response.count);
        return all(sent, &Fault::Lost { kind: "stream".to_owned(), cause });
    }
    let mut answers: Vec<Answer> =
        sent.iter().map(|(hash, id)| Answer { hash: *hash, id: *id, outcome: Ok(()) }).collect();
    for refused in response.refused {
        let place =
            refused.position.checked_sub(response.first).and_then(|place| usize::try_from(place).ok());
        if let Some(answer) = place.and_then(|place| answers.get_mut(place)) {
            let refusal = Refusal { codespace: refused.codespace, code: refused.code, log: refused.log };
            answer.outcome = Err(Fault::Refused(refusal));
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;
    use virtengine_types::proto::virtengine::tx::v1::Refused;

    const SENT: [(Hash, u64); 2] = [([0; 32], 7), ([1; 32], 8)];

    #[test]
    fn refusals_are_found_by_their_position_on_the_stream() {
        let refused = Refused { position: 101, code: 20, codespace: "sdk".into(), log: "full".into() };
        let answers = told(&SENT, SubmitResponse { first: 100, count: 2, refused: vec![refused] });
        assert!(answers[0].outcome.is_ok());
        assert!(matches!(&answers[1].outcome, Err(Fault::Refused(refusal)) if refusal.code == 20));
    }

    #[test]
    fn rejects_an_answer_to_another_number_of_transactions() {
        let answers = told(&SENT, SubmitResponse { first: 0, count: 1, refused: vec![] });
        assert!(answers.iter().all(|answer| matches!(answer.outcome, Err(Fault::Lost { .. }))));
    }
}
