//! The document in which a run of a scenario is kept.
//!
//! One JSON object a run. Files come from other machines and other commits, so reading trusts nothing: sizes are
//! bounded, numbers are finite and not negative, names and texts follow a rule. Writing holds to the same rules, so
//! that what one program writes the next can read.
//!
//! - [`RunResult`] is the document, [`Metric`] one figure in it, [`Series`] what charts are drawn from
//! - [`Machine::read`] and [`Commit::read`] say where and of what a result was measured

mod commit;
mod degradation;
mod document;
mod machine;
mod metric;
mod rejected;
mod rules;
mod series;
#[cfg(test)]
pub(crate) mod tests;
mod timestamp;
mod usage;

pub use commit::{Commit, CommitError};
pub use degradation::Degradation;
pub use document::{Failure, RunResult};
pub use machine::{Machine, MachineError};
pub use metric::{Better, Metric, Verdict};
pub use rejected::Rejected;
pub use rules::{
    MAX_BYTES, MAX_ERRORS, MAX_METRICS, MAX_NAME, MAX_NUMBER, MAX_PARAMETER, MAX_PARAMETERS, MAX_POINTS,
    MAX_SERIES, MAX_TEXT,
};
pub(crate) use rules::{check_count, check_magnitude, check_name, check_text, check_unique, decode};
pub use series::{
    Growth, LatencyByLoad, LoadPoint, Measure, OverTime, Percentiles, Repetitions, Scalability, Scaling,
    ScalingPoint, Series, SizeSummary, Stage, Stages, TimePoint,
};
pub use timestamp::{Timestamp, TimestampError};
pub use usage::{Held, HeldPoint};
