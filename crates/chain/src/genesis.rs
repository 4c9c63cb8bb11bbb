//! The first state of a chain, from its genesis file.
//!
//! A file may hold millions of accounts and validators, so nothing here needs it whole: [`read()`] shows one after the
//! other to a [`Visit`], a [`Builder`] checks each and makes its rows in batches of a constant size, a [`Writer`] writes
//! them. [`Genesis`] is a small file in memory.

mod builder;
mod error;
mod proven;
mod read;
mod write;

pub use builder::{BATCH_ROWS, Builder, MAX_ACCOUNTS, MAX_COMMITTEE, Seat, Summary};
pub use error::{GenesisError, ItemError, Stopped};
pub use proven::ProvenValidator;
pub use read::{MAX_ENTRY_BYTES, ReadError, Visit, read};
pub use write::Writer;

use serde::{Deserialize, Serialize};
use virtengine_state::WriteSet;
use virtengine_types::{Address, Amount, Coin, Timestamp, params::Params};

/// What stands in a genesis file before its lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Name of the chain: 1 to 50 of `A-Z a-z 0-9 - _ .`.
    pub chain_id: String,
    /// Milliseconds since 1970; the first block is later.
    pub genesis_time_ms: Timestamp,
    /// The chain's parameters.
    #[serde(default)]
    pub params: Params,
    /// Operators of the first committee; absent if all validators are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committee: Option<Vec<Address>>,
}

/// A genesis file in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Genesis {
    /// Name of the chain: 1 to 50 of `A-Z a-z 0-9 - _ .`.
    pub chain_id: String,
    /// Milliseconds since 1970; the first block is later.
    pub genesis_time_ms: Timestamp,
    /// The chain's parameters.
    #[serde(default)]
    pub params: Params,
    /// Operators of the first committee; absent if all validators are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committee: Option<Vec<Address>>,
    /// The first validators, in ascending order of their operators.
    pub validators: Vec<GenesisValidator>,
    /// Accounts and what they own, in ascending order of their addresses.
    pub accounts: Vec<GenesisAccount>,
}

/// An account that exists from the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisAccount {
    /// Its address.
    pub address: Address,
    /// What it owns.
    pub coins: Vec<Coin>,
}

/// A validator that exists from the start, with a self-delegation beside its account's coins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenesisValidator {
    /// The operator's account.
    pub operator: Address,
    /// Its name.
    pub moniker: String,
    /// Ed25519 key of its node, 32 bytes in hex.
    #[serde(with = "hex::serde")]
    pub consensus_key: [u8; 32],
    /// BLS12-381 key, 48 bytes in hex.
    #[serde(with = "hex::serde")]
    pub bls_key: [u8; 48],
    /// Proof of possession of the BLS key, 96 bytes in hex.
    #[serde(with = "hex::serde")]
    pub proof_of_possession: [u8; 96],
    /// Self-delegation in uve.
    pub tokens: Amount,
}

impl Genesis {
    /// What stands before the lists.
    #[must_use]
    pub fn head(&self) -> Head {
        Head {
            chain_id: self.chain_id.clone(),
            genesis_time_ms: self.genesis_time_ms,
            params: self.params.clone(),
            committee: self.committee.clone(),
        }
    }

    /// Puts validators and accounts in the order that the format demands.
    pub fn sort(&mut self) {
        self.validators.sort_by_key(|validator| validator.operator);
        self.accounts.sort_by_key(|account| account.address);
    }

    /// The rows of the first state in the batches in which databases take them, and what the file says in short. Checks
    /// the proofs of possession one after the other.
    ///
    /// # Errors
    /// The rule that is broken, see [`GenesisError`].
    pub fn batches(&self) -> Result<(Vec<WriteSet>, Summary), GenesisError> {
        let mut batches = Vec::new();
        let mut builder = Builder::new(self.head(), |batch| {
            batches.push(batch);
            Ok(())
        })?;
        for validator in ProvenValidator::check_all(self.validators.clone(), 0, &self.chain_id)? {
            builder.validator(validator)?;
        }
        for account in &self.accounts {
            builder.account(account)?;
        }
        let summary = builder.finish()?;
        Ok((batches, summary))
    }

    /// All rows of the first state.
    ///
    /// # Errors
    /// As [`Genesis::batches`].
    pub fn writes(&self) -> Result<WriteSet, GenesisError> {
        let (batches, _) = self.batches()?;
        let rows = batches.iter().flat_map(WriteSet::iter);
        Ok(rows.map(|(key, row)| (*key, row.clone())).collect())
    }

    /// Writes the file.
    ///
    /// # Errors
    /// What `out` says.
    pub fn write(&self, out: impl std::io::Write) -> std::io::Result<()> {
        let mut writer = Writer::new(out, &self.head())?;
        self.validators.iter().try_for_each(|validator| writer.validator(validator))?;
        self.accounts.iter().try_for_each(|account| writer.account(account))?;
        writer.finish().map(drop)
    }
}

#[cfg(test)]
mod tests;
