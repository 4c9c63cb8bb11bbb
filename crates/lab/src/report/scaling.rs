//! Costs and throughputs over size, with the laws fitted to them.

use super::{
    chart::{Chart, Ink, Scale},
    figure::Figure,
};
use crate::{
    baseline::Degradation,
    format::{plain, rough},
    result::{Measure, Scaling, Series},
    statistics::{Estimate, PowerLaw, StatisticsError, Usl},
};

/// Points of a fitted curve.
const CURVE: usize = 60;
/// How far beyond the measurements a band is drawn, as a factor, so that they stay visible in it.
const BAND_ROOM: f64 = 4.0;

/// A series and the law fitted to it.
pub(super) struct Fit<'a> {
    pub(super) series: &'a Scaling,
    points: Vec<(f64, f64)>,
    law: Result<Law, StatisticsError>,
}

enum Law {
    Cost(PowerLaw),
    Throughput(Usl),
}

impl<'a> Fit<'a> {
    /// Fits every scaling series of a run; intervals are drawn from the run's seed.
    pub(super) fn all(series: &'a [Series], seed: u64) -> Vec<Self> {
        let scaling = series.iter().filter_map(|series| match series {
            Series::Scaling(scaling) => Some(scaling),
            _ => None,
        });
        scaling.map(|series| Self::of(series, seed)).collect()
    }

    fn of(series: &'a Scaling, seed: u64) -> Self {
        let points: Vec<_> = series.points.iter().map(|point| (point.size as f64, point.value)).collect();
        let law = match series.measure {
            Measure::Cost => PowerLaw::fit(&points).map(Law::Cost),
            Measure::Throughput => Usl::fit(&points, seed).map(Law::Throughput),
        };
        Self { series, points, law }
    }

    /// The class of the cost at the largest size against that at the smallest; none without a fitted cost.
    pub(super) fn class(&self) -> Option<Degradation> {
        match &self.law {
            Ok(Law::Cost(law)) => Some(Degradation::of(self.growth(law))),
            _ => None,
        }
    }

    /// How much more it costs at the largest size, if that is no longer acceptable.
    pub(super) fn shortfall(&self) -> Option<String> {
        let (Some(class), Ok(Law::Cost(law))) = (self.class(), &self.law) else { return None };
        let (smallest, largest) = self.ends();
        (class != Degradation::Acceptable).then(|| {
            let size_unit = &self.series.size_unit;
            let (growth, from, to) = (self.growth(law), plain(smallest), plain(largest));
            format!("costs {growth:.1}x from {from} to {to} {size_unit}, {}", class.as_str())
        })
    }

    /// What the law says, or why there is none.
    pub(super) fn summary(&self) -> String {
        match &self.law {
            Ok(Law::Cost(law)) => {
                let (smallest, largest) = self.ends();
                let Estimate { low, value, high } = law.exponent;
                format!(
                    "Cost grows as size to the power of {value:.2} ({low:.2} to {high:.2}), R² {:.3}. \
                     At {} it is {:.2}x that at {}.",
                    law.r_squared,
                    plain(largest),
                    self.growth(law),
                    plain(smallest)
                )
            }
            Ok(Law::Throughput(law)) => format!(
                "Contention {} ({} to {}), coherency {} ({} to {}), R² {:.3}. {}",
                rough(law.sigma.value),
                rough(law.sigma.low),
                rough(law.sigma.high),
                rough(law.kappa.value),
                rough(law.kappa.low),
                rough(law.kappa.high),
                law.r_squared,
                peak(law)
            ),
            Err(error) => format!("No law fitted: {error}."),
        }
    }

    /// Measurements, curve and band; none without measurements.
    pub(super) fn figure(&self) -> Option<Figure> {
        if self.points.is_empty() {
            return None;
        }
        let (scale, law) = match self.series.measure {
            Measure::Cost => (Scale::Log, "power law"),
            Measure::Throughput => (Scale::Linear, "scalability law"),
        };
        let curve = self.curve(scale);
        let mut key = vec![(Ink::First, "measured".to_string())];
        if !curve.is_empty() {
            key.push((Ink::Second, format!("{law}, 95 % band")));
        }
        let Scaling { name, size_unit, unit, .. } = self.series;
        let chart = Chart {
            title: format!("{name} over {size_unit}"),
            x_label: "size",
            x: scale,
            y: scale,
            bands: vec![(Ink::Second, curve.iter().map(|(size, e)| (*size, e.low, e.high)).collect())],
            lines: vec![(Ink::Second, curve.iter().map(|(size, e)| (*size, e.value)).collect())],
            dots: vec![(Ink::First, self.points.clone())],
            marks: Vec::new(),
        };
        Some(Figure { chart, unit: unit.clone(), key, note: Some(self.summary()) })
    }

    /// The fitted values between the smallest and the largest size, evenly apart on the axis.
    fn curve(&self, scale: Scale) -> Vec<(f64, Estimate)> {
        let Ok(law) = &self.law else { return Vec::new() };
        let (low, high) = self.ends();
        let values = self.points.iter().map(|point| point.1);
        let (floor, ceiling) =
            values.fold((f64::INFINITY, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)));
        (0..CURVE)
            .map(|step| step as f64 / (CURVE - 1) as f64)
            .map(|part| match scale {
                Scale::Linear => low + (high - low) * part,
                Scale::Log => low * (high / low).powf(part),
            })
            .map(|size| match law {
                Law::Cost(law) => (size, law.at(size)),
                Law::Throughput(law) => (size, law.at(size)),
            })
            .filter(|(_, fitted)| fitted.value.is_finite() && fitted.value > 0.0)
            .map(|(size, Estimate { low, value, high })| {
                let (low, high) = (low.max(floor / BAND_ROOM), high.min(ceiling * BAND_ROOM));
                (size, Estimate { low: low.min(value), value, high: high.max(value) })
            })
            .collect()
    }

    fn growth(&self, law: &PowerLaw) -> f64 {
        let (smallest, largest) = self.ends();
        law.growth(smallest, largest)
    }

    fn ends(&self) -> (f64, f64) {
        self.points
            .iter()
            .fold((f64::INFINITY, 0.0), |(low, high), (size, _)| (size.min(low), size.max(high)))
    }
}

fn peak(law: &Usl) -> String {
    match law.peak() {
        Some(peak) if peak > law.largest() => {
            format!(
                "The peak at {} is a forecast beyond the largest size, {}.",
                plain(peak),
                plain(law.largest())
            )
        }
        Some(peak) => format!("Throughput peaks at {}, with {}.", plain(peak), plain(law.at(peak).value)),
        None => "No size is seen at which throughput falls.".into(),
    }
}
