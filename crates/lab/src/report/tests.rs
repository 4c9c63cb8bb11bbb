use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    baseline::Baselines,
    result::{
        Failure, Held, HeldPoint, LoadPoint, MAX_NUMBER, Measure, Metric, OverTime, RunResult, Scaling,
        ScalingPoint, Series, TimePoint, tests::sample,
    },
    statistics::Estimate,
};

fn baselines() -> Baselines {
    Baselines::from_json(include_bytes!("../../../../baselines/scale.json")).unwrap()
}

fn shown(results: &[RunResult]) -> String {
    page(results, &baselines()).unwrap()
}

fn scaling(measure: Measure, points: &[(u64, f64)]) -> Series {
    let points = points.iter().map(|&(size, value)| ScalingPoint { size, repetition: 0, value }).collect();
    Series::Scaling(Scaling {
        name: "transfer".into(),
        measure,
        size_unit: "accounts".into(),
        unit: "us/op".into(),
        points,
        growth: None,
        bound_by: Some("page cache".into()),
    })
}

fn time_point(at_seconds: f64, rate: f64, latency: Option<f64>) -> TimePoint {
    TimePoint {
        at_seconds,
        offered_per_second: rate,
        committed_per_second: rate,
        errors_per_second: 0.0,
        p50_ms: latency,
        p99_ms: latency,
    }
}

#[test]
fn a_page_shows_everything_that_a_result_holds() {
    let page = shown(&[sample()]);
    for text in [
        "1 warning among 9 metrics; 1 operation degrading with size",
        "below the target 0.6",
        "25,312 tx/s",
        "1.53 GB",
        "59 % of what the machine can do",
        "Throughput over time, single calls",
        "Latency over time, single calls",
        "Latency against load, single calls",
        "The knee is at 1,000 per second. Beyond it the limit is signature checks.",
        "transfer over accounts",
        "100.0x worse from 1,000 to 100,000 accounts, critical",
        "Cost goes as size to the power of 1.00 (1.00 to 1.00), R² 1.000. At 100,000 it is 100x worse.",
        "10 us/op to 1,000 us/op",
        "Where time went: validators",
        "0.8125 ms × 9,230",
        "75 %",
        "Busiest: <b>execution (75 % busy)</b>.",
        "p99.9",
        "mempool is full",
        "secp256k1",
        "Some CPU",
        "2026-01-30T12:00:00Z",
        "03d530f7a1",
        "Not measured: degradation, market, overload, world.",
    ] {
        assert!(page.contains(text), "{text:?} is not on the page");
    }
    assert_eq!(page.matches("<svg").count(), 5);
}

#[test]
fn a_page_of_many_results_links_to_each() {
    let market = RunResult { scenario: "market".into(), ..sample() };
    let page = shown(&[sample(), market]);
    for text in ["href=\"#run-0\"", "href=\"#run-1\"", "id=\"run-0\"", "id=\"run-1\""] {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains("Not measured: degradation, overload, world."));
}

#[test]
fn a_page_asks_for_nothing_and_runs_nothing() {
    let page = shown(&[sample()]);
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
    for text in ["<script", "<link", "<img", "url(", "@import", "src="] {
        assert!(!page.contains(text), "{text}");
    }
    let others = page.matches("http").count();
    let known = page.matches("http://www.w3.org/2000/svg").count() + page.matches("http-equiv").count();
    assert_eq!(others, known, "no other address is on the page");
}

#[test]
fn every_text_of_a_result_is_escaped() {
    let attack = "<script>alert(1)</script>\"'&<b>";
    let mut result = sample();
    result.machine.cpu = attack.into();
    result.machine.os = attack.into();
    result.parameters.insert("note".into(), json!(attack));
    result.parameters.insert("list".into(), json!([attack]));
    for metric in &mut result.metrics {
        metric.unit = attack.into();
    }
    result.errors = vec![Failure::new(attack, 1)];
    for series in &mut result.series {
        match series {
            Series::OverTime(series) => series.name = attack.into(),
            Series::LatencyByLoad(series) => {
                series.name = attack.into();
                series.bound_by = Some(attack.into());
            }
            Series::Percentiles(series) => series.name = attack.into(),
            Series::Scaling(series) => {
                (series.name, series.size_unit, series.unit) = (attack.into(), attack.into(), attack.into());
                series.bound_by = Some(attack.into());
            }
            Series::Stages(series) => {
                series.name = attack.into();
                series.stages[0].stage = attack.into();
                series.bound_by = Some(attack.into());
            }
            Series::Held(series) => series.name = attack.into(),
            Series::Repetitions(_) => {}
        }
    }
    assert_eq!(result.validate(), Ok(()));
    let page = shown(&[result]);
    assert!(!page.contains("<script") && !page.contains("\"'&<") && !page.contains("<b>alert"));
    assert!(page.matches("&lt;script&gt;").count() >= 12);
}

