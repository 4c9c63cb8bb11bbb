//! The first state of a chain, from its genesis file.

use crate::{bank, due, params, staking};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;
use virtengine_crypto::bls;
use virtengine_state::{Record, StateError, Table, WriteSet};
use virtengine_types::{
    Address, Amount, Coin, Coins, Denom, Height, Timestamp,
    coin::{CoinError, MAX_COINS},
    ledger::{Account, Pool},
    params::Params,
    staking::{
        Commission, Delegation, Description, StakePool, Standing, Validator, ValidatorRewards,
        ValidatorStatus,
    },
};

/// Longest chain id in bytes.
const MAX_CHAIN_ID_BYTES: usize = 50;
/// Accounts whose numbers fit before those of block 1.
const MAX_ACCOUNTS: usize = 1 << 24;

/// A genesis file.
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
    /// Accounts and what they own.
    pub accounts: Vec<GenesisAccount>,
    /// The first validators, in the order of their seats.
    pub validators: Vec<GenesisValidator>,
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
    /// BLS12-381 key of its votes, 48 bytes in hex.
    #[serde(with = "hex::serde")]
    pub bls_key: [u8; 48],
    /// Proof of possession of the BLS key, 96 bytes in hex.
    #[serde(with = "hex::serde")]
    pub proof_of_possession: [u8; 96],
    /// Self-delegation in uve.
    pub tokens: Amount,
}

