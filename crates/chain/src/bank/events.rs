//! Events of moving coins, as Cosmos clients know them.

use smol_str::SmolStr;
use virtengine_types::{Address, block::Event};

/// `coin_spent` and `coin_received`.
pub(crate) fn spent_and_received(from: Address, to: Address, amount: &str) -> [Event; 2] {
    told(&from.account().into(), &to.account().into(), &amount.into())
}

/// `coin_spent`, `coin_received` and `transfer`.
pub(crate) fn moved(from: Address, to: Address, amount: &str) -> [Event; 3] {
    transferred(&from.account().into(), &to.account().into(), &amount.into())
}

/// `coin_spent`, `coin_received` and `transfer`, addresses as text.
pub(super) fn transferred(from: &SmolStr, to: &SmolStr, amount: &SmolStr) -> [Event; 3] {
    let [spent, received] = told(from, to, amount);
    let transfer = Event::new("transfer")
        .text("recipient", to.clone())
        .text("sender", from.clone())
        .text("amount", amount.clone());
    [spent, received, transfer]
}

/// The events of paying a fee, addresses as text.
pub(crate) fn fee_paid(payer: &SmolStr, collector: &SmolStr, amount: &SmolStr) -> [Event; 4] {
    let [spent, received, transfer] = transferred(payer, collector, amount);
    [spent, received, transfer, Event::new("message").text("sender", payer.clone())]
}

fn told(from: &SmolStr, to: &SmolStr, amount: &SmolStr) -> [Event; 2] {
    [
        Event::new("coin_spent").text("spender", from.clone()).text("amount", amount.clone()),
        Event::new("coin_received").text("receiver", to.clone()).text("amount", amount.clone()),
    ]
}
