//! A scenario at several sizes: what becomes worse with size, by which power of it, and what bounds it.

mod kept;
mod points;
#[cfg(test)]
mod tests;

pub use kept::Kept;

use super::{Interrupted, Options, Progress, Scenario};
use crate::result::{Failure, MAX_ERRORS, Machine, Metric, RunResult, Timestamp};
use eyre::Result;
use points::Points;
use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use serde_json::json;
use std::collections::BTreeSet;
use thiserror::Error;

/// Name of the document's scenario; the one that was analysed is a parameter.
const NAME: &str = "degradation";
/// Fewest sizes from which a class is told.
const MIN_SIZES: usize = 5;
/// The parameter that names the runs that failed, where any did.
const MISSING: &str = "missing";
/// Most of them that it names.
const MAX_NAMED: usize = 20;
/// Most runs of an analysis: days.
const MAX_RUNS: usize = 1_000;

/// The setting that is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Accounts that only fill the state.
    Size,
    /// Accounts that sign.
    Accounts,
    /// Connections to each node.
    Connections,
    /// Nodes.
    Validators,
    /// Providers of the market.
    Providers,
    /// Part of the load that one hot account takes part in, in percent.
    HotShare,
}

/// At which sizes a scenario is measured, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Analysis {
    /// The setting that is raised.
    pub over: Over,
    /// To these.
    pub sizes: Vec<u64>,
    /// Runs of each size.
    pub repeat: u32,
}

/// Why an analysis cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnalysisError {
    /// Too few different sizes.
    #[error("--sizes needs at least {MIN_SIZES} different ones, not {found}")]
    Sizes {
        /// How many there are.
        found: usize,
    },
    /// A size that the setting cannot have.
    #[error("--{option} cannot be {found}: --sizes are from 1 to {max}")]
    Size {
        /// The setting.
        option: &'static str,
        /// As given.
        found: u64,
        /// Its bound.
        max: u64,
    },
    /// No runs, or more than anybody waits for.
    #[error("--repeat {repeat} of {sizes} sizes makes {runs} runs: it must be from 1 to {MAX_RUNS}")]
    Runs {
        /// Of each size.
        repeat: u32,
        /// How many.
        sizes: usize,
        /// Their product.
        runs: usize,
    },
    /// The network is as it is.
    #[error("--{option} of a network that runs already cannot be raised: leave out --endpoint")]
    Given {
        /// The setting.
        option: &'static str,
    },
}

impl Over {
    /// The option of `lab run`.
    pub fn option(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Accounts => "accounts",
            Self::Connections => "connections",
            Self::Validators => "validators",
            Self::Providers => "providers",
            Self::HotShare => "hot-share",
        }
    }

    /// Sizes that suit it.
    pub fn usual(self) -> &'static [u64] {
        match self {
            Self::Size | Self::Accounts | Self::Providers => &[1_000, 3_000, 10_000, 30_000, 100_000],
            Self::Connections | Self::Validators => &[1, 2, 4, 8, 16],
            Self::HotShare => &[1, 10, 25, 50, 100],
        }
    }

    /// What is counted.
    fn unit(self) -> &'static str {
        match self {
            Self::Size => "accounts in the state",
            Self::Accounts => "accounts that sign",
            Self::Connections => "connections to each node",
            Self::Validators => "validators",
            Self::Providers => "providers",
            Self::HotShare => "percent with one hot account",
        }
    }

    /// Whether so many work at once, so that throughput follows the Universal Scalability Law.
    fn is_concurrency(self) -> bool {
        matches!(self, Self::Connections | Self::Validators)
    }

    /// Whether only a network of one's own has it.
    fn is_of_network(self) -> bool {
        matches!(self, Self::Size | Self::Validators)
    }

    fn max(self) -> u64 {
        match self {
            Self::Size => 100_000_000,
            Self::Accounts | Self::Providers => 1_000_000,
            Self::Connections => 10_000,
            Self::Validators => 32,
            Self::HotShare => 100,
        }
    }

    fn set(self, options: &mut Options, size: u64) {
        // Every bound fits all of these types.
        let count = usize::try_from(size).unwrap_or(usize::MAX);
        match self {
            Self::Size => options.size = size,
            Self::Accounts => options.accounts = count,
            Self::Connections => options.connections = Some(count),
            Self::Validators => options.validators = u16::try_from(size).unwrap_or(u16::MAX),
            Self::Providers => options.providers = count,
            Self::HotShare => options.hot_share = size as f64 / 100.0,
        }
    }
}

/// One run of an analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    size: u64,
    repetition: u32,
}

