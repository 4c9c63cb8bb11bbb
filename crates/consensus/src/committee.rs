//! Who votes in which epoch.

use crate::{Digest, Identity, Scheme, network::MAX_COMMITTEE};
use commonware_consensus::types::Epoch;
use commonware_cryptography::{
    Hasher, Sha256,
    certificate::{Provider, Scoped},
    ed25519::PrivateKey,
};
use commonware_utils::{TryCollect as _, ordered::Set};
use std::sync::Arc;
use thiserror::Error;

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
    /// A node occurs twice.
    #[error("an identity occurs twice among {members} members")]
    Duplicate {
        /// Members given.
        members: usize,
    },
}

/// A set of equal seats, ordered by identity, whose keys sign the votes.
#[derive(Clone, Debug)]
pub struct Committee {
    identities: Set<Identity>,
    hash: Digest,
}

impl Committee {
    /// A committee of these members, in whatever order.
    ///
    /// # Errors
    /// - `Empty`, `TooLarge`, `Duplicate` - the members are no committee
    pub fn new(members: &[Identity]) -> Result<Self, CommitteeError> {
        if members.is_empty() {
            return Err(CommitteeError::Empty);
        }
        if members.len() > MAX_COMMITTEE as usize {
            return Err(CommitteeError::TooLarge { found: members.len(), max: MAX_COMMITTEE });
        }
        let identities: Set<Identity> = members
            .iter()
            .cloned()
            .try_collect()
            .map_err(|_| CommitteeError::Duplicate { members: members.len() })?;
        let mut hasher = Sha256::default();
        hasher.update(b"virtengine/committee");
        for identity in identities.iter() {
            hasher.update(identity);
        }
        let (_, hash) = hasher.finalize();
        Ok(Self { identities, hash })
    }

    /// The members' identities in the order of their seats.
    #[must_use]
    pub const fn identities(&self) -> &Set<Identity> {
        &self.identities
    }

    /// The key of a seat, 32 bytes.
    #[must_use]
    pub fn key(&self, seat: usize) -> Option<[u8; 32]> {
        self.identities.get(seat)?.as_ref().try_into().ok()
    }

    /// SHA-256 over the identities in the order of seats, as headers commit to it.
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
    /// Committees of a chain with this genesis committee. A node votes with `key`, that of its identity, if it has a
    /// seat; without one it only follows.
    #[must_use]
    pub fn new(namespace: &[u8], genesis: Committee, key: Option<PrivateKey>) -> Self {
        let identities = || genesis.identities.clone();
        let signer = key.and_then(|key| Scheme::signer(namespace, identities(), key));
        let scheme = signer.unwrap_or_else(|| Scheme::verifier(namespace, identities()));
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
