use super::*;
use crate::{
    load::{ByArrival, Errors, Outcome, Told},
    network::Breakdown,
    result::{Commit, OverTime, TimePoint},
    scenario::measure::Used,
};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A load of 100 tx/s for 10 s, of which the first 2 s are not measured.
fn measured(committed_in_window: u64, lag_ms: u64) -> Measured {
    let mut latencies = Latencies::new();
    (1..=100).for_each(|ms| latencies.record(Duration::from_millis(ms)));
    let mut send_lag = Latencies::new();
    send_lag.record(Duration::from_millis(lag_ms));
    let point = |second| TimePoint {
        at_seconds: f64::from(second),
        offered_per_second: 100.0,
        committed_per_second: 100.0,
        errors_per_second: 0.0,
        p50_ms: Some(50.0),
        p99_ms: Some(99.0),
    };
    let told = |height: u32| Told { height: height.into(), at: SECOND * height, txs: 100, bytes: 30_000 };
    let outcome = Outcome {
        offered: 1_000,
        committed: 1_000,
        committed_in_window,
        window: 2 * SECOND..10 * SECOND,
        latencies,
        send_lag,
        reading: Latencies::new(),
        by_arrival: ByArrival::default(),
        errors: Errors::default(),
        over_time: OverTime { name: "gRPC stream".into(), points: (0..10).map(point).collect() },
        blocks: (0..12).map(told).collect(),
        cpu_share: 0.25,
        elapsed: 11 * SECOND,
    };
    let used = Used {
        peak_rss_bytes: 200,
        load_rss_bytes: 150,
        cpu_seconds: 2.0,
        written_bytes: 5_000,
        write_calls: 10,
    };
    Measured {
        rate: 100.0,
        outcome,
        nodes: vec![used, used],
        held: Vec::new(),
        memory_trend: "not told".into(),
        disk_bytes: Some(4_000),
        disk_busy: Some(0.05),
        breakdown: Breakdown::default(),
        transactions: Some([7; 32]),
    }
}

fn options() -> Options {
    let commit = Commit::try_from("0123456789abcdef".to_owned()).unwrap();
    Options::new("virtengine".into(), |_| Ok(Vec::new()), commit)
}

fn document(runs: Vec<Measured>) -> RunResult {
    let settings = vec![("bids", json!(2))];
    let course =
        Course { name: "throughput", purposes: &[], per_arrival: 1.0, with_results: false, settings };
    let options = options();
    let (started_at, limits) = (Timestamp::now(), [900.0, 1_100.0]);
    write(Run { course: &course, options: &options, started_at, runs, by_load: None, limits, nodes: 2.0 })
        .unwrap()
}

#[test]
fn figures_are_of_the_window_and_held_to_the_limit_of_each_node() {
    let result = document(vec![measured(800, 1)]);
    let metric = |name: &str| result.metric(name).unwrap();
    let committed = metric("committed_tps");
    assert_eq!((committed.value, committed.limit, committed.ratio), (100.0, Some(500.0), Some(0.2)));
    assert_eq!((metric("signature_limit_tps").value, metric("tps_ratio").value), (1_000.0, 0.2));
    assert!((metric("latency_p95_ms").value - 95.0).abs() < 0.1);
    // Blocks told of at 2 s to 9 s.
    assert_eq!(
        (metric("blocks").value, metric("txs_per_block").value, metric("block_interval_ms").value),
        (8.0, 100.0, 1_000.0)
    );
    assert_eq!((metric("disk_bytes_per_tx").value, metric("written_bytes_per_tx").value), (4.0, 5.0));
    assert_eq!((metric("node_cpu_us_per_tx").value, metric("offered_tps").value), (2_000.0, 100.0));
    assert_eq!(result.errors, []);
    assert_eq!(result.parameters["generator_was_limit"], false);
}

#[test]
fn repetitions_give_medians_and_keep_their_values() {
    let result = document(vec![measured(800, 1), measured(400, 1), measured(720, 1)]);
    assert_eq!(result.metric("committed_tps").unwrap().value, 90.0);
    assert_eq!(result.repetitions_of("committed_tps").unwrap().values, [100.0, 50.0, 90.0]);
    assert_eq!(result.repetitions_of("signature_limit_tps").unwrap().values, [900.0, 1_100.0]);
}

#[test]
fn a_generator_that_is_late_is_named_as_the_limit() {
    let result = document(vec![measured(800, 40)]);
    assert_eq!(result.parameters["generator_was_limit"], true);
    assert!(result.errors[0].reason.contains("the generator was the limit"), "{:?}", result.errors);
}

fn bound_by(result: &RunResult) -> Vec<Option<&str>> {
    let mut found = Vec::new();
    for series in &result.series {
        if let Series::Stages(stages) = series {
            found.push(stages.bound_by.as_deref());
        }
    }
    found
}

#[test]
fn the_busiest_part_is_named() {
    // 100 of 500 signature checks a second for each node, and the disk for a twentieth of the time.
    let checks = Measured { nodes: Vec::new(), ..measured(800, 1) };
    assert_eq!(bound_by(&document(vec![checks])), [Some("signature checks (20 % busy)")]);
    let slow = Measured { disk_busy: Some(0.75), ..measured(800, 1) };
    assert_eq!(
        bound_by(&document(vec![measured(800, 40), slow])),
        [Some("generator"), Some("disk (75 % busy)")]
    );
}

#[test]
fn transactions_are_known_by_their_hash_and_settings_are_those_of_the_scenario_too() {
    let one = document(vec![measured(800, 1)]);
    assert_eq!(one.parameters["transactions_sha256"], "07".repeat(32));
    assert_eq!(one.parameters["bids"], 2);
    let two = document(vec![measured(800, 1), measured(800, 1)]);
    assert_ne!(one.parameters["transactions_sha256"], two.parameters["transactions_sha256"]);
    let unknown = Measured { transactions: None, ..measured(800, 1) };
    assert!(!document(vec![unknown]).parameters.contains_key("transactions_sha256"));
}
