//! The tables of a run. On a phone each row becomes a block, with the head of its column before each value.

use maud::{Markup, html};
use serde_json::Value;
use std::collections::BTreeSet;

use super::scaling::Fit;
use crate::{
    baseline::{Judged, Problem},
    format::{plain, quantity, value},
    result::{Degradation, Failure, Percentiles, RunResult, Series, Stages, Verdict},
};

/// A verdict as a word and a sign, as colour alone is not seen by all.
pub(super) fn badge(verdict: Option<Verdict>) -> Markup {
    let (class, sign, word) = match verdict {
        Some(Verdict::Pass) => ("pass", "✓", "pass"),
        Some(Verdict::Warning) => ("warning", "!", "warning"),
        Some(Verdict::Critical) => ("critical", "✕", "critical"),
        None => ("none", "–", "not judged"),
    };
    html! { span.badge.(class) { (sign) " " (word) } }
}

/// A name that a narrow column may break after each underscore.
pub(super) fn breakable(name: &str) -> Markup {
    html! { @for part in name.split_inclusive('_') { (part) wbr; } }
}

fn class_badge(class: Degradation) -> Markup {
    let style = class.verdict().as_str();
    html! { span.badge.(style) { (class.as_str()) } }
}

/// Stands in a cell that has nothing to say, and on a phone is left out.
const NONE: &str = "–";

