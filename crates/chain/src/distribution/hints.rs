//! Rows that messages about rewards touch.

use super::state::WITHDRAW_ADDRESSES;
use crate::staking::{DELEGATIONS, VALIDATORS};
use virtengine_state::Key;
use virtengine_types::msg::Msg;

/// Adds the keys that a message about rewards will touch, besides those of every block. Other messages add
/// none; that a change of stake pays rewards is among the hints of staking.
pub(crate) fn hints(msg: &Msg, keys: &mut Vec<Key>) {
    match msg {
        Msg::WithdrawReward(msg) => {
            keys.extend(VALIDATORS.key(&msg.validator));
            keys.extend(DELEGATIONS.key(&(msg.delegator, msg.validator)));
            keys.extend(WITHDRAW_ADDRESSES.key(&msg.delegator));
        }
        Msg::WithdrawCommission(msg) => {
            keys.extend(VALIDATORS.key(&msg.operator));
            keys.extend(WITHDRAW_ADDRESSES.key(&msg.operator));
        }
        Msg::SetWithdrawAddress(msg) => keys.extend(WITHDRAW_ADDRESSES.key(&msg.delegator)),
        _ => {}
    }
}