/// Why a genesis file is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GenesisError {
    /// The chain id breaks its rule.
    #[error("chain_id must be 1 to {MAX_CHAIN_ID_BYTES} of A-Z a-z 0-9 - _ ., got {found:?}")]
    ChainId {
        /// The id given.
        found: String,
    },
    /// No validator.
    #[error("a chain needs at least one validator, got 0")]
    NoValidators,
    /// Too many accounts.
    #[error("at most {MAX_ACCOUNTS} genesis accounts are allowed, got {found}")]
    TooManyAccounts {
        /// Accounts found.
        found: usize,
    },
    /// An account, operator or key occurs twice.
    #[error("{what} {value} occurs twice")]
    Duplicate {
        /// What occurs twice.
        what: &'static str,
        /// Which one.
        value: String,
    },
    /// A balance is malformed or does not fit.
    #[error("account {address}: {cause}")]
    Coins {
        /// Whose balance.
        address: Address,
        /// The rule broken.
        cause: CoinError,
    },
    /// A validator has no stake.
    #[error("validator {operator} needs at least {min} uve of self-delegation, got {found}")]
    Tokens {
        /// Its operator.
        operator: Address,
        /// Self-delegation given.
        found: Amount,
        /// The parameter.
        min: Amount,
    },
    /// A validator's BLS key does not come with a valid proof.
    #[error(
        "validator {operator}: the proof of possession of BLS key {key} is not valid for chain {chain_id}"
    )]
    ProofOfPossession {
        /// Its operator.
        operator: Address,
        /// Its key in hex.
        key: String,
        /// Name of the chain.
        chain_id: String,
    },
    /// A row cannot be encoded.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Genesis {
    /// The rows of the first state.
    ///
    /// # Errors
    /// The rule that is broken, see [`GenesisError`].
    pub fn writes(&self) -> Result<WriteSet, GenesisError> {
        self.check()?;
        let mut rows = Rows::default();
        let mut supply: BTreeMap<Denom, Amount> = BTreeMap::new();
        self.write_accounts(&mut rows, &mut supply)?;
        self.write_validators(&mut rows, &mut supply)?;
        for (denom, amount) in &supply {
            rows.put(&bank::SUPPLY, denom, amount)?;
        }
        rows.put(&params::PARAMS, &0, &self.params)?;
        due::genesis(&mut rows.0, self.genesis_time_ms.seconds())?;
        Ok(rows.0)
    }

    fn check(&self) -> Result<(), GenesisError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let length = self.chain_id.len();
        if !(1..=MAX_CHAIN_ID_BYTES).contains(&length) || !self.chain_id.bytes().all(allowed) {
            return Err(GenesisError::ChainId { found: self.chain_id.clone() });
        }
        if self.validators.is_empty() {
            return Err(GenesisError::NoValidators);
        }
        numbers_suffice(self.accounts.len(), self.validators.len())
    }

    fn write_accounts(
        &self,
        rows: &mut Rows,
        supply: &mut BTreeMap<Denom, Amount>,
    ) -> Result<(), GenesisError> {
        let mut seen = BTreeSet::new();
        let pools = [Pool::Fees, Pool::Community].map(Pool::address);
        let mut number = 0u64;
        for GenesisAccount { address, coins } in &self.accounts {
            if !seen.insert(*address) {
                return Err(GenesisError::Duplicate { what: "account", value: address.to_string() });
            }
            let wrap = |cause| GenesisError::Coins { address: *address, cause };
            let mut balances = Coins::default();
            for coin in coins {
                balances.add(coin).map_err(wrap)?;
                let total = supply.entry(coin.denom.clone()).or_default();
                *total = total.plus(coin.amount).map_err(wrap)?;
                // No account can then own more currencies than fit in its row.
                let found = supply.len();
                if found > MAX_COINS {
                    return Err(wrap(CoinError::TooMany { found, max: MAX_COINS }));
                }
            }
            rows.account(*address, &mut number, balances)?;
        }
        let operators = self.validators.iter().map(|validator| validator.operator);
        for address in operators.chain(pools) {
            if seen.insert(address) {
                rows.account(address, &mut number, Coins::default())?;
            }
        }
        Ok(())
    }

    fn write_validators(
        &self,
        rows: &mut Rows,
        supply: &mut BTreeMap<Denom, Amount>,
    ) -> Result<(), GenesisError> {
        let mut seen = BTreeSet::new();
        let mut pool = StakePool::default();
        for validator in &self.validators {
            let operator = validator.operator;
            for (what, value) in [
                ("operator", operator.to_string()),
                ("consensus key", hex::encode(validator.consensus_key)),
                ("BLS key", hex::encode(validator.bls_key)),
            ] {
                if !seen.insert(value.clone()) {
                    return Err(GenesisError::Duplicate { what, value });
                }
            }
            let (found, min) = (validator.tokens, self.params.min_self_delegation);
            if found < min || found.is_zero() {
                return Err(GenesisError::Tokens { operator, found, min });
            }
            if !self.possesses(validator) {
                return Err(GenesisError::ProofOfPossession {
                    operator,
                    key: hex::encode(validator.bls_key),
                    chain_id: self.chain_id.clone(),
                });
            }
            let wrap = |cause| GenesisError::Coins { address: operator, cause };
            pool.bonded = pool.bonded.plus(validator.tokens).map_err(wrap)?;
            pool.validators = pool.validators.saturating_add(1);
            let total = supply.entry(Denom::base()).or_default();
            *total = total.plus(validator.tokens).map_err(wrap)?;
            let row = self.validator(validator, min);
            rows.put(&staking::VALIDATORS, &operator, &row)?;
            let delegation = Delegation { shares: validator.tokens, paid_per_share: 0 };
            rows.put(&staking::DELEGATIONS, &(operator, operator), &delegation)?;
            let consensus = Address::of_hash(&validator.consensus_key);
            rows.put(&staking::CONSENSUS_KEYS, &consensus, &operator)?;
            rows.put(&staking::BLS_KEYS, &validator.bls_key, &operator)?;
        }
        Ok(rows.put(&staking::STAKE_POOL, &0, &pool)?)
    }

    fn possesses(&self, validator: &GenesisValidator) -> bool {
        let key = bls::PublicKey::decode(&validator.bls_key);
        let proof = bls::Signature::decode(&validator.proof_of_possession);
        let (Ok(key), Ok(proof)) = (key, proof) else { return false };
        key.verify_possession(&validator.operator, &self.chain_id, &proof).is_ok()
    }

    fn validator(&self, validator: &GenesisValidator, min_self_delegation: Amount) -> Validator {
        Validator {
            consensus_key: validator.consensus_key,
            bls_key: Some(validator.bls_key),
            tokens: validator.tokens,
            shares: validator.tokens,
            self_shares: validator.tokens,
            min_self_delegation,
            description: Description { moniker: validator.moniker.clone(), ..Default::default() },
            commission: Commission { updated: self.genesis_time_ms, ..Default::default() },
            status: ValidatorStatus::Bonded,
            standing: Standing::Free,
            created_height: Height(0),
            rewards: ValidatorRewards::default(),
            slashes: Vec::new(),
        }
    }
}

/// Accounts, operators and the two pools are numbered before the accounts of block 1.
const fn numbers_suffice(accounts: usize, validators: usize) -> Result<(), GenesisError> {
    if accounts.saturating_add(validators).saturating_add(2) > MAX_ACCOUNTS {
        return Err(GenesisError::TooManyAccounts { found: accounts });
    }
    Ok(())
}

#[derive(Default)]
struct Rows(WriteSet);

impl Rows {
    fn put<K: Record, V: Record>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        value: &V,
    ) -> Result<(), StateError> {
        self.0.insert(table.key(key)?, Some(table.encode(key, value)?));
        Ok(())
    }

    fn account(&mut self, address: Address, number: &mut u64, balances: Coins) -> Result<(), StateError> {
        let account = Account { number: *number, sequence: 0, public_key: None, balances };
        *number = number.saturating_add(1);
        self.put(&bank::ACCOUNTS, &address, &account)
    }
}

#[cfg(test)]
mod tests;
