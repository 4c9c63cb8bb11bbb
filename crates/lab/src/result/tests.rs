mod bytes;
mod origin;

use serde_json::{Value, json};

use super::*;
use crate::statistics::Estimate;

/// A result with every kind of series and an error.
pub(crate) fn sample() -> RunResult {
    let commit = Commit::try_from("03d530f7a1".to_string()).unwrap();
    let started_at = Timestamp::try_from("2026-01-30T12:00:00Z".to_string()).unwrap();
    let machine =
        Machine { cpu: "Some CPU".into(), cores: 2, memory_bytes: 24 << 30, os: "Linux 6 x86_64".into() };
    let mut result = RunResult::new("throughput", 7, commit, started_at, machine);
    result.parameters.insert("validators".into(), Value::from(1));
    result.parameters.insert("key".into(), Value::from("secp256k1"));
    result.metrics = vec![
        Metric::new("committed_tps", 25_312.0, "tx/s").with_limit(42_700.0),
        Metric::new("signature_limit_tps", 42_700.0, "tx/s"),
        Metric::new("tps_ratio", 0.593, "ratio"),
        Metric::new("latency_p50_ms", 21.0, "ms"),
        Metric::new("latency_p95_ms", 88.0, "ms"),
        Metric::new("latency_p99_ms", 131.0, "ms"),
        Metric::new("latency_p999_ms", 240.0, "ms"),
        Metric::new("error_rate", 0.0, "ratio"),
        Metric::new("peak_rss_bytes", 1.53e9, "bytes"),
    ];
    result.series = vec![
        Series::Repetitions(Repetitions {
            name: "committed_tps".into(),
            values: vec![25_312.0, 25_011.0, 25_600.0],
        }),
        Series::OverTime(OverTime {
            name: "single calls".into(),
            points: vec![time_point(0.0), time_point(1.0)],
        }),
        Series::LatencyByLoad(LatencyByLoad {
            name: "single calls".into(),
            points: vec![load_point(1_000.0), load_point(2_000.0)],
            knee_per_second: Some(1_000.0),
            bound_by: Some("signature checks".into()),
        }),
        Series::Percentiles(percentiles()),
        Series::Scaling(Scaling {
            name: "transfer".into(),
            measure: Measure::Cost,
            size_unit: "accounts".into(),
            unit: "us/op".into(),
            points: [1_000, 10_000, 100_000]
                .map(|size| ScalingPoint { size, repetition: 0, value: size as f64 / 100.0 })
                .to_vec(),
            growth: Some(growth()),
            bound_by: None,
        }),
        Series::Stages(Stages {
            name: "validators".into(),
            stages: vec![Stage {
                stage: "execution".into(),
                seconds: 7.5,
                count: 9_230,
                mean_ms: 0.8125,
                busy: 0.75,
            }],
            bound_by: Some("execution (75 % busy)".into()),
        }),
    ];
    result.errors = vec![Failure::new("mempool is full", 3)];
    result
}

fn growth() -> Growth {
    let interval = |value| Estimate { low: value, value, high: value };
    let summary = |size: u64| SizeSummary { size, median: size as f64 / 100.0, scatter: 0.0 };
    let scalability = Scalability {
        lambda: interval(1.0),
        sigma: interval(0.5),
        kappa: interval(0.01),
        r_squared: 0.9,
        peak: Some(7.0),
    };
    Growth {
        sizes: [1_000, 10_000, 100_000].map(summary).to_vec(),
        exponent: interval(1.0),
        r_squared: 1.0,
        factor: 100.0,
        class: Degradation::Critical,
        scalability: Some(scalability),
    }
}

fn time_point(at_seconds: f64) -> TimePoint {
    TimePoint {
        at_seconds,
        offered_per_second: 1_000.0,
        committed_per_second: 998.0,
        errors_per_second: 0.0,
        p50_ms: Some(20.0),
        p99_ms: Some(90.0),
    }
}

