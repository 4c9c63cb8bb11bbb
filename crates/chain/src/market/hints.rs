//! Keys that messages and deadlines of the market will likely touch.

use super::{BIDS, FREED_PER_ENTRY, LEASES, ORDER_BIDS, ORDERS};
use crate::{
    BlockContext, bank, due, escrow,
    escrow::ESCROW_ACCOUNTS,
    provider::{self, PROVIDERS},
};
use virtengine_state::{Key, State};
use virtengine_types::{
    Address, Amount,
    due::{Deadline, Due},
    escrow::EscrowAccount,
    market::{BidId, LeaseId, OrderBids, OrderId, Selection},
    msg::Msg,
};

/// Adds the keys that can be told from a message alone; those of the order that a bid or lease names are
/// known only once its row is read.
pub(crate) fn hints(msg: &Msg, keys: &mut Vec<Key>) {
    match msg {
        Msg::CancelOrder(msg) => order(keys, msg.order),
        Msg::SubmitBid(msg) => {
            order(keys, msg.order);
            keys.extend(PROVIDERS.key(&msg.provider));
        }
        Msg::DepositEscrow(msg) => order(keys, msg.order),
        Msg::WithdrawBid(msg) => agreement(keys, msg.bid.0),
        Msg::ReleaseBid(msg) => agreement(keys, msg.bid.0),
        Msg::AcceptBid(msg) => agreement(keys, msg.bid.0),
        Msg::ConfirmLease(msg) => agreement(keys, msg.lease.0),
        Msg::CloseLease(msg) => agreement(keys, msg.lease.0),
        Msg::WithdrawEarnings(msg) => agreement(keys, msg.lease.0),
        _ => {}
    }
}

/// Adds the keys of what a message creates, if `id` is the number that it will get.
pub(crate) fn created_hints(msg: &Msg, id: u64, keys: &mut Vec<Key>) {
    match msg {
        Msg::CreateOrder(_) => {
            keys.extend(ORDERS.key(&OrderId(id)));
            keys.extend(ESCROW_ACCOUNTS.key(&OrderId(id)));
        }
        Msg::SubmitBid(_) => keys.extend(BIDS.key(&BidId(id))),
        _ => {}
    }
}

/// Adds the keys that a message names through rows which are loaded: those that tell whether the provider
/// of a bid is what its order wants.
pub(crate) fn named_hints(state: &mut State, msg: &Msg, keys: &mut Vec<Key>) {
    let (id, owner) = match msg {
        Msg::SubmitBid(msg) => (msg.order, msg.provider),
        Msg::AcceptBid(msg) => {
            let Ok(Some(bid)) = state.get(&BIDS, &msg.bid) else { return };
            order(keys, bid.order);
            (bid.order, bid.provider)
        }
        _ => return,
    };
    if let Ok(Some(order)) = state.get(&ORDERS, &id) {
        provider::fit_hints(owner, &order.spec, keys);
    }
}

/// Adds the keys that a deadline of the market will likely touch: those of its order, and once these are
/// loaded those of the bids, leases and accounts that they name.
pub(crate) fn due_hints(state: &mut State, block: &BlockContext, entry: Due, keys: &mut Vec<Key>) {
    let (Due::OrderWindow(id) | Due::EscrowExhausted(id) | Due::FreeBids(id)) = entry else { return };
    order(keys, id);
    let bids = state.get(&ORDER_BIDS, &id).ok().flatten().unwrap_or_default();
    if let Due::FreeBids(_) = entry {
        for ranked in bids.ranked.iter().take(FREED_PER_ENTRY) {
            keys.extend(BIDS.key(&ranked.bid));
            keys.extend(bank::ACCOUNTS.key(&ranked.provider));
        }
        return;
    }
    let Ok(Some(account)) = state.get(&ESCROW_ACCOUNTS, &id) else { return };
    for (depositor, _) in &account.deposits {
        keys.extend(bank::ACCOUNTS.key(depositor));
    }
    match &account.stream {
        Some(stream) => {
            agreement(keys, stream.lease.0);
            seller(keys, stream.provider);
        }
        None => {
            choice(block, &account, &bids, keys);
            candidates(state, id, &bids, Read::Best, keys);
        }
    }
}

/// Which providers of an order's bids are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    /// That of the best bid.
    Best,
    /// Beyond those that are loaded, as many again.
    Further,
}

/// Adds the keys that tell which bid wins when the window at hand ends. Providers whose rows are loaded were
/// passed over; as many again are read together, so that a few reads reach the last of many bids.
pub(crate) fn window_hints(state: &mut State, entry: Due, keys: &mut Vec<Key>) {
    let Due::OrderWindow(id) = entry else { return };
    if let Ok(Some(bids)) = state.get(&ORDER_BIDS, &id) {
        candidates(state, id, &bids, Read::Further, keys);
    }
}

fn candidates(state: &mut State, id: OrderId, bids: &OrderBids, read: Read, keys: &mut Vec<Key>) {
    let Ok(Some(order)) = state.get(&ORDERS, &id) else { return };
    if order.spec.selection == Selection::Manual {
        return;
    }
    let rows = |owner: Address| {
        let mut rows = Vec::new();
        provider::fit_hints(owner, &order.spec, &mut rows);
        rows
    };
    let loaded = |owner: Address| rows(owner).iter().all(|key| state.is_loaded(key));
    let passed = match read {
        Read::Best => 0,
        Read::Further => bids.ranked.iter().take_while(|ranked| loaded(ranked.provider)).count(),
    };
    for ranked in bids.ranked.iter().skip(passed).take(passed.max(1)) {
        keys.extend(rows(ranked.provider));
    }
}

/// The keys of the bid that will likely be chosen and of the deadlines that come of it.
fn choice(block: &BlockContext, account: &EscrowAccount, bids: &OrderBids, keys: &mut Vec<Key>) {
    let Some(best) = bids.ranked.first() else { return };
    let funds: Amount = account.balance();
    agreement(keys, best.bid.0);
    seller(keys, best.provider);
    due::entry_hints(Deadline::Height(escrow::exhausted_height(block.height, funds, best.price)), keys);
}

fn order(keys: &mut Vec<Key>, id: OrderId) {
    keys.extend(ORDERS.key(&id));
    keys.extend(ORDER_BIDS.key(&id));
    keys.extend(ESCROW_ACCOUNTS.key(&id));
}

fn agreement(keys: &mut Vec<Key>, number: u64) {
    keys.extend(BIDS.key(&BidId(number)));
    keys.extend(LEASES.key(&LeaseId(number)));
}

fn seller(keys: &mut Vec<Key>, owner: Address) {
    keys.extend(PROVIDERS.key(&owner));
    keys.extend(bank::ACCOUNTS.key(&owner));
}
