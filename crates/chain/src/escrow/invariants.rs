//! What is true of all escrow accounts between two blocks.

use super::{ESCROW_ACCOUNTS, settle::exhausted_height};
use crate::{
    due,
    invariants::{Violation, holds, rows},
    market::ORDERS,
};
use std::collections::{BTreeMap, BTreeSet};
use virtengine_state::MemoryStore;
use virtengine_types::{
    due::{Deadline, Due},
    market::OrderStatus,
};

/// An account exists exactly while its order is open, matched or active; a stream flows exactly while it
/// is matched or active, to the order's lease; the first deposit is the tenant's.
///
/// # Errors
/// - `Broken` - an account, stream or place is missing or too many
pub fn accounts_match_orders(store: &MemoryStore) -> Result<(), Violation> {
    let mut accounts: BTreeMap<_, _> = rows(store, &ESCROW_ACCOUNTS)?.into_iter().collect();
    for (id, order) in rows(store, &ORDERS)? {
        let account = accounts.remove(&id);
        let (exists, flows) = match order.status {
            OrderStatus::Open => (true, false),
            OrderStatus::Matched | OrderStatus::Active => (true, true),
            OrderStatus::Closed | OrderStatus::Expired | OrderStatus::Cancelled => (false, false),
        };
        holds("an order that lives has an escrow account", account.is_some() == exists, || {
            format!("order {id} is {}, account {account:?}", order.status.name())
        })?;
        let Some(account) = account else { continue };
        let lease = account.stream.as_ref().map(|stream| stream.lease);
        holds("a stream flows while a lease runs", lease == order.lease.filter(|_| flows), || {
            format!("order {id} is {}, stream {:?}", order.status.name(), account.stream)
        })?;
        let first = account.deposits.first().map(|(owner, _)| *owner);
        holds("the first deposit is the tenant's", first == Some(order.tenant), || {
            format!("order {id} of {}, first {first:?}", order.tenant)
        })?;
    }
    holds("an escrow account has an order", accounts.is_empty(), || format!("{accounts:?}"))
}

/// While a stream flows, its account's exhaustion is at the right height and in the time wheel.
///
/// # Errors
/// - `Broken` - a height is wrong, or nothing waits there
pub fn exhaustion_is_scheduled(store: &MemoryStore) -> Result<(), Violation> {
    let waiting: BTreeSet<_> = due::pending(store)?.into_iter().collect();
    for (id, account) in rows(store, &ESCROW_ACCOUNTS)? {
        let Some(stream) = &account.stream else { continue };
        let (noted, balance) = (account.exhausted_height, account.balance());
        let expected = exhausted_height(account.settled_height, balance, stream.rate);
        let late = balance.is_zero() && account.settled_height >= noted;
        holds("exhaustion is where the balance ends", noted == expected || late, || {
            format!("order {id}: noted {noted}, expected {expected}")
        })?;
        let entry = (Deadline::Height(noted), Due::EscrowExhausted(id));
        holds("exhaustion is in the time wheel", waiting.contains(&entry), || format!("{entry:?}"))?;
    }
    Ok(())
}
