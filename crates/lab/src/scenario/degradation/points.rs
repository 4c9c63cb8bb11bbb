//! What the runs of an analysis have measured.

use super::{Analysis, Turn};
use crate::{
    format::plain,
    result::{Failure, MAX_NAME, Measure, Metric, RunResult, Scaling, ScalingPoint, Series, Stages},
    scaling::Laws,
    statistics::Summary,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Figures of the generator, of what it offers and of the machine, which no size of the system is to change.
const OTHERS: [&str; 8] = [
    "offered_tps",
    "signature_limit_tps",
    "send_lag_p99_ms",
    "generator_cpu_share",
    "blocks",
    "txs_per_block",
    "node_cpu_seconds",
    "peak_rss_bytes", // mostly of reading the genesis; that of the load is beside it
];
/// Stages that are busy for less than this at every size say nothing.
const IDLE: f64 = 0.01;

/// The results of the runs.
#[derive(Default)]
pub(super) struct Points(Vec<(Turn, RunResult)>);

impl Points {
    pub(super) fn add(&mut self, turn: Turn, run: RunResult) {
        self.0.push((turn, run));
    }

    /// Fills in parameters, figures, series and errors.
    pub(super) fn write(mut self, analysis: &Analysis, seed: u64, result: &mut RunResult) {
        // Points in order, whatever the order of the runs was.
        self.0.sort_by_key(|(turn, _)| *turn);
        result.parameters = self.parameters(analysis);
        let bound_by = self.bound_by();
        let mut scaling = self.metrics(analysis);
        scaling.extend(self.stages(analysis));
        for series in &mut scaling {
            series.growth = Laws::of(series, seed).growth(series);
            series.bound_by.clone_from(&bound_by);
        }
        let factor = |series: &Scaling| {
            let name = format!("{}_factor", series.name);
            let factor = series.growth.as_ref().map(|growth| growth.factor)?;
            self.has(&series.name).then(|| Metric::new(&name, factor, "x"))
        };
        result.metrics = scaling.iter().filter_map(factor).collect();
        result.metrics.extend(self.largest());
        result.series = scaling.into_iter().map(Series::Scaling).collect();
        result.series.extend(self.breakdowns(analysis));
        result.errors = self.errors();
    }

    fn runs(&self) -> impl Iterator<Item = &RunResult> {
        self.0.iter().map(|(_, run)| run)
    }

    /// The runs of the largest size.
    fn last(&self) -> impl Iterator<Item = &RunResult> {
        let largest = self.0.last().map(|(turn, _)| turn.size);
        self.0.iter().filter(move |(turn, _)| Some(turn.size) == largest).map(|(_, run)| run)
    }

    fn has(&self, metric: &str) -> bool {
        self.runs().any(|run| run.metric(metric).is_some())
    }

    /// Those that all runs share, and whether the generator was the limit of any.
    fn parameters(&self, analysis: &Analysis) -> BTreeMap<String, Value> {
        const LATE: &str = "generator_was_limit";
        let Some(first) = self.runs().next() else { return BTreeMap::new() };
        let shared = |(name, value): &(&String, &Value)| {
            *name != analysis.over.option()
                && self.runs().all(|run| run.parameters.get(*name) == Some(*value))
        };
        let shared = first.parameters.iter().filter(shared);
        let mut parameters: BTreeMap<String, Value> =
            shared.map(|(name, value)| (name.clone(), value.clone())).collect();
        let late = self.runs().any(|run| run.parameters.get(LATE) == Some(&Value::Bool(true)));
        parameters.insert(LATE.to_owned(), late.into());
        parameters
    }

    /// What most runs of the largest size name as the limit, without its figures.
    fn bound_by(&self) -> Option<String> {
        let mut named: BTreeMap<String, usize> = BTreeMap::new();
        let stages = self.last().flat_map(breakdowns).filter_map(|stages| stages.bound_by.as_deref());
        for bound_by in stages {
            let name = bound_by.split(" (").next().unwrap_or(bound_by);
            *named.entry(name.to_owned()).or_default() += 1;
        }
        named.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name)
    }

    /// Every metric that tells how the system does, at each size.
    fn metrics(&self, analysis: &Analysis) -> Vec<Scaling> {
        let names: Vec<&Metric> =
            self.runs().next().map(|run| run.metrics.iter().collect()).unwrap_or_default();
        let one = |metric: &Metric| {
            let throughput = metric.unit.ends_with("/s");
            let measure = match throughput {
                true if analysis.over.is_concurrency() => Measure::Concurrency,
                true => Measure::Throughput,
                false => Measure::Cost,
            };
            let told = metric.unit != "ratio" && !OTHERS.contains(&metric.name.as_str());
            let short = metric.name.len() + "_factor".len() <= MAX_NAME;
            let value = |run: &RunResult| Some(run.metric(&metric.name)?.value);
            (told && short)
                .then(|| self.scaling(analysis, &metric.name, measure, &metric.unit, value))
                .flatten()
        };
        names.into_iter().filter_map(one).collect()
    }

    /// The mean time of every stage that is not idle, at each size.
    fn stages(&self, analysis: &Analysis) -> Vec<Scaling> {
        let all = self.runs().flat_map(breakdowns).flat_map(|stages| &stages.stages);
        let names: BTreeSet<&str> =
            all.filter(|stage| stage.busy >= IDLE).map(|stage| stage.stage.as_str()).collect();
        let one = |name: &str| {
            let mean = |run: &RunResult| {
                let stages = breakdowns(run).flat_map(|stages| &stages.stages);
                stages.filter(|stage| stage.stage == name).map(|stage| stage.mean_ms).next()
            };
            self.scaling(analysis, &format!("stage {name}"), Measure::Cost, "ms", mean)
        };
        names.into_iter().filter_map(one).collect()
    }

    /// A figure of every run; none unless all have it, above 0.
    fn scaling(
        &self,
        analysis: &Analysis,
        name: &str,
        measure: Measure,
        unit: &str,
        value: impl Fn(&RunResult) -> Option<f64>,
    ) -> Option<Scaling> {
        let point = |(turn, run): &(Turn, RunResult)| {
            let value = value(run).filter(|value| *value > 0.0)?;
            Some(ScalingPoint { size: turn.size, repetition: turn.repetition, value })
        };
        Some(Scaling {
            name: name.to_owned(),
            measure,
            size_unit: analysis.over.unit().to_owned(),
            unit: unit.to_owned(),
            points: self.0.iter().map(point).collect::<Option<Vec<_>>>()?,
            growth: None,
            bound_by: None,
        })
    }

    /// The figures of the largest size, as medians of its runs.
    fn largest(&self) -> Vec<Metric> {
        let Some(first) = self.last().next() else { return Vec::new() };
        let median = |of: &dyn Fn(&RunResult) -> Option<f64>| {
            let values: Vec<f64> = self.last().filter_map(of).collect();
            Summary::of(&values).ok().map(|summary| summary.median)
        };
        let one = |metric: &Metric| {
            let name = metric.name.as_str();
            let found = Metric::new(name, median(&|run| Some(run.metric(name)?.value))?, &metric.unit);
            Some(match median(&|run| run.metric(name)?.limit) {
                Some(limit) => found.with_limit(limit),
                None => found,
            })
        };
        first.metrics.iter().filter_map(one).collect()
    }

    /// Where the time went at the smallest and at the largest size, in their first runs.
    fn breakdowns(&self, analysis: &Analysis) -> Vec<Series> {
        let ends = [
            self.0.first(),
            self.0.iter().find(|(turn, _)| Some(turn.size) == self.0.last().map(|(turn, _)| turn.size)),
        ];
        let one = |(turn, run): &(Turn, RunResult)| {
            let name = format!("nodes with {} {}", plain(turn.size as f64), analysis.over.unit());
            breakdowns(run)
                .map(|stages| Series::Stages(Stages { name: name.clone(), ..stages.clone() }))
                .collect::<Vec<_>>()
        };
        ends.into_iter().flatten().flat_map(one).collect()
    }

    /// What failed in any run, most frequent first.
    fn errors(&self) -> Vec<Failure> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for failure in self.runs().flat_map(|run| &run.errors) {
            *counts.entry(&failure.reason).or_default() += failure.count;
        }
        let mut errors: Vec<Failure> =
            counts.into_iter().map(|(reason, count)| Failure::new(reason, count)).collect();
        errors.sort_by_key(|failure| std::cmp::Reverse(failure.count));
        errors.truncate(crate::result::MAX_ERRORS);
        errors
    }
}

fn breakdowns(run: &RunResult) -> impl Iterator<Item = &Stages> {
    run.series.iter().filter_map(|series| match series {
        Series::Stages(stages) => Some(stages),
        _ => None,
    })
}
