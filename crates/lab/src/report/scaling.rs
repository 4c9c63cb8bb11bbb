//! Costs and throughputs over size, with the laws fitted to them.

use super::{
    chart::{Chart, Ink, Scale},
    figure::Figure,
};
use crate::{
    format::{plain, quantity, rough},
    result::{Degradation, Growth, Measure, Scaling, Series},
    scaling::Laws,
    statistics::{Estimate, Usl},
};

/// Points of a fitted curve.
const CURVE: usize = 60;
/// How far beyond the measurements a band is drawn, as a factor, so that they stay visible in it.
const BAND_ROOM: f64 = 4.0;

/// A series and the laws fitted to it.
pub(super) struct Fit<'a> {
    pub(super) series: &'a Scaling,
    pub(super) growth: Option<Growth>,
    points: Vec<(f64, f64)>,
    laws: Laws,
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
        let laws = Laws::of(series, seed);
        Self { series, growth: laws.growth(series), points, laws }
    }

    /// The class of the largest size against the smallest; none without a fitted law.
    pub(super) fn class(&self) -> Option<Degradation> {
        self.growth.as_ref().map(|growth| growth.class)
    }

    /// How much worse the largest size is, if that is no longer acceptable.
    pub(super) fn shortfall(&self) -> Option<String> {
        let growth = self.growth.as_ref().filter(|growth| growth.class != Degradation::Acceptable)?;
        let (from, to) = self.ends();
        let (from, to, unit) = (plain(from), plain(to), &self.series.size_unit);
        Some(format!("{:.1}x worse from {from} to {to} {unit}, {}", growth.factor, growth.class.as_str()))
    }

    /// The medians at the smallest and the largest size.
    pub(super) fn medians(&self) -> Option<String> {
        let sizes = &self.growth.as_ref()?.sizes;
        let of = |median| quantity(median, &self.series.unit);
        Some(format!("{} to {}", of(sizes.first()?.median), of(sizes.last()?.median)))
    }

    /// How much worse or better the median at the largest size is than that at the smallest.
    pub(super) fn change(&self) -> Option<String> {
        let factor = self.growth.as_ref()?.factor;
        Some(if factor >= 1.0 {
            format!("{} worse", times(factor))
        } else {
            format!("{} better", times(1.0 / factor))
        })
    }

    /// The power of the size and its interval, or why there is none.
    pub(super) fn power(&self) -> String {
        let Some(growth) = &self.growth else {
            let why = self.laws.power.as_ref().err().map(|error| format!(": {error}")).unwrap_or_default();
            return format!("No law fitted{why}.");
        };
        let Estimate { low, value, high } = growth.exponent;
        format!("{} ({} to {}), R² {:.3}", exponent(value), exponent(low), exponent(high), growth.r_squared)
    }

    /// What the laws say, or why there is none.
    fn summary(&self) -> String {
        let (Some(growth), Some(change)) = (&self.growth, self.change()) else { return self.power() };
        let what = match self.series.measure {
            Measure::Cost => "Cost",
            Measure::Throughput | Measure::Concurrency => "Throughput",
        };
        let at = growth.sizes.last().map(|summary| plain(summary.size as f64)).unwrap_or_default();
        let power = format!("{what} goes as size to the power of {}. At {at} it is {change}.", self.power());
        match &self.laws.scalability {
            Some(Ok(law)) => format!("{power} {}", scalability(law)),
            Some(Err(error)) => format!("{power} No scalability law fitted: {error}."),
            None => power,
        }
    }

    /// Measurements, curve and band; none without measurements.
    pub(super) fn figure(&self) -> Option<Figure> {
        if self.points.is_empty() {
            return None;
        }
        let scale = match self.series.measure {
            Measure::Cost | Measure::Throughput => Scale::Log,
            Measure::Concurrency => Scale::Linear,
        };
        let curve = self.curve(scale);
        let mut key = vec![(Ink::First, "measured".to_string())];
        if !curve.is_empty() {
            let law = match scale {
                Scale::Log => "power law",
                Scale::Linear => "scalability law",
            };
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
            .filter_map(|size| Some((size, self.at(size)?)))
            .filter(|(_, fitted)| fitted.value.is_finite() && fitted.value > 0.0)
            .map(|(size, Estimate { low, value, high })| {
                let (low, high) = (low.max(floor / BAND_ROOM), high.min(ceiling * BAND_ROOM));
                (size, Estimate { low: low.min(value), value, high: high.max(value) })
            })
            .collect()
    }

    /// The law of the chart at a size.
    fn at(&self, size: f64) -> Option<Estimate> {
        match &self.laws.scalability {
            Some(law) => law.as_ref().ok().map(|law| law.at(size)),
            None => self.laws.power.as_ref().ok().map(|law| law.at(size)),
        }
    }

    fn ends(&self) -> (f64, f64) {
        self.points
            .iter()
            .fold((f64::INFINITY, 0.0), |(low, high), (size, _)| (size.min(low), size.max(high)))
    }
}

/// To two decimals, with no sign on nothing.
fn exponent(number: f64) -> String {
    let text = format!("{number:.2}");
    if text == "-0.00" { "0.00".into() } else { text }
}

/// A factor from 1 on, as `2.30x`.
fn times(factor: f64) -> String {
    if factor < 100.0 { format!("{factor:.2}x") } else { format!("{}x", plain(factor)) }
}

fn scalability(law: &Usl) -> String {
    format!(
        "Contention {} ({} to {}), coherency {} ({} to {}), R² {:.3}. {}",
        rough(law.sigma.value),
        rough(law.sigma.low),
        rough(law.sigma.high),
        rough(law.kappa.value),
        rough(law.kappa.low),
        rough(law.kappa.high),
        law.r_squared,
        peak(law)
    )
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