fn load_point(offered_per_second: f64) -> LoadPoint {
    LoadPoint {
        offered_per_second,
        committed_per_second: offered_per_second,
        p50_ms: 20.0,
        p95_ms: 50.0,
        p99_ms: 90.0,
        error_rate: 0.0,
        generator_late_ms: 0.1,
    }
}

fn percentiles() -> Percentiles {
    Percentiles {
        name: "submit to final".into(),
        count: 1_000,
        mean_ms: 25.0,
        p50_ms: 21.0,
        p90_ms: 70.0,
        p95_ms: 88.0,
        p99_ms: 131.0,
        p999_ms: 240.0,
        max_ms: 251.0,
    }
}

fn rejected(change: impl FnOnce(&mut RunResult)) -> Rejected {
    let mut result = sample();
    change(&mut result);
    let error = result.validate().unwrap_err();
    assert_eq!(result.to_json().unwrap_err(), error, "what cannot be read is not written");
    error
}

/// The refusal of the sample with one place of its JSON replaced.
fn rejected_json(pointer: &str, value: Value) -> Rejected {
    let mut document = serde_json::to_value(sample()).unwrap();
    *document.pointer_mut(pointer).unwrap() = value;
    RunResult::from_json(document.to_string().as_bytes()).unwrap_err()
}

fn text(characters: usize) -> String {
    "x".repeat(characters)
}

#[test]
fn accepts_what_it_wrote() {
    let result = sample();
    assert_eq!(RunResult::from_json(result.to_json().unwrap().as_bytes()), Ok(result));
}

#[test]
fn a_document_has_the_fields_that_others_read() {
    let document = serde_json::to_value(sample()).unwrap();
    let keys: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
    for key in
        ["scenario", "seed", "commit", "started_at", "machine", "parameters", "metrics", "series", "errors"]
    {
        assert!(keys.contains(&key), "{key}");
    }
    assert_eq!(keys.len(), 9);
    assert_eq!(
        document["metrics"][1],
        json!({
            "name": "signature_limit_tps", "value": 42_700.0, "unit": "tx/s", "target": null, "critical": null,
            "limit": null, "ratio": null, "verdict": null
        })
    );
    assert_eq!(
        document["machine"],
        json!({ "cpu": "Some CPU", "cores": 2, "memory_bytes": 25_769_803_776_u64, "os": "Linux 6 x86_64" })
    );
    assert_eq!(document["started_at"], "2026-01-30T12:00:00Z");
    assert_eq!(document["series"][5]["kind"], "stages");
}

#[test]
fn accepts_an_error_of_any_text() {
    let mut result = sample();
    result.errors = vec![Failure::new(&format!("\u{1b}[2J\u{202e}{}", text(10_000)), 1)];
    assert_eq!(result.validate(), Ok(()));
    assert_eq!(result.errors[0].reason.chars().count(), MAX_TEXT);
}

#[test]
fn rejects_too_large() {
    let bytes = vec![b' '; MAX_BYTES + 1];
    assert_eq!(
        RunResult::from_json(&bytes),
        Err(Rejected::TooLarge { found: MAX_BYTES + 1, max: MAX_BYTES })
    );
}

#[test]
fn rejects_malformed() {
    for bytes in ["", "[]", "{}", "\"\u{fffd}\"", "{\"scenario\":1e999}"] {
        assert!(matches!(RunResult::from_json(bytes.as_bytes()), Err(Rejected::Malformed { .. })), "{bytes}");
    }
    let deep = "[".repeat(100_000);
    assert!(matches!(RunResult::from_json(deep.as_bytes()), Err(Rejected::Malformed { .. })));
    assert!(matches!(rejected_json("/machine", json!({ "cpu": "" })), Rejected::Malformed { .. }));
    assert!(matches!(rejected_json("/metrics/0/value", Value::Null), Rejected::Malformed { .. }));
    assert!(matches!(rejected_json("/series/0/kind", json!("pie")), Rejected::Malformed { .. }));
    assert!(matches!(rejected_json("/started_at", json!("yesterday")), Rejected::Malformed { .. }));
    assert!(matches!(rejected_json("/commit", json!("main")), Rejected::Malformed { .. }));
    let Rejected::Malformed { cause } = rejected_json("/commit", json!(text(100_000))) else {
        unreachable!()
    };
    assert!(cause.len() <= MAX_TEXT, "a cause does not grow with the document");
}

