//! Moving coins from one account to another.

use super::{BankInvalid, credit, debit, events::transferred};
use crate::{TxContext, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::{
    Address,
    block::Event,
    ledger::Pool,
    msg::Send,
};

/// Moves coins from the signer to another account, which is made if it does not exist.
///
/// # Errors
/// - `Blocked` - the receiver is a module's account
/// - `NoAccount`, `InsufficientFunds` - the sender cannot pay
/// - `Overflow` - the receiver's balance would not fit
///
/// Spec: docs/spec/bank.md#send
pub fn send(state: &mut State, ctx: &mut TxContext<'_>, msg: &Send) -> Outcome<()> {
    // A module's account changes only by the module's own rules.
    receivable(msg.to)?;
    debit(state, msg.from, &msg.coins)?;
    credit(state, ctx, msg.to, &msg.coins)?;
    ctx.events.extend(transferred(msg.from, msg.to, &msg.coins.to_string()));
    ctx.emit(Event::new("message").with("sender", msg.from));
    Ok(())
}

pub(super) fn receivable(address: Address) -> Result<(), BankInvalid> {
    if [Pool::Fees, Pool::Community].iter().any(|pool| pool.address() == address) {
        return Err(BankInvalid::Blocked { address });
    }
    Ok(())
}
