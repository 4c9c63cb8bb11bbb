//! The chain's parameters as a row of state.

use crate::outcome::Outcome;
use virtengine_state::{Partition, State, Table};
use virtengine_types::params::Params;

/// The one row of parameters, under key 0.
pub const PARAMS: Table<u8, Params> = Table::new(Partition::Ledger, 3, "params");

/// Reads the parameters; the defaults if the genesis set none.
///
/// # Errors
/// As [`State::get`].
pub fn params(state: &mut State) -> Outcome<Params> {
    Ok(state.get(&PARAMS, &0)?.unwrap_or_default())
}
