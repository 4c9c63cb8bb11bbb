//! Blocks, what they did, and what is told of them.

use crate::{Gas, Height, Timestamp, tx::DecodedTx};
use borsh::{
    BorshDeserialize, BorshSerialize,
    io::{self, Read},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use smol_str::{SmolStr, ToSmolStr};
use std::sync::Arc;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// Most entries that one block adds to the event log. An entry's sequence is the height of its block times
/// this, plus its position in the block: the same on every node, whichever blocks the node holds.
pub const MAX_BLOCK_EVENTS: u64 = 1_000_000;

/// Something that happened, as clients and indexes see it.
///
/// `kind` is the CometBFT event type (`transfer`) or, for our own modules, a dotted topic
/// (`market.order.created`).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, Serialize, Deserialize)]
pub struct Event {
    /// Event type or topic.
    pub kind: SmolStr,
    /// Keys and values in order; a key may occur more than once.
    pub attributes: Vec<(SmolStr, SmolStr)>,
}

impl Event {
    /// An event without attributes.
    #[must_use]
    pub fn new(kind: &'static str) -> Self {
        Self { kind: SmolStr::new_static(kind), attributes: Vec::with_capacity(4) }
    }

    /// The event with one more attribute.
    #[must_use]
    pub fn with(self, key: &'static str, value: impl ToSmolStr) -> Self {
        self.text(key, value.to_smolstr())
    }

    /// The event with one more attribute whose value is a text already.
    #[must_use]
    pub fn text(mut self, key: &'static str, value: impl Into<SmolStr>) -> Self {
        self.attributes.push((SmolStr::new_static(key), value.into()));
        self
    }

    /// Keys and values as plain texts.
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, String)> {
        self.attributes.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    /// Whether it belongs to the event log: its kind is a dotted topic.
    #[must_use]
    pub fn is_topic(&self) -> bool {
        self.kind.contains('.')
    }

    /// The first value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

impl BorshDeserialize for Event {
    /// By way of plain texts: long ones are moved, not copied.
    fn deserialize_reader<R: Read>(reader: &mut R) -> io::Result<Self> {
        let (kind, attributes) = <(String, Vec<(String, String)>)>::deserialize_reader(reader)?;
        let attributes = attributes.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        Ok(Self { kind: kind.into(), attributes })
    }
}

/// What a transaction did.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TxResult {
    /// 0 for success; otherwise a code of `codespace`.
    pub code: u32,
    /// Whose code it is; empty on success.
    pub codespace: String,
    /// Message of a failure; empty on success.
    pub log: String,
    /// Encoded `TxMsgData` with one response a message; empty on failure.
    pub data: Bytes,
    /// Gas limit of the transaction.
    pub gas_wanted: Gas,
    /// Gas used.
    pub gas_used: Gas,
    /// Events of the fee and signature step, then of the messages if they succeeded.
    pub events: Vec<Event>,
}

impl TxResult {
    /// The part of a result that blocks commit to: code, codespace, data, gas, as borsh, hashed.
    #[must_use]
    pub fn commitment(&self) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(self.code.to_be_bytes());
        for part in [self.codespace.as_bytes(), &self.data] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        hasher.update(self.gas_wanted.0.to_be_bytes());
        hasher.update(self.gas_used.0.to_be_bytes());
        hasher.finalize().into()
    }
}

/// Everything that executing a block produced, except its writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockOutcome {
    /// One result for each transaction of the block, in order.
    pub results: Vec<TxResult>,
    /// Events of the block itself: deadlines that came due.
    pub events: Vec<Event>,
    /// Sum of the gas used.
    pub gas_used: Gas,
}

impl BlockOutcome {
    /// Hash over the results' commitments in order.
    #[must_use]
    pub fn results_root(&self) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(b"virtengine/results");
        for result in &self.results {
            hasher.update(result.commitment());
        }
        hasher.finalize().into()
    }
}

/// What one partition's database commits to after a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PartitionRoot {
    /// Root over the operation log, against which state sync verifies.
    pub ops_root: Hash,
    /// First operation that a syncing node needs.
    pub range_start: u64,
    /// Number of operations in the log.
    pub range_end: u64,
    /// Canonical root, against which values are proven.
    pub root: Hash,
}

/// Root over the five partitions' canonical roots, in their order.
#[must_use]
pub fn state_root(partitions: &[PartitionRoot; 5]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(b"virtengine/state");
    for partition in partitions {
        hasher.update(partition.root);
    }
    hasher.finalize().into()
}

/// The header of a finalized block in plain types.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockHeader {
    /// Name of the chain.
    pub chain_id: String,
    /// Height; the first block is 1.
    pub height: Height,
    /// Epoch, whose committee finalized the block.
    pub epoch: u64,
    /// Consensus view in which it was proposed.
    pub view: u64,
    /// Block time.
    pub time: Timestamp,
    /// Hash of the parent block.
    pub parent: Hash,
    /// Ed25519 key of the proposer's node.
    pub proposer: Hash,
    /// Root over the transactions.
    pub txs_root: Hash,
    /// [`BlockOutcome::results_root`].
    pub results_root: Hash,
    /// [`state_root`] of `partitions`, after this block.
    pub state_root: Hash,
    /// Commitments of the five partitions after this block.
    pub partitions: [PartitionRoot; 5],
    /// Hash of this epoch's committee.
    pub committee: Hash,
    /// Hash of the next epoch's committee.
    pub next_committee: Hash,
    /// Sum of the gas used.
    pub gas_used: Gas,
}

/// A block that can no longer change, with what it did.
#[derive(Clone, Debug)]
pub struct FinalizedBlock {
    /// The header.
    pub header: BlockHeader,
    /// The block's hash.
    pub hash: Hash,
    /// The transactions, decoded; each keeps its raw bytes.
    pub txs: Vec<Arc<DecodedTx>>,
    /// Results and events.
    pub outcome: Arc<BlockOutcome>,
    /// The state's changes, for derived views.
    pub writes: Arc<Vec<StateWrite>>,
    /// Encoded finalization certificate, if one was at hand.
    pub certificate: Option<Bytes>,
}

/// One changed row: partition number, 32-byte key, and the stored row or `None` if deleted.
pub type StateWrite = (u8, [u8; 32], Option<Bytes>);
