//! Moving coins from one account to another.

use super::{BankInvalid, credit, debit, events::transferred};
use crate::{TxContext, outcome::Outcome};
use smol_str::ToSmolStr as _;
use std::sync::LazyLock;
use virtengine_state::State;
use virtengine_types::{Address, block::Event, ledger::Pool, msg::Send};

/// Moves coins from the signer to another account, which is made if it does not exist.
///
/// # Errors
/// - `Blocked` - the receiver is a module's account
/// - `NoAccount`, `InsufficientFunds` - the sender cannot pay
/// - `Overflow` - the receiver's balance would not fit
///
/// Spec: docs/spec/bank.md#send
pub fn send(state: &mut State, ctx: &mut TxContext<'_>, msg: &Send) -> Outcome<()> {
    // Nobody could ever spend from a module's account.
    receivable(msg.to)?;
    debit(state, msg.from, &msg.coins)?;
    credit(state, ctx, msg.to, &msg.coins)?;
    let (from, to) = (ctx.name(msg.from), ctx.name(msg.to));
    ctx.events.extend(transferred(&from, &to, &msg.coins.to_smolstr()));
    ctx.emit(Event::new("message").text("sender", from));
    Ok(())
}

/// Accounts of modules, which change only by the modules' own rules.
static MODULES: LazyLock<[Address; 5]> = LazyLock::new(|| {
    let staking = ["bonded_tokens_pool", "not_bonded_tokens_pool"].map(Address::of_module);
    let [bonded, not_bonded] = staking;
    [Pool::Fees.address(), Pool::Community.address(), bonded, not_bonded, Address::of_module("escrow")]
});

/// Refuses coins for an account that no client could ever spend from.
pub(crate) fn receivable(address: Address) -> Result<(), BankInvalid> {
    if MODULES.contains(&address) {
        return Err(BankInvalid::Blocked { address });
    }
    Ok(())
}
