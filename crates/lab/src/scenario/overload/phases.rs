//! The phases of an overload.

use crate::load::ByArrival;
use std::{ops::Range, time::Duration};

/// How many times the knee is offered.
const OVERLOAD: f64 = 3.0;
/// Part of the knee that is offered before and after.
const CALM: f64 = 0.5;
/// Longest calm before.
const BEFORE: Duration = Duration::from_secs(20);
/// Longest calm after, in which recovery is looked for.
const AFTER: Duration = Duration::from_secs(40);
/// Seconds in a row that must be as before.
const IN_A_ROW: usize = 3;

/// Calm, overload, calm; whole seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Phases {
    knee: f64,
    before: u64,
    overload: u64,
    after: u64,
}

impl Phases {
    /// An overload of about `duration`.
    pub(super) fn of(knee: f64, duration: Duration) -> Self {
        let overload = duration.as_secs().max(1);
        Self {
            knee,
            before: BEFORE.as_secs().min(overload).max(4),
            overload,
            after: AFTER.as_secs().min(2 * overload).max(IN_A_ROW as u64),
        }
    }

    /// Rates and how long they are offered.
    pub(super) fn steps(&self) -> Vec<(f64, Duration)> {
        [(CALM, self.before), (OVERLOAD, self.overload), (CALM, self.after)]
            .map(|(part, seconds)| (part * self.knee, Duration::from_secs(seconds)))
            .to_vec()
    }

    /// The overload but for its first fifth, in which the mempool fills.
    pub(super) fn overload(&self) -> Range<Duration> {
        let start = self.before + self.overload / 5;
        Duration::from_secs(start)..Duration::from_secs(self.before + self.overload)
    }

    /// As the document has them.
    pub(super) fn describe(&self) -> String {
        let Self { knee, before, overload, after } = self;
        format!(
            "{:.0} tx/s for {before} s, {:.0} for {overload} s, {:.0} for {after} s",
            CALM * knee,
            OVERLOAD * knee,
            CALM * knee
        )
    }

    /// The 99th percentile of the calm before, without its first half, in which connections and caches warm.
    pub(super) fn calm_p99_ms(&self, arrivals: &ByArrival) -> Option<f64> {
        arrivals.p99_ms(self.calm())
    }

    /// Seconds from the end of the overload until, for some seconds in a row, nothing that arrives is lost and its 99th
    /// percentile is no longer than in the worst second of the calm before. None if that is not seen.
    pub(super) fn recovery(&self, arrivals: &ByArrival) -> Option<f64> {
        let second = |at: usize| arrivals.p99_ms(at..at + 1);
        let before: Option<Vec<f64>> = self.calm().map(second).collect();
        let worst = before?.into_iter().fold(0.0, f64::max);
        let as_before = |at: usize| second(at).is_some_and(|p99| p99 <= worst);
        let start = (self.before + self.overload) as usize;
        let last = (start + self.after as usize).saturating_sub(IN_A_ROW);
        let back = (start..=last).find(|at| (*at..at + IN_A_ROW).all(as_before));
        back.map(|at| (at - start) as f64)
    }

    fn calm(&self) -> Range<usize> {
        self.before as usize / 2..self.before as usize
    }
}
