use serde_json::json;

use super::*;
use crate::result::{Better, Degradation, Metric, Rejected, RunResult, Verdict, tests::sample};

/// The file at the root of the tree.
const SCALE: &[u8] = include_bytes!("../../../../baselines/scale.json");

/// The names that a run of a load scenario prints.
const NAMES: [&str; 9] = [
    "committed_tps",
    "signature_limit_tps",
    "tps_ratio",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "latency_p999_ms",
    "error_rate",
    "peak_rss_bytes",
];

fn baselines(metric: serde_json::Value) -> Result<Baselines, Rejected> {
    let case = json!({ "scenario": "throughput", "when": {}, "source": "a test", "metrics": [metric] });
    Baselines::from_json(json!({ "cases": [case] }).to_string().as_bytes())
}

fn expected(
    better: &str,
    target: Option<f64>,
    critical: Option<f64>,
    baseline: Option<f64>,
) -> Result<Baselines, Rejected> {
    baselines(json!({
        "name": "m", "unit": "x", "better": better, "target": target, "critical": critical, "baseline": baseline
    }))
}

/// The finding of a metric of that value.
fn found(baselines: &Baselines, value: f64) -> Finding {
    let mut result = sample();
    result.metrics = vec![Metric::new("m", value, "x")];
    baselines.findings(&result).findings.remove(0)
}

fn scale() -> Baselines {
    Baselines::from_json(SCALE).unwrap()
}

#[test]
fn the_file_of_the_tree_is_read_and_stores_no_guess() {
    let baselines = scale();
    assert_eq!(
        baselines.scenarios().into_iter().collect::<Vec<_>>(),
        ["degradation", "market", "overload", "throughput", "world"]
    );
    for scenario in ["throughput", "market"] {
        let result = RunResult { scenario: scenario.into(), ..sample() };
        let names: Vec<_> =
            baselines.expected(&result).iter().map(|expected| expected.name.clone()).collect();
        assert_eq!(names, NAMES, "{scenario}");
    }
}

#[test]
fn a_later_case_that_fits_overrides_an_earlier_one() {
    let target = |validators: u64, key: &str| {
        let mut result = sample();
        result.parameters.insert("validators".into(), validators.into());
        result.parameters.insert("key".into(), key.into());
        scale().expected(&result).iter().find(|expected| expected.name == "tps_ratio").unwrap().target
    };
    assert_eq!(target(1, "secp256k1"), Some(0.6));
    assert_eq!(target(1, "ed25519"), Some(0.5));
    assert_eq!(target(4, "ed25519"), Some(0.6));
    assert_eq!(target(4, "secp256k1"), None);
    let mut result = sample();
    result.parameters.clear();
    assert_eq!(scale().expected(&result).len(), NAMES.len(), "a case without parameters fits every result");
}

#[test]
fn bounds_belong_to_the_better_side() {
    let lower = expected("lower", Some(100.0), Some(250.0), None).unwrap();
    let higher = expected("higher", Some(10_000.0), Some(5_000.0), None).unwrap();
    for (baselines, value, verdict) in [
        (&lower, 100.0, Verdict::Pass),
        (&lower, 100.1, Verdict::Warning),
        (&lower, 250.0, Verdict::Warning),
        (&lower, 250.1, Verdict::Critical),
        (&higher, 10_000.0, Verdict::Pass),
        (&higher, 9_999.9, Verdict::Warning),
        (&higher, 5_000.0, Verdict::Warning),
        (&higher, 4_999.9, Verdict::Critical),
    ] {
        assert_eq!(found(baselines, value).verdict, Some(verdict), "{value}");
    }
}

#[test]
fn a_class_border_belongs_to_the_worse_class_but_ten_times_is_high() {
    let lower = expected("lower", None, None, Some(10.0)).unwrap();
    let higher = expected("higher", None, None, Some(1_000.0)).unwrap();
    for (low, high, class, verdict) in [
        (5.0, 2_000.0, Degradation::Acceptable, Verdict::Pass),
        (19.9, 501.0, Degradation::Acceptable, Verdict::Pass),
        (20.0, 500.0, Degradation::Warning, Verdict::Warning),
        (49.9, 201.0, Degradation::Warning, Verdict::Warning),
        (50.0, 200.0, Degradation::High, Verdict::Warning),
        (100.0, 100.0, Degradation::High, Verdict::Warning),
        (100.1, 99.9, Degradation::Critical, Verdict::Critical),
    ] {
        for finding in [found(&lower, low), found(&higher, high)] {
            assert_eq!((finding.degradation, finding.verdict), (Some(class), Some(verdict)), "{finding:?}");
        }
    }
}

