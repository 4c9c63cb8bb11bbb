//! The rules of series.

use super::{
    super::{
        MAX_NUMBER, MAX_POINTS, Rejected, check_count, check_magnitude, check_name, check_text,
        rules::{check_estimate, check_range, check_rising, check_signed},
    },
    Growth, LatencyByLoad, OverTime, Percentiles, Scalability, Scaling, Series, SizeSummary, Stages,
};

/// Largest size: above it an `f64` no longer holds every integer.
const MAX_SIZE: f64 = 9_007_199_254_740_992.0;
/// Smallest value over size, so that a logarithm stays near those of the others.
const MIN_VALUE: f64 = 1e-12;

impl Series {
    pub(in super::super) fn validate(&self) -> Result<(), Rejected> {
        check_text("name of a series", self.name())?;
        let name = self.name();
        let points = match self {
            Self::OverTime(series) => series.points.len(),
            Self::LatencyByLoad(series) => series.points.len(),
            Self::Percentiles(_) => 1,
            Self::Scaling(series) => series.points.len(),
            Self::Stages(series) => series.stages.len(),
            Self::Held(series) => series.memory.len(),
            Self::Repetitions(series) => series.values.len(),
        };
        check_count(&format!("series {name}"), points, MAX_POINTS)?;
        match self {
            Self::OverTime(series) => series.validate(),
            Self::LatencyByLoad(series) => series.validate(),
            Self::Percentiles(series) => series.validate(),
            Self::Scaling(series) => series.validate(),
            Self::Stages(series) => series.validate(),
            Self::Held(series) => series.validate(),
            Self::Repetitions(series) => {
                check_name("repetitions of", name)?;
                series
                    .values
                    .iter()
                    .try_for_each(|value| check_magnitude(&format!("repetition of {name}"), *value))
            }
        }
    }
}

impl OverTime {
    fn validate(&self) -> Result<(), Rejected> {
        check_rising("at_seconds", self.points.iter().map(|point| point.at_seconds))?;
        for point in &self.points {
            check_magnitude("offered_per_second", point.offered_per_second)?;
            check_magnitude("committed_per_second", point.committed_per_second)?;
            check_magnitude("errors_per_second", point.errors_per_second)?;
            check_rising("p50_ms to p99_ms", [point.p50_ms, point.p99_ms].into_iter().flatten())?;
        }
        Ok(())
    }
}

impl LatencyByLoad {
    fn validate(&self) -> Result<(), Rejected> {
        check_rising("offered_per_second", self.points.iter().map(|point| point.offered_per_second))?;
        for point in &self.points {
            check_magnitude("committed_per_second", point.committed_per_second)?;
            check_rising("p50_ms to p99_ms", [point.p50_ms, point.p95_ms, point.p99_ms])?;
            check_range("error_rate", point.error_rate, 0.0, 1.0)?;
            check_magnitude("generator_late_ms", point.generator_late_ms)?;
        }
        if let Some(knee) = self.knee_per_second {
            check_magnitude("knee_per_second", knee)?;
        }
        check_text("bound_by", self.bound_by.as_deref().unwrap_or_default())
    }
}

impl Percentiles {
    fn validate(&self) -> Result<(), Rejected> {
        check_range("mean_ms", self.mean_ms, 0.0, self.max_ms)?;
        check_rising(
            "p50_ms to max_ms",
            [self.p50_ms, self.p90_ms, self.p95_ms, self.p99_ms, self.p999_ms, self.max_ms],
        )
    }
}

impl Scaling {
    fn validate(&self) -> Result<(), Rejected> {
        check_text("size_unit", &self.size_unit)?;
        check_text("unit", &self.unit)?;
        check_text("bound_by", self.bound_by.as_deref().unwrap_or_default())?;
        for point in &self.points {
            check_range("size", point.size as f64, 1.0, MAX_SIZE)?;
            check_range(&format!("value at size {}", point.size), point.value, MIN_VALUE, MAX_NUMBER)?;
        }
        self.growth.as_ref().map_or(Ok(()), Growth::validate)
    }
}

impl Growth {
    fn validate(&self) -> Result<(), Rejected> {
        check_count("sizes", self.sizes.len(), MAX_POINTS)?;
        check_rising("size", self.sizes.iter().map(|summary| summary.size as f64))?;
        for SizeSummary { size, median, scatter } in &self.sizes {
            check_magnitude(&format!("median at size {size}"), *median)?;
            check_magnitude(&format!("scatter at size {size}"), *scatter)?;
        }
        check_estimate("exponent", &self.exponent)?;
        check_signed("r_squared", self.r_squared)?;
        check_magnitude("factor", self.factor)?;
        let Some(Scalability { lambda, sigma, kappa, r_squared, peak }) = &self.scalability else {
            return Ok(());
        };
        for (name, estimate) in [("lambda", lambda), ("sigma", sigma), ("kappa", kappa)] {
            check_estimate(name, estimate)?;
        }
        check_signed("r_squared", *r_squared)?;
        check_magnitude("peak", peak.unwrap_or_default())
    }
}

impl Stages {
    fn validate(&self) -> Result<(), Rejected> {
        for stage in &self.stages {
            let name = &stage.stage;
            check_text("stage", name)?;
            check_magnitude(&format!("seconds of {name}"), stage.seconds)?;
            check_magnitude(&format!("mean_ms of {name}"), stage.mean_ms)?;
            check_magnitude(&format!("busy of {name}"), stage.busy)?;
        }
        check_text("bound_by", self.bound_by.as_deref().unwrap_or_default())
    }
}
