//! The rows of validators, delegations and unbondings.

use super::StakingInvalid;
use crate::outcome::Outcome;
use virtengine_state::{Partition, State, Table};
use virtengine_types::{
    Address,
    staking::{Delegation, Redelegation, StakePool, Unbonding, Validator},
};

/// Validators by their operator's account.
pub const VALIDATORS: Table<Address, Validator> = Table::new(Partition::Staking, 1, "validators");
/// Delegations by (delegator, operator).
pub const DELEGATIONS: Table<(Address, Address), Delegation> =
    Table::new(Partition::Staking, 2, "delegations");
/// Pending undelegations by (delegator, operator).
pub const UNBONDINGS: Table<(Address, Address), Unbonding> = Table::new(Partition::Staking, 3, "unbondings");
/// Pending redelegations by (delegator, source, destination).
pub const REDELEGATIONS: Table<(Address, Address, Address), Redelegation> =
    Table::new(Partition::Staking, 4, "redelegations");
/// Running sums, under key 0.
pub const STAKE_POOL: Table<u8, StakePool> = Table::new(Partition::Staking, 5, "stake pool");
/// Operator by the address of its ed25519 consensus key, so that no two validators share one.
pub const CONSENSUS_KEYS: Table<Address, Address> = Table::new(Partition::Staking, 6, "consensus keys");
/// Operator of each BLS key ever set, so that no two validators share one.
pub const BLS_KEYS: Table<[u8; 48], Address> = Table::new(Partition::Staking, 7, "BLS keys");
/// Number of pending redelegation entries to a destination, by (delegator, destination).
pub const INCOMING: Table<(Address, Address), u32> =
    Table::new(Partition::Staking, 8, "incoming redelegations");

/// Reads a validator that must exist.
///
/// # Errors
/// - `NoValidator` - the account runs none
pub(crate) fn validator(state: &mut State, operator: Address) -> Outcome<Validator> {
    let missing = StakingInvalid::NoValidator { validator: operator };
    Ok(state.get(&VALIDATORS, &operator)?.ok_or(missing)?)
}

/// Reads the running sums.
///
/// # Errors
/// As [`State::get`].
pub fn stake_pool(state: &mut State) -> Outcome<StakePool> {
    Ok(state.get(&STAKE_POOL, &0)?.unwrap_or_default())
}