#[test]
fn rejects_unknown_fields() {
    let mut document = serde_json::to_value(sample()).unwrap();
    document["series"][0]["note"] = json!("more");
    assert!(matches!(RunResult::from_json(document.to_string().as_bytes()), Err(Rejected::Malformed { .. })));
}

#[test]
fn rejects_too_many() {
    let metric = |index| Metric::new(&format!("m{index}"), 1.0, "s");
    assert_eq!(
        rejected(|result| result.metrics = (0..=MAX_METRICS).map(metric).collect()),
        Rejected::TooMany { what: "metrics".into(), found: MAX_METRICS + 1, max: MAX_METRICS }
    );
    assert_eq!(
        rejected(|result| result.series = vec![Series::Percentiles(percentiles()); MAX_SERIES + 1]),
        Rejected::TooMany { what: "series".into(), found: MAX_SERIES + 1, max: MAX_SERIES }
    );
    assert_eq!(
        rejected(|result| result.errors = vec![Failure::new("", 1); MAX_ERRORS + 1]),
        Rejected::TooMany { what: "errors".into(), found: MAX_ERRORS + 1, max: MAX_ERRORS }
    );
    assert_eq!(
        rejected(|result| {
            result.parameters =
                (0..=MAX_PARAMETERS).map(|index| (format!("p{index}"), Value::Null)).collect();
        }),
        Rejected::TooMany { what: "parameters".into(), found: MAX_PARAMETERS + 1, max: MAX_PARAMETERS }
    );
    let points = vec![time_point(0.0); MAX_POINTS + 1];
    assert_eq!(
        rejected(|result| result.series = vec![Series::OverTime(OverTime { name: "long".into(), points })]),
        Rejected::TooMany { what: "series long".into(), found: MAX_POINTS + 1, max: MAX_POINTS }
    );
}

#[test]
fn rejects_name() {
    for name in ["", "Throughput", "a b", "../x", "ü", &text(MAX_NAME + 1)] {
        let error = rejected(|result| result.scenario = name.into());
        assert!(matches!(error, Rejected::Name { .. }), "{name}: {error}");
    }
    assert!(matches!(rejected(|result| result.metrics[0].name = "a b".into()), Rejected::Name { .. }));
}

#[test]
fn rejects_long_text() {
    assert_eq!(
        rejected(|result| result.errors[0].reason = text(MAX_TEXT + 1)),
        Rejected::LongText { what: "reason of an error".into(), found: MAX_TEXT + 1, max: MAX_TEXT }
    );
    let value = Value::from(vec![1_000_000; MAX_PARAMETER]);
    assert!(matches!(
        rejected(|result| drop(result.parameters.insert("long".into(), value))),
        Rejected::LongText { max: MAX_PARAMETER, .. }
    ));
}

#[test]
fn rejects_control_character() {
    for found in ['\u{1b}', '\n', '\u{202e}'] {
        assert_eq!(
            rejected(|result| result.machine.cpu = format!("fast{found}")),
            Rejected::ControlCharacter { what: "cpu".into(), found }
        );
    }
}

