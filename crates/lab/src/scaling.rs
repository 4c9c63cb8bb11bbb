//! What measurements at several sizes come to.

use crate::{
    result::{Degradation, Growth, Measure, Scalability, Scaling, SizeSummary},
    statistics::{PowerLaw, StatisticsError, Summary, Usl},
};
use std::collections::BTreeMap;

/// The laws fitted to a series.
pub(crate) struct Laws {
    /// Of the medians over the size.
    pub(crate) power: Result<PowerLaw, StatisticsError>,
    /// Of throughput by so many at once.
    pub(crate) scalability: Option<Result<Usl, StatisticsError>>,
}

impl Laws {
    /// Fits a series; intervals are drawn from the run's seed, so that a document always gives the same.
    pub(crate) fn of(series: &Scaling, seed: u64) -> Self {
        let points: Vec<(f64, f64)> =
            series.points.iter().map(|point| (point.size as f64, point.value)).collect();
        Self {
            power: PowerLaw::fit(&points),
            scalability: (series.measure == Measure::Concurrency).then(|| Usl::fit(&points, seed)),
        }
    }

    /// What the series comes to; none where no power of the size was fitted.
    pub(crate) fn growth(&self, series: &Scaling) -> Option<Growth> {
        let power = self.power.as_ref().ok()?;
        let sizes = summaries(series);
        let factor = factor(series.measure, &sizes)?;
        let scalability = self.scalability.as_ref().and_then(|law| law.as_ref().ok());
        Some(Growth {
            exponent: power.exponent,
            r_squared: power.r_squared,
            factor,
            class: Degradation::of(factor),
            scalability: scalability.map(|law| Scalability {
                lambda: law.lambda,
                sigma: law.sigma,
                kappa: law.kappa,
                r_squared: law.r_squared,
                peak: law.peak(),
            }),
            sizes,
        })
    }
}

/// The repetitions of each size, in order of size.
pub(crate) fn summaries(series: &Scaling) -> Vec<SizeSummary> {
    let mut sizes: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for point in &series.points {
        sizes.entry(point.size).or_default().push(point.value);
    }
    let one = |(size, values): (u64, Vec<f64>)| {
        let Summary { median, mad, .. } = Summary::of(&values).ok()?;
        Some(SizeSummary { size, median, scatter: mad })
    };
    sizes.into_iter().filter_map(one).collect()
}

/// How many times as bad the largest size is as the smallest.
fn factor(measure: Measure, sizes: &[SizeSummary]) -> Option<f64> {
    let (first, last) = (sizes.first()?, sizes.last()?);
    Degradation::factor(measure.better(), first.median, last.median)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::ScalingPoint;

    fn series(measure: Measure, value: impl Fn(u64, u32) -> f64) -> Scaling {
        let sizes = [1, 2, 4, 8, 16, 32];
        let point = |size| {
            let value = &value;
            (0..3).map(move |repetition| ScalingPoint { size, repetition, value: value(size, repetition) })
        };
        Scaling {
            name: "transfer".into(),
            measure,
            size_unit: "clients".into(),
            unit: "x".into(),
            points: sizes.into_iter().rev().flat_map(point).collect(),
            growth: None,
            bound_by: None,
        }
    }

    fn growth(series: &Scaling) -> Growth {
        Laws::of(series, 1).growth(series).unwrap()
    }

    #[test]
    fn a_cost_that_rises_and_a_throughput_that_falls_are_as_bad() {
        let cost = growth(&series(Measure::Cost, |size, _| size as f64));
        assert_eq!((cost.factor, cost.class), (32.0, Degradation::Critical));
        assert!((cost.exponent.value - 1.0).abs() < 1e-9 && cost.scalability.is_none());
        let throughput = growth(&series(Measure::Throughput, |size, _| 64.0 / size as f64));
        assert_eq!((throughput.factor, throughput.class), (32.0, Degradation::Critical));
        assert!((throughput.exponent.value + 1.0).abs() < 1e-9);
        let better = growth(&series(Measure::Throughput, |size, _| size as f64));
        assert_eq!((better.factor, better.class), (1.0 / 32.0, Degradation::Acceptable));
    }

    #[test]
    fn repetitions_count_by_their_median_and_their_scatter() {
        let growth = growth(&series(Measure::Cost, |_, repetition| [9.0, 10.0, 500.0][repetition as usize]));
        assert_eq!(growth.sizes.len(), 6);
        assert!(growth.sizes.is_sorted_by_key(|summary| summary.size));
        assert!(growth.sizes.iter().all(|summary| (summary.median, summary.scatter) == (10.0, 1.0)));
        assert_eq!((growth.factor, growth.class), (1.0, Degradation::Acceptable));
    }

    #[test]
    fn throughput_by_so_many_at_once_has_its_own_law() {
        let law = |size: u64, _| {
            let n = size as f64;
            100.0 * n / (1.0 + 0.05 * (n - 1.0) + 0.01 * n * (n - 1.0))
        };
        let scalability = growth(&series(Measure::Concurrency, law)).scalability.unwrap();
        assert!((scalability.sigma.value - 0.05).abs() < 1e-3, "{scalability:?}");
        assert!(scalability.peak.is_some_and(|peak| (9.0..11.0).contains(&peak)));
    }

    #[test]
    fn rejects_too_few_sizes() {
        let mut two = series(Measure::Cost, |size, _| size as f64);
        two.points.retain(|point| point.size < 4);
        assert!(Laws::of(&two, 1).growth(&two).is_none());
        assert_eq!(summaries(&two).len(), 2);
    }
}
