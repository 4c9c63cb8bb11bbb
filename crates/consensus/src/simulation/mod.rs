//! Whole networks in virtual time, on simulated links and disks, with the node's own wiring.
//!
//! Four validators run the chain over signed transfers. Whatever happens to nodes and links, finalized
//! blocks agree, every node's state hashes to what its headers say, and no money appears or vanishes.
//!
//! Each test runs with one seed; `VIRTENGINE_SIM_SEEDS=20` runs each with the seeds 0 to 19.
//! `RUST_LOG=info` with `--nocapture` shows every node's heights by virtual time.

mod generator;
mod properties;
mod transfers;
mod world;

use commonware_glue::simulate::{
    action::{Action, Crash, Schedule},
    exit::ProcessedHeightAtLeast,
    plan::PlanBuilder,
};
use commonware_p2p::simulated::Link;
use commonware_utils::probability;
use properties::{AgreedBlocks, ConservedSupply, MatchingRoots, NotedRoots, SyncedInsteadOfReplayed};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tracing_subscriber::EnvFilter;
use virtengine_types::block::Hash;
use world::World;

const GOOD: Link = Link {
    latency: Duration::from_millis(10),
    jitter: Duration::from_millis(5),
    success_rate: probability!(1.0),
};

/// The seeds to run each test with.
fn seeds() -> std::ops::Range<u64> {
    let count = std::env::var("VIRTENGINE_SIM_SEEDS").map_or(1, |count| count.parse().unwrap());
    0..count
}

fn plan(world: World, height: u64) -> PlanBuilder<World> {
    // Another test of this process may have installed it.
    drop(
        tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::from_default_env())
            .with_test_writer()
            .try_init(),
    );
    PlanBuilder::new(world)
        .seeds(seeds())
        .link(GOOD)
        .timeout(Duration::from_mins(3))
        .exit_condition(ProcessedHeightAtLeast::new(height))
        .property(AgreedBlocks)
        .property(MatchingRoots)
        .property(ConservedSupply)
}

#[test]
fn four_validators_agree_over_several_epochs() {
    plan(World::new(4), 60).run().unwrap();
}

/// The state root of every height of a run whose validators have so many threads each, in turn.
fn roots(threads: &[usize]) -> BTreeMap<u64, Hash> {
    let noted = NotedRoots::default();
    plan(World::new(4).with_threads(threads), 40).seed(0).property(noted.clone()).run().unwrap();
    noted.take()
}

#[test]
fn validators_with_1_2_and_8_threads_compute_the_same_roots() {
    // Side by side on the same blocks: each votes only for roots that it computed itself.
    let mixed = roots(&[1, 2, 8, 8]);
    assert!(mixed.len() >= 40 && mixed.values().collect::<BTreeSet<_>>().len() > 10, "{mixed:?}");
    // And each alone, with the seed of the others.
    for threads in [1, 2, 8] {
        let alone = roots(&[threads]);
        let both = alone.keys().filter(|height| mixed.contains_key(height)).count();
        assert!(both >= 40, "{both} heights in common");
        for (height, root) in alone.iter().filter(|(height, _)| mixed.contains_key(height)) {
            assert_eq!(mixed.get(height), Some(root), "height {height} with {threads} threads");
        }
    }
}

#[test]
fn validators_that_crash_at_random_resume() {
    let crash =
        Crash::Random { frequency: Duration::from_secs(2), downtime: Duration::from_millis(700), count: 1 };
    plan(World::new(4), 60).crash(crash).run().unwrap();
}

#[test]
fn the_chain_goes_on_after_all_validators_crashed_at_once() {
    let crash =
        Crash::Random { frequency: Duration::from_secs(12), downtime: Duration::from_millis(500), count: 4 };
    plan(World::new(4), 80).crash(crash).run().unwrap();
}

#[test]
fn lossy_links_delay_and_do_not_divide() {
    let link = Link {
        latency: Duration::from_millis(60),
        jitter: Duration::from_millis(40),
        success_rate: probability!(0.8),
    };
    plan(World::new(4), 40).link(link).run().unwrap();
}

#[test]
fn a_validator_cut_off_by_a_partition_catches_up() {
    let world = World::new(4);
    let [cut, others @ ..] = world.identities() else { unreachable!() };
    let dead = Link { success_rate: probability!(0.0), ..GOOD };
    let mut schedule = Schedule::new();
    for other in others {
        for (from, to) in [(cut, other), (other, cut)] {
            let link = dead.clone();
            schedule = schedule
                .at(Duration::from_secs(1), Action::UpdateLink { from: from.clone(), to: to.clone(), link });
        }
    }
    let schedule = schedule.at(Duration::from_secs(8), Action::Heal(GOOD));
    plan(world.clone(), 60).crash(Crash::Schedule(schedule)).run().unwrap();
}

#[test]
fn three_of_four_validators_keep_finalizing() {
    let world = World::new(4);
    let down = world.identities()[1].clone();
    let schedule = Schedule::new()
        .at(Duration::from_secs(1), Action::Crash(down.clone()))
        // Soon enough that the others have not pruned the blocks that it missed.
        .at(Duration::from_secs(15), Action::Restart(down));
    plan(world, 60).crash(Crash::Schedule(schedule)).run().unwrap();
}

#[test]
fn an_empty_fifth_node_syncs_the_state_and_reaches_the_tip() {
    let world = World::new(4).with_observer();
    let observer = world.identities()[4].clone();
    let crash = Crash::DelayRound { participants: vec![observer], round: world.round_of_joining() };
    plan(world, 90).crash(crash).property(SyncedInsteadOfReplayed).run().unwrap();
}

#[test]
fn a_node_that_synced_the_state_goes_on_after_crashes() {
    let world = World::new(4).with_observer();
    let observer = world.identities()[4].clone();
    let mut schedule = Schedule::new().at(Duration::from_millis(1), Action::Crash(observer.clone()));
    for (up, down) in [(12, 18), (19, 24), (25, 26)] {
        schedule = schedule
            .at(Duration::from_secs(up), Action::Restart(observer.clone()))
            .at(Duration::from_secs(down), Action::Crash(observer.clone()));
    }
    let schedule = schedule.at(Duration::from_secs(27), Action::Restart(observer));
    plan(world, 120).crash(Crash::Schedule(schedule)).property(SyncedInsteadOfReplayed).run().unwrap();
}
