//! Batches of transactions between nodes.

use crate::{Target, Verdict, memory::bounded};
use bytes::Bytes;
use virtengine_mempool::gossip::{MAX_BATCH, decode, encode};

/// The codec of gossip: it has one encoding of a batch.
#[must_use]
pub fn batches() -> Target {
    let tx = |length: usize| Bytes::from(vec![7; length]);
    let seeds = [vec![tx(1)], vec![tx(3), tx(200)], vec![tx(20); 9], vec![tx(1); MAX_BATCH]];
    Target::new(seeds.iter().map(|txs| encode(txs).to_vec()).collect(), |input| {
        let message = Bytes::copy_from_slice(input);
        // A transaction of one byte takes five in the message and a handle of 32, in a list that doubles.
        let decoded = bounded(input, 16, || decode(message));
        if let Ok(txs) = &decoded {
            assert_eq!(encode(txs), input, "a batch has one encoding");
        }
        Verdict::of(&decoded)
    })
}