#[test]
fn rejects_not_magnitude() {
    for place in ["/series/5/stages/0/busy", "/series/5/stages/0/seconds", "/series/4/growth/factor"] {
        assert!(matches!(rejected_json(place, json!(-0.5)), Rejected::NotMagnitude { .. }), "{place}");
    }
    for found in [f64::INFINITY, -1.0, 1.1e18] {
        assert_eq!(
            rejected(|result| result.metrics[1].value = found),
            Rejected::NotMagnitude { what: "value of signature_limit_tps".into(), found, max: MAX_NUMBER }
        );
    }
    let error = {
        let mut result = sample();
        result.metrics[1].target = Some(f64::NAN);
        result.validate().unwrap_err()
    };
    assert!(
        matches!(error, Rejected::NotMagnitude { what, found, .. } if what.contains("target") && found.is_nan())
    );
}

#[test]
fn rejects_out_of_range() {
    assert_eq!(
        rejected_json("/series/4/growth/exponent/low", json!(-1.1e18)),
        Rejected::OutOfRange { what: "exponent".into(), found: -1.1e18, min: -MAX_NUMBER, max: MAX_NUMBER }
    );
    assert!(matches!(
        rejected_json("/series/2/points/0/error_rate", json!(2.0)),
        Rejected::OutOfRange { max: 1.0, .. }
    ));
    assert!(matches!(
        rejected_json("/series/4/points/0/size", json!(0)),
        Rejected::OutOfRange { min: 1.0, .. }
    ));
    assert!(matches!(
        rejected_json("/series/4/points/0/value", json!(0.0)),
        Rejected::OutOfRange { found: 0.0, .. }
    ));
    assert!(matches!(
        rejected_json("/series/4/growth/scalability/kappa/high", json!(2e18)),
        Rejected::OutOfRange { .. }
    ));
    assert!(matches!(rejected_json("/machine/cores", json!(0)), Rejected::OutOfRange { found: 0.0, .. }));
    assert!(matches!(
        rejected_json("/series/3/mean_ms", json!(252.0)),
        Rejected::OutOfRange { max: 251.0, .. }
    ));
}

#[test]
fn rejects_duplicate() {
    assert_eq!(
        rejected(|result| result.metrics.push(Metric::new("error_rate", 0.0, "ratio"))),
        Rejected::Duplicate { what: "metric".into(), name: "error_rate".into() }
    );
    assert_eq!(
        rejected(|result| result.series.push(result.series[0].clone())),
        Rejected::Duplicate { what: "repetitions of".into(), name: "committed_tps".into() }
    );
}

#[test]
fn rejects_falling() {
    assert!(matches!(
        rejected_json("/series/4/growth/sizes/0/size", json!(20_000)),
        Rejected::Falling { .. }
    ));
    assert_eq!(
        rejected_json("/series/1/points/0/at_seconds", json!(2.0)),
        Rejected::Falling { what: "at_seconds".into(), first: 2.0, second: 1.0 }
    );
    assert_eq!(
        rejected_json("/series/3/p90_ms", json!(89.0)),
        Rejected::Falling { what: "p50_ms to max_ms".into(), first: 89.0, second: 88.0 }
    );
}

#[test]
fn rejects_ratio() {
    assert_eq!(
        rejected_json("/metrics/0/ratio", json!(0.7)),
        Rejected::Ratio { name: "committed_tps".into(), ratio: 0.7, value: 25_312.0, limit: Some(42_700.0) }
    );
    assert!(matches!(rejected_json("/metrics/0/limit", Value::Null), Rejected::Ratio { limit: None, .. }));
}

#[test]
fn a_limit_of_nothing_gives_no_ratio() {
    let metric = Metric::new("committed_tps", 5.0, "tx/s").with_limit(0.0);
    assert_eq!((metric.limit, metric.ratio), (Some(0.0), None));
    assert_eq!(metric.validate(), Ok(()));
}

#[test]
fn the_verdict_of_a_result_is_its_worst() {
    let mut result = sample();
    assert_eq!(result.verdict(), None);
    result.metrics[0].verdict = Some(Verdict::Warning);
    result.metrics[1].verdict = Some(Verdict::Pass);
    assert_eq!(result.verdict(), Some(Verdict::Warning));
}
