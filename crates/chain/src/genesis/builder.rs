//! The rows of a genesis, from one validator and one account after the other.

use super::{GenesisAccount, GenesisError, GenesisValidator, Head, ItemError, ProvenValidator, Stopped};
use crate::{bank, due, params, staking};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use virtengine_state::{Record, StateError, Table, WriteSet};
use virtengine_types::{
    Address, Amount, Coin, Coins, Denom, Height,
    coin::{CoinError, MAX_COINS},
    ledger::{Account, Pool},
    staking::{
        Commission, Delegation, Description, StakePool, Standing, Validator, ValidatorRewards,
        ValidatorStatus,
    },
};

/// Longest chain id in bytes.
pub(super) const MAX_CHAIN_ID_BYTES: usize = 50;
/// Accounts whose numbers fit before those of block 1: those listed, of operators and of the two pools.
pub const MAX_ACCOUNTS: u64 = 1 << 24;
/// Most members of a committee.
pub const MAX_COMMITTEE: usize = 256;
/// Rows after which a batch is full. Part of the format: the roots depend on it.
pub const BATCH_ROWS: usize = 1 << 16;

/// What a genesis says in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// What stands before the lists.
    pub head: Head,
    /// The first committee, in ascending order of operators.
    pub seats: Vec<Seat>,
    /// Number of validators.
    pub validators: u64,
    /// Number of accounts listed.
    pub accounts: u64,
    /// What exists of each currency.
    pub supply: Vec<Coin>,
}

/// A member of the first committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// The operator's account.
    pub operator: Address,
    /// The validator's name.
    pub moniker: String,
    /// Ed25519 key of its node.
    #[serde(with = "hex::serde")]
    pub consensus_key: [u8; 32],
}

/// Takes first all validators, then all accounts, each in ascending order of addresses. Holds a batch of rows, and 110
/// bytes for each validator: what it needs to find a key twice and operators without an account.
pub struct Builder<S> {
    head: Head,
    sink: S,
    batch: WriteSet,
    /// Whether each member of a committee that is named was seen.
    named: Option<BTreeMap<Address, bool>>,
    seats: Vec<Seat>,
    validators: u64,
    accounts: u64,
    previous: Option<Address>,
    /// Operators and pools that no account was listed for so far.
    unlisted: VecDeque<Address>,
    consensus_keys: Vec<([u8; 32], u32)>,
    bls_keys: Vec<([u8; 48], u32)>,
    number: u64,
    pool: StakePool,
    supply: BTreeMap<Denom, Amount>,
}

