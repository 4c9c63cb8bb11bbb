//! `virtengine lab`: measuring networks under load.

mod files;
mod options;
mod run;

use super::output::Output;
use clap::{Args, Subcommand};
use eyre::{Context as _, Result, bail};
use options::{LoadArgs, NetworkArgs};
use serde_json::json;
use std::path::PathBuf;
use virtengine_lab::{
    baseline, compare, report,
    scenario::{self, Progress},
};

/// Measure networks under load.
#[derive(Args)]
pub(super) struct Lab {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    output: Output,
}

#[derive(Subcommand)]
enum Command {
    /// Put a load on a network and measure what becomes of it.
    Run(run::Run),
    /// List the scenarios.
    List,
    /// Hold results to the baselines; fails if a metric is critical.
    Check {
        /// Results of `lab run --json`.
        #[arg(required = true, value_name = "FILE")]
        results: Vec<PathBuf>,
        /// What results are held to.
        #[arg(long, default_value = files::BASELINES, value_name = "FILE")]
        baselines: PathBuf,
    },
    /// Show results on one page that needs no network.
    Report {
        /// Results of `lab run --json`.
        #[arg(required = true, value_name = "FILE")]
        results: Vec<PathBuf>,
        /// Where the page is written.
        #[arg(long, value_name = "FILE")]
        html: PathBuf,
        /// What results are held to; none if there is no such file.
        #[arg(long, default_value = files::BASELINES, value_name = "FILE")]
        baselines: PathBuf,
    },
    /// Compare two results of one scenario.
    Compare {
        /// The earlier result.
        before: PathBuf,
        /// The later result.
        after: PathBuf,
        /// Which way metrics improve; none if there is no such file.
        #[arg(long, default_value = files::BASELINES, value_name = "FILE")]
        baselines: PathBuf,
    },
    /// Sign market orders ahead for other load generators, such as k6.
    Presign {
        /// How many.
        #[arg(long, default_value_t = 10_000, value_name = "N")]
        count: usize,
        /// Where they are written.
        #[arg(long, value_name = "FILE")]
        json: PathBuf,
        #[command(flatten)]
        load: LoadArgs,
        #[command(flatten)]
        network: NetworkArgs,
    },
}

impl Lab {
    pub(super) fn run(self) -> Result<()> {
        let output = self.output;
        match self.command {
            Command::Run(run) => run.run(&output),
            Command::List => list(&output),
            Command::Check { results, baselines } => {
                let check = baseline::check(&files::results(&results)?, &files::baselines(&baselines)?);
                if output.is_json() {
                    super::output::json(&serde_json::to_value(&check)?)?;
                } else {
                    super::output::line(&check.table())?;
                }
                if check.is_critical() {
                    bail!("at least one metric is critical: see the reasons above");
                }
                Ok(())
            }
            Command::Report { results, html, baselines } => {
                let baselines = files::baselines_if_any(&baselines)?;
                let page = report::page(&files::results(&results)?, &baselines)?;
                files::write(&html, &page)?;
                super::output::line(&format!("wrote {}", html.display()))
            }
            Command::Compare { before, after, baselines } => {
                let (before, after) = (files::result(&before)?, files::result(&after)?);
                let comparison = compare::compare(&before, &after, &files::baselines_if_any(&baselines)?)?;
                if output.is_json() {
                    super::output::json(&serde_json::to_value(&comparison)?)
                } else {
                    super::output::line(&comparison.table())
                }
            }
            Command::Presign { count, json, load, network } => {
                if network.endpoint.is_empty() {
                    bail!("transactions are signed for a network that runs: name it with --endpoint");
                }
                let mut options = network.options()?;
                load.apply(&mut options);
                let signed = scenario::presign(&options, count, &Progress::stderr())?;
                let text = serde_json::to_string(&signed).wrap_err("failed to write transactions as JSON")?;
                files::write(&json, &text)?;
                super::output::line(&format!("wrote {count} transactions to {}", json.display()))
            }
        }
    }
}

fn list(output: &Output) -> Result<()> {
    let scenarios = scenario::all();
    let entries = scenarios.iter().map(|of| json!({"name": of.name(), "about": of.about()}));
    let list: Vec<_> = entries.collect();
    output.list(&json!({"scenarios": list}), "scenarios", &[("SCENARIO", "name"), ("MEASURES", "about")])
}
