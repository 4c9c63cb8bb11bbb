//! From a method's name to its answer.

use super::args::Args;
use super::envelope::{self, Call, RpcError};
use super::limits::Permit;
use super::{Comet, methods};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The methods that are not subscriptions, with their arguments in the order of positional calls.
const METHODS: &[(&str, &[&str])] = &[
    ("abci_info", &[]),
    ("abci_query", &["path", "data", "height", "prove"]),
    ("block", &["height"]),
    ("block_by_hash", &["hash"]),
    ("block_results", &["height"]),
    ("block_search", &["query", "page", "per_page", "order_by"]),
    ("blockchain", &["minHeight", "maxHeight"]),
    ("broadcast_tx_async", &["tx"]),
    ("broadcast_tx_commit", &["tx"]),
    ("broadcast_tx_sync", &["tx"]),
    ("check_tx", &["tx"]),
    ("commit", &["height"]),
    ("consensus_params", &["height"]),
    ("genesis", &[]),
    ("genesis_chunked", &["chunk"]),
    ("header", &["height"]),
    ("header_by_hash", &["hash"]),
    ("health", &[]),
    ("net_info", &[]),
    ("num_unconfirmed_txs", &[]),
    ("status", &[]),
    ("tx", &["hash", "prove"]),
    ("tx_search", &["query", "prove", "page", "per_page", "order_by"]),
    ("unconfirmed_txs", &["limit"]),
    ("validators", &["height", "page", "per_page"]),
];

/// The methods of subscriptions, over WebSockets only.
const SUBSCRIPTIONS: &[(&str, &[&str])] =
    &[("subscribe", &["query"]), ("unsubscribe", &["query"]), ("unsubscribe_all", &[])];

/// The names of a method's arguments; `None` if there is no such method.
pub(super) fn arguments(method: &str) -> Option<&'static [&'static str]> {
    let mut all = METHODS.iter().chain(SUBSCRIPTIONS);
    all.find(|(name, _)| *name == method).map(|(_, arguments)| *arguments)
}

/// Whether a method is about subscriptions.
pub(super) fn is_subscription(method: &str) -> bool {
    SUBSCRIPTIONS.iter().any(|(name, _)| *name == method)
}

/// The names of all methods.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    METHODS.iter().map(|(name, _)| *name)
}

type Read = fn(&Comet, &Args) -> Result<Value, RpcError>;

impl Comet {
    /// When a request that comes now must be answered.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + Duration::from_secs(self.inner.config.request_timeout_secs)
    }

    /// Answers a call by a deadline, which the calls of a batch share; `None` for a notification.
    pub(super) async fn answer(&self, call: Call, deadline: Instant) -> Option<Value> {
        let Call { id, method, args } = call;
        let result = self.run(&method, args, deadline).await;
        id.map(|id| envelope::answer(&id, result))
    }

    /// Runs a method until a deadline. What would begin after it is not begun.
    pub(super) async fn run(&self, method: &str, args: Args, deadline: Instant) -> Result<Value, RpcError> {
        let seconds = self.inner.config.request_timeout_secs;
        if Instant::now() >= deadline {
            let cause = format!("{method} was not begun: the calls before it in the batch took {seconds} s");
            return Err(RpcError::internal(cause));
        }
        match tokio::time::timeout_at(deadline, self.dispatch(method, args)).await {
            Ok(result) => result,
            Err(_) => Err(RpcError::internal(format!("{method} took longer than {seconds} s"))),
        }
    }

    async fn dispatch(&self, method: &str, args: Args) -> Result<Value, RpcError> {
        match method {
            "abci_info" => Ok(methods::info::abci_info(self)),
            "abci_query" => methods::txs::abci_query(self, &args).await,
            "block" => self.read(args, methods::blocks::block).await,
            "block_by_hash" => self.read(args, methods::blocks::block_by_hash).await,
            "block_results" => self.read(args, methods::blocks::block_results).await,
            "block_search" => self.scan(args, methods::search::block_search).await,
            "blockchain" => self.read(args, methods::blocks::blockchain).await,
            "broadcast_tx_async" | "broadcast_tx_sync" => methods::txs::broadcast(self, &args).await,
            "broadcast_tx_commit" => methods::txs::broadcast_commit(self, &args).await,
            "check_tx" => methods::txs::check(self, &args).await,
            "commit" => self.read(args, methods::blocks::commit).await,
            "consensus_params" => self.read(args, methods::info::consensus_params).await,
            "genesis" => self.read(args, methods::genesis::whole).await,
            "genesis_chunked" => self.read(args, methods::genesis::chunk).await,
            "header" => self.read(args, methods::blocks::header).await,
            "header_by_hash" => self.read(args, methods::blocks::header_by_hash).await,
            "health" => Ok(json!({})),
            "net_info" => Ok(methods::info::net_info(self)),
            "num_unconfirmed_txs" => Ok(methods::txs::unconfirmed_count(self)),
            "status" => Ok(methods::info::status(self)),
            "tx" => self.read(args, methods::search::tx).await,
            "tx_search" => self.scan(args, methods::search::tx_search).await,
            "unconfirmed_txs" => methods::txs::unconfirmed(self, &args),
            "validators" => self.read(args, methods::info::validators).await,
            _ => Err(RpcError::method_not_found()),
        }
    }

    /// Runs a method that reads what its arguments name.
    async fn read(&self, args: Args, method: Read) -> Result<Value, RpcError> {
        self.beside(self.inner.limits.read().await?, args, method).await
    }

    /// Runs a method that looks through many blocks.
    async fn scan(&self, args: Args, method: Read) -> Result<Value, RpcError> {
        self.beside(self.inner.limits.scan().await?, args, method).await
    }

    /// Runs a method that reads the disk beside the async threads, in its turn.
    async fn beside(&self, turn: Permit, args: Args, method: Read) -> Result<Value, RpcError> {
        let comet = self.clone();
        // The read goes on when its client has gone or waited too long, so it keeps the turn itself.
        let read = tokio::task::spawn_blocking(move || {
            let answer = method(&comet, &args);
            drop(turn);
            answer
        });
        read.await.map_err(RpcError::internal)?
    }
}
