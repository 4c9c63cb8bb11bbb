//! The module's invariants, checked over all rows: for tests and the lab.

use super::{
    settle::{UNIT, settle, unpaid},
    state::{REWARDS, WITHDRAW_ADDRESSES},
};
use crate::{
    bank::ACCOUNTS,
    invariants::{Violation, holds, rows},
    staking::{DELEGATIONS, VALIDATORS},
};
use std::collections::BTreeMap;
use virtengine_state::MemoryStore;
use virtengine_types::{Address, Denom, ledger::Pool};

/// Checks invariants 1, 2 and 3 of the module. Cost: one scan of two partitions for each table.
///
/// # Errors
/// The first that does not hold.
pub fn rewards_are_exact(store: &MemoryStore) -> Result<(), Violation> {
    let rewards = rows(store, &REWARDS)?.first().map(|(_, rewards)| *rewards).unwrap_or_default();
    let mut unpaid_of: BTreeMap<Address, u128> = BTreeMap::new();
    let validators: BTreeMap<_, _> = rows(store, &VALIDATORS)?.into_iter().collect();
    for ((_, operator), delegation) in rows(store, &DELEGATIONS)? {
        let Some(validator) = validators.get(&operator) else { continue };
        let sum = unpaid_of.entry(operator).or_default();
        *sum = sum.saturating_add(unpaid(validator.rewards.per_share, &delegation));
    }
    let mut units = rewards.undivided;
    for (operator, validator) in &validators {
        let (owed, undivided) = (validator.rewards.owed, validator.rewards.undivided);
        let unpaid = unpaid_of.get(operator).copied().unwrap_or_default();
        holds(
            "a validator owes what its delegations were not paid",
            owed == unpaid.saturating_add(undivided),
            || format!("{}: owed {owed}, unpaid {unpaid}, undivided {undivided}", operator.operator()),
        )?;
        let mut now = validator.clone();
        let settled = settle(rewards.per_token, &mut now);
        holds("a validator can be settled", settled.is_ok(), || {
            format!("{}: {settled:?}", operator.operator())
        })?;
        units = units.saturating_add(now.rewards.owed).saturating_add(now.rewards.commission);
    }
    let collector = rows(store, &ACCOUNTS)?.into_iter().find(|(address, _)| *address == Pool::Fees.address());
    let owned = collector.map_or(0, |(_, account)| account.balances.amount_of(&Denom::base()).0);
    holds("the fee collector owns what is not paid", owned.saturating_mul(UNIT) == units, || {
        format!("it owns {owned} uve, {units} units are not paid")
    })?;
    let own = rows(store, &WITHDRAW_ADDRESSES)?.into_iter().find(|(from, to)| from == to);
    holds("rewards are sent to another account", own.is_none(), || format!("{own:?}"))
}
