//! `virtengine lab degradation`.

use super::{
    options::{LoadArgs, NetworkArgs, RateArgs},
    run::{Kept, options},
};
use crate::cmd::output::Output;
use clap::{Args, ValueEnum};
use eyre::Result;
use virtengine_lab::scenario::{self, Analysis, Over, Progress};

/// Runs of each size unless told otherwise: the fewest from which one bad run can be told.
const REPEAT: u32 = 3;

#[derive(Args)]
pub(super) struct Degradation {
    /// What to measure: see `lab list`.
    scenario: String,
    /// At least five sizes, each run as often as --repeat says (3).
    #[arg(
        long,
        value_name = "N,N,...",
        value_delimiter = ',',
        default_value = "1000,3000,10000,30000,100000"
    )]
    sizes: Vec<u64>,
    /// The flag that takes the sizes; default the scenario's own size.
    #[arg(long, value_enum)]
    over: Option<OverName>,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    rate: RateArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    kept: Kept,
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
            },
        );
        let analysis = Analysis { over, sizes: self.sizes, repeat: self.rate.repeat.unwrap_or(REPEAT) };
        let result = analysis.run(scenario.as_ref(), &options, &Progress::stderr())?;
        self.kept.keep(result, &baselines, output)
    }
}
