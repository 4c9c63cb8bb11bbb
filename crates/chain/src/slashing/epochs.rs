//! When epochs began.

use crate::{BlockContext, outcome::Outcome};
use virtengine_state::{Partition, State, Table};
use virtengine_types::staking::EpochStart;

/// When each epoch began, by its number.
pub const EPOCHS: Table<u64, EpochStart> = Table::new(Partition::Staking, 10, "epochs");

/// Notes the epoch of a block, if it is the epoch's first.
pub(crate) fn note_epoch(state: &mut State, block: &BlockContext) -> Outcome<()> {
    if state.get(&EPOCHS, &block.epoch)?.is_some() {
        return Ok(());
    }
    let start = EpochStart { height: block.height, second: block.time.seconds() };
    Ok(state.put(&EPOCHS, &block.epoch, &start)?)
}
