//! Events of rewards, as Cosmos clients know them, then our own topics.

use crate::{TxContext, bank};
use virtengine_types::{Address, Amount, Coin, block::Event, ledger::Pool};

/// Coins of the fee collector were paid out.
pub(super) fn paid(ctx: &mut TxContext<'_>, receiver: Address, amount: Amount) {
    let coin = Coin::base(amount).to_string();
    ctx.events.extend(bank::moved(Pool::Fees.address(), receiver, &coin));
}

/// A delegation was paid what it has earned.
pub(crate) fn reward_withdrawn(
    ctx: &mut TxContext<'_>,
    delegator: Address,
    validator: Address,
    receiver: Address,
    amount: Amount,
) {
    let (coin, operator) = (Coin::base(amount).to_string(), validator.operator());
    ctx.emit(
        Event::new("withdraw_rewards")
            .with("amount", &coin)
            .with("validator", &operator)
            .with("delegator", delegator),
    );
    ctx.emit(
        Event::new("distribution.reward.withdrawn")
            .with("validator", operator)
            .with("delegator", delegator)
            .with("receiver", receiver)
            .with("amount", coin),
    );
}

/// A validator was paid its commission.
pub(super) fn commission_withdrawn(
    ctx: &mut TxContext<'_>,
    validator: Address,
    receiver: Address,
    amount: Amount,
) {
    let coin = Coin::base(amount).to_string();
    ctx.emit(Event::new("withdraw_commission").with("amount", &coin));
    ctx.emit(
        Event::new("distribution.commission.withdrawn")
            .with("validator", validator.operator())
            .with("receiver", receiver)
            .with("amount", coin),
    );
}

/// An account said where its rewards go.
pub(super) fn withdraw_address_set(ctx: &mut TxContext<'_>, delegator: Address, receiver: Address) {
    ctx.emit(Event::new("set_withdraw_address").with("withdraw_address", receiver));
    ctx.emit(
        Event::new("distribution.withdraw_address.set")
            .with("delegator", delegator)
            .with("receiver", receiver),
    );
}
