//! The module's invariants, checked over all rows: for tests and the lab.

use super::{
    pool,
    state::{
        BLS_KEYS, CONSENSUS_KEYS, DELEGATIONS, INCOMING, REDELEGATIONS, STAKE_POOL, UNBONDINGS, VALIDATORS,
    },
};
use std::collections::BTreeMap;
use virtengine_state::{Key, MemoryStore, Partition, Record, StateError, Table};
use virtengine_types::{
    Address, Amount,
    staking::{Delegation, StakePool, Standing, Unbonding, UnbondingEntry, Validator, ValidatorStatus},
};

/// Checks invariants 1, 2, 3, 5 and 6 of the module, and that the counts of pending redelegations are
/// right. Cost: one scan of the partition for each table.
///
/// # Errors
/// A sentence naming the row and both values.
pub fn check(store: &MemoryStore) -> Result<(), String> {
    let validators: BTreeMap<Address, Validator> = rows(store, &VALIDATORS)?.into_iter().collect();
    let delegations = rows(store, &DELEGATIONS)?;
    let unbondings = rows(store, &UNBONDINGS)?;
    let sums = sum_delegations(&validators, &delegations)?;
    for (operator, validator) in &validators {
        let name = operator.operator();
        let (shares, own) = sums.get(operator).copied().unwrap_or_default();
        equal(&format!("shares of {name}"), validator.shares, shares)?;
        equal(&format!("shares of {name} of its own"), validator.self_shares, own)?;
        equal(&format!("status of {name}"), validator.status, pool::status(validator))?;
        let (tokens, worth, promise) =
            (validator.tokens, validator.self_delegation(), validator.min_self_delegation);
        if tokens > shares {
            return Err(format!("{name} has {tokens} tokens and only {shares} shares"));
        }
        if validator.standing == Standing::Free && worth < promise {
            return Err(format!("{name} is free with a self-delegation of {worth}, it promised {promise}"));
        }
        let owner = row(store, &CONSENSUS_KEYS, &Address::of_hash(&validator.consensus_key))?;
        equal(&format!("owner of the consensus key of {name}"), owner, Some(*operator))?;
        if let Some(key) = &validator.bls_key {
            equal(&format!("owner of the BLS key of {name}"), row(store, &BLS_KEYS, key)?, Some(*operator))?;
        }
    }
    check_pool(store, &validators, &unbondings)?;
    check_incoming(store)
}

/// Everything that is staked or unbonding, summed over the rows themselves, in uve.
///
/// # Errors
/// A row is corrupt, or the sum does not fit.
pub fn locked(store: &MemoryStore) -> Result<Amount, String> {
    let staked = rows(store, &VALIDATORS)?.into_iter().map(|(_, validator)| validator.tokens);
    let unbondings = rows(store, &UNBONDINGS)?;
    let entries = unbondings.iter().flat_map(|(_, unbonding)| &unbonding.entries);
    staked.chain(entries.map(|entry| entry.balance)).try_fold(Amount::ZERO, plus)
}

fn sum_delegations(
    validators: &BTreeMap<Address, Validator>,
    delegations: &[((Address, Address), Delegation)],
) -> Result<BTreeMap<Address, (Amount, Amount)>, String> {
    let mut sums: BTreeMap<Address, (Amount, Amount)> = BTreeMap::new();
    for ((delegator, operator), delegation) in delegations {
        if !validators.contains_key(operator) {
            return Err(format!("{delegator} delegates to {}, which does not exist", operator.operator()));
        }
        if delegation.shares.is_zero() {
            return Err(format!("the delegation of {delegator} to {} is 0", operator.operator()));
        }
        let (shares, own) = sums.entry(*operator).or_default();
        *shares = plus(*shares, delegation.shares)?;
        if delegator == operator {
            *own = delegation.shares;
        }
    }
    Ok(sums)
}

fn check_pool(
    store: &MemoryStore,
    validators: &BTreeMap<Address, Validator>,
    unbondings: &[((Address, Address), Unbonding)],
) -> Result<(), String> {
    let mut expected = StakePool { validators: validators.len() as u64, ..StakePool::default() };
    for validator in validators.values() {
        let sum = match validator.status {
            ValidatorStatus::Bonded => &mut expected.bonded,
            ValidatorStatus::Unbonded => &mut expected.not_bonded,
        };
        *sum = plus(*sum, validator.tokens)?;
    }
    for ((delegator, _), unbonding) in unbondings {
        check_entries(*delegator, &unbonding.entries)?;
        for entry in &unbonding.entries {
            expected.not_bonded = plus(expected.not_bonded, entry.balance)?;
        }
    }
    equal("stake pool", row(store, &STAKE_POOL, &0)?.unwrap_or_default(), expected)
}

fn check_incoming(store: &MemoryStore) -> Result<(), String> {
    let mut expected: BTreeMap<(Address, Address), u32> = BTreeMap::new();
    for ((delegator, _, destination), redelegation) in rows(store, &REDELEGATIONS)? {
        check_entries(delegator, &redelegation.entries)?;
        let count = expected.entry((delegator, destination)).or_default();
        *count = count.saturating_add(u32::try_from(redelegation.entries.len()).unwrap_or(u32::MAX));
    }
    equal("incoming redelegations", rows(store, &INCOMING)?.into_iter().collect(), expected)
}

fn check_entries(delegator: Address, entries: &[UnbondingEntry]) -> Result<(), String> {
    let sorted = entries.is_sorted_by_key(|entry| entry.completes);
    let positive = entries.iter().all(|entry| !entry.balance.is_zero() && entry.balance <= entry.initial);
    if entries.is_empty() || !sorted || !positive {
        return Err(format!("entries of {delegator} are empty, unsorted or not positive: {entries:?}"));
    }
    Ok(())
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: stored {found:?}, expected {expected:?}")) }
}

fn plus(left: Amount, right: Amount) -> Result<Amount, String> {
    left.plus(right).map_err(|error| error.to_string())
}

fn row<K: Record, V: Record>(store: &MemoryStore, table: &Table<K, V>, key: &K) -> Result<Option<V>, String> {
    let text = |error: StateError| error.to_string();
    let stored = store.get(&table.key(key).map_err(text)?);
    stored.map(|row| table.decode(&row).map(|(_, value)| value).map_err(text)).transpose()
}

fn rows<K: Record, V: Record>(store: &MemoryStore, table: &Table<K, V>) -> Result<Vec<(K, V)>, String> {
    let decode = |(key, row): (&Key, &bytes::Bytes)| {
        table.decode_if(key, row).map_err(|error| error.to_string()).transpose()
    };
    store.scan(Partition::Staking).filter_map(decode).collect()
}
