//! Keys that messages of the market will likely touch.

use super::{BIDS, LEASES, ORDER_BIDS, ORDERS};
use crate::{escrow::ESCROW_ACCOUNTS, provider::PROVIDERS};
use virtengine_state::Key;
use virtengine_types::{
    market::{BidId, LeaseId, OrderId},
    msg::Msg,
};

/// Adds the keys that can be told from a message alone; those of the order that a bid or lease names are
/// known only once its row is read.
pub(crate) fn hints(msg: &Msg, keys: &mut Vec<Key>) {
    let order = |keys: &mut Vec<Key>, id: OrderId| {
        keys.extend(ORDERS.key(&id));
        keys.extend(ORDER_BIDS.key(&id));
        keys.extend(ESCROW_ACCOUNTS.key(&id));
    };
    let agreement = |keys: &mut Vec<Key>, number: u64| {
        keys.extend(BIDS.key(&BidId(number)));
        keys.extend(LEASES.key(&LeaseId(number)));
    };
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
