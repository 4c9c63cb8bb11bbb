//! What is told of orders, bids and leases. Prices are coins, such as `5uve`.

use virtengine_types::{
    Coin,
    block::Event,
    market::{Bid, BidId, CloseReason, Lease, LeaseId, Order, OrderId},
};

pub(super) fn order_created(id: OrderId, order: &Order) -> Event {
    open_order("market.order.created", id, order)
}

pub(super) fn order_reopened(id: OrderId, order: &Order) -> Event {
    open_order("market.order.reopened", id, order)
}

pub(super) fn order_expired(id: OrderId, order: &Order) -> Event {
    ended_order("market.order.expired", id, order)
}

pub(super) fn order_cancelled(id: OrderId, order: &Order) -> Event {
    ended_order("market.order.cancelled", id, order)
}

/// The events of a lease that began: the order is matched, the bid won, the lease exists.
pub(super) fn lease_created(id: LeaseId, lease: &Lease) -> [Event; 3] {
    ["market.order.matched", "market.bid.won", "market.lease.created"].map({
        let (tenant, provider) = (lease.tenant.to_string(), lease.provider.to_string());
        let price = Coin::base(lease.price).to_string();
        move |topic| {
            Event::new(topic)
                .with("order_id", lease.order)
                .with("bid_id", lease.bid)
                .with("lease_id", id)
                .with("tenant", &tenant)
                .with("provider", &provider)
                .with("price", &price)
        }
    })
}

/// The events of a provider's word that the workload runs: the lease is confirmed, the order active.
pub(super) fn lease_confirmed(id: LeaseId, lease: &Lease) -> [Event; 2] {
    ["market.lease.confirmed", "market.order.active"].map(|topic| of_lease(topic, id, lease))
}

pub(super) fn lease_closed(id: LeaseId, lease: &Lease, reason: CloseReason) -> Event {
    of_lease("market.lease.closed", id, lease).with("reason", reason.name())
}

pub(super) fn order_closed(id: LeaseId, lease: &Lease, reason: CloseReason) -> Event {
    of_lease("market.order.closed", id, lease).with("reason", reason.name())
}

/// `topic` is one of `market.bid.created`, `lost`, `expired`, `withdrawn` and `released`.
pub(super) fn of_bid(topic: &'static str, id: BidId, bid: &Bid, order: &Order) -> Event {
    Event::new(topic)
        .with("order_id", bid.order)
        .with("bid_id", id)
        .with("tenant", order.tenant)
        .with("provider", bid.provider)
        .with("price", Coin::base(bid.price))
}

fn open_order(topic: &'static str, id: OrderId, order: &Order) -> Event {
    Event::new(topic)
        .with("order_id", id)
        .with("tenant", order.tenant)
        .with("region", &order.spec.region)
        .with("class", order.spec.class())
        .with("max_price", Coin::base(order.spec.max_price))
        .with("bids_until", order.bids_until)
        .with("expires_at", order.expires_at)
}

fn ended_order(topic: &'static str, id: OrderId, order: &Order) -> Event {
    Event::new(topic)
        .with("order_id", id)
        .with("tenant", order.tenant)
        .with("region", &order.spec.region)
        .with("class", order.spec.class())
}

fn of_lease(topic: &'static str, id: LeaseId, lease: &Lease) -> Event {
    Event::new(topic)
        .with("order_id", lease.order)
        .with("bid_id", lease.bid)
        .with("lease_id", id)
        .with("tenant", lease.tenant)
        .with("provider", lease.provider)
        .with("price", Coin::base(lease.price))
}