impl<S: FnMut(WriteSet) -> Result<(), Stopped>> Builder<S> {
    /// Begins a chain. `sink` takes each batch that is full, and at the end what is left.
    ///
    /// # Errors
    /// - `ChainId`, `Committee`, `CommitteeTwice` - the head breaks a rule
    pub fn new(head: Head, sink: S) -> Result<Self, GenesisError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let length = head.chain_id.len();
        if !(1..=MAX_CHAIN_ID_BYTES).contains(&length) || !head.chain_id.bytes().all(allowed) {
            return Err(GenesisError::ChainId { found: head.chain_id });
        }
        let named = head.committee.as_deref().map(committee).transpose()?;
        Ok(Self {
            head,
            sink,
            batch: WriteSet::default(),
            named,
            seats: Vec::new(),
            validators: 0,
            accounts: 0,
            previous: None,
            unlisted: VecDeque::new(),
            consensus_keys: Vec::new(),
            bls_keys: Vec::new(),
            number: 0,
            pool: StakePool::default(),
            supply: BTreeMap::new(),
        })
    }

    /// Takes the next validator.
    ///
    /// # Errors
    /// - `Item` - it breaks a rule
    /// - `TooMany` - there are too many
    /// - `Stopped` - nobody takes the rows
    pub fn validator(&mut self, validator: ProvenValidator) -> Result<(), GenesisError> {
        let position = self.validators;
        let item = |cause| GenesisError::item("validators", position, cause);
        self.add_validator(validator.get()).map_err(item)?;
        self.validators = position.saturating_add(1);
        self.numbers_suffice()?;
        self.pass_on_full()
    }

    fn add_validator(&mut self, validator: &GenesisValidator) -> Result<(), ItemError> {
        let operator = validator.operator;
        if self.accounts > 0 {
            return Err(ItemError::Late { accounts: self.accounts });
        }
        self.ascends("operator", operator, self.validators)?;
        let (found, min) = (validator.tokens, self.head.params.min_self_delegation);
        if found < min || found.is_zero() {
            return Err(ItemError::Tokens { operator, found, min });
        }
        self.seat(validator)?;
        let wrap = |cause| ItemError::Coins { address: operator, cause };
        self.pool.bonded = self.pool.bonded.plus(found).map_err(wrap)?;
        self.pool.validators = self.pool.validators.saturating_add(1);
        self.exists(&Denom::base(), found).map_err(wrap)?;
        let position = u32::try_from(self.validators).unwrap_or(u32::MAX);
        self.consensus_keys.push((validator.consensus_key, position));
        self.bls_keys.push((validator.bls_key, position));
        self.unlisted.push_back(operator);
        let row = self.row(validator, min);
        self.put(&staking::VALIDATORS, &operator, &row)?;
        let delegation = Delegation { shares: found, paid_per_share: 0 };
        self.put(&staking::DELEGATIONS, &(operator, operator), &delegation)?;
        let consensus = Address::of_hash(&validator.consensus_key);
        self.put(&staking::CONSENSUS_KEYS, &consensus, &operator)?;
        Ok(self.put(&staking::BLS_KEYS, &validator.bls_key, &operator)?)
    }

    fn seat(&mut self, validator: &GenesisValidator) -> Result<(), ItemError> {
        let seated = match &mut self.named {
            None if self.seats.len() >= MAX_COMMITTEE => {
                return Err(ItemError::NoRoom { found: self.validators.saturating_add(1) });
            }
            None => true,
            Some(named) => named.get_mut(&validator.operator).map(|seen| *seen = true).is_some(),
        };
        if seated {
            self.seats.push(Seat {
                operator: validator.operator,
                moniker: validator.moniker.clone(),
                consensus_key: validator.consensus_key,
            });
        }
        Ok(())
    }

    fn row(&self, validator: &GenesisValidator, min_self_delegation: Amount) -> Validator {
        Validator {
            consensus_key: validator.consensus_key,
            bls_key: Some(validator.bls_key),
            tokens: validator.tokens,
            shares: validator.tokens,
            self_shares: validator.tokens,
            min_self_delegation,
            description: Description { moniker: validator.moniker.clone(), ..Default::default() },
            commission: Commission { updated: self.head.genesis_time_ms, ..Default::default() },
            status: ValidatorStatus::Bonded,
            standing: Standing::Free,
            created_height: Height(0),
            rewards: ValidatorRewards::default(),
            slashes: Vec::new(),
        }
    }

    /// Takes the next account.
    ///
    /// # Errors
    /// - `Item` - it breaks a rule, or a validator did whose key is another's
    /// - `NoValidators`, `NoSeat` - the validators break a rule
    /// - `TooMany` - there are too many
    /// - `Stopped` - nobody takes the rows
    pub fn account(&mut self, account: &GenesisAccount) -> Result<(), GenesisError> {
        let position = self.accounts;
        if position == 0 {
            self.close_validators()?;
        }
        let item = |cause| GenesisError::item("accounts", position, cause);
        self.ascends("account", account.address, position).map_err(item)?;
        self.add_unlisted(Some(account.address))?;
        let balances = self.balances(account).map_err(item)?;
        self.add_account(account.address, balances).map_err(|cause| item(cause.into()))?;
        self.accounts = position.saturating_add(1);
        self.numbers_suffice()?;
        self.pass_on_full()
    }

    fn balances(&mut self, account: &GenesisAccount) -> Result<Coins, ItemError> {
        let wrap = |cause| ItemError::Coins { address: account.address, cause };
        let mut balances = Coins::default();
        for coin in &account.coins {
            balances.add(coin).map_err(wrap)?;
            self.exists(&coin.denom, coin.amount).map_err(wrap)?;
        }
        Ok(balances)
    }

    /// Adds to the supply. No account can own more currencies than fit in its row, as there are no more.
    fn exists(&mut self, denom: &Denom, amount: Amount) -> Result<(), CoinError> {
        let total = self.supply.entry(denom.clone()).or_default();
        *total = total.plus(amount)?;
        let found = self.supply.len();
        if found > MAX_COINS {
            return Err(CoinError::TooMany { found, max: MAX_COINS });
        }
        Ok(())
    }

    /// Passes on the last rows.
    ///
    /// # Errors
    /// - `NoValidators`, `NoSeat`, `Item` - the validators break a rule
    /// - `Stopped` - nobody takes the rows
    pub fn finish(mut self) -> Result<Summary, GenesisError> {
        if self.accounts == 0 {
            self.close_validators()?;
        }
        self.add_unlisted(None)?;
        for (denom, amount) in std::mem::take(&mut self.supply) {
            self.put(&bank::SUPPLY, &denom, &amount)?;
            self.supply.insert(denom, amount);
        }
        let (params, pool) = (self.head.params.clone(), self.pool);
        self.put(&params::PARAMS, &0, &params)?;
        self.put(&staking::STAKE_POOL, &0, &pool)?;
        due::genesis(&mut self.batch, self.head.genesis_time_ms.seconds())?;
        (self.sink)(self.batch)?;
        let coin = |(denom, amount)| Coin { denom, amount };
        Ok(Summary {
            head: self.head,
            seats: self.seats,
            validators: self.validators,
            accounts: self.accounts,
            supply: self.supply.into_iter().map(coin).collect(),
        })
    }

    /// All validators are there: no key is another's, and the committee is whole.
    fn close_validators(&mut self) -> Result<(), GenesisError> {
        if self.validators == 0 {
            return Err(GenesisError::NoValidators);
        }
        unique("consensus key", std::mem::take(&mut self.consensus_keys))?;
        unique("BLS key", std::mem::take(&mut self.bls_keys))?;
        if let Some((operator, _)) = self.named.iter().flatten().find(|(_, seen)| !**seen) {
            return Err(GenesisError::NoSeat { operator: *operator, validators: self.validators });
        }
        for pool in [Pool::Fees, Pool::Community].map(Pool::address) {
            if let Err(place) = self.unlisted.binary_search(&pool) {
                self.unlisted.insert(place, pool);
            }
        }
        self.previous = None;
        Ok(())
    }

    /// Makes the accounts of operators and pools that are not listed and come before `listed`.
    fn add_unlisted(&mut self, listed: Option<Address>) -> Result<(), GenesisError> {
        while let Some(next) = self.unlisted.front().copied() {
            if listed.is_some_and(|listed| next > listed) {
                break;
            }
            self.unlisted.pop_front();
            if listed != Some(next) {
                self.add_account(next, Coins::default())?;
                self.pass_on_full()?;
            }
        }
        Ok(())
    }

    fn add_account(&mut self, address: Address, balances: Coins) -> Result<(), StateError> {
        let account = Account { number: self.number, sequence: 0, public_key: None, balances };
        self.number = self.number.saturating_add(1);
        self.put(&bank::ACCOUNTS, &address, &account)
    }

    fn ascends(&mut self, what: &'static str, found: Address, position: u64) -> Result<(), ItemError> {
        match self.previous.replace(found) {
            Some(previous) if previous == found => {
                let first = position.saturating_sub(1);
                Err(ItemError::Twice { what, value: found.to_string(), first })
            }
            Some(previous) if previous > found => Err(ItemError::Order { previous, found }),
            _ => Ok(()),
        }
    }

    /// Every account is numbered before those of block 1.
    fn numbers_suffice(&self) -> Result<(), GenesisError> {
        let found = self.accounts.saturating_add(self.validators);
        if found.saturating_add(2) > MAX_ACCOUNTS {
            return Err(GenesisError::TooMany { found });
        }
        Ok(())
    }

    fn put<K: Record, V: Record>(
        &mut self,
        table: &Table<K, V>,
        key: &K,
        value: &V,
    ) -> Result<(), StateError> {
        self.batch.insert(table.key(key)?, Some(table.encode(key, value)?));
        Ok(())
    }

    fn pass_on_full(&mut self) -> Result<(), GenesisError> {
        if self.batch.len() >= BATCH_ROWS {
            (self.sink)(std::mem::take(&mut self.batch))?;
        }
        Ok(())
    }
}

/// The members of a committee that is named, none of whom was seen.
fn committee(operators: &[Address]) -> Result<BTreeMap<Address, bool>, GenesisError> {
    let found = operators.len();
    if !(1..=MAX_COMMITTEE).contains(&found) {
        return Err(GenesisError::Committee { found });
    }
    let mut named = BTreeMap::new();
    for (second, operator) in operators.iter().enumerate() {
        if named.insert(*operator, false).is_some() {
            let first = operators.iter().position(|one| one == operator).unwrap_or_default();
            return Err(GenesisError::CommitteeTwice { operator: *operator, first, second });
        }
    }
    Ok(named)
}

/// Refuses a key that two validators have.
fn unique<const N: usize>(what: &'static str, mut keys: Vec<([u8; N], u32)>) -> Result<(), GenesisError> {
    keys.sort_unstable();
    for (one, next) in keys.iter().zip(keys.iter().skip(1)) {
        if one.0 == next.0 {
            let cause = ItemError::Twice { what, value: hex::encode(one.0), first: one.1.into() };
            return Err(GenesisError::item("validators", next.1.into(), cause));
        }
    }
    Ok(())
}