#[test]
fn a_page_is_small_however_long_a_run_is() {
    let mut result = sample();
    let points =
        (0..20_000).map(|second| time_point(f64::from(second), 1_000.0, Some(f64::from(second % 97))));
    result.series = vec![Series::OverTime(OverTime { name: "long".into(), points: points.collect() })];
    let page = shown(&[result]);
    assert!(page.len() < 60_000, "{} bytes", page.len());
}

#[test]
fn degenerate_series_are_drawn_or_left_out() {
    let load = |offered: f64, latency: f64| LoadPoint {
        offered_per_second: offered,
        committed_per_second: 0.0,
        p50_ms: latency,
        p95_ms: latency,
        p99_ms: latency,
        error_rate: 1.0,
        generator_late_ms: 0.0,
    };
    let by_load = |points: Vec<LoadPoint>| {
        Series::LatencyByLoad(crate::result::LatencyByLoad {
            name: "search".into(),
            points,
            knee_per_second: None,
            bound_by: None,
        })
    };
    let over_time = |points: Vec<TimePoint>| Series::OverTime(OverTime { name: "x".into(), points });
    for (series, charts) in [
        (over_time(vec![]), 0),
        (over_time(vec![time_point(0.0, 0.0, None)]), 1),
        (over_time(vec![time_point(0.0, 5.0, Some(0.0)), time_point(0.0, 5.0, Some(0.0))]), 2),
        (over_time(vec![time_point(0.0, MAX_NUMBER, Some(MAX_NUMBER)), time_point(1.0, 0.0, None)]), 2),
        (over_time(vec![time_point(1e17, f64::MIN_POSITIVE, None), time_point(1e17 + 16.0, 0.0, None)]), 1),
        (by_load(vec![]), 0),
        (by_load(vec![load(0.0, 0.0)]), 2),
        (by_load(vec![load(0.0, f64::MIN_POSITIVE), load(MAX_NUMBER, MAX_NUMBER)]), 2),
        (scaling(Measure::Cost, &[]), 0),
        (scaling(Measure::Cost, &[(1, 1.0)]), 1),
        (scaling(Measure::Cost, &[(1, 1e-12), (2, 1.0), (1 << 53, MAX_NUMBER)]), 1),
        (scaling(Measure::Concurrency, &[(1, 1.0), (1, 2.0)]), 1),
        (scaling(Measure::Concurrency, &[(1, 1.0), (2, 1e-12), (3, 1e18), (1 << 53, 1.0)]), 1),
        (scaling(Measure::Throughput, &[(1, 1.0), (2, 1e-12), (3, 1e18), (1 << 53, 1.0)]), 1),
    ] {
        let mut result = sample();
        result.series = vec![series.clone()];
        assert_eq!(result.validate(), Ok(()));
        let page = shown(&[result]);
        assert_eq!(page.matches("<svg").count(), charts, "{series:?}");
        assert!(!page.contains("NaN") && !page.contains("inf\""), "{series:?}");
    }
}

#[test]
fn sizes_without_a_law_say_why() {
    let mut result = sample();
    result.series = vec![scaling(Measure::Cost, &[(1, 1.0), (2, 1.0)])];
    let page = shown(&[result]);
    assert!(page.contains("No law fitted: a power law needs at least 3 different sizes, not 2."));
}

#[test]
fn a_throughput_over_size_shows_its_law() {
    let law = |n: u64| {
        let n_f = n as f64;
        (n, 100.0 * n_f / (1.0 + 0.05 * (n_f - 1.0) + 0.01 * n_f * (n_f - 1.0)))
    };
    let mut result = sample();
    result.series = vec![scaling(Measure::Concurrency, &[1, 2, 4, 8, 16, 32].map(law))];
    let page = shown(&[result]);
    assert!(page.contains("Contention 0.05 (0.05 to 0.05), coherency 0.01 (0.01 to 0.01), R² 1.000"));
    assert!(page.contains("Throughput peaks at 9.747"));
    assert!(page.contains("page cache"));
}

