//! When transactions became final, as a subscriber is told.

#[cfg(test)]
mod tests;

use super::{Hash, http::Connection};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use eyre::{Context as _, OptionExt as _, Result, ensure, eyre};
use futures::{SinkExt as _, StreamExt as _};
use prost::Message as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::time::{Duration, Instant};
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};
use tonic::{client::Grpc, codegen::http::uri::PathAndQuery, transport::Channel};
use tonic_prost::ProstCodec;
use virtengine_types::proto::cosmos::base::{
    abci::v1beta1::TxMsgData,
    tendermint::v1beta1::{GetBlockByHeightRequest, GetBlockByHeightResponse},
};

/// Largest block in bytes, of which an answer holds two forms.
const MAX_BLOCK: usize = 64 << 20;
/// Longest silence of a node, which makes a block a second when it has nothing to do.
const SILENCE: Duration = Duration::from_secs(30);
/// Attempts to fetch a block that a node has announced.
const ATTEMPTS: u32 = 5;
/// Pause before the second attempt; it doubles.
const PAUSE: Duration = Duration::from_millis(20);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A final block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its height.
    pub height: u64,
    /// When this process was told of it.
    pub at: Instant,
    /// Of its transactions, in order.
    pub hashes: Vec<Hash>,
    /// Size of its transactions in bytes.
    pub bytes: u64,
    /// Of its transactions, in order, if they were asked for.
    pub results: Option<Vec<TxResult>>,
}

/// What became of a transaction in its block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TxResult {
    /// 0 for success.
    pub code: u32,
    /// Whose code it is.
    pub codespace: String,
    /// The reason of a failure.
    pub log: String,
    /// One encoded response a message, with the type's address.
    pub responses: Vec<(String, Vec<u8>)>,
}

/// Which heights are to be fetched, so that none is missed and none is fetched twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heights {
    next: u64,
}

impl Heights {
    /// From a first height on.
    pub(super) fn from(next: u64) -> Self {
        Self { next }
    }

    /// The heights to fetch when a node tells of one: those that it did not tell of, and this one.
    pub(super) fn told(&mut self, height: u64) -> std::ops::RangeInclusive<u64> {
        let first = self.next;
        self.next = self.next.max(height + 1);
        first..=height
    }
}

