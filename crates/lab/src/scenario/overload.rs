//! Three times as much as the network can take, and what becomes of it after.

mod phases;
#[cfg(test)]
mod tests;

use super::{
    Options, Progress, Scenario, block_on,
    document::{LIMIT, parameters},
    measure::{Measured, Offer, measure},
    perform::nodes,
    saturation::search,
    session::Session,
    throughput::{receivers, sign},
};
use crate::{
    load::{Turns, Way, signature_limit},
    network::Metrics,
    result::{Failure, LatencyByLoad, Machine, Metric, RunResult, Series, Stages, Timestamp},
};
use eyre::{OptionExt as _, Result};
use phases::Phases;
use serde_json::json;
use std::time::Duration;

/// Accounts of the search for the knee.
const SENDERS: usize = 0;
/// Accounts of the overload, each of which waits for an answer before its next transaction.
const CROWD: usize = 1;
/// Longest step of the search for the knee.
const STEP: Duration = Duration::from_secs(15);
/// What a full mempool refuses with, as errors are counted.
const FULL: &str = "refused with sdk 20";
/// What the generator could not send, as all of the crowd waited for answers.
const UNSENT: &str = "generator";
/// Connections to each node: as many requests under way as a node has places for, so that it must refuse, not the
/// sockets between.
const CONNECTIONS: usize = 16;

/// How much a network does of three times its knee, what it refuses, and how soon it is as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overload;

impl Scenario for Overload {
    fn name(&self) -> &'static str {
        "overload"
    }

    fn about(&self) -> &'static str {
        "three times the highest rate that holds, then half of it: what is done, what is refused, how soon it recovers"
    }

    fn defaults(&self, options: &mut Options) {
        options.duration = Duration::from_secs(60);
        options.saturate = true;
        options.way = Way::Stream;
        options.connections = Some(CONNECTIONS);
    }

    fn run(&self, options: &Options, progress: &Progress) -> Result<RunResult> {
        block_on(overload(options, progress))
    }
}

/// Everything that was measured.
struct Overloaded {
    /// At the knee.
    best: Measured,
    by_load: Option<LatencyByLoad>,
    phases: Phases,
    measured: Measured,
    /// Memory that the nodes may use by their own settings.
    budget: Option<f64>,
    limits: [f64; 2],
    nodes: f64,
}

async fn overload(options: &Options, progress: &Progress) -> Result<RunResult> {
    let started_at = Timestamp::now();
    let purposes = [("sender", options.accounts), ("crowd", options.max_outstanding)];
    let mut session = Session::open(options, &purposes, progress).await?;
    let limit = || {
        progress.stage("measuring signature checks", 0);
        signature_limit(options.key, options.limit_time)
    };
    let limit_before = limit()?;
    let nodes = nodes(&session, options);
    let mut one = async |rate: f64, seed: u64| {
        let duration = options.duration.min(STEP);
        let offer = Offer::even(rate, 1.0, duration, options.warm_up.min(duration / 3), seed);
        let work =
            async |session: &Session, count: usize| sign(session, count, seed, options, progress).await;
        let measured = measure(&mut session, options, offer, progress, false, work).await?;
        progress.say(&measured.line());
        Ok::<_, eyre::Report>(measured)
    };
    let (best, by_load) = if options.saturate {
        let tried = search(options.rate, options, &mut one).await?;
        let by_load = tried.by_load(options, limit_before / nodes);
        (tried.best().ok_or_eyre("nothing was measured")?, Some(by_load))
    } else {
        (one(options.rate, options.seed).await?, None)
    };
    let phases = Phases::of(best.rate, options.duration);
    let offer =
        Offer { steps: phases.steps(), window: phases.overload(), per_arrival: 1.0, seed: options.seed };
    let work = async |session: &Session, count: usize| crowd(session, count, options, progress).await;
    let measured = measure(&mut session, options, offer, progress, false, work).await?;
    progress.say(&measured.line());
    let metrics = session.endpoints.first().and_then(|endpoint| endpoint.metrics.clone());
    let budget = match metrics {
        Some(url) => Metrics::scrape(&url).await?.get("virtengine_budget/heap"),
        None => None,
    };
    session.settle().await?;
    let limits = [limit_before, limit()?];
    progress.stage("stopping the network", 0);
    drop(session);
    progress.done();
    Overloaded { best, by_load, phases, measured, budget, limits, nodes }.write(options, started_at)
}

/// Signs for the crowd, one for each arrival: a network whose knee is told by its latency may take nearly three times
/// as much. What is refused is sent again.
async fn crowd(session: &Session, count: usize, options: &Options, progress: &Progress) -> Result<Turns> {
    progress.stage("asking for sequences", 0);
    let signers = session.signers(CROWD).await?;
    let receivers = receivers(session, &session.signers(SENDERS).await?, options)?;
    let each = count.div_ceil(signers.len().max(1)) + 1;
    progress.stage("signing", (each * signers.len()) as u64);
    let signed = |count: u64| progress.advance(count);
    Ok(Turns::sign(&signers, each, &receivers, &session.terms, options.seed, &signed))
}

