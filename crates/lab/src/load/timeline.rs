//! The run second by second.

use crate::result::{OverTime, TimePoint};
use std::time::Duration;

/// Counts of each second, and the latencies of the present one.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    seconds: Vec<Second>,
    /// Latencies of what became final in the second `current`.
    latencies: Vec<Duration>,
    current: usize,
}

#[derive(Clone, Debug, Default)]
struct Second {
    offered: u64,
    committed: u64,
    errors: u64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
}

impl Timeline {
    /// An arrival, by its scheduled time.
    pub(super) fn offered(&mut self, at: Duration) {
        self.second(at).offered += 1;
    }

    /// A failure.
    pub(super) fn failed(&mut self, at: Duration) {
        self.second(at).errors += 1;
    }

    /// Something became final. Calls come in order of time.
    pub(super) fn committed(&mut self, at: Duration, latency: Duration) {
        let index = at.as_secs() as usize;
        if index != self.current {
            self.settle();
            self.current = index;
        }
        self.second(at).committed += 1;
        self.latencies.push(latency);
    }

    /// Everything, under the name of what was driven.
    pub(super) fn series(mut self, name: &str) -> OverTime {
        self.settle();
        let point = |(index, second): (usize, &Second)| TimePoint {
            at_seconds: index as f64,
            offered_per_second: second.offered as f64,
            committed_per_second: second.committed as f64,
            errors_per_second: second.errors as f64,
            p50_ms: second.p50_ms,
            p99_ms: second.p99_ms,
        };
        let points = self.seconds.iter().take(crate::result::MAX_POINTS).enumerate().map(point).collect();
        OverTime { name: name.to_owned(), points }
    }

    fn second(&mut self, at: Duration) -> &mut Second {
        let index = at.as_secs() as usize;
        if self.seconds.len() <= index {
            self.seconds.resize(index + 1, Second::default());
        }
        &mut self.seconds[index]
    }

    fn settle(&mut self) {
        if self.latencies.is_empty() {
            return;
        }
        self.latencies.sort_unstable();
        let last = self.latencies.len() - 1;
        let at = |part: f64| self.latencies[(last as f64 * part) as usize].as_secs_f64() * 1_000.0;
        let (p50, p99) = (at(0.5), at(0.99));
        if let Some(second) = self.seconds.get_mut(self.current) {
            (second.p50_ms, second.p99_ms) = (Some(p50), Some(p99));
        }
        self.latencies.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_its_counts_and_latencies() {
        let ms = Duration::from_millis;
        let mut timeline = Timeline::default();
        (0..4).for_each(|index| timeline.offered(ms(index * 500)));
        for latency in [10, 20, 30] {
            timeline.committed(ms(900), ms(latency));
        }
        timeline.committed(ms(2_100), ms(50));
        timeline.failed(ms(1_500));
        let points = timeline.series("x").points;
        assert_eq!(points.len(), 3);
        assert_eq!((points[0].offered_per_second, points[0].committed_per_second), (2.0, 3.0));
        assert_eq!((points[0].p50_ms, points[1].p50_ms, points[2].p99_ms), (Some(20.0), None, Some(50.0)));
        assert_eq!(points[1].errors_per_second, 1.0);
    }
}
