//! The rows of rewards.

use super::settle;
use crate::outcome::Outcome;
use virtengine_state::{Partition, State, Table};
use virtengine_types::{
    Address,
    staking::{Rewards, Validator},
};

/// What bonded stake has earned, under key 0. It lies beside the accounts, which every block with a fee
/// writes too.
pub const REWARDS: Table<u8, Rewards> = Table::new(Partition::Ledger, 8, "rewards");
/// Where the rewards of an account go, if not to itself.
pub const WITHDRAW_ADDRESSES: Table<Address, Address> =
    Table::new(Partition::Staking, 9, "withdraw addresses");

/// Reads what bonded stake has earned.
pub(super) fn rewards(state: &mut State) -> Outcome<Rewards> {
    Ok(state.get(&REWARDS, &0)?.unwrap_or_default())
}

/// The validator with everything that it has earned up to now. Its tokens, shares, rate or status may change
/// after that, and only after that.
pub(crate) fn settled(state: &mut State, mut validator: Validator) -> Outcome<Validator> {
    settle(rewards(state)?.per_token, &mut validator)?;
    Ok(validator)
}