#[test]
fn a_throughput_that_fell_to_nothing_is_critical() {
    let finding = found(&expected("higher", None, None, Some(5.0)).unwrap(), 0.0);
    assert_eq!((finding.factor, finding.verdict), (Some(f64::INFINITY), Some(Verdict::Critical)));
}

#[test]
fn nothing_is_a_multiple_of_a_baseline_of_zero() {
    let finding = found(&expected("lower", Some(0.0), Some(0.001), Some(0.0)).unwrap(), 0.0005);
    assert_eq!((finding.factor, finding.degradation, finding.verdict), (None, None, Some(Verdict::Warning)));
}

#[test]
fn the_worse_of_bound_and_class_is_the_verdict() {
    let baselines = expected("lower", Some(100.0), Some(1_000.0), Some(1.0)).unwrap();
    let finding = found(&baselines, 50.0);
    assert_eq!(finding.verdict, Some(Verdict::Critical));
    assert_eq!(finding.reason(), "50.0x worse than the baseline, critical");
    assert_eq!(found(&baselines, 1_500.0).reason(), "above the critical 1,000 x");
    assert_eq!(found(&baselines, 1.5).reason(), "reaches the target 100 x");
    let stored = expected("lower", None, None, Some(10.0)).unwrap();
    assert_eq!(found(&stored, 12.0).reason(), "1.2x worse than the baseline, acceptable");
    assert_eq!(found(&stored, 8.0).reason(), "better than the baseline, acceptable");
}

#[test]
fn a_rate_below_the_target_is_not_judged_by_it() {
    let mut result = sample();
    result.metrics[0] = Metric::new("committed_tps", 206.0, "tx/s").with_limit(40_000.0);
    result.metrics[2] = Metric::new("tps_ratio", 206.0 / 40_000.0, "ratio");
    let verdicts = |result: &RunResult| {
        let findings = scale().findings(result).findings;
        [findings[0].verdict, findings[2].verdict]
    };
    let judged = [Some(Verdict::Critical), Some(Verdict::Warning)];
    assert_eq!(verdicts(&result), judged, "of a result that does not tell its rate");
    result.parameters.insert("rate".into(), 200.0.into());
    assert_eq!(verdicts(&result), [None, None]);
    let judgement = scale().judge(&mut result);
    assert_eq!(judgement.verdict, Some(Verdict::Pass), "the others pass");
    assert_eq!(result.metric("committed_tps").unwrap().verdict, None);
    let said = "the rate offered allows 200 tx/s, the target is 10,000 tx/s";
    assert_eq!(judgement.findings[0].reason(), said);
    assert!(check(&[result.clone()], &scale()).table().contains(said));
    result.parameters.insert("saturation_search".into(), true.into());
    assert_eq!(verdicts(&result), judged, "a search offers what the network takes");
    result.parameters.insert("saturation_search".into(), false.into());
    result.parameters.insert("rate".into(), 30_000.0.into());
    assert_eq!(verdicts(&result), judged);
}

#[test]
fn a_metric_that_is_absent_is_critical() {
    let mut result = sample();
    result.metrics.retain(|metric| metric.name != "error_rate");
    let check = check(&[result], &scale());
    assert!(check.is_critical());
    let finding = check.runs[0].findings.iter().find(|finding| finding.metric == "error_rate").unwrap();
    assert_eq!((finding.verdict, &finding.problem), (Some(Verdict::Critical), &Some(Problem::Absent)));
    assert!(check.table().contains("absent"));
}

