//! Durations, counted by size.

use hdrhistogram::Histogram;
use std::time::Duration;

use super::StatisticsError;
use crate::result::Percentiles;

/// Significant digits: a percentile is within 0.1 % of the true one.
const DIGITS: u8 = 3;
/// Longest duration told apart, in microseconds: a day. Longer ones count as this.
const LONGEST: u64 = 86_400_000_000;

/// How long many operations took, in some hundred kilobytes however many they are.
///
/// One a thread, merged in the end, so that recording takes no lock.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self::new()
    }
}

impl Latencies {
    /// None yet.
    pub fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("the bounds and digits are constants"))
    }

    /// Counts one, rounded down to a microsecond; O(1).
    pub fn record(&mut self, latency: Duration) {
        self.0.saturating_record(u64::try_from(latency.as_micros()).unwrap_or(LONGEST));
    }

    /// Adds those that another thread or process counted.
    pub fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("both have the same bounds");
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency in milliseconds that the part `quantile` of all, 0 to 1, does not exceed; none if there are none.
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| milliseconds(self.0.value_at_quantile(quantile)))
    }

    /// The distribution, under the name of what was timed.
    ///
    /// # Errors
    /// - `TooFew` - there are none
    pub fn percentiles(&self, name: &str) -> Result<Percentiles, StatisticsError> {
        if self.0.is_empty() {
            return Err(StatisticsError::TooFew { what: "a distribution", found: 0, needed: 1 });
        }
        let at = |quantile| milliseconds(self.0.value_at_quantile(quantile));
        let max_ms = milliseconds(self.0.max());
        Ok(Percentiles {
            name: name.into(),
            count: self.count(),
            // Both are of buckets' middles and ends, so the mean of equal latencies can come out above the largest.
            mean_ms: (self.0.mean() / 1_000.0).min(max_ms),
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms,
        })
    }
}

fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1_000.0
}
