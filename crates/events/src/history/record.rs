//! A finalized block as it is kept.

use crate::{Attributes, Entry};
use borsh::{BorshDeserialize, BorshSerialize};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use virtengine_types::block::{
    BlockHeader, BlockOutcome, Event, FinalizedBlock, Hash, MAX_BLOCK_EVENTS, TxResult,
};
use virtengine_types::{Height, Timestamp};

/// What identifies a transaction: SHA-256 of its bytes.
#[must_use]
pub fn tx_hash(tx: &[u8]) -> Hash {
    Sha256::digest(tx).into()
}

/// A block without its transactions.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockMeta {
    /// The header.
    pub header: BlockHeader,
    /// The block's hash.
    pub hash: Hash,
    /// Number of transactions.
    pub txs: u32,
    /// Bytes of all transactions.
    pub tx_bytes: u64,
    /// Number of the block's log entries.
    pub events: u64,
}

impl BlockMeta {
    /// Height of the block.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.header.height
    }

    /// Sequence of the block's first log entry, if it has any.
    #[must_use]
    pub const fn first_sequence(&self) -> u64 {
        first_sequence(self.height().0)
    }

    /// First sequence that belongs to a later block.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        first_sequence(self.height().0.saturating_add(1))
    }
}

/// Sequence of the first log entry of the block at a height.
pub(crate) const fn first_sequence(height: u64) -> u64 {
    height.saturating_mul(MAX_BLOCK_EVENTS)
}

/// A block with its transactions and what they did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRecord {
    /// Header, hash and sizes.
    pub meta: BlockMeta,
    /// The transactions' bytes.
    pub txs: Vec<Bytes>,
    /// Results and events; one result for each transaction.
    pub outcome: Arc<BlockOutcome>,
    /// Encoded finalization certificate, if it was at hand.
    pub certificate: Option<Bytes>,
}

/// A transaction with its place and result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxRecord {
    /// SHA-256 of the bytes.
    pub hash: Hash,
    /// Height of the block.
    pub height: Height,
    /// Index in the block.
    pub index: u32,
    /// Time of the block.
    pub time: Timestamp,
    /// The bytes.
    pub tx: Bytes,
    /// What it did.
    pub result: TxResult,
}

impl BlockRecord {
    /// The record of a block.
    #[must_use]
    pub fn new(block: &FinalizedBlock) -> Self {
        let txs: Vec<Bytes> = block.txs.iter().map(|tx| tx.raw.clone()).collect();
        let outcome = block.outcome.clone();
        let topics = |events: &[Event]| events.iter().filter(|event| event.is_topic()).count() as u64;
        let events = outcome.results.iter().map(|result| topics(&result.events)).sum::<u64>()
            + topics(&outcome.events);
        let meta = BlockMeta {
            header: block.header.clone(),
            hash: block.hash,
            txs: u32::try_from(txs.len()).unwrap_or(u32::MAX),
            tx_bytes: txs.iter().map(|tx| tx.len() as u64).sum(),
            events,
        };
        Self { meta, txs, outcome, certificate: block.certificate.clone() }
    }

    /// Height of the block.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.meta.header.height
    }

    /// Roughly the memory that it takes, in bytes; never 0.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let results: usize = self.outcome.results.iter().map(of_result).sum();
        let events: usize = self.outcome.events.iter().map(of_event).sum();
        let certificate = self.certificate.as_ref().map_or(0, Bytes::len);
        let fixed = size_of::<Self>() + size_of::<BlockOutcome>() + size_of_val(&*self.txs);
        (fixed + results + events + certificate) as u64 + self.meta.tx_bytes
    }

    /// The block's entries of the event log: the block's own, which happen first, then those
    /// of the transactions in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let of_txs = (0_u32..).zip(&self.outcome.results);
        let of_txs =
            of_txs.flat_map(|(index, result)| result.events.iter().map(move |event| (Some(index), event)));
        let own = self.outcome.events.iter().map(|event| (None, event));
        let topics = own.chain(of_txs).filter(|(_, event)| event.is_topic());
        (self.meta.first_sequence()..).zip(topics).map(|(sequence, (tx_index, event))| Entry {
            sequence,
            height: self.height(),
            tx_index,
            topic: event.kind.to_string(),
            attributes: event.pairs(),
        })
    }

    /// The transaction at an index; `None` beyond the last.
    #[must_use]
    pub fn tx(&self, index: u32) -> Option<TxRecord> {
        let tx = self.txs.get(index as usize)?.clone();
        let result = self.outcome.results.get(index as usize)?.clone();
        let BlockHeader { height, time, .. } = self.meta.header;
        Some(TxRecord { hash: tx_hash(&tx), height, index, time, tx, result })
    }

    /// What queries see of a transaction: `tm.event`, `tx.hash`, `tx.height` and its events' attributes.
    /// Empty for an index beyond the last.
    #[must_use]
    pub fn tx_attributes(&self, index: u32) -> Attributes {
        let (Some(tx), Some(result)) =
            (self.txs.get(index as usize), self.outcome.results.get(index as usize))
        else {
            return Attributes::new();
        };
        let mut attributes = collect(&result.events);
        let mut add = |key: &str, value: String| attributes.entry(key.to_owned()).or_default().push(value);
        add("tm.event", "Tx".to_owned());
        add("tx.hash", hex::encode_upper(tx_hash(tx)));
        add("tx.height", self.height().to_string());
        attributes
    }

    /// What queries see of the block: `block.height` and its own events' attributes.
    #[must_use]
    pub fn block_attributes(&self) -> Attributes {
        let mut attributes = collect(&self.outcome.events);
        attributes.entry("block.height".to_owned()).or_default().push(self.height().to_string());
        attributes
    }
}

impl TxRecord {
    /// Roughly the memory that it takes, in bytes; never 0.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        (size_of::<Self>() + self.tx.len() + of_result(&self.result)) as u64
    }
}

fn of_event(event: &Event) -> usize {
    let texts = event.attributes.iter().map(|(key, value)| key.len() + value.len());
    size_of_val(event) + size_of_val(&*event.attributes) + texts.sum::<usize>()
}

fn of_result(result: &TxResult) -> usize {
    let events: usize = result.events.iter().map(of_event).sum();
    size_of_val(result) + events + result.data.len() + result.log.len()
}

fn collect(events: &[Event]) -> Attributes {
    let mut attributes = Attributes::new();
    for event in events {
        for (key, value) in &event.attributes {
            attributes.entry(format!("{}.{key}", event.kind)).or_default().push(value.to_string());
        }
    }
    attributes
}
