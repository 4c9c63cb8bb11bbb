//! The wheel turned by hand.

use super::*;
use proptest::prelude::*;
use virtengine_state::MemoryStore;
use virtengine_types::{Timestamp, market::OrderId};

fn block(height: u64, second: u64) -> BlockContext {
    BlockContext {
        chain_id: "test-1".to_owned(),
        epoch: 0,
        height: Height(height),
        time: Timestamp(second * 1000),
    }
}

/// Runs a step over a store, loading what it misses, and keeps what it wrote.
fn step<T>(store: &mut MemoryStore, run: impl Fn(&mut State) -> Outcome<T>) -> T {
    let mut state = State::default();
    loop {
        let savepoint = state.savepoint();
        match run(&mut state) {
            Ok(value) => {
                store.apply(&state.into_writes());
                return value;
            }
            Err(crate::Stop::NotLoaded(key)) => {
                state.undo_to(savepoint);
                state.load([(key, store.get(&key))]);
            }
            Err(stop) => panic!("{stop}"),
        }
    }
}

fn scheduled(store: &mut MemoryStore, deadline: Deadline, order: u64) {
    step(store, |state| schedule(state, deadline, Due::OrderWindow(OrderId(order))));
}

/// Takes up to `budget` entries at a block.
fn taken(store: &mut MemoryStore, block: &BlockContext, budget: usize) -> Vec<u64> {
    let mut orders = Vec::new();
    while orders.len() < budget {
        match step(store, |state| take(state, block)) {
            Some(Due::OrderWindow(OrderId(order))) => orders.push(order),
            Some(other) => panic!("{other:?}"),
            None => break,
        }
    }
    orders
}

fn wheel() -> MemoryStore {
    let mut rows = WriteSet::default();
    genesis(&mut rows, 1_000).unwrap();
    let mut store = MemoryStore::default();
    store.apply(&rows);
    store
}

#[test]
fn an_entry_is_handled_at_its_height_and_not_before() {
    let mut store = wheel();
    scheduled(&mut store, Deadline::Height(Height(3)), 7);
    assert!(taken(&mut store, &block(2, 1_000), 9).is_empty());
    assert_eq!(taken(&mut store, &block(3, 1_000), 9), [7]);
    assert!(taken(&mut store, &block(4, 1_000), 9).is_empty());
}

#[test]
fn an_entry_is_handled_at_the_first_block_that_reached_its_second() {
    let mut store = wheel();
    scheduled(&mut store, Deadline::Second(1_005), 7);
    assert!(taken(&mut store, &block(1, 1_004), 9).is_empty());
    assert_eq!(taken(&mut store, &block(2, 1_009), 9), [7]);
    assert!(taken(&mut store, &block(3, 1_010), 9).is_empty());
}

#[test]
fn what_a_block_has_no_budget_for_is_done_by_the_next_in_order() {
    let mut store = wheel();
    let entries = u64::from(PAGE_ENTRIES) * 2 + 5;
    for order in 0..entries {
        scheduled(&mut store, Deadline::Height(Height(2)), order);
    }
    scheduled(&mut store, Deadline::Height(Height(3)), entries);
    let mut handled = Vec::new();
    for height in 2..8 {
        handled.extend(taken(&mut store, &block(height, 1_000), 30));
    }
    assert_eq!(handled, (0..=entries).collect::<Vec<_>>());
    // Nothing but the cursor is left.
    assert_eq!(store.len(), 1);
    assert_eq!(pending(&store), Ok(Vec::new()));
}

#[test]
fn a_long_pause_is_passed_a_bounded_number_of_seconds_a_block() {
    let mut store = wheel();
    let late = 1_000 + u64::from(MAX_EMPTY) * 2 + 10;
    scheduled(&mut store, Deadline::Second(late), 7);
    let found: Vec<usize> = (1..5).map(|height| taken(&mut store, &block(height, late), 9).len()).collect();
    assert_eq!(found.iter().sum::<usize>(), 1);
    assert_eq!(found[0], 0);
}

proptest! {
    #[test]
    fn every_entry_is_handled_once_and_never_early(
        entries in prop::collection::vec((1u64..40, any::<bool>()), 0..150),
        budget in 1usize..9,
    ) {
        let mut store = wheel();
        for (order, (wait, by_height)) in (0u64..).zip(&entries) {
            let deadline =
                if *by_height { Deadline::Height(Height(*wait)) } else { Deadline::Second(1_000 + wait) };
            scheduled(&mut store, deadline, order);
        }
        let mut handled = Vec::new();
        for height in 1..200u64 {
            for order in taken(&mut store, &block(height, 1_000 + height), budget) {
                prop_assert!(entries[usize::try_from(order).unwrap()].0 <= height);
                handled.push(order);
            }
        }
        handled.sort_unstable();
        prop_assert_eq!(handled, (0..entries.len() as u64).collect::<Vec<_>>());
        prop_assert_eq!(store.len(), 1);
    }
}
