//! Rows that messages about misbehaviour touch.

use super::epochs::EPOCHS;
use crate::{
    bank::SUPPLY,
    staking::{CONSENSUS_KEYS, VALIDATORS},
};
use virtengine_state::Key;
use virtengine_types::{Address, Denom, msg::Msg};

/// Adds the keys that a message about misbehaviour will touch, besides those of every block and the
/// validator of a key, which is known when its row is read. Other messages add none.
pub(crate) fn hints(msg: &Msg, keys: &mut Vec<Key>) {
    match msg {
        Msg::Unjail(msg) => keys.extend(VALIDATORS.key(&msg.operator)),
        Msg::SubmitEvidence(msg) => {
            let epoch = msg.first.vote.epoch;
            keys.extend(CONSENSUS_KEYS.key(&Address::of_hash(&msg.consensus_key)));
            keys.extend(EPOCHS.key(&epoch));
            keys.extend(EPOCHS.key(&epoch.saturating_add(1)));
            keys.extend(SUPPLY.key(&Denom::base()));
        }
        _ => {}
    }
}
