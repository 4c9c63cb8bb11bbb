//! What is told of escrow accounts. Amounts are coins, such as `5uve`.

use virtengine_types::{Address, Amount, Coin, block::Event, escrow::Stream, market::OrderId};

pub(super) fn deposited(order: OrderId, depositor: Address, amount: Amount) -> Event {
    moved("escrow.deposited", order, amount).with("depositor", depositor)
}

pub(super) fn settled(order: OrderId, stream: &Stream, amount: Amount) -> Event {
    let event = moved("escrow.settled", order, amount);
    event.with("lease_id", stream.lease).with("provider", stream.provider)
}

/// `amount` is what the provider receives, `take` what goes to the community pool beside it.
pub(super) fn withdrawn(order: OrderId, stream: &Stream, amount: Amount, take: Amount) -> Event {
    moved("escrow.withdrawn", order, amount)
        .with("lease_id", stream.lease)
        .with("provider", stream.provider)
        .with("take", Coin::base(take))
}

pub(super) fn refunded(order: OrderId, depositor: Address, amount: Amount) -> Event {
    moved("escrow.refunded", order, amount).with("depositor", depositor)
}

fn moved(topic: &'static str, order: OrderId, amount: Amount) -> Event {
    Event::new(topic).with("order_id", order).with("amount", Coin::base(amount))
}
