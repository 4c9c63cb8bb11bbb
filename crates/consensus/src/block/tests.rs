//! Codec of blocks.

use super::*;
use commonware_codec::{Decode as _, DecodeExt as _};
use commonware_consensus::types::{Epoch, Round, View};
use commonware_cryptography::{Signer as _, ed25519};

pub(crate) fn sample(txs: Vec<Bytes>) -> Block {
    let partitions = [PartitionRoot { ops_root: [1; 32], range_start: 0, range_end: 9, root: [2; 32] }; 5];
    let header = Header {
        chain: Digest::from([3; 32]),
        context: Context {
            round: Round::new(Epoch::new(1), View::new(7)),
            leader: ed25519::PrivateKey::from_seed(0).public_key(),
            parent: (View::new(6), Digest::from([4; 32])),
        },
        parent: Digest::from([4; 32]),
        height: Height::new(12),
        time_ms: 1_795_431_600_123,
        txs_root: txs_root(&txs),
        results_root: Digest::from([5; 32]),
        gas_used: 77,
        partitions,
        state_root: Digest::from([6; 32]),
        committee: Digest::from([7; 32]),
        next_committee: Digest::from([8; 32]),
    };
    Block { header, txs }
}

#[test]
fn a_block_survives_encoding() {
    let block = sample(vec![Bytes::from_static(b"one"), Bytes::new()]);
    let encoded = block.encode();
    assert_eq!(encoded.len(), block.encode_size());
    let decoded = Block::decode(encoded).unwrap();
    assert_eq!(decoded, block);
    assert_eq!(decoded.digest(), block.digest());
}

#[test]
fn the_hash_covers_the_consensus_context() {
    let block = sample(Vec::new());
    let mut other = block.clone();
    other.header.context.round = Round::new(Epoch::new(1), View::new(8));
    assert_ne!(block.digest(), other.digest());
}

#[test]
fn rejects_transactions_that_the_header_does_not_commit_to() {
    let mut block = sample(vec![Bytes::from_static(b"one")]);
    block.txs.push(Bytes::from_static(b"two"));
    assert!(Block::decode(block.encode()).is_err());
}

#[test]
fn rejects_an_empty_range() {
    let mut block = sample(Vec::new());
    block.header.partitions[2].range_end = 0;
    assert!(Block::decode(block.encode()).is_err());
}

#[test]
fn rejects_more_bytes_than_a_block_may_have() {
    let block = sample(vec![Bytes::from(vec![0; MAX_TXS_BYTES / 2 + 1]); 2]);
    assert!(Block::decode_cfg(block.encode(), &()).is_err());
    let fits = sample(vec![Bytes::from(vec![0; MAX_TXS_BYTES / 2]); 2]);
    assert!(fits.encode_size() <= Block::max_encode_size(&()));
    assert!(Block::decode_cfg(fits.encode(), &()).is_ok());
}
