//! What a node held while the run went on.

use serde::{Deserialize, Serialize};

use super::{
    MAX_POINTS, Rejected, check_count, check_magnitude,
    rules::{check_estimate, check_rising},
};
use crate::statistics::Estimate;

/// Memory and tasks of a node while the run went on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// Of which node, as `node0`.
    pub name: String,
    /// Resident memory in bytes, in order of time.
    pub memory: Vec<HeldPoint>,
    /// Tasks of its runtime, in order of time; none if the node does not tell.
    pub tasks: Vec<HeldPoint>,
    /// Bytes that the memory grew by each minute of the second half; none if the run was too short to tell.
    pub memory_per_minute: Option<Estimate>,
    /// The same of the tasks.
    pub tasks_per_minute: Option<Estimate>,
}

/// A quantity at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldPoint {
    /// Since the run's start.
    pub at_seconds: f64,
    /// How much.
    pub value: f64,
}

impl Held {
    pub(super) fn validate(&self) -> Result<(), Rejected> {
        for (what, points) in [("memory", &self.memory), ("tasks", &self.tasks)] {
            check_count(what, points.len(), MAX_POINTS)?;
            check_rising("at_seconds", points.iter().map(|point| point.at_seconds))?;
            points.iter().try_for_each(|point| check_magnitude(what, point.value))?;
        }
        for (what, growth) in
            [("memory_per_minute", self.memory_per_minute), ("tasks_per_minute", self.tasks_per_minute)]
        {
            growth.as_ref().map_or(Ok(()), |growth| check_estimate(what, growth))?;
        }
        Ok(())
    }
}