impl Overloaded {
    fn write(self, options: &Options, started_at: Timestamp) -> Result<RunResult> {
        let mut result = RunResult::new(
            Overload.name(),
            options.seed,
            options.commit.clone(),
            started_at,
            Machine::read()?,
        );
        result.metrics = self.metrics(options);
        let runs = [self.measured];
        result.parameters = parameters(options, self.limits, self.nodes, &runs);
        let [measured] = runs;
        let window = "overload_tps counts what became final in the overload but for its first fifth; latencies are of \
                      arrivals in it, refusals and errors of the whole run";
        let own = [
            ("knee_tps", json!(self.best.rate)),
            ("window", json!(window)),
            ("warm_up_seconds", json!(self.phases.overload().start.as_secs_f64())),
            ("phases", json!(self.phases.describe())),
        ];
        result.parameters.extend(own.map(|(name, value)| (name.to_owned(), value)));
        if self.phases.recovery(&measured.outcome.by_arrival).is_none() {
            let why = "no recovery was seen: the 99th percentile did not come back to what it was before the overload";
            result.errors.push(Failure::new(why, 1));
        }
        if measured.generator_was_limit(options) {
            result.errors.push(measured.generator_failure(options));
        }
        result.errors.extend(measured.outcome.errors.failures());
        let bound_by = measured.bound_by(options, self.limits[0] / self.nodes);
        result.series.extend(self.by_load.map(Series::LatencyByLoad));
        result.series.extend(measured.most_grown().cloned().map(Series::Held));
        for (name, latencies) in [
            ("scheduled arrival in the overload to final", &measured.outcome.latencies),
            ("lateness of the generator", &measured.outcome.send_lag),
        ] {
            // Of nothing there is no distribution.
            result.series.extend(latencies.percentiles(name).ok().map(Series::Percentiles));
        }
        result.series.push(Series::OverTime(measured.outcome.over_time));
        let name = "nodes in the overload".to_owned();
        result.series.push(Series::Stages(Stages { name, stages: measured.breakdown.stages, bound_by }));
        result.validate()?;
        Ok(result)
    }

    fn metrics(&self, options: &Options) -> Vec<Metric> {
        let (best, outcome) = (self.best.committed_tps(), &self.measured.outcome);
        let overload = self.measured.committed_tps();
        let share = (self.limits[0] + self.limits[1]) / 2.0 / self.nodes;
        let (full, unsent) = (outcome.errors.of(FULL), outcome.errors.of(UNSENT));
        let part = |count: u64| (count as f64 / outcome.offered.max(1) as f64).min(1.0);
        let others = outcome.errors.total() - full - unsent;
        let mut metrics = vec![
            Metric::new("best_tps", best, "tx/s").with_limit(share),
            Metric::new("overload_tps", overload, "tx/s").with_limit(share),
            Metric::new("overload_ratio", if best > 0.0 { overload / best } else { 0.0 }, "ratio"),
        ];
        let recovery = self.phases.recovery(&outcome.by_arrival);
        metrics.extend(recovery.map(|seconds| Metric::new("recovery_seconds", seconds, "s")));
        metrics.push(Metric::new("error_rate", part(others), "ratio"));
        let peak = self.measured.nodes.iter().map(|node| node.peak_rss_bytes).max();
        metrics.extend(peak.map(|bytes| {
            let found = Metric::new("peak_rss_bytes", bytes as f64, "bytes");
            self.budget.map_or(found.clone(), |budget| found.with_limit(budget))
        }));
        metrics.push(Metric::new("refused", full as f64, "tx"));
        metrics.push(Metric::new("unsent_share", part(unsent), "ratio"));
        metrics.push(Metric::new("offered_tps", self.measured.offered_tps(), "tx/s"));
        metrics.extend(
            self.phases.calm_p99_ms(&outcome.by_arrival).map(|ms| Metric::new("calm_p99_ms", ms, "ms")),
        );
        metrics.extend([("p50", 0.5), ("p99", 0.99)].into_iter().filter_map(|(name, quantile)| {
            let ms = outcome.latencies.quantile_ms(quantile)?;
            Some(Metric::new(&format!("overload_latency_{name}_ms"), ms, "ms"))
        }));
        metrics.push(Metric::new(LIMIT, share * self.nodes, "tx/s"));
        metrics.push(Metric::new("send_lag_p99_ms", self.measured.lag_p99_ms(), "ms"));
        metrics.push(Metric::new("generator_cpu_share", outcome.cpu_share.max(0.0), "ratio"));
        let late = f64::from(u8::from(self.measured.generator_was_limit(options)));
        metrics.push(Metric::new("generator_was_limit", late, "bool"));
        metrics
    }
}
