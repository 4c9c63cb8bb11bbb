//! The page as a whole: verdicts first, then each run.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{MAX_RESULTS, ReportError, run, scaling::Fit, tables::badge};
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
    let fits: Vec<Vec<Fit<'_>>> =
        results.iter().map(|result| Fit::all(&result.series, result.seed)).collect();
    let headline = headline(&judged, &fits);
    let sections: Vec<Markup> = results
        .iter()
        .zip(judged.runs.iter().zip(&fits))
        .enumerate()
        .map(|(index, (result, (judged, fits)))| run::section(index, result, judged, fits))
        .collect::<Result<_, _>>()?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                title { "Scale lab: " (headline) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kicker { "Scale lab" }
                    h1 { (headline) }
                    (overview(results, &judged, &fits))
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
fn headline(check: &Check, fits: &[Vec<Fit<'_>>]) -> String {
    let findings = || check.runs.iter().flat_map(|run| &run.findings);
    let count = |verdict| findings().filter(|finding| finding.verdict == verdict).count();
    let (critical, warnings) = (count(Some(Verdict::Critical)), count(Some(Verdict::Warning)));
    let (all, unjudged) = (findings().count() - count(None), count(None));
    let warned = counted(warnings, "warning");
    let said = match (critical, warnings) {
        _ if all == 0 => "No baseline names these results".into(),
        (0, 0) => format!("All {all} metrics pass"),
        (0, _) => format!("{warned} among {all} metrics"),
        (_, 0) => format!("{critical} of {all} metrics critical"),
        _ => format!("{critical} of {all} metrics critical, {warned}"),
    };
    let said = if unjudged > 0 { format!("{said}, {unjudged} not judged") } else { said };
    match fits.iter().flatten().filter(|fit| fit.shortfall().is_some()).count() {
        0 => said,
        degraded => format!("{said}; {} with size", counted(degraded, "operation degrading")),
    }
}

/// `1 warning`, `2 warnings`, `2 operations degrading`.
fn counted(count: usize, what: &str) -> String {
    let (noun, rest) = what.split_once(' ').unwrap_or((what, ""));
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural} {rest}").trim_end().into()
}

/// One card a run: its verdict, and why if it does not pass. One run with nothing to say gets none, as the headline
/// said it.
fn overview(results: &[RunResult], check: &Check, fits: &[Vec<Fit<'_>>]) -> Markup {
    let said: Vec<_> = check.runs.iter().zip(fits).map(|(judged, fits)| shortfalls(judged, fits)).collect();
    if results.len() == 1 && said.iter().all(Vec::is_empty) {
        return html! {};
    }
    html! {
        nav.runs {
            @for (index, (result, (judged, said))) in results.iter().zip(check.runs.iter().zip(&said)).enumerate() {
                a.run-card href=(format!("#run-{index}")) {
                    span.run-title { (badge(judged.verdict)) " " b { (result.scenario) } }
                    span.settings { (run::settings(result)) }
                    @for (name, why) in said { span.shortfall { code { (name) } " " (why) } }
                }
            }
        }
    }
}

/// What does not pass and why: critical metrics, those with a warning, then what degrades with size.
fn shortfalls(judged: &Judged, fits: &[Fit<'_>]) -> Vec<(String, String)> {
    let of = |verdict| judged.findings.iter().filter(move |finding| finding.verdict == Some(verdict));
    let metrics = of(Verdict::Critical).chain(of(Verdict::Warning));
    let degraded = fits.iter().filter_map(|fit| Some((fit.series.name.clone(), fit.shortfall()?)));
    metrics.map(|finding| (finding.metric.clone(), finding.reason())).chain(degraded).collect()
}
