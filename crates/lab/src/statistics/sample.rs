//! Repetitions of one measurement.

use serde::Serialize;

use super::{StatisticsError, check_finite, quantile, t_quantile};

/// The scatter of repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How many.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their median, which one bad repetition does not move.
    pub median: f64,
    /// Median distance from the median, which one bad repetition does not move either.
    pub mad: f64,
    /// Standard deviation, of a sample: over `count - 1`. 0 for one repetition.
    pub deviation: f64,
    /// Half the width of the 95 % interval of the mean, by Student's t; none for one repetition.
    pub half_width: Option<f64>,
}

/// The difference of two sets of repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Mean of the second minus mean of the first.
    pub difference: f64,
    /// Half the width of the 95 % interval of the difference; a smaller difference is noise.
    pub noise: f64,
}

impl Summary {
    /// What repetitions say together.
    ///
    /// # Errors
    /// - `TooFew` - there are none
    /// - `NotFinite` - one is infinite or not a number
    pub fn of(values: &[f64]) -> Result<Self, StatisticsError> {
        if values.is_empty() {
            return Err(StatisticsError::TooFew { what: "a summary", found: 0, needed: 1 });
        }
        check_finite(values.iter().copied())?;
        let count = values.len();
        // Divided before they are added, as the sum of large values has no end.
        let mean = values.iter().map(|value| value / count as f64).sum::<f64>();
        let median = median(values);
        let distances: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let degrees = count.saturating_sub(1) as f64;
        let deviation = if count > 1 { (squares / degrees).sqrt() } else { 0.0 };
        let half_width = (count > 1).then(|| t_quantile(degrees) * deviation / (count as f64).sqrt());
        Ok(Self { count, mean, median, mad: self::median(&distances), deviation, half_width })
    }
}

impl Change {
    /// How far `after` is from `before`, and how far it would be by chance alone.
    ///
    /// The interval is Welch's, as a change may well change the scatter too.
    ///
    /// # Errors
    /// - `TooFew` - one of them has fewer than two repetitions, so its scatter is not known
    /// - `NotFinite` - one is infinite or not a number
    pub fn between(before: &[f64], after: &[f64]) -> Result<Self, StatisticsError> {
        for values in [before, after] {
            if values.len() < 2 {
                return Err(StatisticsError::TooFew { what: "noise", found: values.len(), needed: 2 });
            }
        }
        let (before, after) = (Summary::of(before)?, Summary::of(after)?);
        let (first, second) = (before.error_squared(), after.error_squared());
        let error = (first + second).sqrt();
        // Welch and Satterthwaite's degrees of freedom.
        let spread = first.powi(2) / (before.count - 1) as f64 + second.powi(2) / (after.count - 1) as f64;
        let degrees = (first + second).powi(2) / spread;
        let noise = if error > 0.0 { t_quantile(degrees) * error } else { 0.0 };
        Ok(Self { difference: after.mean - before.mean, noise })
    }

    /// Whether the difference is more than noise.
    pub fn is_beyond_noise(&self) -> bool {
        self.difference.abs() > self.noise
    }
}

impl Summary {
    /// The squared standard error of the mean.
    fn error_squared(&self) -> f64 {
        self.deviation.powi(2) / self.count as f64
    }
}

/// The middle of finite values; of an even number of them, halfway between the two in the middle.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}
