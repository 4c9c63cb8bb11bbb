//! How a throughput grows with concurrency.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rmpfit::{MPError, MPFitter, MPPar, MPResult};

use super::{Estimate, StatisticsError, check_points, quantile, r_squared};

/// Fewest sizes: the law has three parameters.
const MIN_SIZES: usize = 4;
/// Fits of resampled measurements, from which the intervals are read.
const RESAMPLES: usize = 200;
/// Starts of the search, as parts of what the largest size would lose; the best end counts, as a search from one
/// start can end in a hollow.
const STARTS: [(f64, f64); 4] = [(0.5, 0.5), (0.05, 0.05), (1.0, 0.01), (0.01, 1.0)];
/// Coherency times the largest size squared below which none is seen: no peak is told from it.
const NO_COHERENCY: f64 = 1e-6;

/// The Universal Scalability Law: `X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))`.
///
/// Source: N. Gunther, "Guerrilla Capacity Planning", 2007, chapter 4.
///
/// Found by nonlinear least squares of the logarithms, as noise of a throughput is in proportion to it, with `sigma`
/// from 0 to 1 and `kappa` from 0. Intervals come from fits of resampled residuals, which stay within these bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Usl {
    /// Throughput of one.
    pub lambda: Estimate,
    /// Contention: the part of the work that only one can do at a time.
    pub sigma: Estimate,
    /// Coherency: the cost of each pair that must agree. Above 0 there is a size beyond which throughput falls.
    pub kappa: Estimate,
    /// Part of the variance of throughput that the law explains.
    pub r_squared: f64,
    /// Largest size measured.
    largest: f64,
    /// Parameters of each resampled fit.
    resampled: Vec<Parameters>,
}

/// One fit.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Parameters {
    lambda: f64,
    sigma: f64,
    kappa: f64,
}

impl Usl {
    /// Fits throughputs at sizes. Intervals are drawn from `seed`, so that the same measurements give the same.
    ///
    /// # Errors
    /// - `TooFewSizes` - fewer than four different sizes
    /// - `NotFinite`, `NotPositive`, `Size` - a measurement or size without a logarithm, or a size below 1
    /// - `NoFit` - the solver found none
    pub fn fit(points: &[(f64, f64)], seed: u64) -> Result<Self, StatisticsError> {
        check_points("the Universal Scalability Law", points, MIN_SIZES)?;
        let best = Parameters::fit(points)?;
        let pairs: Vec<_> = points.iter().map(|&(n, x)| (x, best.at(n))).collect();
        let resampled = resample(points, best, seed)?;
        let estimate = |of: fn(&Parameters) -> f64| spread(of(&best), resampled.iter().map(of));
        Ok(Self {
            lambda: estimate(|p| p.lambda),
            sigma: estimate(|p| p.sigma),
            kappa: estimate(|p| p.kappa),
            r_squared: r_squared(&pairs),
            largest: points.iter().map(|point| point.0).fold(1.0, f64::max),
            resampled,
        })
    }

    /// The fitted throughput at a size.
    pub fn at(&self, size: f64) -> Estimate {
        spread(self.parameters().at(size), self.resampled.iter().map(|parameters| parameters.at(size)))
    }

    /// The size of most throughput; none if throughput does not fall at any size, as far as can be seen.
    pub fn peak(&self) -> Option<f64> {
        let Parameters { sigma, kappa, .. } = self.parameters();
        let seen = kappa * self.largest.powi(2) > NO_COHERENCY;
        seen.then(|| ((1.0 - sigma) / kappa).sqrt().max(1.0))
    }

    /// Largest size that was measured; a peak beyond it is a forecast.
    pub fn largest(&self) -> f64 {
        self.largest
    }

    fn parameters(&self) -> Parameters {
        Parameters { lambda: self.lambda.value, sigma: self.sigma.value, kappa: self.kappa.value }
    }
}

impl Parameters {
    fn at(&self, n: f64) -> f64 {
        self.lambda * n / (1.0 + self.sigma * (n - 1.0) + self.kappa * n * (n - 1.0))
    }