impl Analysis {
    /// Measures the scenario at every size, as often as asked, and says what becomes worse. Each run has a network of
    /// its own, and those of one repetition the same seed. A run that fails is a hole in the result: the others go on,
    /// and [`RunResult::parameters`] names it under `missing`. Finished runs are kept as they end.
    ///
    /// # Errors
    /// The analysis breaks a rule, a finished run cannot be kept, or somebody interrupts.
    pub fn run(
        &self,
        scenario: &dyn Scenario,
        options: &Options,
        kept: Option<&Kept>,
        progress: &Progress,
    ) -> Result<RunResult> {
        self.validate(options)?;
        let machine = Machine::read()?;
        let mut result =
            RunResult::new(NAME, options.seed, options.commit.clone(), Timestamp::now(), machine);
        let turns = self.turns(options.seed);
        let mut points = Points::default();
        let mut holes: Vec<(Turn, String)> = Vec::new();
        for (index, turn) in (1..).zip(&turns) {
            let Turn { size, repetition } = *turn;
            progress.say(&format!(
                "{index} of {}: {} {size}, repetition {} of {}",
                turns.len(),
                self.over.option(),
                repetition + 1,
                self.repeat
            ));
            let options = self.options(options, *turn);
            if let Some(run) = kept.and_then(|kept| kept.find(self, scenario, &options, *turn)) {
                progress.say("measured before");
                points.add(*turn, run);
                continue;
            }
            match scenario.run(&options, progress) {
                Ok(run) => {
                    if let Some(kept) = kept {
                        kept.put(self, scenario, &options, *turn, &run)?;
                    }
                    points.add(*turn, run);
                }
                Err(error) if error.is::<Interrupted>() => return Err(error),
                Err(error) => {
                    progress.say(&format!("failed: {error:#}"));
                    holes.push((*turn, format!("{error:#}")));
                }
            }
        }
        points.write(self, options.seed, &mut result);
        self.mark(holes, &mut result);
        let own = [
            ("scenario", json!(scenario.name())),
            ("over", json!(self.over.option())),
            ("sizes", json!(self.sizes())),
            ("repetitions", json!(self.repeat)),
            ("order", json!("each repetition passes all sizes, in an order drawn from the seed")),
        ];
        result.parameters.extend(own.map(|(name, value)| (name.to_owned(), value)));
        result.validate()?;
        Ok(result)
    }

    /// Marks the runs that failed.
    fn mark(&self, mut holes: Vec<(Turn, String)>, result: &mut RunResult) {
        holes.sort();
        let name =
            |turn: &Turn| format!("{} {}, repetition {}", self.over.option(), turn.size, turn.repetition + 1);
        let failures =
            holes.iter().map(|(turn, why)| Failure::new(&format!("no run of {}: {why}", name(turn)), 1));
        let failures: Vec<Failure> =
            failures.chain(std::mem::take(&mut result.errors)).take(MAX_ERRORS).collect();
        result.errors = failures;
        result.metrics.push(Metric::new("missing_runs", holes.len() as f64, "runs"));
        if !holes.is_empty() {
            let mut names: Vec<String> = holes.iter().take(MAX_NAMED).map(|(turn, _)| name(turn)).collect();
            names.extend((holes.len() > MAX_NAMED).then(|| format!("{} more", holes.len() - MAX_NAMED)));
            result.parameters.insert(MISSING.to_owned(), json!(names.join("; ")));
        }
    }

    /// Checks the analysis.
    ///
    /// # Errors
    /// The first rule that does not hold.
    pub fn validate(&self, options: &Options) -> Result<(), AnalysisError> {
        let (option, max) = (self.over.option(), self.over.max());
        let sizes = self.sizes();
        if let Some(found) = sizes.iter().copied().find(|size| !(1..=max).contains(size)) {
            return Err(AnalysisError::Size { option, found, max });
        }
        if sizes.len() < MIN_SIZES {
            return Err(AnalysisError::Sizes { found: sizes.len() });
        }
        let runs = sizes.len().saturating_mul(self.repeat as usize);
        if !(1..=MAX_RUNS).contains(&runs) {
            return Err(AnalysisError::Runs { repeat: self.repeat, sizes: sizes.len(), runs });
        }
        if self.over.is_of_network() && !options.endpoints.is_empty() {
            return Err(AnalysisError::Given { option });
        }
        Ok(())
    }

    /// Each size once, in order.
    fn sizes(&self) -> Vec<u64> {
        self.sizes.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// How many runs of a result failed.
    pub fn missing(result: &RunResult) -> usize {
        result.metric("missing_runs").map_or(0, |metric| metric.value as usize)
    }

    /// All runs, shuffled within each repetition: what the machine does meanwhile falls on all sizes alike.
    fn turns(&self, seed: u64) -> Vec<Turn> {
        let mut random = StdRng::seed_from_u64(seed ^ 0x7475_726e); // not the numbers of the schedule
        let round = |repetition| {
            let mut round: Vec<Turn> =
                self.sizes().into_iter().map(|size| Turn { size, repetition }).collect();
            round.shuffle(&mut random);
            round
        };
        (0..self.repeat).flat_map(round).collect()
    }

    fn options(&self, options: &Options, turn: Turn) -> Options {
        let mut options = options.clone();
        self.over.set(&mut options, turn.size);
        options.repeat = 1;
        options.seed = options.seed.wrapping_add(u64::from(turn.repetition));
        let folder = format!("{}-{}-{}", self.over.option(), turn.size, turn.repetition);
        options.home = options.home.map(|home| home.join(folder));
        options
    }
}
