//! Results against baselines.

use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};
use serde::Serialize;
use serde_json::Value;

use super::{Baselines, Expected};
use crate::{
    format::{quantity, value},
    result::{Better, Degradation, RunResult, Timestamp, Verdict},
};

/// Transactions that became final, a second, and their part of what the machine could do: no load can make them more
/// than it offers.
const THROUGHPUT: &str = "committed_tps";
const THROUGHPUT_RATIO: &str = "tps_ratio";

/// What the baselines say of many results.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// One a result, in the order given.
    pub runs: Vec<Judged>,
    /// Scenarios that have baselines and of which no result was given.
    pub unmeasured: Vec<String>,
}

/// What the baselines say of one result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// Its scenario.
    pub scenario: String,
    /// When it began, which tells it from another of the same scenario.
    pub started_at: Timestamp,
    /// The worst verdict; none if no baseline names anything of it.
    pub verdict: Option<Verdict>,
    /// One a metric that the baselines name.
    pub findings: Vec<Finding>,
}

/// What the baselines say of one metric.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The metric.
    pub metric: String,
    /// Its unit, by the baselines.
    pub unit: String,
    /// Which way it improves.
    pub better: Better,
    /// What was measured; none if it is absent or in another unit.
    pub value: Option<f64>,
    /// At this or better it passes.
    pub target: Option<f64>,
    /// At worse than this it is critical.
    pub critical: Option<f64>,
    /// What is stored from an accepted run.
    pub baseline: Option<f64>,
    /// How many times as bad as the stored baseline; null in JSON if infinite.
    pub factor: Option<f64>,
    /// The class of that factor.
    pub degradation: Option<Degradation>,
    /// The most that the rate offered allows, if that is below the target: then there is nothing to judge.
    pub reachable: Option<f64>,
    /// The worse of what the bounds and the class say; none if it is not judged.
    pub verdict: Option<Verdict>,
    /// Why there is no value.
    pub problem: Option<Problem>,
}

/// Why a metric cannot be judged, which is critical.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// The result does not have it.
    Absent,
    /// The result has it in another unit.
    Unit {
        /// The result's unit.
        found: String,
    },
}

/// Holds results to the baselines. A scenario without a result is listed, as a check of one file is one of its own.
pub fn check(results: &[RunResult], baselines: &Baselines) -> Check {
    let measured = |scenario: &&str| results.iter().any(|result| result.scenario == *scenario);
    Check {
        runs: results.iter().map(|result| baselines.findings(result)).collect(),
        unmeasured: baselines.scenarios().into_iter().filter(|s| !measured(s)).map(Into::into).collect(),
    }
}

impl Baselines {
    /// What these baselines say of one result.
    pub fn findings(&self, result: &RunResult) -> Judged {
        let findings: Vec<Finding> =
            self.expected(result).into_iter().map(|expected| Finding::of(expected, result)).collect();
        let verdict = findings.iter().filter_map(|finding| finding.verdict).max();
        Judged { scenario: result.scenario.clone(), started_at: result.started_at, verdict, findings }
    }

    /// Writes targets, critical bounds and verdicts into the metrics of a result, and gives what was found, as absent
    /// metrics have no place in it.
    pub fn judge(&self, result: &mut RunResult) -> Judged {
        let judged = self.findings(result);
        for metric in &mut result.metrics {
            let finding = judged.findings.iter().find(|finding| finding.metric == metric.name);
            metric.target = finding.and_then(|finding| finding.target);
            metric.critical = finding.and_then(|finding| finding.critical);
            metric.verdict = finding.and_then(|finding| finding.verdict);
        }
        judged
    }
}

impl Finding {
    fn of(expected: &Expected, result: &RunResult) -> Self {
        let mut finding = Self {
            metric: expected.name.clone(),
            unit: expected.unit.clone(),
            better: expected.better,
            value: None,
            target: expected.target,
            critical: expected.critical,
            baseline: expected.baseline,
            factor: None,
            degradation: None,
            reachable: reachable(result, expected),
            verdict: Some(Verdict::Critical),
            problem: None,
        };
        match result.metric(&expected.name) {
            None => finding.problem = Some(Problem::Absent),
            Some(metric) if metric.unit != expected.unit => {
                finding.problem = Some(Problem::Unit { found: metric.unit.clone() });
            }
            Some(metric) => finding.judge(metric.value),
        }
        finding
    }

