//! Events of moving coins, as Cosmos clients know them.

use virtengine_types::{Address, block::Event};

/// `coin_spent` and `coin_received`.
pub(crate) fn spent_and_received(from: Address, to: Address, amount: &str) -> [Event; 2] {
    told(&from.account(), &to.account(), amount)
}

/// `coin_spent`, `coin_received` and `transfer`, addresses as text.
pub(super) fn transferred(from: &str, to: &str, amount: &str) -> [Event; 3] {
    let [spent, received] = told(from, to, amount);
    let transfer = Event::new("transfer").text("recipient", to).text("sender", from).text("amount", amount);
    [spent, received, transfer]
}

/// The events of paying a fee, addresses as text.
pub(crate) fn fee_paid(payer: &str, collector: &str, amount: &str) -> [Event; 4] {
    let [spent, received, transfer] = transferred(payer, collector, amount);
    [spent, received, transfer, Event::new("message").text("sender", payer)]
}

fn told(from: &str, to: &str, amount: &str) -> [Event; 2] {
    [
        Event::new("coin_spent").text("spender", from).text("amount", amount),
        Event::new("coin_received").text("receiver", to).text("amount", amount),
    ]
}
