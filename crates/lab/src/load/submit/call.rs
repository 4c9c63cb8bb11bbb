//! JSON-RPC calls of `broadcast_tx_sync`, one or many a request.

use super::{Answer, Fault, Item, all};
use crate::{
    load::{Hash, http::Connection},
    network::Endpoint,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use eyre::Result;
use serde::Deserialize;
use tokio::sync::mpsc;
use virtengine_client::Refusal;

/// Largest body in bytes: below the nodes' bound, which is 1,000,000 by default.
const MAX_BODY: usize = 900_000;

/// The form of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An object.
    Single,
    /// An array.
    Batch,
}

/// Opens a connection and sends what comes through the queue, at most `most` calls a request, one request at a time.
pub(super) async fn open(
    endpoint: &Endpoint,
    form: Form,
    most: usize,
    queue: mpsc::UnboundedReceiver<Item>,
    answers: mpsc::UnboundedSender<Vec<Answer>>,
) -> Result<()> {
    let connection = Connection::open(&endpoint.rpc).await?;
    tokio::spawn(send(endpoint.rpc.clone(), connection, form, most, queue, answers));
    Ok(())
}

async fn send(
    url: String,
    connection: Connection,
    form: Form,
    most: usize,
    mut queue: mpsc::UnboundedReceiver<Item>,
    answers: mpsc::UnboundedSender<Vec<Answer>>,
) {
    let mut connection = Some(connection);
    let mut items: Vec<Item> = Vec::with_capacity(most);
    while queue.recv_many(&mut items, most).await > 0 {
        for part in parts(&items) {
            let sent: Vec<(Hash, u64)> = part.iter().map(|item| (item.hash, item.id)).collect();
            let answered = exchange(&url, &mut connection, body(form, part)).await;
            let answer = match answered.and_then(|answer| read(form, &answer, &sent)) {
                Ok(answer) => answer,
                Err(error) => {
                    connection = None; // what it still carries is of no use
                    all(&sent, &Fault::Lost { kind: "connection".to_owned(), cause: format!("{error:#}") })
                }
            };
            if answers.send(answer).is_err() {
                return;
            }
        }
        items.clear();
    }
}

async fn exchange(url: &str, connection: &mut Option<Connection>, body: Vec<u8>) -> Result<bytes::Bytes> {
    let open = match connection.take() {
        Some(open) => open,
        None => Connection::open(url).await?,
    };
    connection.insert(open).post(body).await
}

/// Runs of items that fit into one body.
fn parts(mut items: &[Item]) -> Vec<&[Item]> {
    let mut parts = Vec::new();
    while !items.is_empty() {
        let mut size = 0;
        let fits = |item: &&Item| {
            size += item.bytes.len() * 4 / 3 + 128;
            size <= MAX_BODY
        };
        let (part, rest) = items.split_at(items.iter().take_while(fits).count().max(1));
        parts.push(part);
        items = rest;
    }
    parts
}

