//! The page as a whole: verdicts first, then each run.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{MAX_RESULTS, ReportError, run, tables::badge};
use crate::{
    baseline::{Baselines, Check, Judged, check},
    result::{RunResult, Verdict},
};

const STYLE: &str = include_str!("style.css");
/// Nothing is loaded and nothing runs, whatever a result holds.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The page of one or many results, judged by the baselines.
///
/// # Errors
/// - `Empty`, `TooMany` - not 1 to [`MAX_RESULTS`] results
/// - `Draw` - the chart library refused
pub fn page(results: &[RunResult], baselines: &Baselines) -> Result<String, ReportError> {
    if results.is_empty() {
        return Err(ReportError::Empty);
    }
    if results.len() > MAX_RESULTS {
        return Err(ReportError::TooMany { found: results.len(), max: MAX_RESULTS });
    }
    let judged = check(results, baselines);
    let sections: Vec<Markup> = results
        .iter()
        .zip(&judged.runs)
        .enumerate()
        .map(|(index, (result, judged))| run::section(index, result, judged))
        .collect::<Result<_, _>>()?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                title { "Scale lab: " (headline(&judged)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kicker { "Scale lab" }
                    h1 { (headline(&judged)) }
                    (overview(results, &judged))
                    @if !judged.unmeasured.is_empty() {
                        p.note { "Not measured: " (judged.unmeasured.join(", ")) "." }
                    }
                }
                main { @for section in &sections { (section) } }
            }
        }
    };
    Ok(page.into_string())
}

/// What one reads if one reads nothing else.
fn headline(check: &Check) -> String {
    let findings = || check.runs.iter().flat_map(|run| &run.findings);
    let count = |verdict| findings().filter(|finding| finding.verdict == verdict).count();
    let (critical, warnings, all) = (count(Verdict::Critical), count(Verdict::Warning), findings().count());
    let warned = if warnings == 1 { "1 warning".into() } else { format!("{warnings} warnings") };
    match (critical, warnings) {
        _ if all == 0 => "No baseline names these results".into(),
        (0, 0) => format!("All {all} metrics pass"),
        (0, _) => format!("{warned} among {all} metrics"),
        (_, 0) => format!("{critical} of {all} metrics critical"),
        _ => format!("{critical} of {all} metrics critical, {warned}"),
    }
}

/// One card a run: its verdict, and why if it does not pass.
fn overview(results: &[RunResult], check: &Check) -> Markup {
    html! {
        nav.runs {
            @for (index, (result, judged)) in results.iter().zip(&check.runs).enumerate() {
                a.run-card href=(format!("#run-{index}")) {
                    span.run-title { (badge(judged.verdict)) " " b { (result.scenario) } }
                    span.settings { (run::settings(result)) }
                    (shortfalls(judged))
                }
            }
        }
    }
}

/// Metrics that do not pass, the worst first.
fn shortfalls(judged: &Judged) -> Markup {
    let of = |verdict| judged.findings.iter().filter(move |finding| finding.verdict == verdict);
    html! {
        @for finding in of(Verdict::Critical).chain(of(Verdict::Warning)) {
            span.shortfall { code { (finding.metric) } " " (finding.reason()) }
        }
    }
}
