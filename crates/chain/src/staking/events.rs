//! Events of staking: those that Cosmos clients know, then our own topics.

use super::pool::Bucket;
use crate::{TxContext, bank};
use virtengine_types::{
    Address, Amount, Coin, Height, Timestamp, block::Event, msg::BeginRedelegate, staking::Validator,
};

/// Digits after the point of a Cosmos decimal.
const FRACTION: &str = "000000000000000000";

/// Coins of an account became stake.
pub(super) fn delegated(
    ctx: &mut TxContext<'_>,
    delegator: Address,
    validator: Address,
    amount: Amount,
    shares: Amount,
) {
    let (coin, operator) = (Coin::base(amount).to_string(), validator.operator());
    ctx.emit(
        Event::new("delegate")
            .with("validator", &operator)
            .with("delegator", delegator)
            .with("amount", &coin)
            .with("new_shares", format!("{shares}.{FRACTION}")),
    );
    ctx.emit(stake_event("staking.delegated", delegator, &operator, &coin));
}

/// Stake began to unbond.
pub(super) fn undelegated(
    ctx: &mut TxContext<'_>,
    delegator: Address,
    validator: Address,
    amount: Amount,
    completes: u64,
) {
    let (coin, operator) = (Coin::base(amount).to_string(), validator.operator());
    ctx.emit(
        Event::new("unbond")
            .with("validator", &operator)
            .with("delegator", delegator)
            .with("amount", &coin)
            .with("completion_time", time_text(completes)),
    );
    let topic = stake_event("staking.undelegated", delegator, &operator, &coin);
    ctx.emit(topic.with("completes", completes));
}

/// Coins of an undelegation returned to their owner.
pub(super) fn unbonded(ctx: &mut TxContext<'_>, delegator: Address, validator: Address, amount: Amount) {
    let (coin, operator) = (Coin::base(amount).to_string(), validator.operator());
    let source = Bucket::NotBonded.address();
    ctx.events.extend(bank::spent_and_received(source, delegator, &coin));
    ctx.emit(
        Event::new("complete_unbonding")
            .with("amount", &coin)
            .with("validator", &operator)
            .with("delegator", delegator),
    );
    ctx.emit(stake_event("staking.unbonded", delegator, &operator, &coin));
}

/// Unbonding coins became stake again.
pub(super) fn unbonding_cancelled(
    ctx: &mut TxContext<'_>,
    delegator: Address,
    validator: Address,
    amount: Amount,
    created: Height,
) {
    let (coin, operator) = (Coin::base(amount).to_string(), validator.operator());
    ctx.emit(
        Event::new("cancel_unbonding_delegation")
            .with("amount", &coin)
            .with("validator", &operator)
            .with("delegator", delegator)
            .with("creation_height", created),
    );
    ctx.emit(stake_event("staking.delegated", delegator, &operator, &coin));
}

/// Stake moved to another validator.
pub(super) fn redelegated(ctx: &mut TxContext<'_>, msg: &BeginRedelegate, completes: u64) {
    let coin = Coin::base(msg.amount).to_string();
    let (source, destination) = (msg.source.operator(), msg.destination.operator());
    ctx.emit(
        Event::new("redelegate")
            .with("source_validator", &source)
            .with("destination_validator", &destination)
            .with("amount", &coin)
            .with("completion_time", time_text(completes)),
    );
    ctx.emit(
        Event::new("staking.redelegated")
            .with("delegator", msg.delegator)
            .with("source", source)
            .with("destination", destination)
            .with("amount", coin)
            .with("completes", completes),
    );
}

/// A redelegation's lock ended.
pub(super) fn redelegation_completed(
    ctx: &mut TxContext<'_>,
    delegator: Address,
    source: Address,
    destination: Address,
    amount: Amount,
) {
    ctx.emit(
        Event::new("complete_redelegation")
            .with("amount", Coin::base(amount))
            .with("delegator", delegator)
            .with("source_validator", source.operator())
            .with("destination_validator", destination.operator()),
    );
}

/// A validator broke its promise.
pub(super) fn jailed(ctx: &mut TxContext<'_>, operator: Address, validator: &Validator) {
    ctx.emit(
        Event::new("staking.validator.jailed")
            .with("validator", operator.operator())
            .with("self_delegation", validator.self_delegation())
            .with("min_self_delegation", validator.min_self_delegation),
    );
}

/// Stake left the supply.
pub(super) fn burned(ctx: &mut TxContext<'_>, pool: Address, amount: Amount) {
    let coin = Coin::base(amount).to_string();
    ctx.emit(Event::new("coin_spent").with("spender", pool).with("amount", &coin));
    ctx.emit(Event::new("burn").with("burner", pool).with("amount", &coin));
    ctx.emit(Event::new("staking.burned").with("amount", coin));
}

/// The second as clients read it, such as `2026-11-23T11:00:00Z`.
fn time_text(second: u64) -> String {
    Timestamp(second.saturating_mul(1000)).rfc3339()
}

fn stake_event(topic: &'static str, delegator: Address, operator: &str, coin: &str) -> Event {
    Event::new(topic).with("validator", operator).with("delegator", delegator).with("amount", coin)
}
