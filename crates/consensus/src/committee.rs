//! Who votes in which epoch.

use crate::{Digest, Identity, Scheme, network::MAX_COMMITTEE};
use commonware_codec::{Copying, DecodeExt as _, Encode as _};
use commonware_consensus::types::Epoch;
use commonware_cryptography::{
    Hasher, Sha256,
    bls12381::primitives::{
        group::Private,
        variant::{MinPk, Variant},
    },
    certificate::{Provider, Scoped},
};
use commonware_utils::{
    TryCollect as _,
    ordered::{BiMap, Set},
};
use std::sync::Arc;
use thiserror::Error;

type VotingKey = <MinPk as Variant>::Public;

/// A seat of a committee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Key of its node on the network.
    pub identity: Identity,
    /// BLS12-381 key of its votes, 48 bytes. Its proof of possession must have been checked.
    pub voting_key: [u8; 48],
}

/// Why a set of members is no committee.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommitteeError {
    /// Nobody would vote.
    #[error("a committee needs at least 1 member, got 0")]
    Empty,
    /// Messages are not sized for so many.
    #[error("a committee has at most {max} members, got {found}")]
    TooLarge {
        /// Members given.
        found: usize,
        /// The limit.
        max: u32,
    },
    /// A voting key is no key.
    #[error("the voting key of {identity} is not a BLS12-381 public key: {cause}")]
    VotingKey {
        /// Whose key.
        identity: Box<Identity>,
        /// What is wrong with it.
        cause: String,
    },
    /// A node or a voting key occurs twice.
    #[error("an identity or a voting key occurs twice among {members} members")]
    Duplicate {
        /// Members given.
        members: usize,
    },
}

/// A set of equal seats, ordered by identity.
#[derive(Clone, Debug)]
pub struct Committee {
    keys: BiMap<Identity, VotingKey>,
    hash: Digest,
}

impl Committee {
    /// A committee of these members, in whatever order.
    ///
    /// # Errors
    /// - `Empty`, `TooLarge`, `VotingKey`, `Duplicate` - the members are no committee
    pub fn new(members: &[Member]) -> Result<Self, CommitteeError> {
        if members.is_empty() {
            return Err(CommitteeError::Empty);
        }
        if members.len() > MAX_COMMITTEE as usize {
            return Err(CommitteeError::TooLarge { found: members.len(), max: MAX_COMMITTEE });
        }
        let mut pairs = Vec::with_capacity(members.len());
        for member in members {
            let key = VotingKey::decode(Copying(&member.voting_key)).map_err(|error| {
                CommitteeError::VotingKey {
                    identity: Box::new(member.identity.clone()),
                    cause: error.to_string(),
                }
            })?;
            pairs.push((member.identity.clone(), key));
        }
        let keys: BiMap<Identity, VotingKey> = pairs
            .into_iter()
            .try_collect()
            .map_err(|_| CommitteeError::Duplicate { members: members.len() })?;
        let mut hasher = Sha256::default();
        hasher.update(b"virtengine/committee");
        for (identity, key) in keys.iter_pairs() {
            hasher.update(identity);
            hasher.update(&key.encode());
        }
        let (_, hash) = hasher.finalize();
        Ok(Self { keys, hash })
    }

    /// The members' identities in the order of their seats.
    #[must_use]
    pub const fn identities(&self) -> &Set<Identity> {
        self.keys.keys()
    }

    /// The voting key of a seat.
    #[must_use]
    pub fn voting_key(&self, seat: usize) -> Option<[u8; 48]> {
        self.keys.value(seat)?.encode().as_ref().try_into().ok()
    }

    /// SHA-256 over identities and voting keys in the order of seats, as headers commit to it.
    #[must_use]
    pub const fn hash(&self) -> Digest {
        self.hash
    }
}

/// The committee of every epoch, and this node's place in them.
///
/// Every epoch has the genesis committee. Rotation replaces the lookup, and headers already commit to
/// each epoch's committee one epoch ahead.
#[derive(Clone)]
pub struct Committees {
    genesis: Arc<Committee>,
    scheme: Arc<Scheme>,
}

impl Committees {
    /// Committees of a chain with this genesis committee. A node with `voting_key` votes if the key has a
    /// seat; without one it only follows.
    #[must_use]
    pub fn new(namespace: &[u8], genesis: Committee, voting_key: Option<Private>) -> Self {
        let signer = voting_key.and_then(|key| Scheme::signer(namespace, genesis.keys.clone(), key));
        let scheme = signer.unwrap_or_else(|| Scheme::verifier(namespace, genesis.keys.clone()));
        Self { genesis: Arc::new(genesis), scheme: Arc::new(scheme) }
    }

    /// The committee of `epoch`.
    #[must_use]
    pub fn committee(&self, _epoch: Epoch) -> Arc<Committee> {
        self.genesis.clone()
    }
}

impl Provider for Committees {
    type Scope = Epoch;
    type Scheme = Scheme;

    fn scoped(&self, _epoch: Epoch) -> Option<Scoped<Scheme>> {
        Some(Scoped::scheme(self.scheme.clone()))
    }
}

#[cfg(test)]
mod tests;
