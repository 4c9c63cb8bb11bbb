//! Messages between nodes: batches of raw transactions.
//!
//! `version (1 byte) || (length (4 bytes, big-endian) || raw transaction)*`, at least one transaction.
//! There is one encoding of a batch.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use thiserror::Error;
use virtengine_types::tx::MAX_TX_BYTES;

/// The only version.
const VERSION: u8 = 1;
/// Bytes that each transaction takes besides its own.
pub(super) const LENGTH_BYTES: usize = 4;
/// Most transactions of a message.
pub const MAX_BATCH: usize = 1_024;
/// Bytes of a message with one transaction, without that transaction.
pub const OVERHEAD_BYTES: usize = 1 + LENGTH_BYTES;

/// Why bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CodecError {
    /// Another version.
    #[error("version {VERSION} is known, got {found:?}")]
    Version {
        /// The first byte, if there is one.
        found: Option<u8>,
    },
    /// Nothing in it, or too much.
    #[error("a message holds 1 to {MAX_BATCH} transactions, got {found}")]
    Count {
        /// Transactions found; the count stops one above the limit.
        found: usize,
    },
    /// A transaction's length is not one that a transaction can have.
    #[error("a transaction has 1 to {MAX_TX_BYTES} bytes, got {found}")]
    Length {
        /// The length.
        found: u32,
    },
    /// The message ends within a transaction.
    #[error("{needed} bytes are missing at the end, {left} are left")]
    Truncated {
        /// Bytes needed.
        needed: usize,
        /// Bytes left.
        left: usize,
    },
}

/// Encodes a batch: 1 to [`MAX_BATCH`] transactions of 1 to [`MAX_TX_BYTES`] bytes.
#[must_use]
pub fn encode(txs: &[Bytes]) -> Bytes {
    let size = 1 + txs.iter().map(|tx| LENGTH_BYTES + tx.len()).sum::<usize>();
    let mut message = BytesMut::with_capacity(size);
    message.put_u8(VERSION);
    for tx in txs {
        // Every transaction was decoded, which bounds it by MAX_TX_BYTES.
        message.put_u32(u32::try_from(tx.len()).unwrap_or(u32::MAX));
        message.put_slice(tx);
    }
    message.freeze()
}

/// Decodes a batch. The transactions share the message's memory.
///
/// # Errors
/// - `Version` - another version or an empty message
/// - `Count` - no transaction or more than [`MAX_BATCH`]
/// - `Length` - an empty or oversized transaction
/// - `Truncated` - the message ends too early
pub fn decode(mut message: Bytes) -> Result<Vec<Bytes>, CodecError> {
    let found = message.first().copied();
    if found != Some(VERSION) {
        return Err(CodecError::Version { found });
    }
    message.advance(1);
    let mut txs = Vec::new();
    while !message.is_empty() {
        if txs.len() == MAX_BATCH {
            return Err(CodecError::Count { found: MAX_BATCH + 1 });
        }
        if message.len() < LENGTH_BYTES {
            return Err(CodecError::Truncated { needed: LENGTH_BYTES, left: message.len() });
        }
        let found = message.get_u32();
        let needed = usize::try_from(found).unwrap_or(usize::MAX);
        if !(1..=MAX_TX_BYTES).contains(&needed) {
            return Err(CodecError::Length { found });
        }
        if message.len() < needed {
            return Err(CodecError::Truncated { needed, left: message.len() });
        }
        txs.push(message.split_to(needed));
    }
    if txs.is_empty() {
        return Err(CodecError::Count { found: 0 });
    }
    Ok(txs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection::vec, prelude::*};

    fn message(parts: &[&[u8]]) -> Bytes {
        Bytes::from(parts.concat())
    }

    proptest! {
        #[test]
        fn a_batch_survives_the_wire(txs in vec(vec(any::<u8>(), 1..300), 1..40)) {
            let txs: Vec<Bytes> = txs.into_iter().map(Bytes::from).collect();
            prop_assert_eq!(decode(encode(&txs)), Ok(txs));
        }

        #[test]
        fn any_bytes_are_refused_or_are_the_encoding_of_what_they_mean(
            start in prop_oneof![Just(vec![VERSION]), vec(any::<u8>(), 0..3)],
            lengths in vec((0u32..20, vec(any::<u8>(), 0..20)), 0..10),
        ) {
            let mut bytes = start;
            for (length, tx) in lengths {
                bytes.extend(length.to_be_bytes());
                bytes.extend(tx);
            }
            let bytes = Bytes::from(bytes);
            if let Ok(txs) = decode(bytes.clone()) {
                prop_assert_eq!(encode(&txs), bytes);
            }
        }

        #[test]
        fn a_cut_message_is_refused_or_shorter(txs in vec(vec(any::<u8>(), 1..50), 1..10), cut in 1usize..200) {
            let txs: Vec<Bytes> = txs.into_iter().map(Bytes::from).collect();
            let whole = encode(&txs);
            let part = whole.slice(..whole.len().saturating_sub(cut));
            if let Ok(found) = decode(part) {
                prop_assert!(found.len() < txs.len());
                prop_assert_eq!(&found[..], &txs[..found.len()]);
            }
        }
    }

    #[test]
    fn rejects_another_version() {
        assert_eq!(decode(message(&[&[2]])), Err(CodecError::Version { found: Some(2) }));
        assert_eq!(decode(Bytes::new()), Err(CodecError::Version { found: None }));
    }

    #[test]
    fn rejects_no_transactions_and_too_many() {
        assert_eq!(decode(message(&[&[1]])), Err(CodecError::Count { found: 0 }));
        let many = vec![Bytes::from_static(b"x"); MAX_BATCH + 1];
        assert_eq!(decode(encode(&many)), Err(CodecError::Count { found: MAX_BATCH + 1 }));
    }

    #[test]
    fn rejects_an_impossible_length() {
        assert_eq!(decode(message(&[&[1, 0, 0, 0, 0]])), Err(CodecError::Length { found: 0 }));
        let huge = message(&[&[1, 255, 255, 255, 255], b"x"]);
        assert_eq!(decode(huge), Err(CodecError::Length { found: u32::MAX }));
    }

    #[test]
    fn rejects_a_message_that_ends_early() {
        assert_eq!(decode(message(&[&[1, 0, 0]])), Err(CodecError::Truncated { needed: 4, left: 2 }));
        let short = message(&[&[1, 0, 0, 0, 5], b"abc"]);
        assert_eq!(decode(short), Err(CodecError::Truncated { needed: 5, left: 3 }));
    }
}
