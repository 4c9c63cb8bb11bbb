//! The file of baselines.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use crate::result::{
    Better, MAX_METRICS, MAX_PARAMETERS, Rejected, RunResult, check_count, check_magnitude, check_name,
    check_text, check_unique, decode,
};

/// Most cases of a file.
const MAX_CASES: usize = 1_000;

/// What results are held to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baselines {
    /// In order: a later case overrides the metrics of an earlier one.
    pub cases: Vec<Case>,
}

/// What one scenario should reach under certain parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The scenario.
    pub scenario: String,
    /// Parameters that a result must have, with their values. None fit every result of the scenario.
    pub when: BTreeMap<String, Value>,
    /// Where the figures are from.
    pub source: String,
    /// What is expected.
    pub metrics: Vec<Expected>,
}

/// What one metric should be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The metric's name.
    pub name: String,
    /// Its unit, of the three numbers too.
    pub unit: String,
    /// Which way it improves.
    pub better: Better,
    /// At this or better it passes; none if it only has to be there.
    pub target: Option<f64>,
    /// At worse than this it is critical; exactly this is a warning.
    pub critical: Option<f64>,
    /// What was measured when it was last accepted; none until somebody measured it.
    pub baseline: Option<f64>,
}

impl Baselines {
    /// Reads a file of baselines.
    ///
    /// # Errors
    /// - `TooLarge`, `Malformed` - not such a file
    /// - `TooMany`, `Name`, `LongText`, `ControlCharacter` - a list, name or text against its rule
    /// - `Duplicate` - a case names a metric twice
    /// - `NotMagnitude`, `Swapped` - a number against its rule
    pub fn from_json(bytes: &[u8]) -> Result<Self, Rejected> {
        let baselines: Self = decode(bytes)?;
        check_count("cases", baselines.cases.len(), MAX_CASES)?;
        baselines.cases.iter().try_for_each(Case::validate)?;
        Ok(baselines)
    }

    /// What is expected of a result, metric by metric in the order of the file.
    pub fn expected(&self, result: &RunResult) -> Vec<&Expected> {
        let mut found: Vec<&Expected> = Vec::new();
        for metric in self.cases.iter().filter(|case| case.fits(result)).flat_map(|case| &case.metrics) {
            match found.iter_mut().find(|earlier| earlier.name == metric.name) {
                Some(earlier) => *earlier = metric,
                None => found.push(metric),
            }
        }
        found
    }

    /// The scenarios that have a case.
    pub fn scenarios(&self) -> BTreeSet<&str> {
        self.cases.iter().map(|case| case.scenario.as_str()).collect()
    }
}

impl Case {
    fn fits(&self, result: &RunResult) -> bool {
        self.scenario == result.scenario
            && self.when.iter().all(|(name, value)| result.parameters.get(name) == Some(value))
    }

    fn validate(&self) -> Result<(), Rejected> {
        check_name("scenario", &self.scenario)?;
        check_count("when", self.when.len(), MAX_PARAMETERS)?;
        self.when.keys().try_for_each(|name| check_name("parameter", name))?;
        check_text("source", &self.source)?;
        check_count("metrics", self.metrics.len(), MAX_METRICS)?;
        check_unique("metric", self.metrics.iter().map(|metric| metric.name.as_str()))?;
        self.metrics.iter().try_for_each(Expected::validate)
    }
}

impl Expected {
    fn validate(&self) -> Result<(), Rejected> {
        check_name("metric", &self.name)?;
        check_text("unit", &self.unit)?;
        for number in [self.target, self.critical, self.baseline].into_iter().flatten() {
            check_magnitude(&self.name, number)?;
        }
        let (Some(target), Some(critical)) = (self.target, self.critical) else { return Ok(()) };
        if !self.better.reaches(target, critical) {
            let (name, better) = (self.name.clone(), self.better.as_str());
            return Err(Rejected::Swapped { name, target, critical, better });
        }
        Ok(())
    }
}