#[test]
fn a_metric_in_another_unit_is_critical() {
    let mut result = sample();
    result.metrics[4].unit = "s".into();
    let finding = scale().findings(&result).findings.remove(4);
    assert_eq!(finding.problem, Some(Problem::Unit { found: "s".into() }));
    assert_eq!((finding.value, finding.verdict), (None, Some(Verdict::Critical)));
    assert_eq!(finding.reason(), "in s, not ms");
}

#[test]
fn a_check_lists_every_verdict_and_what_was_not_measured() {
    let check = check(&[sample()], &scale());
    assert!(!check.is_critical());
    assert_eq!(check.runs[0].verdict, Some(Verdict::Warning), "the ratio is short of its target");
    let warned: Vec<_> = check.runs[0].findings.iter().filter(|f| f.verdict != Some(Verdict::Pass)).collect();
    assert_eq!(warned.len(), 1);
    assert_eq!(warned[0].metric, "tps_ratio");
    assert_eq!(check.unmeasured, ["degradation", "market", "overload", "world"]);
    let table = check.table();
    for text in [
        "tps_ratio",
        "0.593",
        "below the target 0.6",
        "25,312 tx/s",
        "not measured: degradation, market, overload",
    ] {
        assert!(table.contains(text), "{text} is not in\n{table}");
    }
}

#[test]
fn a_result_that_no_baseline_names_is_shown_as_such() {
    let check = check(&[RunResult { scenario: "other".into(), ..sample() }], &scale());
    assert_eq!((check.runs[0].verdict, check.is_critical()), (None, false));
    assert!(check.table().contains("no baseline names this scenario"));
}

#[test]
fn judging_writes_targets_and_verdicts_into_the_result() {
    let mut result = sample();
    result.metrics.push(Metric::new("unnamed", 1.0, "x"));
    let judged = scale().judge(&mut result);
    let metric = result.metric("committed_tps").unwrap();
    assert_eq!(
        (metric.target, metric.critical, metric.verdict),
        (Some(10_000.0), Some(5_000.0), Some(Verdict::Pass))
    );
    assert_eq!(result.metric("unnamed").unwrap().verdict, None);
    assert_eq!(result.verdict(), judged.verdict);
    assert_eq!(result.validate(), Ok(()));
}

#[test]
fn rejects_malformed() {
    for metric in [
        json!({}),
        json!({ "name": "m", "unit": "x", "better": "wider", "target": 1, "critical": 1, "baseline": null }),
        json!({ "name": "m", "unit": "x", "better": "lower", "target": "1", "critical": 1, "baseline": null }),
    ] {
        assert!(matches!(baselines(metric.clone()), Err(Rejected::Malformed { .. })), "{metric}");
    }
    assert!(matches!(Baselines::from_json(b"{}"), Err(Rejected::Malformed { .. })));
}

#[test]
fn rejects_swapped() {
    assert_eq!(
        expected("lower", Some(250.0), Some(100.0), None),
        Err(Rejected::Swapped { name: "m".into(), target: 250.0, critical: 100.0, better: "lower" })
    );
    assert!(matches!(expected("higher", Some(1.0), Some(2.0), None), Err(Rejected::Swapped { .. })));
    assert!(expected("higher", Some(1.0), Some(1.0), None).is_ok());
}

#[test]
fn rejects_names_numbers_and_repeats_against_the_rules() {
    assert_eq!(
        expected("lower", Some(-1.0), None, None),
        Err(Rejected::NotMagnitude { what: "m".into(), found: -1.0, max: 1e18 })
    );
    let metric =
        json!({ "name": "M", "unit": "", "better": "lower", "target": 1, "critical": 2, "baseline": 3 });
    assert!(matches!(baselines(metric), Err(Rejected::Name { .. })));
    let mut twice = scale();
    let metric = twice.cases[0].metrics[0].clone();
    twice.cases[0].metrics.push(metric);
    assert!(matches!(
        Baselines::from_json(&serde_json::to_vec(&twice).unwrap()),
        Err(Rejected::Duplicate { .. })
    ));
}

#[test]
fn better_says_which_side_reaches() {
    assert!(Better::Higher.reaches(2.0, 1.0) && !Better::Higher.reaches(0.5, 1.0));
    assert!(Better::Lower.reaches(0.5, 1.0) && !Better::Lower.reaches(2.0, 1.0));
}