    fn judge(&mut self, value: f64) {
        self.value = Some(value);
        if self.reachable.is_some() {
            self.verdict = None;
            return;
        }
        self.factor = self.baseline.and_then(|baseline| Degradation::factor(self.better, baseline, value));
        self.degradation = self.factor.map(Degradation::of);
        let by_bounds = if self.critical.is_some_and(|critical| !self.better.reaches(value, critical)) {
            Verdict::Critical
        } else if self.target.is_some_and(|target| !self.better.reaches(value, target)) {
            Verdict::Warning
        } else {
            Verdict::Pass
        };
        let by_class = self.degradation.map_or(Verdict::Pass, Degradation::verdict);
        self.verdict = Some(by_bounds.max(by_class));
    }

    /// Why the verdict is what it is, in a few words.
    pub fn reason(&self) -> String {
        let Some(value) = self.value else {
            return match &self.problem {
                Some(Problem::Unit { found }) => format!("in {found}, not {}", self.unit),
                Some(Problem::Absent) | None => "absent".into(),
            };
        };
        let misses = |bound: &f64| !self.better.reaches(value, *bound);
        let side = match self.better {
            Better::Higher => "below",
            Better::Lower => "above",
        };
        let bound = |bound: f64| quantity(bound, &self.unit);
        if let (Some(most), Some(target)) = (self.reachable, self.target) {
            let (most, target) = (bound(most), bound(target));
            return format!("the rate offered allows {most}, the target is {target}");
        }
        if let Some(critical) = self.critical.filter(misses) {
            return format!("{side} the critical {}", bound(critical));
        }
        let compared = self.degradation.zip(self.factor).map(|(class, factor)| {
            let factor = if factor >= 1.0 { format!("{factor:.1}x worse") } else { "better".into() };
            (class, format!("{factor} than the baseline, {}", class.as_str()))
        });
        match (compared, self.target) {
            (Some((class, compared)), _)
                if class != Degradation::Acceptable && Some(class.verdict()) == self.verdict =>
            {
                compared
            }
            (_, Some(target)) if misses(&target) => format!("{side} the target {}", bound(target)),
            (_, Some(target)) => format!("reaches the target {}", bound(target)),
            (Some((_, compared)), None) => compared,
            (None, None) => "measured, no target".into(),
        }
    }
}

/// The most that a throughput can be at the rate that a result was told to offer, if that is below its target. A
/// rate that was searched for is as high as the network takes.
fn reachable(result: &RunResult, expected: &Expected) -> Option<f64> {
    let parameter = |name: &str| result.parameters.get(name);
    if parameter("saturation_search").and_then(Value::as_bool) == Some(true) {
        return None;
    }
    let rate = parameter("rate")?.as_f64()?;
    let most = match expected.name.as_str() {
        THROUGHPUT => rate,
        THROUGHPUT_RATIO => rate / result.metric(THROUGHPUT)?.limit.filter(|limit| *limit > 0.0)?,
        _ => return None,
    };
    expected.target.filter(|target| most < *target).map(|_| most)
}

impl Check {
    /// Whether any metric is critical: the check has failed.
    pub fn is_critical(&self) -> bool {
        self.runs.iter().any(|run| run.verdict == Some(Verdict::Critical))
    }

    /// As text for a terminal.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(UTF8_HORIZONTAL_ONLY);
        table.set_header(["scenario", "metric", "value", "baseline", "verdict", "why"]);
        for run in &self.runs {
            for finding in &run.findings {
                table.add_row([
                    run.scenario.clone(),
                    finding.metric.clone(),
                    value(finding.value, &finding.unit),
                    value(finding.baseline, &finding.unit),
                    finding.verdict.map_or("not judged", Verdict::as_str).into(),
                    finding.reason(),
                ]);
            }
            if run.findings.is_empty() {
                table.add_row([run.scenario.as_str(), "–", "–", "–", "–", "no baseline names this scenario"]);
            }
        }
        let mut text = table.to_string();
        if !self.unmeasured.is_empty() {
            text.push_str(&format!("\nnot measured: {}", self.unmeasured.join(", ")));
        }
        text
    }
}
