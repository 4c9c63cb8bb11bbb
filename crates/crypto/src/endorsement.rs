//! Endorsements: every bonded validator signs each epoch's checkpoint.
//!
//! Validators are divided into shards. A shard's signatures are summed into one, beside a bitfield of who signed
//! ([`Aggregate`]); [`verify`] checks the sums of all shards in two pairings. Sums of keys are safe only over keys with
//! a proof of possession, so [`ShardKeys`] takes no others.
//!
//! All here is pure: the same input gives the same verdicts on every machine, with any number of threads.

mod aggregate;
mod bitfield;
mod equation;
mod error;
mod shard_keys;

pub use aggregate::{Aggregate, verify_signatures};
pub use bitfield::Bitfield;
pub use error::EndorsementError;
pub use shard_keys::ShardKeys;

use crate::bls::{BlsError, PublicKey, SecretKey, Signature};
use blst::{BLST_ERROR, min_pk};
use commonware_utils::union_unique;
use equation::Claim;
use rayon::prelude::*;
use virtengine_types::Height;

/// Start of the namespace that keeps endorsements apart from all else that a BLS key may sign, and those of two chains
/// apart; the chain id follows.
const ENDORSEMENTS: &[u8] = b"virtengine/endorsement/";
/// Bytes of a checkpoint's message.
const MESSAGE_BYTES: usize = 8 + 8 + 32 + 32;

/// What validators endorse: the state at an epoch's last block, and who decides next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The chain.
    pub chain_id: String,
    /// The epoch that ended.
    pub epoch: u64,
    /// Height of its last block.
    pub height: Height,
    /// Root of the state after that block.
    pub state_root: [u8; 32],
    /// Hash of the next epoch's committee.
    pub next_committee: [u8; 32],
}

impl Checkpoint {
    /// Endorses it.
    #[must_use]
    pub fn sign(&self, key: &SecretKey) -> Signature {
        key.sign(&self.namespace(), &self.message())
    }

    /// Checks the endorsement of one validator.
    ///
    /// # Errors
    /// - `Mismatch` - another key or checkpoint
    pub fn verify(&self, key: &PublicKey, signature: &Signature) -> Result<(), BlsError> {
        key.verify(&self.namespace(), &self.message(), signature)
    }

    /// The chain's namespace.
    #[must_use]
    pub fn namespace(&self) -> Vec<u8> {
        [ENDORSEMENTS, self.chain_id.as_bytes()].concat()
    }

    /// Epoch and height, 8 bytes each, big endian; state root; next committee.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MESSAGE_BYTES);
        bytes.extend(self.epoch.to_be_bytes());
        bytes.extend(self.height.0.to_be_bytes());
        bytes.extend(self.state_root);
        bytes.extend(self.next_committee);
        bytes
    }

    /// What is hashed to the curve: the namespace behind its length, then the message.
    fn signed(&self) -> Vec<u8> {
        union_unique(&self.namespace(), &self.message())
    }
}

/// What a shard says: who of its members endorsed, and the sum of their signatures. As it comes, unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endorsement {
    /// Number of the shard.
    pub shard: u32,
    /// Who signed, as [`Bitfield`] encodes it.
    pub bitfield: Vec<u8>,
    /// The sum of their signatures.
    pub signature: [u8; 96],
}

/// Checks what shards say of a checkpoint. `shards` are the keys of every shard of the epoch, by its number; the
/// verdicts are in the order of `endorsements`. Several of one shard are each judged alone.
///
/// Costs for each endorsement the decoding of a signature and at most half as many additions as it has members, for all
/// together two sums of 128-bit multiples and two pairings. If one does not hold, those that do not are searched by
/// halving: two pairings more for each step, about two checks an endorsement if none holds.
///
/// # Errors
/// - `NoShard` - there is no such shard
/// - `BitfieldLength`, `NoMember` - the bitfield is not one of its members
/// - `Empty` - nobody endorsed
/// - `IdentityKey` - the endorsers' keys cancel out
/// - `SignaturePoint`, `IdentitySignature` - the signature is none
/// - `Mismatch` - not signed by exactly these members, or another checkpoint
#[must_use]
pub fn verify(
    checkpoint: &Checkpoint,
    shards: &[ShardKeys],
    endorsements: &[Endorsement],
) -> Vec<Result<(), EndorsementError>> {
    let claims: Vec<_> = endorsements.par_iter().map(|endorsement| claim(shards, endorsement)).collect();
    equation::verdicts(checkpoint, claims)
}

fn claim(shards: &[ShardKeys], endorsement: &Endorsement) -> Result<Claim, EndorsementError> {
    let Endorsement { shard, bitfield, signature } = endorsement;
    let place = usize::try_from(*shard).ok();
    let keys = place.and_then(|place| shards.get(place));
    let keys = keys.ok_or(EndorsementError::NoShard { found: *shard, shards: shards.len() })?;
    let endorsed = Bitfield::decode(*shard, keys.members(), bitfield)?;
    let endorsers = endorsed.count();
    if endorsers == 0 {
        return Err(EndorsementError::Empty { shard: *shard, members: keys.members() });
    }
    let key = keys.sum(&endorsed).to_public_key();
    if key == min_pk::PublicKey::default() {
        return Err(EndorsementError::IdentityKey { shard: *shard, endorsers });
    }
    let signature = decode_signature(*shard, endorsers, signature)?;
    Ok(Claim { shard: *shard, endorsers, key, signature })
}

/// A point of the subgroup, not the identity.
fn decode_signature(
    shard: u32,
    endorsers: usize,
    bytes: &[u8; 96],
) -> Result<min_pk::Signature, EndorsementError> {
    min_pk::Signature::sig_validate(bytes, true).map_err(|error| match error {
        BLST_ERROR::BLST_PK_IS_INFINITY => EndorsementError::IdentitySignature { shard, endorsers },
        _ => EndorsementError::SignaturePoint { shard, signature: hex::encode(bytes) },
    })
}

#[cfg(test)]
mod tests;