#[test]
fn one_run_that_passes_has_no_card() {
    let mut result = sample();
    result.series.clear();
    result.metrics[2].value = 0.61;
    let page = shown(&[result]);
    assert!(page.contains("<h1>All 9 metrics pass</h1>") && !page.contains("class=\"runs\""));
    assert_eq!(page.matches("✓ pass").count(), 6 + 9 + 1, "in the headlines, the table and the title");
}

#[test]
fn an_absent_metric_is_in_the_table_and_the_headline() {
    let mut result = sample();
    result.metrics.retain(|metric| metric.name != "error_rate");
    result.metrics.push(Metric::new("unnamed", 1.0, "x"));
    let page = shown(&[result]);
    assert!(page.contains("1 of 9 metrics critical, 1 warning; 1 operation degrading with size"));
    assert!(page.contains("<code>error_rate</code> absent"));
    assert!(page.contains("<code>unnamed</code>"));
}

#[test]
fn a_cell_with_nothing_to_say_is_marked_so() {
    let page = shown(&[sample()]);
    assert!(page.contains("<td class=\"none\" data-head=\"baseline\">–</td>"));
    assert!(page.contains("<td data-head=\"target\">0.6</td>"));
}

#[test]
fn memory_and_tasks_are_shown_with_their_growth() {
    let held = |growth: Option<[f64; 3]>| {
        let points = (0..9).map(|at| HeldPoint { at_seconds: f64::from(at), value: 1e9 });
        let growth = growth.map(|[low, value, high]| Estimate { low, value, high });
        Series::Held(Held {
            name: "validator1".into(),
            memory: points.collect(),
            tasks: vec![HeldPoint { at_seconds: 0.0, value: 90.0 }],
            memory_per_minute: growth,
            tasks_per_minute: None,
        })
    };
    let shown = |growth| {
        let mut result = sample();
        result.series = vec![held(growth)];
        assert_eq!(result.validate(), Ok(()));
        shown(&[result])
    };
    let page = shown(Some([1e6, 2e6, 3e6]));
    assert!(page.contains("Memory over time, validator1") && page.contains("Tasks over time, validator1"));
    assert!(page.contains("It grows: 2 MB a minute in the second half (1 MB to 3 MB)."));
    assert!(page.contains("The run was too short to tell growth."), "of the tasks");
    let unsure = shown(Some([-1e6, 2e6, 3e6]));
    assert!(
        unsure.contains("No growth is told from noise: 2 MB a minute in the second half (−1 MB to 3 MB).")
    );
}

#[test]
fn rejects_empty() {
    assert_eq!(page(&[], &baselines()), Err(ReportError::Empty));
}

#[test]
fn rejects_too_many() {
    let results = vec![sample(); MAX_RESULTS + 1];
    assert_eq!(
        page(&results, &baselines()),
        Err(ReportError::TooMany { found: MAX_RESULTS + 1, max: MAX_RESULTS })
    );
}

/// Every number of a document, by its JSON pointer.
fn numbers(at: String, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(at),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(key, value)| numbers(format!("{at}/{key}"), value, found));
        }
        Value::Object(values) => {
            values.iter().for_each(|(key, value)| numbers(format!("{at}/{key}"), value, found));
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Charts divide their axes by what results say, so that a number could keep them busy forever.
    #[test]
    fn every_readable_result_has_a_page(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), -20.0..20.0_f64, 0..3), 1..4),
    ) {
        let mut result = sample();
        result.series.push(scaling(Measure::Concurrency, &[(1, 1.0), (2, 2.0), (3, 2.5), (4, 2.6)]));
        let mut document = serde_json::to_value(&result).unwrap();
        let mut pointers = Vec::new();
        numbers(String::new(), &document, &mut pointers);
        for (index, power, kind) in changes {
            let number = match kind {
                0 => json!(10f64.powf(power)),
                1 => json!(10f64.powf(power) as u64),
                _ => json!(0),
            };
            *document.pointer_mut(index.get::<String>(&pointers)).unwrap() = number;
        }
        if let Ok(result) = RunResult::from_json(document.to_string().as_bytes()) {
            let page = shown(&[result]);
            prop_assert!(page.ends_with("</html>"));
            prop_assert!(!page.contains("NaN") && !page.contains(" inf") && !page.contains("\"inf"));
        }
    }
}
