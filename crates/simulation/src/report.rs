//! What was simulated, as a document of the scale lab.

use crate::{
    geography::{REGIONS, propagation},
    world::{HAND_OVER, Timed, World},
};
use eyre::Result;
use serde_json::json;
use std::time::Duration;
use virtengine_lab::{
    result::{Commit, Failure, Machine, Metric, Repetitions, RunResult, Series, Timestamp},
    statistics::{Latencies, Summary},
};

/// Name of the scenario.
const NAME: &str = "world";
/// The quantiles that are told of each time.
const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p75", 0.75), ("p95", 0.95), ("p99", 0.99)];

/// The document of runs with the seeds from `seed` on: figures are medians of the runs.
///
/// # Errors
/// The machine cannot be described, or nothing was timed.
pub fn document(
    world: &World,
    seed: u64,
    runs: &[Timed],
    commit: Commit,
    started_at: Timestamp,
) -> Result<RunResult> {
    let mut result = RunResult::new(NAME, seed, commit, started_at, Machine::read()?);
    let config = &world.config;
    let pairs = [
        ("validators", json!(world.validators)),
        ("regions", json!(REGIONS.join(", "))),
        ("rate", json!(world.rate)),
        ("duration_seconds", json!(world.duration.as_secs_f64())),
        ("warm_up_seconds", json!(world.warm_up.as_secs_f64())),
        ("bandwidth_bits_per_second", json!(world.bandwidth)),
        ("seeds", json!(runs.len())),
        ("hand_over_ms", json!(HAND_OVER.as_secs_f64() * 1_000.0)),
        ("min_block_interval_ms", json!(config.min_block_interval.as_millis() as u64)),
        ("idle_block_interval_ms", json!(config.idle_block_interval.as_millis() as u64)),
        ("computation", json!("takes no virtual time")),
    ];
    result.parameters.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
    type Of = fn(&Timed) -> &[Duration];
    let kinds: [(&str, &str, Of); 2] = [
        ("finality", "proposal to final", |timed| timed.proposal_to_final.as_slice()),
        ("submission", "submission to final", |timed| timed.submission_to_final.as_slice()),
    ];
    for (name, what, of) in kinds {
        let timed: Vec<Latencies> = runs.iter().map(|run| latencies(of(run))).collect();
        for (quantile, at) in QUANTILES {
            let values: Vec<f64> = timed.iter().filter_map(|timed| timed.quantile_ms(at)).collect();
            push(&mut result, &format!("{name}_{quantile}_ms"), &values, "ms")?;
        }
        let all = latencies(&runs.iter().flat_map(of).copied().collect::<Vec<_>>());
        result.series.push(Series::Percentiles(all.percentiles(what)?));
    }
    let least = latencies(&propagation(world.validators));
    for (quantile, at) in QUANTILES {
        let values: Vec<f64> = least.quantile_ms(at).into_iter().collect();
        push(&mut result, &format!("propagation_{quantile}_ms"), &values, "ms")?;
    }
    result.series.push(Series::Percentiles(least.percentiles("propagation: one proposal and two votes")?));
    let window = world.duration.saturating_sub(world.warm_up).as_secs_f64() * 1_000.0;
    let interval: Vec<f64> = runs.iter().map(|run| window / run.blocks.max(1) as f64).collect();
    push(&mut result, "block_interval_ms", &interval, "ms")?;
    let lost = |run: &Timed| run.submitted.saturating_sub(run.committed) as f64 / run.submitted.max(1) as f64;
    push(&mut result, "error_rate", &runs.iter().map(lost).collect::<Vec<_>>(), "ratio")?;
    let errors = [
        (
            "not final after the run",
            runs.iter().map(|run| run.submitted.saturating_sub(run.committed)).sum::<u64>(),
        ),
        ("proposed and not admitted", runs.iter().map(|run| run.refused).sum()),
    ];
    result.errors =
        errors.into_iter().filter(|(_, count)| *count > 0).map(|(why, n)| Failure::new(why, n)).collect();
    result.validate()?;
    Ok(result)
}

/// A figure of every seed.
fn push(result: &mut RunResult, name: &str, values: &[f64], unit: &str) -> Result<()> {
    result.metrics.push(Metric::new(name, Summary::of(values)?.median, unit));
    if values.len() > 1 {
        result.series.push(Series::Repetitions(Repetitions { name: name.into(), values: values.to_vec() }));
    }
    Ok(())
}

fn latencies(times: &[Duration]) -> Latencies {
    let mut all = Latencies::new();
    times.iter().for_each(|time| all.record(*time));
    all
}
