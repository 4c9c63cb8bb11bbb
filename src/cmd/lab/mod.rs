//! `virtengine lab`: measuring networks under load.

mod degradation;
mod files;
mod options;
mod presign;
mod run;

use super::output::Output;
use clap::{Args, Subcommand};
use eyre::{Result, bail};
use serde_json::json;
use std::path::PathBuf;
use virtengine_lab::{baseline, compare, report, scenario};

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
    /// Run a scenario at many sizes and say what becomes worse with size.
    Degradation(degradation::Degradation),
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
    /// Sign market transactions ahead for other load generators, such as k6.
    Presign(presign::Presign),
}

impl Lab {
    pub(super) fn run(self) -> Result<()> {
        let output = self.output;
        match self.command {
            Command::Run(run) => run.run(&output),
            Command::Degradation(degradation) => degradation.run(&output),
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
            Command::Presign(presign) => presign.run(),
        }
    }
}

fn list(output: &Output) -> Result<()> {
    let scenarios = scenario::all();
    let entries = scenarios.iter().map(|of| json!({"name": of.name(), "about": of.about()}));
    let list: Vec<_> = entries.collect();
    output.list(&json!({"scenarios": list}), "scenarios", &[("SCENARIO", "name"), ("MEASURES", "about")])
}