    /// The least squares over all [`STARTS`].
    fn fit(points: &[(f64, f64)]) -> Result<Self, StatisticsError> {
        let mut search = Search::new(points);
        let smallest =
            points.iter().copied().fold((f64::INFINITY, 1.0), |a, b| if b.0 < a.0 { b } else { a });
        let mut best: Option<(f64, [f64; 3])> = None;
        let mut cause = String::new();
        for (sigma, kappa) in STARTS {
            let mut unknowns = [(smallest.1 / smallest.0).ln(), sigma, kappa];
            match search.mpfit(&mut unknowns) {
                // The number of rounds is bounded; where they end is still the best found from this start.
                Ok(status) if best.is_none_or(|(norm, _)| status.best_norm < norm) => {
                    best = Some((status.best_norm, unknowns));
                }
                Ok(_) => {}
                Err(error) => cause = format!("{error:?}"),
            }
        }
        let (_, unknowns) = best.ok_or(StatisticsError::NoFit { cause })?;
        Ok(search.parameters(&unknowns))
    }
}

/// The residuals that the solver makes small. The unknowns are the logarithm of lambda, and sigma and kappa times the
/// largest size and its square, so that all three are about 1 whatever the sizes are.
struct Search<'a> {
    points: &'a [(f64, f64)],
    largest: f64,
    bounds: [MPPar; 3],
}

impl<'a> Search<'a> {
    fn new(points: &'a [(f64, f64)]) -> Self {
        let largest = points.iter().map(|point| point.0).fold(1.0, f64::max);
        let free = MPPar::new();
        let sigma = MPPar { limited_low: true, limited_up: true, limit_up: largest, ..MPPar::new() };
        let kappa = MPPar { limited_low: true, ..MPPar::new() };
        Self { points, largest, bounds: [free, sigma, kappa] }
    }

    fn parameters(&self, unknowns: &[f64]) -> Parameters {
        let [lambda, sigma, kappa] = unknowns else { unreachable!("there are three unknowns") };
        Parameters { lambda: lambda.exp(), sigma: sigma / self.largest, kappa: kappa / self.largest.powi(2) }
    }
}

impl MPFitter for Search<'_> {
    fn eval(&mut self, unknowns: &[f64], residuals: &mut [f64]) -> MPResult<()> {
        let parameters = self.parameters(unknowns);
        for (residual, &(n, x)) in residuals.iter_mut().zip(self.points) {
            *residual = x.ln() - parameters.at(n).ln();
            if !residual.is_finite() {
                return Err(MPError::Nan);
            }
        }
        Ok(())
    }

    fn number_of_points(&self) -> usize {
        self.points.len()
    }

    fn parameters(&self) -> &[MPPar] {
        &self.bounds
    }
}

/// Fits of `best` with the residuals of the measurements, drawn with replacement, put back on it.
fn resample(points: &[(f64, f64)], best: Parameters, seed: u64) -> Result<Vec<Parameters>, StatisticsError> {
    let mut rng = StdRng::seed_from_u64(seed);
    // A fit takes up three degrees of freedom, so what it leaves is smaller than the noise was.
    let count = points.len() as f64;
    let widen = if count > 3.0 { (count / (count - 3.0)).sqrt() } else { 1.0 };
    let residuals: Vec<f64> = points.iter().map(|&(n, x)| widen * (x / best.at(n)).ln()).collect();
    (0..RESAMPLES)
        .map(|_| {
            let drawn: Vec<_> = points
                .iter()
                .map(|&(n, _)| (n, best.at(n) * residuals[rng.random_range(0..residuals.len())].exp()))
                .collect();
            Parameters::fit(&drawn)
        })
        .collect()
}

/// The middle 95 % of `drawn` around a value, which is in the interval.
fn spread(value: f64, drawn: impl Iterator<Item = f64>) -> Estimate {
    let mut sorted: Vec<f64> = drawn.collect();
    sorted.sort_by(f64::total_cmp);
    Estimate { low: quantile(&sorted, 0.025).min(value), value, high: quantile(&sorted, 0.975).max(value) }
}
