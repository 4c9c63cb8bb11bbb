//! Bodies and addresses of CometBFT's JSON-RPC, through its router without sockets.

use crate::{Target, Verdict};
use axum::{body::Body, http::Request};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use std::{future::ready, sync::Arc};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;
use virtengine_events::{Config, History, Hub, HubConfig};
use virtengine_rpc::comet::{
    AppState, Application, Broadcast, Checked, Comet, CometConfig, Genesis, NodeInfo, Peer, Pending,
    QueryAnswer, QueryRequest, Refused, Reply, Validator, router,
};
use virtengine_types::{Timestamp, tx::DecodedTx};

const CHAIN: &str = "fuzz-1";

/// A node before its first block: it decodes transactions, keeps none and has no state to query.
struct Empty;

impl Application for Empty {
    fn query(&self, request: QueryRequest) -> Reply<QueryAnswer> {
        let log = format!("unknown query path {}", request.path);
        let codespace = "sdk".to_owned();
        Box::pin(ready(QueryAnswer { code: 6, codespace, log, value: Bytes::new(), height: 0 }))
    }

    fn broadcast(&self, tx: Bytes) -> Reply<Broadcast> {
        self.check(tx)
    }

    fn check(&self, tx: Bytes) -> Reply<Broadcast> {
        let answer = match DecodedTx::decode(tx) {
            Ok(_) => Err(Refused("mempool is full".to_owned())),
            Err(error) => {
                let refusal = error.rejection();
                let (code, codespace, log) = (refusal.code, refusal.codespace.to_string(), refusal.log);
                Ok(Checked { code, codespace, log, ..Checked::default() })
            }
        };
        Box::pin(ready(answer))
    }

    fn pending(&self, _limit: usize) -> Pending {
        Pending::default()
    }

    fn peers(&self) -> Vec<Peer> {
        Vec::new()
    }

    fn is_catching_up(&self) -> bool {
        false
    }
}

/// A surface and what it lives on.
struct Surface {
    _folder: TempDir,
    runtime: Runtime,
    app: axum::Router,
}

impl Surface {
    fn new() -> Self {
        let folder = TempDir::new().expect("there is a folder for temporary files");
        let history = History::open(folder.path(), CHAIN, Config::default()).expect("an empty folder opens");
        let hub = Hub::new(history, HubConfig::default());
        let (path, json) = (folder.path().join("genesis.json"), "{}");
        std::fs::write(&path, json).expect("a folder for temporary files takes one");
        let genesis = Genesis {
            chain_id: CHAIN.to_owned(),
            time: Timestamp(1_800_000_000_000),
            hash: [1; 32],
            state_root: [2; 32],
            validators: vec![Validator { key: [3; 32], power: 10 }],
            max_block_bytes: 1_000_000,
            max_block_gas: None,
            app_state: AppState { path, bytes: json.len() as u64 },
        };
        let node = NodeInfo {
            key: [3; 32],
            power: 10,
            moniker: "fuzz".to_owned(),
            listen_addr: "tcp://127.0.0.1:26656".to_owned(),
            rpc_addr: "tcp://127.0.0.1:26657".to_owned(),
            version: "0.1.0".to_owned(),
        };
        let app = router(Comet::new(Arc::new(Empty), hub, genesis, node, CometConfig::default()));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime of one thread starts");
        Self { _folder: folder, runtime, app }
    }

    /// The answer, which is JSON or nothing; `null` for a refusal of the address itself.
    fn answer(&self, request: Request<Body>) -> serde_json::Value {
        let (head, body) = self.runtime.block_on(async {
            let response = self.app.clone().oneshot(request).await.expect("a router always answers");
            let (head, body) = response.into_parts();
            (head, body.collect().await.expect("an answer in memory ends").to_bytes())
        });
        let is_json = head.headers.get("content-type").is_some_and(|kind| kind == "application/json");
        if !is_json {
            assert!(body.is_empty() || head.status.is_client_error(), "{}: {body:?}", head.status);
            return serde_json::Value::Null;
        }
        serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {body:?}"))
    }
}

/// Bodies of calls and batches. Every call is answered with its version, and never both ways.
///
/// # Panics
/// If there is no folder for temporary files.
#[must_use]
pub fn calls() -> Target {
    let call = |method: &str, params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":7,"method":"{method}","params":{params}}}"#).into_bytes()
    };
    let seeds = vec![
        call("status", "{}"),
        call("health", "[]"),
        call("abci_query", r#"{"path":"/a.B/C","data":"0a0b","height":"0","prove":false}"#),
        call("broadcast_tx_sync", r#"{"tx":"AAEC"}"#),
        call("check_tx", r#"["AAEC"]"#),
        call("tx", r#"{"hash":"AAEC","prove":true}"#),
        call("tx_search", r#"{"query":"tx.height>0","page":"1","per_page":"5","order_by":"asc"}"#),
        call("block_search", r#"["block.height > 0", "1", "10", "desc"]"#),
        call("block", r#"{"height":"1"}"#),
        call("blockchain", r#"{"minHeight":"1","maxHeight":"9"}"#),
        call("validators", r#"{"height":null,"page":"1","per_page":"100"}"#),
        call("unconfirmed_txs", r#"{"limit":"5"}"#),
        [b"[".to_vec(), call("genesis", "{}"), b",".to_vec(), call("net_info", "{}"), b"]".to_vec()].concat(),
    ];
    let surface = Surface::new();
    Target::new(seeds, move |input| {
        let request = Request::post("/").body(Body::from(input.to_vec())).expect("a body is any bytes");
        let answer = surface.answer(request);
        let answers = match &answer {
            serde_json::Value::Array(answers) => answers.iter().collect(),
            serde_json::Value::Null => Vec::new(),
            one => vec![one],
        };
        for answer in &answers {
            assert_eq!(answer["jsonrpc"], "2.0", "{answer}");
            assert_ne!(answer.get("result").is_some(), answer.get("error").is_some(), "{answer}");
        }
        // Refused is what is no JSON at all.
        Verdict::of(&serde_json::from_slice::<serde_json::Value>(input))
    })
}

/// Calls by address: the method and its arguments.
///
/// # Panics
/// If there is no folder for temporary files.
#[must_use]
pub fn addresses() -> Target {
    let seeds = [
        "/status",
        "/abci_query?path=\"/a.B/C\"&data=0x0a0b&height=5&prove=false",
        "/broadcast_tx_sync?tx=0x0001",
        "/tx?hash=0xABCD&prove=true",
        "/tx_search?query=\"tx.height%3E0\"&page=1&per_page=5&order_by=\"asc\"",
        "/block?height=1",
        "/validators",
    ];
    let surface = Surface::new();
    Target::of_text(&seeds.map(|seed| seed.replace('"', "%22")).each_ref().map(String::as_str), move |text| {
        let Ok(request) = Request::get(text).body(Body::empty()) else { return Verdict::Refused };
        if matches!(request.uri().path(), "/websocket" | "/events") {
            return Verdict::Refused; // an upgrade needs a connection
        }
        let method = request.uri().path().trim_matches('/').to_owned();
        let answer = surface.answer(request);
        assert!(method.is_empty() || answer.is_null() || answer["jsonrpc"] == "2.0", "{answer}");
        Verdict::Accepted
    })
}
