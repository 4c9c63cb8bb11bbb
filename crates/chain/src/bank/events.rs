//! Events of moving coins, as Cosmos clients know them.

use virtengine_types::{Address, block::Event};

/// `coin_spent` and `coin_received`.
pub(crate) fn spent_and_received(from: Address, to: Address, amount: &str) -> [Event; 2] {
    [
        Event::new("coin_spent").with("spender", from).with("amount", amount),
        Event::new("coin_received").with("receiver", to).with("amount", amount),
    ]
}

/// `coin_spent`, `coin_received` and `transfer`.
pub(super) fn transferred(from: Address, to: Address, amount: &str) -> [Event; 3] {
    let [spent, received] = spent_and_received(from, to, amount);
    let transfer =
        Event::new("transfer").with("recipient", to).with("sender", from).with("amount", amount);
    [spent, received, transfer]
}

/// The events of paying a fee.
pub(crate) fn fee_paid(payer: Address, collector: Address, amount: &str) -> Vec<Event> {
    let mut events = Vec::from(transferred(payer, collector, amount));
    events.push(Event::new("message").with("sender", payer));
    events
}
