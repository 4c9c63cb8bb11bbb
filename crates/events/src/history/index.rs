//! Which transactions and blocks have an attribute.

use super::{BlockRecord, Config, tx_hash};
use sha2::{Digest, Sha256};
use virtengine_types::block::{Event, Hash};

/// A key and value, hashed so that rows have one length and values of any length can be searched.
pub(super) type Term = [u8; 16];

/// What a term was found on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Domain {
    /// A transaction's events.
    Tx = 1,
    /// The block's own events.
    Block = 2,
}

/// The term of `key = 'value'`.
pub(super) fn term(domain: Domain, key: &str, value: &str) -> Term {
    let mut hasher = Sha256::new();
    hasher.update([domain as u8]);
    hasher.update((key.len() as u64).to_be_bytes());
    hasher.update(key);
    hasher.update(value);
    let hash: [u8; 32] = hasher.finalize().into();
    let mut term = Term::default();
    term.copy_from_slice(&hash[..16]);
    term
}

/// Key of an index row.
pub(super) fn row_key(term: Term, height: u64) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(&term);
    key[16..].copy_from_slice(&height.to_be_bytes());
    key
}

/// Whether searches by this key use the index: a configured key, or an attribute of a topic, which has at
/// least two dots.
pub(super) fn is_indexed(config: &Config, key: &str) -> bool {
    key.bytes().filter(|byte| *byte == b'.').count() >= 2 || config.indexed_keys.contains(key)
}

/// What a block adds to the indexes.
pub(super) struct BlockIndex {
    pub(super) height: u64,
    /// Terms with the indexes of the transactions that have them, sorted, each pair once; 0 for a term of the
    /// block's own events.
    pub(super) terms: Vec<(Term, u32)>,
    /// Hashes of the transactions with their indexes, sorted.
    pub(super) hashes: Vec<(Hash, u32)>,
}

impl BlockIndex {
    pub(super) fn new(config: &Config, record: &BlockRecord) -> Self {
        let mut index = Self { height: record.height().0, terms: Vec::new(), hashes: Vec::new() };
        let mut key = String::new();
        for event in &record.outcome.events {
            index.add(config, &mut key, Domain::Block, event, 0);
        }
        for (place, result) in (0_u32..).zip(&record.outcome.results) {
            for event in &result.events {
                index.add(config, &mut key, Domain::Tx, event, place);
            }
        }
        index.terms.sort_unstable();
        index.terms.dedup();
        index.hashes = record.txs.iter().map(|tx| tx_hash(tx)).zip(0..).collect();
        index.hashes.sort_unstable();
        index
    }

    /// Rows that the index has, or somewhat fewer.
    pub(super) fn rows(&self) -> usize {
        self.terms.len() + self.hashes.len()
    }

    /// Adds an event's attributes; `key` is memory to be used again.
    fn add(&mut self, config: &Config, key: &mut String, domain: Domain, event: &Event, place: u32) {
        for (name, value) in &event.attributes {
            key.clear();
            key.extend([event.kind.as_str(), ".", name.as_str()]);
            if is_indexed(config, key) {
                self.terms.push((term(domain, key, value), place));
            }
        }
    }

    /// The transactions that have a term, in order; `None` if nothing of the block has it.
    pub(super) fn list(&self, term: Term) -> Option<Vec<u32>> {
        let start = self.terms.partition_point(|(other, _)| *other < term);
        let same = self.terms[start..].iter().take_while(|(other, _)| *other == term);
        let list: Vec<u32> = same.map(|(_, place)| *place).collect();
        (!list.is_empty()).then_some(list)
    }

    /// The index of a transaction.
    pub(super) fn place(&self, hash: &Hash) -> Option<u32> {
        let found = self.hashes.binary_search_by(|(other, _)| other.cmp(hash)).ok()?;
        self.hashes.get(found).map(|(_, place)| *place)
    }
}

/// Encodes a list of transactions.
pub(super) fn encode_list(list: &[u32]) -> Vec<u8> {
    list.iter().flat_map(|index| index.to_be_bytes()).collect()
}

/// Decodes a list of transactions.
pub(super) fn decode_list(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|index| u32::from_be_bytes(*index)).collect()
}
