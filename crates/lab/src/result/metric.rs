//! One figure of a run.

use serde::{Deserialize, Serialize};

use super::{Rejected, check_magnitude, check_name, check_text};

/// How far a ratio may be from value over limit: decimals are lost in text.
const RATIO_TOLERANCE: f64 = 1e-6;

/// A named figure, what was hoped for, and what the machine could do at best.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Lower-case with the unit at its end where it has one, as `latency_p99_ms`.
    pub name: String,
    /// What was measured; finite and not negative.
    pub value: f64,
    /// Of `value`, `target`, `critical` and `limit`.
    pub unit: String,
    /// From the baselines: at this or better it passes.
    pub target: Option<f64>,
    /// From the baselines: at worse than this it is critical.
    pub critical: Option<f64>,
    /// What the machine could do at best, measured in the same run.
    pub limit: Option<f64>,
    /// `value / limit`.
    pub ratio: Option<f64>,
    /// From the baselines; none until [`crate::baseline::Baselines::judge`], or if none names this metric.
    pub verdict: Option<Verdict>,
}

/// What the baselines say of a metric. Ordered from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The target holds.
    Pass,
    /// Short of the target, or at least twice as bad as the stored baseline.
    Warning,
    /// Beyond the critical bound, more than ten times as bad as the stored baseline, or absent.
    Critical,
}

/// Which way a metric improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// As throughput.
    Higher,
    /// As latency.
    Lower,
}

impl Metric {
    /// A figure that is not judged yet and has no limit.
    pub fn new(name: &str, value: f64, unit: &str) -> Self {
        Self {
            name: name.into(),
            value,
            unit: unit.into(),
            target: None,
            critical: None,
            limit: None,
            ratio: None,
            verdict: None,
        }
    }

    /// With what the machine could do at best, measured in the same run. A limit of 0 gives no ratio.
    #[must_use]
    pub fn with_limit(self, limit: f64) -> Self {
        let ratio = (limit > 0.0).then(|| self.value / limit);
        Self { limit: Some(limit), ratio, ..self }
    }

    pub(super) fn validate(&self) -> Result<(), Rejected> {
        check_name("metric", &self.name)?;
        let name = &self.name;
        check_text(&format!("unit of {name}"), &self.unit)?;
        check_magnitude(&format!("value of {name}"), self.value)?;
        for (what, number) in [
            ("target", self.target),
            ("critical bound", self.critical),
            ("limit", self.limit),
            ("ratio", self.ratio),
        ] {
            if let Some(number) = number {
                check_magnitude(&format!("{what} of {name}"), number)?;
            }
        }
        let Some(ratio) = self.ratio else { return Ok(()) };
        let agrees = self.limit.is_some_and(|limit| {
            (ratio * limit - self.value).abs() <= RATIO_TOLERANCE * self.value.max(limit)
        });
        if !agrees {
            return Err(Rejected::Ratio { name: name.clone(), ratio, value: self.value, limit: self.limit });
        }
        Ok(())
    }
}

impl Verdict {
    /// As in the document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl Better {
    /// As in the baselines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        }
    }

    /// Whether `value` is at `bound` or on its good side.
    pub fn reaches(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Higher => value >= bound,
            Self::Lower => value <= bound,
        }
    }
}
