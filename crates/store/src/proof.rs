//! Proofs that a value is part of the state, checked without a database.

use crate::database::{CHUNK, Digest, Family, Operation, RowKey};
use bytes::Bytes;
use commonware_codec::{Decode as _, Encode as _};
use commonware_cryptography::Sha256;
use commonware_storage::qmdb::{any::unordered::Update, current::unordered::proof::constant::KeyValueProof};
use thiserror::Error;
use virtengine_state::{Key, MAX_VALUE_BYTES, Partition};
use virtengine_types::block::{Hash, PartitionRoot};

/// Most digests in a proof. A log of 2^62 operations needs fewer.
const MAX_DIGESTS: usize = 256;

/// A value with the proof that it is part of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The stored row.
    pub value: Bytes,
    /// Encoded proof, to be given to [`verify`].
    pub proof: Bytes,
    /// Canonical roots of the five partitions at the moment of the proof.
    ///
    /// Their hash is the `state_root` of the header to look up. Read while blocks are being applied they
    /// may belong to two blocks, and no header matches: ask again.
    pub roots: [Hash; 5],
}

/// Why a proof was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The roots are not those that the header commits to.
    #[error("the partition roots hash to {found}, the header's state root is {expected}", found = hex(found), expected = hex(expected))]
    StateRoot {
        /// Root computed from the given partition roots.
        found: Hash,
        /// Root of the header.
        expected: Hash,
    },
    /// The value is larger than any stored row.
    #[error("the value has {bytes} bytes, a row has at most {max}")]
    TooLarge {
        /// Bytes given.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The bytes are not a proof.
    #[error("the proof cannot be decoded: {0}")]
    Malformed(String),
    /// The proof is well-formed and does not show this value under this key.
    #[error("the proof does not show this value under this key in the {partition} partition")]
    Mismatch {
        /// Name of the partition.
        partition: &'static str,
    },
}

/// Checks that the state with `state_root` holds `value` under `key`.
///
/// `roots` are the canonical roots of the five partitions. Absence cannot be proven.
///
/// # Errors
/// - `StateRoot` - `roots` do not belong to `state_root`
/// - `TooLarge`, `Malformed` - the value or the proof cannot be genuine
/// - `Mismatch` - the proof is of something else
pub fn verify(
    state_root: &Hash,
    roots: &[Hash; 5],
    key: &Key,
    value: &Bytes,
    proof: &[u8],
) -> Result<(), ProofError> {
    let found =
        virtengine_types::block::state_root(&roots.map(|root| PartitionRoot { root, ..Default::default() }));
    if found != *state_root {
        return Err(ProofError::StateRoot { found, expected: *state_root });
    }
    if value.len() > MAX_VALUE_BYTES {
        return Err(ProofError::TooLarge { bytes: value.len(), max: MAX_VALUE_BYTES });
    }
    let proof =
        KeyValueProof::<Family, Digest, CHUNK>::decode_cfg(Bytes::copy_from_slice(proof), &MAX_DIGESTS)
            .map_err(|error| ProofError::Malformed(error.to_string()))?;
    let [ledger, staking, market, identity, hpc] = roots;
    let root = match key.partition {
        Partition::Ledger => ledger,
        Partition::Staking => staking,
        Partition::Market => market,
        Partition::Identity => identity,
        Partition::Hpc => hpc,
    };
    let operation = Operation::Update(Update(RowKey::new(key.bytes), value.clone()));
    if proof.verify::<Sha256, _>(operation, &Digest::from(*root)) {
        Ok(())
    } else {
        Err(ProofError::Mismatch { partition: key.partition.name() })
    }
}

pub(crate) fn encode(proof: &KeyValueProof<Family, Digest, CHUNK>) -> Bytes {
    proof.encode()
}

fn hex(hash: &Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
