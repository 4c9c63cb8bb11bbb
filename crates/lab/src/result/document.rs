//! The document itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use super::{
    Commit, MAX_ERRORS, MAX_METRICS, MAX_PARAMETER, MAX_PARAMETERS, MAX_SERIES, MAX_TEXT, Machine, Metric,
    Rejected, Repetitions, Series, Timestamp, Verdict, check_count, check_name, check_text, check_unique,
    decode, rules::clean,
};

/// One run of one scenario: what was asked, where it ran and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunResult {
    /// Its name, as `lab run` takes it.
    pub scenario: String,
    /// From which everything random was drawn.
    pub seed: u64,
    /// The commit that was measured.
    pub commit: Commit,
    /// When the run began, in UTC.
    pub started_at: Timestamp,
    /// Where it ran.
    pub machine: Machine,
    /// Every setting that decides the figures, by name. Baselines are chosen by these.
    pub parameters: BTreeMap<String, Value>,
    /// The figures, those that matter most first, as the report shows the first ones large.
    pub metrics: Vec<Metric>,
    /// What charts and details are drawn from.
    pub series: Vec<Series>,
    /// What failed during the run.
    pub errors: Vec<Failure>,
}

/// One kind of error of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// Why, as one would search for it.
    pub reason: String,
    /// How often.
    pub count: u64,
}

impl Failure {
    /// A failure with a reason of any text. The reason is cut to [`MAX_TEXT`] characters and freed of control
    /// characters, so that what a node answered cannot make the result of a run unreadable.
    pub fn new(reason: &str, count: u64) -> Self {
        Self { reason: clean(reason, MAX_TEXT), count }
    }
}

impl RunResult {
    /// A result without figures yet.
    pub fn new(scenario: &str, seed: u64, commit: Commit, started_at: Timestamp, machine: Machine) -> Self {
        Self {
            scenario: scenario.into(),
            seed,
            commit,
            started_at,
            machine,
            parameters: BTreeMap::new(),
            metrics: Vec::new(),
            series: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Reads a document of at most [`super::MAX_BYTES`].
    ///
    /// # Errors
    /// - `TooLarge`, `Malformed` - not such a document
    /// - the others as [`Self::validate`]
    pub fn from_json(bytes: &[u8]) -> Result<Self, Rejected> {
        let result: Self = decode(bytes)?;
        result.validate()?;
        Ok(result)
    }

    /// The document as indented JSON, ending in a newline.
    ///
    /// # Errors
    /// As [`Self::validate`]: a document that could not be read is not written.
    pub fn to_json(&self) -> Result<String, Rejected> {
        self.validate()?;
        let mut text =
            serde_json::to_string_pretty(self).map_err(|e| Rejected::Malformed { cause: e.to_string() })?;
        text.push('\n');
        Ok(text)
    }

    /// Holds the document to its bounds.
    ///
    /// # Errors
    /// - `Name`, `LongText`, `ControlCharacter` - a name or text against its rule
    /// - `TooMany` - a list above its bound
    /// - `Duplicate` - two metrics, or two series of repetitions, with one name
    /// - `NotMagnitude`, `OutOfRange`, `Falling`, `Ratio` - a number against its rule
    pub fn validate(&self) -> Result<(), Rejected> {
        check_name("scenario", &self.scenario)?;
        self.machine.validate()?;
        check_count("parameters", self.parameters.len(), MAX_PARAMETERS)?;
        for (name, value) in &self.parameters {
            check_name("parameter", name)?;
            let found = value.to_string().len();
            if found > MAX_PARAMETER {
                let what = format!("parameter {name} as JSON");
                return Err(Rejected::LongText { what, found, max: MAX_PARAMETER });
            }
            if let Value::String(text) = value {
                check_text(&format!("parameter {name}"), text)?;
            }
        }
        check_count("metrics", self.metrics.len(), MAX_METRICS)?;
        check_unique("metric", self.metrics.iter().map(|metric| metric.name.as_str()))?;
        self.metrics.iter().try_for_each(Metric::validate)?;
        check_count("series", self.series.len(), MAX_SERIES)?;
        self.series.iter().try_for_each(Series::validate)?;
        check_unique("repetitions of", self.repetitions().map(|repetitions| repetitions.name.as_str()))?;
        check_count("errors", self.errors.len(), MAX_ERRORS)?;
        self.errors.iter().try_for_each(|failure| check_text("reason of an error", &failure.reason))
    }

    /// The metric of that name.
    pub fn metric(&self, name: &str) -> Option<&Metric> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    /// The worst verdict of its metrics; none if no metric was judged.
    pub fn verdict(&self) -> Option<Verdict> {
        self.metrics.iter().filter_map(|metric| metric.verdict).max()
    }

    /// The values of a metric in each repetition, if the run repeated it.
    pub fn repetitions_of(&self, metric: &str) -> Option<&Repetitions> {
        self.repetitions().find(|repetitions| repetitions.name == metric)
    }

    fn repetitions(&self) -> impl Iterator<Item = &Repetitions> {
        self.series.iter().filter_map(|series| match series {
            Series::Repetitions(repetitions) => Some(repetitions),
            _ => None,
        })
    }
}
