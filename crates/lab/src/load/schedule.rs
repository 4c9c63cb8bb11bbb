//! When transactions arrive.

#[cfg(test)]
mod tests;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use std::time::Duration;

/// How the gaps between arrivals are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrivals {
    /// Independent of each other, as those of many users are: exponential gaps.
    Poisson,
    /// All gaps equal.
    Uniform,
}

impl Arrivals {
    /// As in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Poisson => "poisson",
            Self::Uniform => "uniform",
        }
    }
}

/// Arrivals at `rate` a second for `duration`, as times since the start, in order. Same seed, same arrivals.
///
/// Answers have no part in it: who waits for a slow system before sending the next does not see how slow it is.
pub fn schedule(arrivals: Arrivals, rate: f64, duration: Duration, seed: u64) -> Vec<Duration> {
    let end = duration.as_secs_f64();
    let count = (rate * end).max(0.0) as usize;
    match arrivals {
        Arrivals::Uniform => (0..count).map(|index| Duration::from_secs_f64(index as f64 / rate)).collect(),
        Arrivals::Poisson => {
            let mut random = StdRng::seed_from_u64(seed);
            let mut times = Vec::with_capacity(count + count / 50);
            // The logarithm's argument is above 0, as the random number is below 1.
            let mut gap = || -(1.0 - random.random::<f64>()).ln() / rate;
            let mut at = gap();
            // Without a rate the first gap is endless.
            while at < end {
                times.push(Duration::from_secs_f64(at));
                at += gap();
            }
            times
        }
    }
}
