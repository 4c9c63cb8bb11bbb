//! Which transactions and blocks have an attribute.

use super::{BlockRecord, Config};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

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

/// The index rows of a block: for each term the transactions that have it, in order; none for a term of
/// the block's own events.
pub(super) fn terms(config: &Config, record: &BlockRecord) -> HashMap<Term, Vec<u32>> {
    let mut terms: HashMap<Term, Vec<u32>> = HashMap::new();
    for (index, result) in (0_u32..).zip(&record.outcome.results) {
        for event in &result.events {
            for (key, value) in &event.attributes {
                let key = format!("{}.{key}", event.kind);
                if !is_indexed(config, &key) {
                    continue;
                }
                let list = terms.entry(term(Domain::Tx, &key, value)).or_default();
                if list.last() != Some(&index) {
                    list.push(index);
                }
            }
        }
    }
    for event in &record.outcome.events {
        for (key, value) in &event.attributes {
            let key = format!("{}.{key}", event.kind);
            if is_indexed(config, &key) {
                terms.entry(term(Domain::Block, &key, value)).or_default();
            }
        }
    }
    terms
}

/// Encodes a list of transactions.
pub(super) fn encode_list(list: &[u32]) -> Vec<u8> {
    list.iter().flat_map(|index| index.to_be_bytes()).collect()
}

/// Decodes a list of transactions.
pub(super) fn decode_list(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|index| u32::from_be_bytes(*index)).collect()
}
