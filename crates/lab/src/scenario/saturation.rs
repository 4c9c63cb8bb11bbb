//! The search for the highest rate that holds.

#[cfg(test)]
mod tests;

use super::{Options, measure::Measured};
use crate::result::LoadPoint;

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

/// Whether a rate holds: nothing failed, nearly all that arrived in the window became final in it, and soon.
pub(super) fn holds(measured: &Measured, options: &Options) -> bool {
    let outcome = &measured.outcome;
    let soon =
        outcome.latencies.quantile_ms(0.99).is_some_and(|p99| p99 <= options.max_p99.as_secs_f64() * 1_000.0);
    let committed = measured.committed_tps() >= MIN_COMMITTED * measured.offered_tps();
    outcome.errors.total() == 0 && soon && committed
}

/// A step as the chart shows it. Without anything final its latencies are the longest wait.
pub(super) fn point(measured: &Measured) -> LoadPoint {
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