/// A table with a title; none if it has no rows.
fn table(title: &str, heads: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        @if !rows.is_empty() {
            div.table {
                h3 { (title) }
                table {
                    thead { tr { @for head in heads { th scope="col" { (head) } } } }
                    tbody {
                        @for row in rows {
                            tr {
                                @for (head, cell) in heads.iter().zip(row) {
                                    td class=[(cell.0 == NONE).then_some("none")] data-head=(head) { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Every percentile of every distribution.
pub(super) fn percentiles(series: &[Series]) -> Markup {
    let row = |p: &Percentiles| {
        let mut row = vec![html! { (p.name) }, html! { (plain(p.count as f64)) }];
        row.extend(
            [p.mean_ms, p.p50_ms, p.p90_ms, p.p95_ms, p.p99_ms, p.p999_ms, p.max_ms]
                .map(|ms| html! { (plain(ms)) }),
        );
        row
    };
    let rows: Vec<_> = series
        .iter()
        .filter_map(|series| match series {
            Series::Percentiles(percentiles) => Some(row(percentiles)),
            _ => None,
        })
        .collect();
    let heads = ["timed", "count", "mean", "p50", "p90", "p95", "p99", "p99.9", "max"];
    table("Latency percentiles, ms", &heads, &rows)
}

/// Where time went, a bar a stage, and what bounded the rate.
pub(super) fn stages(series: &[Series]) -> Markup {
    let breakdowns = series.iter().filter_map(|series| match series {
        Series::Stages(stages) => Some(stages),
        _ => None,
    });
    html! {
        @for Stages { name, stages, bound_by } in breakdowns {
            @let busiest = stages.iter().map(|stage| stage.busy).fold(0.0, f64::max);
            @let timed = stages.iter().filter(|stage| stage.seconds > 0.0);
            (table(&format!("Where time went: {name}"), &["stage", "time", "busy"], &timed.map(|stage| vec![
                html! { (stage.stage) },
                html! { (quantity(stage.mean_ms, "ms")) " × " (plain(stage.count as f64)) },
                html! {
                    span.bar { span.fill.busiest[stage.busy == busiest]
                        style=(format!("width:{:.1}%", (stage.busy * 100.0).min(100.0))) {} }
                    " " (format!("{:.0} %", stage.busy * 100.0))
                },
            ]).collect::<Vec<_>>()))
            @if let Some(bound_by) = bound_by {
                p.note { "Busiest: " b { (bound_by) } ". " @if !stages.is_empty() { (BUSY) } }
            }
        }
    }
}

const BUSY: &str =
    "Busy is the time in a stage for each second, at the node at which that is most; stages overlap.";

/// What becomes of costs and throughputs with size, and what bounded the largest one.
pub(super) fn scaling(fits: &[Fit<'_>]) -> Markup {
    let rows: Vec<_> = fits
        .iter()
        .map(|fit| {
            vec![
                html! { (fit.series.name) },
                html! { @match fit.class() { Some(class) => (class_badge(class)), None => (NONE) } },
                html! { (fit.medians().as_deref().unwrap_or(NONE)) },
                html! { (fit.change().as_deref().unwrap_or(NONE)) },
                html! { (fit.power()) },
            ]
        })
        .collect();
    let bounds: BTreeSet<&str> = fits.iter().filter_map(|fit| fit.series.bound_by.as_deref()).collect();
    let bounds = bounds.into_iter().collect::<Vec<_>>().join(", ");
    html! {
        (table("Degradation over size", &["operation", "class", "medians", "change", "power of size"], &rows))
        @if !bounds.is_empty() { p.note { "Busiest at the largest size: " b { (bounds) } "." } }
    }
}

/// Every metric of the result and of the baselines.
pub(super) fn metrics(result: &RunResult, judged: &Judged) -> Markup {
    let finding = |name: &str| judged.findings.iter().find(|finding| finding.metric == name);
    let present = result.metrics.iter().map(|metric| {
        let found = finding(&metric.name);
        let expected = |of: Option<f64>| html! { (value(of, &metric.unit)) };
        vec![
            html! { code { (metric.name) } },
            html! { (quantity(metric.value, &metric.unit)) },
            expected(found.and_then(|found| found.target)),
            expected(found.and_then(|found| found.critical)),
            expected(found.and_then(|found| found.baseline)),
            expected(metric.limit),
            html! { (value(metric.ratio, "ratio")) },
            // A dash is left out on a phone, where a line for each figure without a baseline would bury the rest.
            match found {
                Some(_) => verdict(found),
                None => html! { (NONE) },
            },
        ]
    });
    let absent = judged.findings.iter().filter(|found| found.problem == Some(Problem::Absent)).map(|found| {
        let expected = |of: Option<f64>| html! { (value(of, &found.unit)) };
        vec![
            html! { code { (found.metric) } },
            html! { "absent" },
            expected(found.target),
            expected(found.critical),
            expected(found.baseline),
            html! { (NONE) },
            html! { (NONE) },
            verdict(Some(found)),
        ]
    });
    let rows: Vec<_> = present.chain(absent).collect();
    let heads = ["metric", "value", "target", "critical", "baseline", "limit", "ratio", "verdict"];
    table("Metrics and baselines", &heads, &rows)
}

fn verdict(finding: Option<&crate::baseline::Finding>) -> Markup {
    html! {
        (badge(finding.and_then(|finding| finding.verdict)))
        @if let Some(class) = finding.and_then(|finding| finding.degradation) { " " (class_badge(class)) }
    }
}

/// What failed, or that nothing did.
pub(super) fn failures(errors: &[Failure]) -> Markup {
    let rows: Vec<_> = errors
        .iter()
        .map(|failure| vec![html! { (failure.reason) }, html! { (plain(failure.count as f64)) }])
        .collect();
    html! {
        (table("Errors", &["reason", "count"], &rows))
        @if rows.is_empty() { div.table { h3 { "Errors" } p.note { "None." } } }
    }
}

/// Everything that the run depended on.
pub(super) fn parameters(result: &RunResult) -> Markup {
    let machine = &result.machine;
    let mut rows: Vec<(String, String)> = vec![
        ("commit".into(), result.commit.to_string()),
        ("seed".into(), result.seed.to_string()),
        ("started at".into(), result.started_at.to_string()),
        ("cpu".into(), machine.cpu.clone()),
        ("cores".into(), machine.cores.to_string()),
        ("memory".into(), quantity(machine.memory_bytes as f64, "bytes")),
        ("system".into(), machine.os.clone()),
    ];
    rows.extend(result.parameters.iter().map(|(name, value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), plain),
            value => value.to_string(),
        };
        (name.clone(), text)
    }));
    html! {
        div.table {
            h3 { "Parameters and machine" }
            dl.parameters { @for (name, value) in &rows { div { dt { (breakable(name)) } dd { (value) } } } }
        }
    }
}
