//! Blocks of consensus.

use crate::{Target, Verdict, memory::bounded};
use bytes::Bytes;
use commonware_codec::{DecodeExt as _, Encode as _};
use commonware_consensus::types::{Epoch, Height, Round, View};
use commonware_cryptography::{Digestible as _, Signer as _, ed25519};
use virtengine_consensus::{Block, Context, Digest, Header, block::txs_root};
use virtengine_types::block::PartitionRoot;

/// The codec of blocks: it has one encoding of a block, and the block's hash is over it.
#[must_use]
pub fn blocks() -> Target {
    let bodies =
        [vec![], vec![Bytes::from_static(b"one"), Bytes::new()], vec![Bytes::from(vec![9; 300]); 40]];
    let seeds = bodies.into_iter().map(|txs| sample(txs).encode().to_vec()).collect();
    Target::new(seeds, |input| {
        let decoded = bounded(input, 128, || Block::decode(Bytes::copy_from_slice(input)));
        if let Ok(block) = &decoded {
            assert_eq!(block.encode(), input, "a block has one encoding");
            assert_eq!(block.digest(), block.header.digest(), "the hash is the header's");
            assert_eq!(block.header.to_plain("chain").txs_root, txs_root(&block.txs).0);
        }
        Verdict::of(&decoded)
    })
}

fn sample(txs: Vec<Bytes>) -> Block {
    let digest = |byte| Digest::from([byte; 32]);
    let header = Header {
        chain: digest(1),
        context: Context {
            round: Round::new(Epoch::new(2), View::new(300)),
            leader: ed25519::PrivateKey::from_seed(1).public_key(),
            parent: (View::new(299), digest(2)),
        },
        parent: digest(2),
        height: Height::new(70_000),
        time_ms: 1_800_000_000_000,
        txs_root: txs_root(&txs),
        results_root: digest(3),
        gas_used: 5_000,
        partitions: [PartitionRoot { ops_root: [4; 32], range_start: 1, range_end: 50, root: [5; 32] }; 5],
        state_root: digest(6),
        committee: digest(7),
        next_committee: digest(8),
    };
    Block { header, txs }
}