/// Follows blocks from `first` on until nobody listens. What a node does not tell of, as while a connection is made
/// anew, is fetched; its time is then that of the next block that it tells of.
///
/// # Errors
/// The node cannot be reached any more, or does not have a block that it announced.
pub(super) async fn follow(
    rpc: String,
    grpc: Channel,
    first: u64,
    with_results: bool,
    subscribed: tokio::sync::oneshot::Sender<()>,
    blocks: mpsc::Sender<Block>,
) -> Result<()> {
    let (told, mut heights) = mpsc::unbounded_channel();
    let mut socket = subscribe(&rpc).await?;
    if subscribed.send(()).is_err() {
        return Ok(());
    }
    let url = rpc.clone();
    let listening = async move {
        let mut lost = 0;
        loop {
            match next_height(&mut socket).await {
                Ok(height) => {
                    lost = 0;
                    if told.send((height, Instant::now())).is_err() {
                        return Ok(());
                    }
                }
                Err(error) if lost == ATTEMPTS => return Err(error),
                Err(_) => {
                    lost += 1;
                    tokio::time::sleep(PAUSE * (1 << lost)).await;
                    socket = subscribe(&url).await?;
                }
            }
        }
    };
    let fetching = async move {
        let mut next = Heights::from(first);
        let mut results = match with_results {
            true => Some(Connection::open(&rpc).await?),
            false => None,
        };
        while let Some((told, at)) = heights.recv().await {
            for height in next.told(told) {
                let txs = fetch(&grpc, height).await?;
                let results = match &mut results {
                    Some(connection) => Some(block_results(connection, height).await?),
                    None => None,
                };
                let bytes = txs.iter().map(|tx| tx.len() as u64).sum();
                let hashes = txs.iter().map(|tx| Sha256::digest(tx).into()).collect();
                if blocks.send(Block { height, at, hashes, bytes, results }).await.is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    };
    tokio::select! {
        ended = listening => ended,
        ended = fetching => ended,
    }
}

async fn subscribe(rpc: &str) -> Result<Socket> {
    let url = format!("{}/websocket", rpc.trim_end_matches('/').replacen("http", "ws", 1));
    let failed = || format!("failed to subscribe at {url}");
    let (mut socket, _) =
        timeout(SILENCE, connect_async(&url)).await.wrap_err_with(failed)?.wrap_err_with(failed)?;
    let request =
        r#"{"jsonrpc":"2.0","id":1,"method":"subscribe","params":{"query":"tm.event='NewBlockHeader'"}}"#;
    socket.send(Message::text(request)).await.wrap_err_with(failed)?;
    let answer = timeout(SILENCE, socket.next()).await.wrap_err_with(failed)?;
    let answer = answer.ok_or_eyre("the node closed the connection")??;
    let text = answer.to_text().unwrap_or_default();
    ensure!(!text.contains("\"error\""), "{}: {text}", failed());
    Ok(socket)
}

/// The height of the next header that a node tells of.
async fn next_height(socket: &mut Socket) -> Result<u64> {
    loop {
        let message = timeout(SILENCE, socket.next()).await.wrap_err("no block within 30 s")?;
        let message = message.ok_or_eyre("the node closed the subscription")??;
        if let Message::Text(text) = message
            && let Some(height) = announced(&text)
        {
            return Ok(height);
        }
    }
}

/// The height in an event of a header; none in other messages.
fn announced(text: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Event {
        result: Outer,
    }
    #[derive(Deserialize)]
    struct Outer {
        data: Data,
    }
    #[derive(Deserialize)]
    struct Data {
        value: Value,
    }
    #[derive(Deserialize)]
    struct Value {
        header: Header,
    }
    #[derive(Deserialize)]
    struct Header {
        height: String,
    }
    serde_json::from_str::<Event>(text).ok()?.result.data.value.header.height.parse().ok()
}

/// The transactions of a block. A node may announce a block a moment before it serves it.
async fn fetch(channel: &Channel, height: u64) -> Result<Vec<Bytes>> {
    let mut attempt = 0;
    loop {
        match block(channel.clone(), height).await {
            Ok(txs) => return Ok(txs),
            Err(error) if attempt == ATTEMPTS => return Err(error),
            Err(_) => tokio::time::sleep(PAUSE * (1 << attempt)).await,
        }
        attempt += 1;
    }
}

async fn block(channel: Channel, height: u64) -> Result<Vec<Bytes>> {
    let failed = || format!("failed to fetch block {height}");
    let mut client = Grpc::new(channel).max_decoding_message_size(MAX_BLOCK);
    client.ready().await.wrap_err_with(failed)?;
    let path = PathAndQuery::from_static("/cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight");
    let request = tonic::Request::new(GetBlockByHeightRequest { height: i64::try_from(height)? });
    let codec: ProstCodec<GetBlockByHeightRequest, GetBlockByHeightResponse> = ProstCodec::default();
    let answer = client.unary(request, path, codec).await.wrap_err_with(failed)?.into_inner();
    let data =
        answer.sdk_block.and_then(|block| block.data).ok_or_else(|| eyre!("block {height} has no data"))?;
    Ok(data.txs)
}

/// The results of a block's transactions, in order.
pub(crate) async fn block_results(connection: &mut Connection, height: u64) -> Result<Vec<TxResult>> {
    let call =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"block_results","params":{{"height":"{height}"}}}}"#);
    let answer = connection
        .post(call.into_bytes())
        .await
        .wrap_err_with(|| format!("failed to ask for the results of block {height}"))?;
    // Those of a large block are megabytes, which the thread of the load has no time for.
    let read = tokio::task::spawn_blocking(move || results(&answer)).await?;
    read.wrap_err_with(|| format!("failed to read the results of block {height}"))
}

fn results(answer: &[u8]) -> Result<Vec<TxResult>> {
    #[derive(Deserialize)]
    struct Answer {
        result: Results,
    }
    #[derive(Deserialize)]
    struct Results {
        txs_results: Option<Vec<One>>,
    }
    #[derive(Deserialize)]
    struct One {
        code: u32,
        data: Option<String>,
        #[serde(default)]
        log: String,
        #[serde(default)]
        codespace: String,
    }
    let one = |One { code, data, log, codespace }: One| {
        let data = BASE64_STANDARD.decode(data.unwrap_or_default())?;
        let data = TxMsgData::decode(data.as_slice())?;
        let responses = data.msg_responses.into_iter().map(|any| (any.type_url, any.value)).collect();
        Ok(TxResult { code, codespace, log, responses })
    };
    let answer: Answer = serde_json::from_slice(answer)?;
    answer.result.txs_results.unwrap_or_default().into_iter().map(one).collect()
}
