//! The search for the highest rate that holds.

#[cfg(test)]
mod tests;

use super::{Options, measure::Measured};
use crate::result::{LatencyByLoad, LoadPoint};
use eyre::Result;

/// Most steps of a search.
const MAX_STEPS: u32 = 14;
/// By how much a rate that holds is raised while none has failed.
const GROWTH: f64 = 2.0;
/// Rates that are this close are one.
const CLOSE: f64 = 1.08;
/// Lowest rate that is tried.
const LOWEST: f64 = 10.0;
/// Part of what is offered that must be committed.
const MIN_COMMITTED: f64 = 0.95;

/// Which rate to try next: doubled until one fails, then halfway between the highest that held and the lowest that
/// failed, on a logarithmic scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    low: Option<f64>,
    high: Option<f64>,
    next: f64,
    steps: u32,
}

impl Search {
    /// A search that begins at a rate.
    pub fn new(first: f64) -> Self {
        Self { low: None, high: None, next: first, steps: 0 }
    }

    /// The rate to try; none at the end.
    pub fn next(&self) -> Option<f64> {
        let close = self.low.zip(self.high).is_some_and(|(low, high)| high / low < CLOSE);
        (!close && self.steps < MAX_STEPS && self.next >= LOWEST).then_some(self.next)
    }

    /// Tells whether the rate that was tried held.
    pub fn tell(&mut self, holds: bool) {
        self.steps += 1;
        if holds {
            self.low = Some(self.next);
        } else {
            self.high = Some(self.next);
        }
        self.next = match (self.low, self.high) {
            (Some(low), Some(high)) => (low * high).sqrt(),
            (Some(low), None) => low * GROWTH,
            (None, Some(high)) => high / GROWTH,
            (None, None) => self.next,
        };
    }

    /// The highest rate that held.
    pub fn knee(&self) -> Option<f64> {
        self.low
    }
}

/// The rates that a search tried, from the lowest on.
pub(super) struct Tried {
    runs: Vec<(Measured, bool)>,
    knee: Option<f64>,
}

/// Searches from a rate on; `one` measures a rate with a seed.
///
/// # Errors
/// A measurement fails.
pub(super) async fn search(
    first: f64,
    options: &Options,
    one: &mut impl AsyncFnMut(f64, u64) -> Result<Measured>,
) -> Result<Tried> {
    let mut search = Search::new(first);
    let mut runs = Vec::new();
    while let Some(rate) = search.next() {
        // Each step draws its own numbers, so that none profits from the one before.
        let measured = one(rate, options.seed.wrapping_add(runs.len() as u64)).await?;
        let held = holds(&measured, options);
        search.tell(held);
        runs.push((measured, held));
    }
    runs.sort_by(|(a, _), (b, _)| a.rate.total_cmp(&b.rate));
    Ok(Tried { runs, knee: search.knee() })
}

impl Tried {
    /// Latency by load; `share` is what the machine could check of signatures for each node.
    pub(super) fn by_load(&self, options: &Options, share: f64) -> LatencyByLoad {
        let failed = self.runs.iter().find(|(_, held)| !held).map(|(measured, _)| measured);
        LatencyByLoad {
            name: options.way.describe().to_owned(),
            points: self.runs.iter().map(|(measured, _)| point(measured)).collect(),
            knee_per_second: self.knee,
            bound_by: failed.and_then(|measured| measured.bound_by(options, share)),
        }
    }

    /// The highest rate that held, or the lowest that was tried.
    pub(super) fn best(mut self) -> Option<Measured> {
        let best = self.runs.iter().rposition(|(_, held)| *held).unwrap_or(0);
        (best < self.runs.len()).then(|| self.runs.swap_remove(best).0)
    }
}

/// Whether a rate holds: nothing failed, nearly all that arrived in the window became final in it, and soon.
fn holds(measured: &Measured, options: &Options) -> bool {
    let outcome = &measured.outcome;
    let soon =
        outcome.latencies.quantile_ms(0.99).is_some_and(|p99| p99 <= options.max_p99.as_secs_f64() * 1_000.0);
    let committed = measured.committed_tps() >= MIN_COMMITTED * measured.offered_tps();
    outcome.errors.total() == 0 && soon && committed
}

/// A step as the chart shows it. Without anything final its latencies are the longest wait.
fn point(measured: &Measured) -> LoadPoint {
    let outcome = &measured.outcome;
    let at =
        |quantile| outcome.latencies.quantile_ms(quantile).unwrap_or(outcome.elapsed.as_secs_f64() * 1_000.0);
    LoadPoint {
        offered_per_second: measured.rate,
        committed_per_second: measured.committed_tps(),
        p50_ms: at(0.5),
        p95_ms: at(0.95),
        p99_ms: at(0.99),
        error_rate: measured.error_rate(),
        generator_late_ms: outcome.send_lag.quantile_ms(0.99).unwrap_or(0.0),
    }
}
