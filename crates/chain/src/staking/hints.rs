//! Rows that staking messages and deadlines touch.

use super::state::{BLS_KEYS, CONSENSUS_KEYS, DELEGATIONS, INCOMING, REDELEGATIONS, UNBONDINGS, VALIDATORS};
use crate::distribution::WITHDRAW_ADDRESSES;
use virtengine_state::Key;
use virtengine_types::{Address, msg::Msg};

/// Adds the keys that a staking message will touch, except those of its deadline. Other messages add
/// none.
pub(crate) fn hints(msg: &Msg, keys: &mut Vec<Key>) {
    match msg {
        Msg::CreateValidator(msg) => {
            stake(msg.operator, msg.operator, keys);
            keys.extend(CONSENSUS_KEYS.key(&Address::of_hash(&msg.consensus_key)));
        }
        Msg::EditValidator(msg) => keys.extend(VALIDATORS.key(&msg.operator)),
        Msg::SetConsensusKey(msg) => {
            keys.extend(VALIDATORS.key(&msg.operator));
            keys.extend(BLS_KEYS.key(&msg.bls_key));
        }
        Msg::Delegate(msg) => stake(msg.delegator, msg.validator, keys),
        Msg::Undelegate(msg) => {
            stake(msg.delegator, msg.validator, keys);
            keys.extend(UNBONDINGS.key(&(msg.delegator, msg.validator)));
        }
        Msg::CancelUnbonding(msg) => {
            stake(msg.delegator, msg.validator, keys);
            keys.extend(UNBONDINGS.key(&(msg.delegator, msg.validator)));
        }
        Msg::BeginRedelegate(msg) => {
            stake(msg.delegator, msg.source, keys);
            stake(msg.delegator, msg.destination, keys);
            keys.extend(REDELEGATIONS.key(&(msg.delegator, msg.source, msg.destination)));
            keys.extend(INCOMING.key(&(msg.delegator, msg.source)));
            keys.extend(INCOMING.key(&(msg.delegator, msg.destination)));
        }
        _ => {}
    }
}

/// A change of stake pays its rewards. The sums of stake and of rewards are among the keys of every block.
fn stake(delegator: Address, validator: Address, keys: &mut Vec<Key>) {
    keys.extend(WITHDRAW_ADDRESSES.key(&delegator));
    keys.extend(VALIDATORS.key(&validator));
    keys.extend(DELEGATIONS.key(&(delegator, validator)));
}
