//! What measurements say, and how surely.
//!
//! - [`Latencies`] counts durations and gives their percentiles
//! - [`Summary`] and [`Change`] say how far repetitions scatter, and whether two sets of them differ
//! - [`trend_of_second_half`] is the growth of a quantity while a run goes on
//! - [`PowerLaw`] is the growth of a cost with size, [`Usl`] the growth of a throughput with concurrency
//!
//! Intervals are of 95 % confidence. Everything is deterministic: what is drawn at random is drawn from a seed.

mod latencies;
mod power_law;
mod sample;
#[cfg(test)]
mod tests;
mod trend;
mod usl;

pub use latencies::Latencies;
pub use power_law::PowerLaw;
pub use sample::{Change, Summary};
pub use trend::trend_of_second_half;
pub use usl::Usl;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::collections::BTreeSet;
use thiserror::Error;

/// A value and the interval that holds the true one with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// Lower end of the interval.
    pub low: f64,
    /// The estimate.
    pub value: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Estimate {
    /// The value, 0 where it is not surely above 0.
    pub fn surely_above_zero(&self) -> f64 {
        if self.low > 0.0 { self.value } else { 0.0 }
    }
}

/// Why measurements say nothing.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum StatisticsError {
    /// Fewer measurements than the statement needs.
    #[error("{what} needs at least {needed} measurements, not {found}")]
    TooFew {
        /// The statement.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// Fewer different sizes than the statement needs.
    #[error("{what} needs at least {needed} different sizes, not {found}")]
    TooFewSizes {
        /// The statement.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many it takes.
        needed: usize,
    },
    /// Less time than the statement needs.
    #[error("{what} needs at least {needed:.0} s, not {found:.1} s")]
    TooShort {
        /// The statement.
        what: &'static str,
        /// How long it is, in seconds.
        found: f64,
        /// How long it must be.
        needed: f64,
    },
    /// A measurement is infinite or not a number.
    #[error("measurement {index} is {found}; it must be finite")]
    NotFinite {
        /// Its place, from 0.
        index: usize,
        /// Its value.
        found: f64,
    },
    /// A measurement has no logarithm.
    #[error("measurement {index} is {found}; it must be above 0")]
    NotPositive {
        /// Its place, from 0.
        index: usize,
        /// Its value.
        found: f64,
    },
    /// A size is below the smallest that has a meaning.
    #[error("measurement {index} is of size {found}; sizes start at 1")]
    Size {
        /// Its place, from 0.
        index: usize,
        /// Its size.
        found: f64,
    },
    /// The least squares were not found.
    #[error("no fit was found: {cause}")]
    NoFit {
        /// What the solver says.
        cause: String,
    },
}

/// All values are finite.
fn check_finite(values: impl IntoIterator<Item = f64>) -> Result<(), StatisticsError> {
    match values.into_iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((index, found)) => Err(StatisticsError::NotFinite { index, found }),
        None => Ok(()),
    }
}

/// Sizes are at least 1, values above 0, and all finite, with at least `needed` different sizes.
fn check_points(what: &'static str, points: &[(f64, f64)], needed: usize) -> Result<(), StatisticsError> {
    for (index, &(size, value)) in points.iter().enumerate() {
        for found in [size, value] {
            if !found.is_finite() {
                return Err(StatisticsError::NotFinite { index, found });
            }
        }
        if size < 1.0 {
            return Err(StatisticsError::Size { index, found: size });
        }
        if value <= 0.0 {
            return Err(StatisticsError::NotPositive { index, found: value });
        }
    }
    // Finite numbers above 0 are ordered as their bits are.
    let found = points.iter().map(|point| point.0.to_bits()).collect::<BTreeSet<_>>().len();
    if found < needed {
        return Err(StatisticsError::TooFewSizes { what, found, needed });
    }
    Ok(())
}

/// How many standard errors an interval of 95 % reaches to each side, with so many degrees of freedom.
///
/// Degrees below 1 are taken as 1, where the interval is widest.
fn t_quantile(degrees: f64) -> f64 {
    // The distribution refuses only what is not above 0.
    StudentsT::new(0.0, 1.0, degrees.max(1.0)).map_or(f64::INFINITY, |t| t.inverse_cdf(0.975))
}

/// The quantile of a sorted list between 0 and 1, interpolated between neighbours.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * sorted.len().saturating_sub(1) as f64;
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or(f64::NAN);
    let (low, high) = (at(place.floor()), at(place.ceil()));
    low + (high - low) * place.fract()
}

/// The coefficient of determination: the part of the variance that predictions explain, at most 1. It is 1 when all
/// values are equal, as nothing is left to explain.
fn r_squared(pairs: &[(f64, f64)]) -> f64 {
    let mean = pairs.iter().map(|(value, _)| value).sum::<f64>() / pairs.len() as f64;
    let total: f64 = pairs.iter().map(|(value, _)| (value - mean).powi(2)).sum();
    let left: f64 = pairs.iter().map(|(value, predicted)| (value - predicted).powi(2)).sum();
    if total <= f64::EPSILON * mean.powi(2) { 1.0 } else { 1.0 - left / total }
}
