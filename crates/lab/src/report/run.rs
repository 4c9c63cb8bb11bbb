//! The part of the page that shows one run.

use maud::{Markup, html};
use serde_json::Value;

use super::{
    ReportError, charts,
    figure::Figure,
    scaling::Fit,
    tables::{self, badge},
};
use crate::{
    baseline::{Finding, Judged},
    format::{plain, quantity},
    result::{Metric, RunResult},
};

/// Metrics that are shown large.
const HEADLINES: usize = 9;
/// Settings that are named beside a title, where a run has them.
const SETTINGS: [&str; 8] = ["scenario", "over", "validators", "key", "way", "size", "rate", "hot_share"];

/// One run, from its verdict down to its details.
///
/// # Errors
/// - `Draw` - the chart library refused
pub(super) fn section(
    index: usize,
    result: &RunResult,
    judged: &Judged,
    fits: &[Fit<'_>],
) -> Result<Markup, ReportError> {
    let figures: Vec<Markup> =
        charts::figures(&result.series, fits).iter().map(Figure::render).collect::<Result<_, _>>()?;
    Ok(html! {
        section.run id=(format!("run-{index}")) {
            h2 { (result.scenario) " " (badge(judged.verdict)) }
            p.settings { (settings(result)) }
            p.provenance {
                span { "commit " code { (result.commit.short()) } }
                span { "seed " (result.seed) }
                span { (result.started_at) }
                span { (result.machine.cpu) ", " (result.machine.cores) " cores, "
                    (quantity(result.machine.memory_bytes as f64, "bytes")) }
            }
            @if let Some(Value::String(missing)) = result.parameters.get("missing") {
                p.note { b { "Runs that failed and are missing here: " } (missing) "." }
            }
            @if !result.metrics.is_empty() {
                dl.headlines {
                    @for metric in result.metrics.iter().take(HEADLINES) {
                        (headline(metric, judged.findings.iter().find(|finding| finding.metric == metric.name)))
                    }
                }
            }
            @if !fits.is_empty() { div.details { (tables::scaling(fits)) } }
            @if !figures.is_empty() {
                div.figures { @for figure in &figures { (figure) } }
            }
            div.details {
                (tables::percentiles(&result.series))
                (tables::stages(&result.series))
                (tables::metrics(result, judged))
                (tables::failures(&result.errors))
                (tables::parameters(result))
            }
        }
    })
}

/// The settings of a run that tell it from others, as `validators 4 · key ed25519`.
pub(super) fn settings(result: &RunResult) -> String {
    let named = |name: &&str| {
        Some(match result.parameters.get(*name)? {
            Value::String(text) => format!("{name} {text}"),
            Value::Number(number) => {
                format!("{name} {}", number.as_f64().map_or_else(|| number.to_string(), plain))
            }
            value => format!("{name} {value}"),
        })
    };
    SETTINGS.iter().filter_map(named).collect::<Vec<_>>().join(" · ")
}

fn headline(metric: &Metric, finding: Option<&Finding>) -> Markup {
    html! {
        div.headline {
            dt { (tables::breakable(&metric.name)) }
            dd {
                span.figure { (quantity(metric.value, &metric.unit)) }
                @if let Some(ratio) = metric.ratio {
                    span.ratio { (format!("{:.0} %", ratio * 100.0)) " of what the machine can do" }
                }
                @if let Some(finding) = finding {
                    @if finding.target.is_some() || finding.degradation.is_some() || finding.problem.is_some() {
                        span.verdict { (badge(finding.verdict)) " " (finding.reason()) }
                    }
                }
            }
        }
    }
}