fn body(form: Form, items: &[Item]) -> Vec<u8> {
    let mut body = String::with_capacity(items.iter().map(|item| item.bytes.len() * 4 / 3 + 128).sum());
    for (index, item) in items.iter().enumerate() {
        body.push(if index == 0 { '[' } else { ',' });
        body.push_str(r#"{"jsonrpc":"2.0","id":"#);
        body.push_str(&index.to_string());
        body.push_str(r#","method":"broadcast_tx_sync","params":{"tx":""#);
        BASE64_STANDARD.encode_string(&item.bytes, &mut body);
        body.push_str(r#""}}"#);
    }
    match form {
        Form::Single => body.split_off(1).into_bytes(),
        Form::Batch => {
            body.push(']');
            body.into_bytes()
        }
    }
}

#[derive(Deserialize)]
struct Reply {
    id: Option<usize>,
    result: Option<Checked>,
    error: Option<Refused>,
}

#[derive(Deserialize)]
struct Checked {
    code: u32,
    #[serde(default)]
    log: String,
    #[serde(default)]
    codespace: String,
}

#[derive(Deserialize)]
struct Refused {
    code: i64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    data: serde_json::Value,
}

fn read(form: Form, answer: &[u8], sent: &[(Hash, u64)]) -> Result<Vec<Answer>> {
    let replies: Vec<Reply> = match (form, answer.first()) {
        // A batch that is refused as a whole is answered by one object.
        (Form::Batch, Some(b'[')) => serde_json::from_slice(answer)?,
        _ => vec![serde_json::from_slice(answer)?],
    };
    if let ([Reply { id: None, error: Some(refused), .. }], Form::Batch) = (replies.as_slice(), form) {
        return Ok(all(sent, &fault(refused)));
    }
    let missing = Fault::Lost { kind: "no reply".to_owned(), cause: String::new() };
    let mut answers = all(sent, &missing);
    for reply in replies {
        let Some(answer) = reply.id.and_then(|id| answers.get_mut(id)) else { continue };
        answer.outcome = match (reply.result, reply.error) {
            (Some(Checked { code: 0, .. }), _) => Ok(()),
            (Some(Checked { code, log, codespace }), _) => {
                Err(Fault::Refused(Refusal { codespace, code, log }))
            }
            (None, Some(refused)) => Err(fault(&refused)),
            (None, None) => Err(missing.clone()),
        };
    }
    Ok(answers)
}

fn fault(refused: &Refused) -> Fault {
    let data = refused.data.as_str().map_or_else(|| refused.data.to_string(), ToOwned::to_owned);
    let cause = format!("{} {data}", refused.message);
    Fault::Lost { kind: format!("JSON-RPC {}", refused.code), cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: u64, size: usize) -> Item {
        Item { hash: [id as u8; 32], id, bytes: vec![7; size].into() }
    }

    const SENT: [(Hash, u64); 2] = [([0; 32], 4), ([1; 32], 5)];

    #[test]
    fn a_body_is_what_json_rpc_reads() {
        let items = [item(0, 3), item(1, 3)];
        let batch: serde_json::Value = serde_json::from_slice(&body(Form::Batch, &items)).unwrap();
        assert_eq!((batch[1]["id"].as_u64(), batch[1]["params"]["tx"].as_str()), (Some(1), Some("BwcH")));
        let single: serde_json::Value = serde_json::from_slice(&body(Form::Single, &items[..1])).unwrap();
        assert_eq!(single["method"], "broadcast_tx_sync");
    }

    #[test]
    fn bodies_are_bounded() {
        let items: Vec<Item> = (0..20).map(|id| item(id, 64 * 1024)).collect();
        let parts = parts(&items);
        assert!(parts.iter().all(|part| body(Form::Batch, part).len() <= MAX_BODY));
        assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), 20);
    }

    #[test]
    fn replies_are_told_apart_by_their_ids() {
        let answer =
            br#"[{"id":1,"result":{"code":20,"log":"full","codespace":"sdk"}},{"id":0,"result":{"code":0}}]"#;
        let answers = read(Form::Batch, answer, &SENT).unwrap();
        assert!(answers[0].outcome.is_ok() && answers[0].id == 4);
        let Err(Fault::Refused(refusal)) = &answers[1].outcome else { panic!("a refusal") };
        assert_eq!((refusal.code, refusal.log.as_str()), (20, "full"));
    }

    #[test]
    fn a_refused_batch_refuses_all_and_a_missing_reply_is_an_error() {
        let refused = br#"{"id":null,"error":{"code":-32600,"message":"Invalid Request","data":"too many"}}"#;
        let answers = read(Form::Batch, refused, &SENT).unwrap();
        assert!(answers.iter().all(
            |answer| matches!(&answer.outcome, Err(Fault::Lost { kind, .. }) if kind == "JSON-RPC -32600")
        ));
        let answers = read(Form::Batch, br#"[{"id":0,"result":{"code":0}}]"#, &SENT).unwrap();
        assert!(matches!(&answers[1].outcome, Err(Fault::Lost { kind, .. }) if kind == "no reply"));
    }
}
