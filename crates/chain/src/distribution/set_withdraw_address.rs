//! Saying where rewards go.

use super::{events, state::WITHDRAW_ADDRESSES};
use crate::{TxContext, bank, outcome::Outcome};
use virtengine_state::State;
use virtengine_types::msg::SetWithdrawAddress;

/// Lets the rewards and the commission of the signer go to an account, from now on; its own undoes it.
///
/// # Errors
/// - `sdk` 4 - the receiver is a module's account
///
/// Spec: docs/spec/distribution.md#set-withdraw-address
pub fn set_withdraw_address(
    state: &mut State,
    ctx: &mut TxContext<'_>,
    msg: &SetWithdrawAddress,
) -> Outcome<()> {
    bank::receivable(msg.receiver)?;
    if msg.receiver == msg.delegator {
        state.delete(&WITHDRAW_ADDRESSES, &msg.delegator)?;
    } else {
        state.put(&WITHDRAW_ADDRESSES, &msg.delegator, &msg.receiver)?;
    }
    events::withdraw_address_set(ctx, msg.delegator, msg.receiver);
    Ok(())
}
