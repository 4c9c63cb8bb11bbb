//! Moving coins from one account to several.

use super::{credit, debit, events::transferred, send::receivable};
use crate::{TxContext, outcome::Outcome};
use smol_str::ToSmolStr as _;
use virtengine_state::State;
use virtengine_types::{block::Event, msg::MultiSend};

/// Moves coins from the signer to several accounts. Cost: one row for each output.
///
/// # Errors
/// - `Blocked` - a receiver is a module's account
/// - `NoAccount`, `InsufficientFunds` - the sender cannot pay
/// - `Overflow` - a receiver's balance would not fit
///
/// Spec: docs/spec/bank.md#multi-send
pub fn multi_send(state: &mut State, ctx: &mut TxContext<'_>, msg: &MultiSend) -> Outcome<()> {
    for (address, _) in &msg.outputs {
        receivable(*address)?;
    }
    debit(state, msg.from, &msg.total)?;
    let from = ctx.name(msg.from);
    for (address, coins) in &msg.outputs {
        credit(state, ctx, *address, coins)?;
        ctx.events.extend(transferred(&from, &address.account().into(), &coins.to_smolstr()));
    }
    ctx.emit(Event::new("message").with("sender", from));
    Ok(())
}
