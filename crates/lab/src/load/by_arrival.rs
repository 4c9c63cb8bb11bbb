//! What became of the transactions that arrived in each second.

use std::{ops::Range, time::Duration};

/// Latencies and losses by the second of arrival, unlike the run's timeline, which goes by the second of finality: a
/// network that has recovered may still commit what arrived before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByArrival(Vec<Second>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Second {
    /// In microseconds, of what became final.
    latencies: Vec<u32>,
    /// Refused, failed or not final.
    lost: u64,
}

impl ByArrival {
    /// Counts one that became final. Memory: 4 bytes.
    pub(crate) fn committed(&mut self, due: Duration, latency: Duration) {
        self.second(due).latencies.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
    }

    /// Counts one that did not.
    pub(crate) fn lost(&mut self, due: Duration) {
        self.second(due).lost += 1;
    }

    /// The 99th percentile of what arrived in some seconds, in milliseconds; none if nothing of it became final, or if
    /// any was lost.
    pub fn p99_ms(&self, seconds: Range<usize>) -> Option<f64> {
        let seconds = self.0.get(seconds)?;
        if seconds.iter().any(|second| second.lost > 0) {
            return None;
        }
        let mut all: Vec<u32> = seconds.iter().flat_map(|second| &second.latencies).copied().collect();
        all.sort_unstable();
        let last = all.len().checked_sub(1)?;
        all.get((last as f64 * 0.99) as usize).map(|micros| f64::from(*micros) / 1_000.0)
    }

    fn second(&mut self, due: Duration) -> &mut Second {
        let index = due.as_secs() as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, Second::default());
        }
        &mut self.0[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_the_latencies_of_what_arrived_in_it() {
        let ms = Duration::from_millis;
        let mut all = ByArrival::default();
        (1..=100).for_each(|latency| all.committed(ms(500), ms(latency)));
        all.committed(ms(1_999), ms(7_000));
        all.lost(ms(2_000));
        assert_eq!((all.p99_ms(0..1), all.p99_ms(1..2)), (Some(99.0), Some(7_000.0)));
        assert_eq!((all.p99_ms(1..3), all.p99_ms(3..4)), (None, None));
    }
}
