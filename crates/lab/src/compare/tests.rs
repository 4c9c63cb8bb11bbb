use serde_json::json;

use super::*;
use crate::result::{Repetitions, Series, tests::sample};

fn baselines() -> Baselines {
    Baselines::from_json(include_bytes!("../../../../baselines/scale.json")).unwrap()
}

/// The sample with its repetitions of a metric replaced.
fn repeated(metric: &str, values: &[f64]) -> RunResult {
    let mut result = sample();
    result.series = vec![Series::Repetitions(Repetitions { name: metric.into(), values: values.to_vec() })];
    result
}

fn change_of(metric: &str, before: &[f64], after: &[f64]) -> MetricChange {
    let comparison = compare(&repeated(metric, before), &repeated(metric, after), &baselines()).unwrap();
    comparison.changes.into_iter().find(|change| change.metric == metric).unwrap()
}

#[test]
fn a_run_agrees_with_itself() {
    let comparison = compare(&sample(), &sample(), &baselines()).unwrap();
    assert!(comparison.differences.is_empty() && !comparison.is_worse());
    assert_eq!(comparison.changes.len(), 9);
    assert_eq!(comparison.changes[0].outcome, Outcome::Same);
    assert_eq!(comparison.changes[1].outcome, Outcome::Undecided, "it was not repeated");
}

#[test]
fn only_a_change_beyond_noise_counts() {
    let before = [100.0, 104.0, 96.0];
    assert_eq!(change_of("committed_tps", &before, &[101.0, 97.0, 103.0]).outcome, Outcome::Same);
    assert_eq!(change_of("committed_tps", &before, &[201.0, 197.0, 203.0]).outcome, Outcome::Better);
    assert_eq!(change_of("committed_tps", &before, &[51.0, 50.0, 52.0]).outcome, Outcome::Worse);
    assert_eq!(change_of("latency_p99_ms", &before, &[201.0, 197.0, 203.0]).outcome, Outcome::Worse);
    assert_eq!(change_of("latency_p99_ms", &before, &[51.0, 50.0, 52.0]).outcome, Outcome::Better);
    assert_eq!(change_of("latency_p99_ms", &before, &[51.0]).outcome, Outcome::Undecided);
    let change = change_of("committed_tps", &before, &[110.0, 110.0, 110.0]);
    assert_eq!((change.before, change.after), (Some(100.0), Some(110.0)));
    assert!((change.change.unwrap() - 0.1).abs() < 1e-9, "{change:?}");
    // Three repetitions with a deviation of 4 against none: t of 2 degrees is 4.3027.
    assert!((change.noise.unwrap() - 4.3027 * 4.0 / 3.0_f64.sqrt()).abs() < 1e-3, "{change:?}");
}

#[test]
fn a_metric_without_a_direction_is_only_changed() {
    let with = |values: &[f64]| {
        let mut result = repeated("odd", values);
        result.metrics.push(Metric::new("odd", values[0], "x"));
        result
    };
    let comparison = compare(&with(&[1.0, 1.0]), &with(&[2.0, 2.0]), &baselines()).unwrap();
    assert_eq!(comparison.changes.last().unwrap().outcome, Outcome::Changed);
    assert!(!comparison.is_worse());
}

#[test]
fn metrics_of_one_run_only_are_listed() {
    let mut after = sample();
    after.metrics.remove(0);
    after.metrics.push(Metric::new("extra", 1.0, "x"));
    let comparison = compare(&sample(), &after, &baselines()).unwrap();
    assert_eq!(comparison.changes[0].outcome, Outcome::Gone);
    assert_eq!(comparison.changes.last().unwrap().outcome, Outcome::New);
    assert!(comparison.is_worse(), "a metric that is gone may hide anything");
}

#[test]
fn a_value_of_zero_has_no_relative_change() {
    let change = change_of("error_rate", &[0.0, 0.0], &[0.1, 0.1]);
    assert_eq!((change.change, change.outcome), (None, Outcome::Worse));
}

#[test]
fn other_settings_and_machines_are_named() {
    let mut after = sample();
    after.seed = 8;
    after.machine.cores = 16;
    after.parameters.insert("validators".into(), json!(4));
    after.parameters.insert("rate".into(), json!(100));
    let comparison = compare(&sample(), &after, &baselines()).unwrap();
    let names: Vec<_> = comparison.differences.iter().map(|difference| difference.what.as_str()).collect();
    assert_eq!(names, ["seed", "cores", "rate", "validators"]);
    assert_eq!(comparison.differences[2].before, Value::Null);
}

#[test]
fn a_comparison_is_printed_and_written() {
    let comparison = compare(
        &repeated("committed_tps", &[100.0, 100.0]),
        &repeated("committed_tps", &[90.0, 90.0]),
        &baselines(),
    )
    .unwrap();
    let table = comparison.table();
    for text in
        ["throughput: 03d530f7a1", "committed_tps", "90 tx/s", "-10.0 %", "±0.0 %", "worse", "undecided"]
    {
        assert!(table.contains(text), "{text} is not in\n{table}");
    }
    let document = serde_json::to_value(&comparison).unwrap();
    assert_eq!(document["changes"][0]["outcome"], "worse");
    assert_eq!(document["before"]["commit"], "03d530f7a1");
}

#[test]
fn rejects_scenario() {
    let after = RunResult { scenario: "market".into(), ..sample() };
    assert_eq!(
        compare(&sample(), &after, &baselines()),
        Err(CompareError::Scenario { before: "throughput".into(), after: "market".into() })
    );
}

#[test]
fn rejects_unit() {
    let mut after = sample();
    after.metrics[3].unit = "s".into();
    assert_eq!(
        compare(&sample(), &after, &baselines()),
        Err(CompareError::Unit { metric: "latency_p50_ms".into(), before: "ms".into(), after: "s".into() })
    );
}
