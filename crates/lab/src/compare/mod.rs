//! Two results of one scenario, metric by metric.
//!
//! A metric that both runs repeated has a noise: what two sets of repetitions differ by chance. A change within it is
//! no change. Without repetitions nothing is claimed.

mod table;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use thiserror::Error;

use crate::{
    baseline::Baselines,
    result::{Better, Commit, Metric, RunResult, Timestamp},
    statistics::Change,
};

/// What changed from one result to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The scenario of both.
    pub scenario: String,
    /// The run compared with.
    pub before: Run,
    /// The run compared.
    pub after: Run,
    /// What differs besides the figures, so that a change may be due to it.
    pub differences: Vec<Difference>,
    /// One a metric of either.
    pub changes: Vec<MetricChange>,
}

/// Which run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Its commit.
    pub commit: Commit,
    /// When it began.
    pub started_at: Timestamp,
}

/// A setting or property in which the runs differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Its name.
    pub what: String,
    /// In the run compared with; null if it has none.
    pub before: Value,
    /// In the run compared.
    pub after: Value,
}

/// How one metric changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricChange {
    /// The metric.
    pub metric: String,
    /// Its unit.
    pub unit: String,
    /// Mean of the repetitions before, or the value if there are none.
    pub before: Option<f64>,
    /// The same after.
    pub after: Option<f64>,
    /// Change as a part of the value before; none if that is 0 or absent.
    pub change: Option<f64>,
    /// Largest difference that is still noise, in the metric's unit; none if a run has fewer than two repetitions.
    pub noise: Option<f64>,
    /// What it means.
    pub outcome: Outcome,
}

/// What a change means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Within noise.
    Same,
    /// Beyond noise, the way the baselines call better.
    Better,
    /// Beyond noise, the other way.
    Worse,
    /// Beyond noise, and the baselines do not say which way is better.
    Changed,
    /// Not repeated, so noise is not known.
    Undecided,
    /// Only in the run compared with.
    Gone,
    /// Only in the run compared.
    New,
}

/// Why two results cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CompareError {
    /// They measure different things.
    #[error("cannot compare a result of {before:?} with one of {after:?}; both must be of one scenario")]
    Scenario {
        /// Scenario of the first.
        before: String,
        /// Scenario of the second.
        after: String,
    },
    /// A metric has two units.
    #[error("{metric} is in {before:?} in the one and {after:?} in the other; units must agree")]
    Unit {
        /// The metric.
        metric: String,
        /// Unit in the first.
        before: String,
        /// Unit in the second.
        after: String,
    },
}

/// Compares `after` with `before`. The baselines say which way a metric is better.
///
/// # Errors
/// - `Scenario` - they are of different scenarios
/// - `Unit` - a metric has different units
pub fn compare(
    before: &RunResult,
    after: &RunResult,
    baselines: &Baselines,
) -> Result<Comparison, CompareError> {
    if before.scenario != after.scenario {
        return Err(CompareError::Scenario {
            before: before.scenario.clone(),
            after: after.scenario.clone(),
        });
    }
    let expected = baselines.expected(after);
    let only_after = after.metrics.iter().filter(|metric| before.metric(&metric.name).is_none());
    let mut changes = Vec::new();
    for metric in before.metrics.iter().chain(only_after) {
        let name = metric.name.as_str();
        let better = expected.iter().find(|expected| expected.name == name).map(|expected| expected.better);
        changes.push(metric_change(name, before, after, better)?);
    }
    Ok(Comparison {
        scenario: before.scenario.clone(),
        before: Run::of(before),
        after: Run::of(after),
        differences: differences(before, after),
        changes,
    })
}

impl Comparison {
    /// Whether any metric became worse beyond noise, or is gone.
    pub fn is_worse(&self) -> bool {
        self.changes.iter().any(|change| matches!(change.outcome, Outcome::Worse | Outcome::Gone))
    }
}

impl Outcome {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Changed => "changed",
            Self::Undecided => "undecided",
            Self::Gone => "gone",
            Self::New => "new",
        }
    }
}

impl Run {
    fn of(result: &RunResult) -> Self {
        Self { commit: result.commit.clone(), started_at: result.started_at }
    }
}

fn metric_change(
    name: &str,
    before: &RunResult,
    after: &RunResult,
    better: Option<Better>,
) -> Result<MetricChange, CompareError> {
    let (first, second) = (before.metric(name), after.metric(name));
    let unit_of = |metric: Option<&Metric>| metric.map(|metric| metric.unit.clone()).unwrap_or_default();
    let unit = unit_of(first.or(second));
    if first.is_some() && second.is_some() && unit_of(second) != unit {
        return Err(CompareError::Unit { metric: name.into(), before: unit, after: unit_of(second) });
    }
    let mut change = MetricChange {
        metric: name.into(),
        unit,
        before: first.map(|metric| metric.value),
        after: second.map(|metric| metric.value),
        change: None,
        noise: None,
        outcome: Outcome::Undecided,
    };
    let measured = before.repetitions_of(name).zip(after.repetitions_of(name));
    let welch =
        measured.and_then(|(a, b)| Change::between(&a.values, &b.values).ok().map(|c| (mean(&a.values), c)));
    match (change.before, change.after, welch) {
        (Some(_), None, _) => change.outcome = Outcome::Gone,
        (None, _, _) => change.outcome = Outcome::New,
        (Some(_), Some(_), Some((mean, welch))) => {
            change.before = Some(mean);
            change.after = Some(mean + welch.difference);
            change.noise = Some(welch.noise);
            change.outcome = outcome(welch, better);
        }
        (Some(_), Some(_), None) => {}
    }
    if let (Some(first), Some(second)) = (change.before, change.after)
        && first > 0.0
    {
        change.change = Some(second / first - 1.0);
    }
    Ok(change)
}

fn outcome(change: Change, better: Option<Better>) -> Outcome {
    if !change.is_beyond_noise() {
        return Outcome::Same;
    }
    match better {
        None => Outcome::Changed,
        Some(better) if better.reaches(change.difference, 0.0) => Outcome::Better,
        Some(_) => Outcome::Worse,
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().map(|value| value / values.len() as f64).sum()
}

/// Seed, machine and parameters where they differ.
fn differences(before: &RunResult, after: &RunResult) -> Vec<Difference> {
    let properties = |result: &RunResult| {
        let machine = &result.machine;
        [
            ("seed", Value::from(result.seed)),
            ("cpu", Value::from(machine.cpu.as_str())),
            ("cores", Value::from(machine.cores)),
            ("memory_bytes", Value::from(machine.memory_bytes)),
            ("os", Value::from(machine.os.as_str())),
        ]
    };
    let names: BTreeSet<&String> = before.parameters.keys().chain(after.parameters.keys()).collect();
    let parameter =
        |result: &RunResult, name: &String| result.parameters.get(name).cloned().unwrap_or(Value::Null);
    let parameters =
        names.into_iter().map(|name| (name.clone(), parameter(before, name), parameter(after, name)));
    properties(before)
        .into_iter()
        .zip(properties(after))
        .map(|((what, first), (_, second))| (what.to_string(), first, second))
        .chain(parameters)
        .filter(|(_, first, second)| first != second)
        .map(|(what, before, after)| Difference { what, before, after })
        .collect()
}
