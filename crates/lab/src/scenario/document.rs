//! A run as a document.

#[cfg(test)]
mod tests;

use super::{Options, measure::Measured, perform::Course};
use crate::{
    load::Hash,
    result::{LatencyByLoad, Machine, Metric, Repetitions, RunResult, Series, Stages, Timestamp},
    statistics::{Latencies, Summary},
};
use eyre::Result;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The metric of what the machine could do at best.
pub(super) const LIMIT: &str = "signature_limit_tps";

/// Everything that was measured.
pub(super) struct Run<'a> {
    pub(super) course: &'a Course<'a>,
    pub(super) options: &'a Options,
    pub(super) started_at: Timestamp,
    /// Each repetition.
    pub(super) runs: Vec<Measured>,
    pub(super) by_load: Option<LatencyByLoad>,
    /// Signature checks a second on all cores, before and after.
    pub(super) limits: [f64; 2],
    /// Nodes that share the cores.
    pub(super) nodes: f64,
}

/// Writes the document.
///
/// # Errors
/// The machine cannot be described, or a figure breaks a rule of documents.
pub(super) fn write(run: Run<'_>) -> Result<RunResult> {
    let Run { course, options, started_at, runs, by_load, limits, nodes } = run;
    let mut result =
        RunResult::new(course.name, options.seed, options.commit.clone(), started_at, Machine::read()?);
    let limit = (limits[0] + limits[1]) / 2.0;
    result.parameters = parameters(options, limits, nodes, &runs);
    result.parameters.extend(course.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let figures: Vec<Vec<Metric>> =
        runs.iter().map(|measured| measured.figures(limit, limit / nodes)).collect();
    for metric in figures.first().into_iter().flatten() {
        // Of the limit there are two measurements, however often the load is repeated.
        let values: Vec<f64> = match metric.name.as_str() {
            LIMIT => limits.to_vec(),
            name => {
                figures.iter().flatten().filter(|other| other.name == name).map(|other| other.value).collect()
            }
        };
        let median = Summary::of(&values)?.median;
        let judged = Metric::new(&metric.name, median, &metric.unit);
        result.metrics.push(match metric.limit {
            Some(limit) => judged.with_limit(limit),
            None => judged,
        });
        if values.len() > 1 {
            result.series.push(Series::Repetitions(Repetitions { name: metric.name.clone(), values }));
        }
    }
    result.series.extend(by_load.map(Series::LatencyByLoad));
    let mut latencies = Latencies::new();
    let mut send_lag = Latencies::new();
    let mut reading = Latencies::new();
    for measured in runs {
        let bound_by = measured.bound_by(options, limit / nodes);
        if measured.generator_was_limit(options) {
            result.errors.push(measured.generator_failure(options));
        }
        result.errors.extend(measured.outcome.errors.failures());
        latencies.merge(&measured.outcome.latencies);
        send_lag.merge(&measured.outcome.send_lag);
        reading.merge(&measured.outcome.reading);
        result.series.extend(measured.most_grown().cloned().map(Series::Held));
        result.series.push(Series::OverTime(measured.outcome.over_time));
        let name = "nodes in the window".to_owned();
        result.series.push(Series::Stages(Stages { name, stages: measured.breakdown.stages, bound_by }));
    }
    for (name, latencies) in [
        ("scheduled arrival to final", latencies),
        ("lateness of the generator", send_lag),
        ("reading of a final block", reading),
    ] {
        // Of nothing there is no distribution.
        result.series.extend(latencies.percentiles(name).ok().map(Series::Percentiles));
    }
    result.validate()?;
    Ok(result)
}

/// Every setting that decides the figures, and what is to be known of them.
pub(super) fn parameters(
    options: &Options,
    limits: [f64; 2],
    nodes: f64,
    runs: &[Measured],
) -> BTreeMap<String, Value> {
    let given = !options.endpoints.is_empty();
    let rate = runs.first().map_or(options.rate, |measured| measured.rate);
    let window = format!(
        "committed_tps counts what became final from {} s to {} s after the first arrival; latencies are of arrivals in \
         it, errors of the whole run",
        options.warm_up.as_secs_f64(),
        options.duration.as_secs_f64()
    );
    let pairs = [
        (
            "validators",
            json!(if given { options.endpoints.len() as u64 } else { u64::from(options.validators) }),
        ),
        ("network", json!(if given { "given" } else { "own processes on this machine" })),
        ("key", json!(options.key.to_string())),
        ("way", json!(options.way.as_str())),
        ("size", json!(if given { 0 } else { options.size })),
        ("accounts", json!(options.accounts)),
        ("rate", json!(rate)),
        ("duration_seconds", json!(options.duration.as_secs_f64())),
        ("warm_up_seconds", json!(options.warm_up.as_secs_f64())),
        ("window", json!(window)),
        ("arrivals", json!(options.arrivals.as_str())),
        ("hot_share", json!(options.hot_share)),
        ("batch_size", json!(options.batch())),
        ("connections_per_node", json!(options.connections())),
        ("max_outstanding", json!(options.max_outstanding)),
        ("max_send_lag_ms", json!(options.max_send_lag.as_secs_f64() * 1_000.0)),
        ("max_p99_ms", json!(options.max_p99.as_secs_f64() * 1_000.0)),
        ("repetitions", json!(runs.len())),
        ("saturation_search", json!(options.saturate)),
        ("signature_limit_before_tps", json!(limits[0].round())),
        ("signature_limit_after_tps", json!(limits[1].round())),
        ("nodes_that_share_the_cores", json!(nodes)),
        ("memory_trend", json!(runs.first().map(|measured| measured.memory_trend.as_str()))),
        ("generator_was_limit", json!(runs.iter().any(|measured| measured.generator_was_limit(options)))),
    ];
    let transactions = transactions(runs).map(|hash| ("transactions_sha256", json!(hex::encode(hash))));
    pairs.into_iter().chain(transactions).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// SHA-256 of the transactions of all repetitions, if they were signed ahead.
fn transactions(runs: &[Measured]) -> Option<Hash> {
    match runs {
        [one] => one.transactions,
        many => {
            let mut all = Sha256::new();
            for measured in many {
                all.update(measured.transactions?);
            }
            Some(all.finalize().into())
        }
    }
}
