//! `virtengine lab degradation`.

use super::{
    options::{LoadArgs, NetworkArgs, RateArgs},
    run::{Kept as Files, options},
};
use crate::cmd::output::Output;
use clap::{Args, ValueEnum};
use eyre::{Result, bail};
use virtengine_lab::scenario::{self, Analysis, Kept, Over, Progress};

/// Runs of each size unless told otherwise: the fewest from which one bad run can be told.
const REPEAT: u32 = 3;

#[derive(Args)]
pub(super) struct Degradation {
    /// What to measure: see `lab list`.
    scenario: String,
    /// At least five sizes, each run as often as --repeat says (3); default those that suit the flag.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',')]
    sizes: Vec<u64>,
    /// The flag that takes the sizes; default the scenario's own size.
    #[arg(long, value_enum)]
    over: Option<OverName>,
    /// Reuse the runs that an earlier analysis with this --json has finished with the same settings and commit.
    #[arg(long, requires = "json")]
    resume: bool,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    rate: RateArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    kept: Files,
}

#[derive(Clone, Copy, ValueEnum)]
enum OverName {
    /// Accounts that only fill the state.
    Size,
    /// Accounts that sign.
    Accounts,
    /// Connections to each node.
    Connections,
    /// Validators.
    Validators,
    /// Providers of the market.
    Providers,
    /// Part of the load with one hot account, in percent.
    HotShare,
}

impl Degradation {
    pub(super) fn run(self, output: &Output) -> Result<()> {
        let scenario = scenario::find(&self.scenario)?;
        let baselines = self.kept.baselines()?;
        let options = options(scenario.as_ref(), &self.network, &self.load, &self.rate)?;
        let over = self.over.map_or_else(
            || scenario.size(),
            |over| match over {
                OverName::Size => Over::Size,
                OverName::Accounts => Over::Accounts,
                OverName::Connections => Over::Connections,
                OverName::Validators => Over::Validators,
                OverName::Providers => Over::Providers,
                OverName::HotShare => Over::HotShare,
            },
        );
        let sizes = if self.sizes.is_empty() { over.usual().to_vec() } else { self.sizes };
        let analysis = Analysis { over, sizes, repeat: self.rate.repeat.unwrap_or(REPEAT) };
        let runs = self.kept.runs().map(|folder| Kept::new(folder, self.resume));
        let result = analysis.run(scenario.as_ref(), &options, runs.as_ref(), &Progress::stderr())?;
        let missing = Analysis::missing(&result);
        self.kept.keep(result, &baselines, output)?;
        match (missing, runs) {
            (0, _) => Ok(()),
            (_, Some(runs)) => bail!(
                "{missing} runs failed and are missing: the others are in {}, and --resume measures only these",
                runs.folder().display()
            ),
            (_, None) => bail!("{missing} runs failed and are missing: with --json the others would be kept"),
        }
    }
}
