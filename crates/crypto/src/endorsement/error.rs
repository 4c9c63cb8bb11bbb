//! Why an endorsement is refused.

use thiserror::Error;

/// The rule that an endorsement breaks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EndorsementError {
    /// There is no such shard.
    #[error("shard {found} does not exist: there are {shards}, numbered from 0")]
    NoShard {
        /// Number given.
        found: u32,
        /// Shards of the epoch.
        shards: usize,
    },
    /// The bitfield has not one bit a member.
    #[error("the bitfield of shard {shard} has {found} bytes: its {members} members take {expected}")]
    BitfieldLength {
        /// The shard.
        shard: u32,
        /// Its members.
        members: usize,
        /// Bytes that these take.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// An index beyond the shard's members.
    #[error("shard {shard} has no member {index}: it has {members}, numbered from 0")]
    NoMember {
        /// The shard.
        shard: u32,
        /// Index given.
        index: usize,
        /// Its members.
        members: usize,
    },
    /// Nobody endorsed.
    #[error("an endorsement needs at least 1 of the {members} members of shard {shard}, got 0")]
    Empty {
        /// The shard.
        shard: u32,
        /// Its members.
        members: usize,
    },
    /// The signature is no point.
    #[error(
        "the signature {signature} of shard {shard} is not 96 bytes of a compressed point of the G2 subgroup"
    )]
    SignaturePoint {
        /// The shard.
        shard: u32,
        /// Hex of the bytes given.
        signature: String,
    },
    /// Signatures that cancel out.
    #[error(
        "the signatures of {endorsers} members of shard {shard} sum to the identity, which proves nothing"
    )]
    IdentitySignature {
        /// The shard.
        shard: u32,
        /// Members that endorsed.
        endorsers: usize,
    },
    /// Keys that cancel out.
    #[error(
        "the keys of {endorsers} members of shard {shard} sum to the identity, under which nothing is proven"
    )]
    IdentityKey {
        /// The shard.
        shard: u32,
        /// Members that endorsed.
        endorsers: usize,
    },
    /// Not signed by exactly those who are said to have.
    #[error(
        "the signature {signature} of shard {shard} does not match the checkpoint of epoch {epoch} at height {height} and the sum {key} of the keys of {endorsers} members"
    )]
    Mismatch {
        /// The shard.
        shard: u32,
        /// Members that are said to have endorsed.
        endorsers: usize,
        /// Epoch of the checkpoint.
        epoch: u64,
        /// Its height.
        height: u64,
        /// Hex of the sum of their keys.
        key: String,
        /// Hex of the signature.
        signature: String,
    },
    /// A member is counted once.
    #[error("member {index} of shard {shard} is in the sum already, and a member is counted once")]
    Duplicate {
        /// The shard.
        shard: u32,
        /// The member.
        index: usize,
    },
    /// Sums of different shards.
    #[error(
        "a sum of shard {found} with {found_members} members does not merge into one of shard {shard} with {members}"
    )]
    OtherShard {
        /// Shard merged into.
        shard: u32,
        /// Its members.
        members: usize,
        /// Shard given.
        found: u32,
        /// Its members.
        found_members: usize,
    },
}
