//! How a cost grows with size.

use std::collections::BTreeMap;

use super::{Estimate, StatisticsError, check_points, r_squared, sample::median, t_quantile};

/// Fewest sizes: two always lie on a line, and say nothing of how sure it is.
const MIN_SIZES: usize = 3;

/// `cost = scale * size^exponent`, by least squares of the logarithms.
///
/// Repetitions at one size share what is particular to that size, a full cache for one. So a size counts as one
/// observation, the median of its repetitions, and the interval tells how well sizes lie on one line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerLaw {
    /// 0 is constant, 1 linear, 2 quadratic.
    pub exponent: Estimate,
    /// Cost at size 1.
    pub scale: f64,
    /// Part of the variance of the logarithms that the line explains.
    pub r_squared: f64,
    /// How many sizes there were.
    pub sizes: usize,
    /// Mean of the sizes' logarithms.
    center: f64,
    /// Sum of the squared distances from it.
    spread: f64,
    /// Standard deviation of what the line leaves, as a logarithm.
    residual: f64,
}

impl PowerLaw {
    /// Fits costs at sizes.
    ///
    /// # Errors
    /// - `TooFewSizes` - fewer than three different sizes
    /// - `NotFinite`, `NotPositive`, `Size` - a measurement or size without a logarithm, or a size below 1
    pub fn fit(points: &[(f64, f64)]) -> Result<Self, StatisticsError> {
        check_points("a power law", points, MIN_SIZES)?;
        let observations = by_size(points);
        let count = observations.len() as f64;
        let center = observations.iter().map(|(x, _)| x).sum::<f64>() / count;
        let middle = observations.iter().map(|(_, y)| y).sum::<f64>() / count;
        let spread: f64 = observations.iter().map(|(x, _)| (x - center).powi(2)).sum();
        let together: f64 = observations.iter().map(|(x, y)| (x - center) * (y - middle)).sum();
        let slope = together / spread;
        let line = |x: f64| middle + slope * (x - center);
        let pairs: Vec<_> = observations.iter().map(|&(x, y)| (y, line(x))).collect();
        let degrees = count - 2.0;
        let left: f64 = pairs.iter().map(|(y, predicted)| (y - predicted).powi(2)).sum();
        let residual = (left / degrees).sqrt();
        let reach = t_quantile(degrees) * residual / spread.sqrt();
        Ok(Self {
            exponent: Estimate { low: slope - reach, value: slope, high: slope + reach },
            scale: line(0.0).exp(),
            r_squared: r_squared(&pairs),
            sizes: observations.len(),
            center,
            spread,
            residual,
        })
    }

    /// The fitted cost at a size, with the interval of the line there, not of single measurements.
    pub fn at(&self, size: f64) -> Estimate {
        let x = size.ln();
        let error =
            self.residual * (1.0 / self.sizes as f64 + (x - self.center).powi(2) / self.spread).sqrt();
        let reach = t_quantile(self.sizes as f64 - 2.0) * error;
        let y = self.scale.ln() + self.exponent.value * x;
        Estimate { low: (y - reach).exp(), value: y.exp(), high: (y + reach).exp() }
    }
}

/// Logarithms of each size and of the median of its measurements, in order of size.
fn by_size(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut sizes: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for (size, value) in points {
        sizes.entry(size.to_bits()).or_default().push(*value);
    }
    sizes.into_iter().map(|(size, values)| (f64::from_bits(size).ln(), median(&values).ln())).collect()
}
