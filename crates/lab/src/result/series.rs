//! What charts are drawn from: one type a kind of chart, so that a file cannot mix them up.

mod validate;

use serde::{Deserialize, Serialize};

use super::{Better, Degradation, Held};
use crate::statistics::Estimate;

/// One series; `kind` says which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Series {
    /// Throughput and latency while the run went on.
    OverTime(OverTime),
    /// Latency at each offered rate of a saturation search.
    LatencyByLoad(LatencyByLoad),
    /// The distribution of a latency.
    Percentiles(Percentiles),
    /// A cost or a throughput at several sizes.
    Scaling(Scaling),
    /// Where time went.
    Stages(Stages),
    /// What a node held while the run went on.
    Held(Held),
    /// A metric in each repetition, from which its noise is known.
    Repetitions(Repetitions),
}

/// Throughput and latency while the run went on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverTime {
    /// What was driven, as `single calls`.
    pub name: String,
    /// In order of time.
    pub points: Vec<TimePoint>,
}

/// One interval of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimePoint {
    /// Start of the interval, in seconds since the run's.
    pub at_seconds: f64,
    /// Arrivals scheduled a second.
    pub offered_per_second: f64,
    /// Operations that became final a second.
    pub committed_per_second: f64,
    /// Operations that failed a second.
    pub errors_per_second: f64,
    /// Median latency, from scheduled arrival to finality; none if nothing became final.
    pub p50_ms: Option<f64>,
    /// 99th percentile of the same.
    pub p99_ms: Option<f64>,
}

/// Latency at each offered rate of a saturation search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyByLoad {
    /// What was driven.
    pub name: String,
    /// In order of the offered rate.
    pub points: Vec<LoadPoint>,
    /// The highest offered rate that held; none if none did.
    pub knee_per_second: Option<f64>,
    /// What was the limit beyond the knee: a stage of the node, or `generator`.
    pub bound_by: Option<String>,
}

/// One step of a saturation search.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadPoint {
    /// Arrivals scheduled a second.
    pub offered_per_second: f64,
    /// Operations that became final a second.
    pub committed_per_second: f64,
    /// Median latency from scheduled arrival to finality.
    pub p50_ms: f64,
    /// 95th percentile of the same.
    pub p95_ms: f64,
    /// 99th percentile of the same.
    pub p99_ms: f64,
    /// Failed of all scheduled, 0 to 1.
    pub error_rate: f64,
    /// 99th percentile of how late the generator itself sent, which tells its own limit from the system's.
    pub generator_late_ms: f64,
}

/// The distribution of a latency, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Percentiles {
    /// What was timed, as `submit to final`.
    pub name: String,
    /// How many were timed.
    pub count: u64,
    /// Their mean.
    pub mean_ms: f64,
    /// Their median.
    pub p50_ms: f64,
    /// 90th percentile.
    pub p90_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// 99.9th percentile.
    pub p999_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// A cost or a throughput at several sizes, several times each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// The operation.
    pub name: String,
    /// What the values are, which decides the law that is fitted.
    pub measure: Measure,
    /// What is counted by the size, as `accounts` or `clients`.
    pub size_unit: String,
    /// Of the values, as `us/op` or `tx/s`.
    pub unit: String,
    /// In any order.
    pub points: Vec<ScalingPoint>,
    /// What was fitted to the points; none if there are too few sizes.
    pub growth: Option<Growth>,
    /// The named bottleneck at the largest size.
    pub bound_by: Option<String>,
}

/// What a scaling series measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// Cost of one operation, which should not rise.
    Cost,
    /// Operations a second at such a size, which should not fall.
    Throughput,
    /// Operations a second by so many at once: the Universal Scalability Law is fitted too.
    Concurrency,
}

impl Measure {
    /// Which way it improves.
    pub fn better(self) -> Better {
        match self {
            Self::Cost => Better::Lower,
            Self::Throughput | Self::Concurrency => Better::Higher,
        }
    }
}

/// What the points of a scaling series come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// The repetitions of each size, in order of size.
    pub sizes: Vec<SizeSummary>,
    /// Power of the size with which values grow: 0 is constant, 1 linear, below 0 falling.
    pub exponent: Estimate,
    /// Part of the variance of the logarithms that this power explains.
    pub r_squared: f64,
    /// How many times as bad the median at the largest size is as that at the smallest: above 1 is worse.
    pub factor: f64,
    /// The class of that factor.
    pub class: Degradation,
    /// Of throughput by so many at once, if it could be fitted.
    pub scalability: Option<Scalability>,
}

/// The repetitions of one size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SizeSummary {
    /// How large.
    pub size: u64,
    /// Their median.
    pub median: f64,
    /// Median distance from it.
    pub scatter: f64,
}

/// The Universal Scalability Law, as fitted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scalability {
    /// Throughput of one.
    pub lambda: Estimate,
    /// Contention.
    pub sigma: Estimate,
    /// Coherency.
    pub kappa: Estimate,
    /// Part of the variance that the law explains.
    pub r_squared: f64,
    /// The size of most throughput; none if none is seen.
    pub peak: Option<f64>,
}

/// One measurement at one size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScalingPoint {
    /// How large, at least 1.
    pub size: u64,
    /// Which repetition, from 0.
    pub repetition: u32,
    /// At least 1e-12, as its logarithm is used.
    pub value: f64,
}

/// Where the time of the nodes went in the measured window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stages {
    /// Of what, as `validators, repetition 2`.
    pub name: String,
    /// In order of their names.
    pub stages: Vec<Stage>,
    /// What was busiest, and so bounded the rate or would be the first to: a stage, another part of the machine, or
    /// `generator`.
    pub bound_by: Option<String>,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its name, as the node's metrics have it.
    pub stage: String,
    /// In it, of all nodes together.
    pub seconds: f64,
    /// How often it was passed, of all nodes together.
    pub count: u64,
    /// Mean time of one pass.
    pub mean_ms: f64,
    /// Seconds in it for each second of the window, at the node at which that is most. Stages overlap, so these need
    /// not add up to 1, and one of which several run at once can exceed it.
    pub busy: f64,
}

/// A metric in each repetition of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repetitions {
    /// The metric's name; its value is their median.
    pub name: String,
    /// In order of the repetitions, in the metric's unit.
    pub values: Vec<f64>,
}

impl Series {
    /// What it is of.
    pub fn name(&self) -> &str {
        match self {
            Self::OverTime(series) => &series.name,
            Self::LatencyByLoad(series) => &series.name,
            Self::Percentiles(series) => &series.name,
            Self::Scaling(series) => &series.name,
            Self::Stages(series) => &series.name,
            Self::Held(series) => &series.name,
            Self::Repetitions(series) => &series.name,
        }
    }
}
