//! How much worse than its stored baseline a metric is.

use serde::{Deserialize, Serialize};

use super::{Better, Verdict};

/// The classes of `scaling-recommendations.md`: below 2x acceptable, 2-5x warning, 5-10x high, above 10x critical.
/// A border belongs to the worse class, but 10x itself is high, as only more is critical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Degradation {
    /// Below 2x, or better than the baseline.
    Acceptable,
    /// From 2x to below 5x.
    Warning,
    /// From 5x to 10x.
    High,
    /// Above 10x.
    Critical,
}

impl Degradation {
    /// The class of a factor.
    pub fn of(factor: f64) -> Self {
        if factor < 2.0 {
            Self::Acceptable
        } else if factor < 5.0 {
            Self::Warning
        } else if factor <= 10.0 {
            Self::High
        } else {
            Self::Critical
        }
    }

    /// How many times as bad `value` is as `baseline`: above 1 is worse. Infinite where a throughput fell to 0; none
    /// if the baseline is 0, of which nothing is a multiple.
    pub fn factor(better: Better, baseline: f64, value: f64) -> Option<f64> {
        if baseline <= 0.0 {
            return None;
        }
        Some(match better {
            Better::Higher => baseline / value,
            Better::Lower => value / baseline,
        })
    }

    /// The class as a verdict: high is a warning, so that only what is more than 10x worse stops a merge.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Acceptable => Verdict::Pass,
            Self::Warning | Self::High => Verdict::Warning,
            Self::Critical => Verdict::Critical,
        }
    }

    /// As in the documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acceptable => "acceptable",
            Self::Warning => "warning",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}
