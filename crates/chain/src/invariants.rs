//! Sentences that are true of every state between two blocks, for tests and the lab.
//!
//! Each function scans whole tables, so none of them is called in a block.

use crate::{bank, distribution, escrow, market, provider, staking};
use std::collections::BTreeMap;
use thiserror::Error;
use virtengine_state::{MemoryStore, Record, StateError, Table};
use virtengine_types::{Amount, Denom};

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Violation {
    /// A sentence is false.
    #[error("{rule}: {detail}")]
    Broken {
        /// The sentence.
        rule: &'static str,
        /// The record and both values.
        detail: String,
    },
    /// A row cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Checks every invariant of the bank, distribution, escrow, market and provider modules.
///
/// # Errors
/// The first that does not hold.
pub fn all(store: &MemoryStore) -> Result<(), Violation> {
    supply_conserved(store)?;
    distribution::invariants::rewards_are_exact(store)?;
    provider::invariants::active_leases_match(store)?;
    provider::invariants::attestations_are_sound(store)?;
    escrow::invariants::accounts_match_orders(store)?;
    escrow::invariants::exhaustion_is_scheduled(store)?;
    market::invariants::lists_match_bids(store)?;
    market::invariants::deposits_are_locked_while_needed(store)?;
    market::invariants::orders_match_leases(store)?;
    market::invariants::windows_are_scheduled(store)
}

/// The supply of each denomination equals what accounts own and what is locked in escrow accounts, bid
/// deposits, validators and unbondings.
///
/// # Errors
/// - `Broken` - a denomination's supply and sum differ
pub fn supply_conserved(store: &MemoryStore) -> Result<(), Violation> {
    let mut sums: BTreeMap<Denom, u128> = BTreeMap::new();
    let mut add = |denom: Denom, amount: Amount| {
        let sum = sums.entry(denom).or_default();
        *sum = sum.saturating_add(amount.0);
    };
    for (_, account) in rows(store, &bank::ACCOUNTS)? {
        account.balances.iter().for_each(|coin| add(coin.denom, coin.amount));
    }
    for (_, account) in rows(store, &escrow::ESCROW_ACCOUNTS)? {
        add(Denom::base(), account.balance());
        add(Denom::base(), account.stream.map_or(Amount::ZERO, |stream| stream.earned));
    }
    for (_, bid) in rows(store, &market::BIDS)? {
        add(Denom::base(), if bid.deposit_locked { bid.deposit } else { Amount::ZERO });
    }
    for (_, validator) in rows(store, &staking::VALIDATORS)? {
        add(Denom::base(), validator.tokens);
    }
    for (_, unbonding) in rows(store, &staking::UNBONDINGS)? {
        unbonding.entries.iter().for_each(|entry| add(Denom::base(), entry.balance));
    }
    let supply = rows(store, &bank::SUPPLY)?.into_iter().map(|(denom, amount)| (denom, amount.0)).collect();
    sums.retain(|_, sum| *sum > 0);
    holds("supply equals owned and locked coins", sums == supply, || format!("{sums:?} of {supply:?}"))
}

/// All rows of a table, in the order of their keys.
pub(crate) fn rows<K: Record, V: Record>(
    store: &MemoryStore,
    table: &Table<K, V>,
) -> Result<Vec<(K, V)>, StateError> {
    let rows = store.scan(table.partition());
    rows.filter_map(|(key, row)| table.decode_if(key, row).transpose()).collect()
}

/// Fails with `rule` and `detail` unless `holds`.
pub(crate) fn holds(
    rule: &'static str,
    holds: bool,
    detail: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation::Broken { rule, detail: detail() }) }
}
