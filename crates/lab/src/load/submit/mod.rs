//! The ways in which transactions are given to a node.

mod call;
mod stream;

use super::Hash;
use crate::network::Endpoint;
use bytes::Bytes;
use eyre::Result;
use tokio::sync::mpsc;
use virtengine_client::Refusal;

/// How transactions are submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// JSON-RPC, one call a transaction, over keep-alive connections.
    Single,
    /// JSON-RPC, many calls a request.
    Batch,
    /// gRPC, many transactions a message of one stream.
    Stream,
}

/// A transaction on its way through a lane.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) hash: Hash,
    /// Tells it from an earlier attempt with the same hash.
    pub(super) id: u64,
    pub(super) bytes: Bytes,
}

/// What a node says of an item.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) hash: Hash,
    pub(super) id: u64,
    pub(super) outcome: std::result::Result<(), Fault>,
}

/// Why a node did not take a transaction.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// Its checks failed.
    Refused(Refusal),
    /// The call was refused, or nobody knows what became of it; the kind is the same for the same cause.
    Lost { kind: String, cause: String },
}

/// Connections to all nodes. A lane carries the transactions of an account in the order in which they were sent.
pub(super) struct Lanes {
    /// By node, then by connection.
    lanes: Vec<Vec<mpsc::UnboundedSender<Item>>>,
}

impl Way {
    /// As in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Batch => "batch",
            Self::Stream => "stream",
        }
    }

    /// As a person says it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Single => "single calls",
            Self::Batch => "JSON-RPC batches",
            Self::Stream => "gRPC stream",
        }
    }

    /// Most transactions of one request.
    pub fn default_batch(self) -> usize {
        match self {
            Self::Single => 1,
            Self::Batch => 20,
            Self::Stream => 512,
        }
    }

    /// Connections to each node.
    pub fn default_connections(self) -> usize {
        match self {
            Self::Single => 64,
            Self::Batch => 16,
            Self::Stream => 1,
        }
    }
}

impl Lanes {
    /// Connects to every node.
    ///
    /// # Errors
    /// A node cannot be reached.
    pub(super) async fn open(
        way: Way,
        endpoints: &[Endpoint],
        connections: usize,
        batch: usize,
        answers: &mpsc::UnboundedSender<Vec<Answer>>,
    ) -> Result<Self> {
        let mut lanes = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            let mut of_node = Vec::with_capacity(connections);
            for _ in 0..connections {
                let (items, queue) = mpsc::unbounded_channel();
                let answers = answers.clone();
                let opened = match way {
                    Way::Single => call::open(endpoint, call::Form::Single, 1, queue, answers).await,
                    Way::Batch => call::open(endpoint, call::Form::Batch, batch, queue, answers).await,
                    Way::Stream => stream::open(endpoint, batch, queue, answers).await,
                };
                opened?;
                of_node.push(items);
            }
            lanes.push(of_node);
        }
        Ok(Self { lanes })
    }

    /// Queues an item on its account's lane; whether the lane still works. The caller bounds how many wait.
    pub(super) fn send(&self, account: u32, item: Item) -> bool {
        let account = account as usize;
        let nodes = self.lanes.len().max(1);
        let node = self.lanes.get(account % nodes).map(Vec::as_slice).unwrap_or_default();
        node.get(account / nodes % node.len().max(1)).is_some_and(|lane| lane.send(item).is_ok())
    }
}

/// The same answer for all items.
fn all(items: &[(Hash, u64)], fault: &Fault) -> Vec<Answer> {
    items.iter().map(|(hash, id)| Answer { hash: *hash, id: *id, outcome: Err(fault.clone()) }).collect()
}
