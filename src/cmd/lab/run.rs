//! `virtengine lab run`.

use super::{
    files,
    options::{LoadArgs, NetworkArgs, RateArgs},
};
use crate::cmd::output::{self, Output};
use clap::Args;
use comfy_table::{Table, presets};
use eyre::Result;
use std::path::PathBuf;
use virtengine_lab::{
    baseline::{Baselines, Judged},
    report,
    result::{Growth, Metric, RunResult, Scaling, Series, Stages},
    scenario::{self, Options, Progress, Scenario},
};

#[derive(Args)]
pub(super) struct Run {
    /// What to measure: see `lab list`.
    scenario: String,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    rate: RateArgs,
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    kept: Kept,
}

/// Where a result is written, and what it is held to.
#[derive(Args)]
pub(super) struct Kept {
    /// Write the result here.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with the result here.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// What the result is held to; nothing if there is no such file.
    #[arg(long, default_value = files::BASELINES, value_name = "FILE")]
    baselines: PathBuf,
}

impl Run {
    pub(super) fn run(self, output: &Output) -> Result<()> {
        let scenario = scenario::find(&self.scenario)?;
        let baselines = self.kept.baselines()?;
        let options = options(scenario.as_ref(), &self.network, &self.load, &self.rate)?;
        let result = scenario.run(&options, &Progress::stderr())?;
        self.kept.keep(result, &baselines, output)
    }
}

/// The settings of a scenario as the flags change them.
pub(super) fn options(
    scenario: &dyn Scenario,
    network: &NetworkArgs,
    load: &LoadArgs,
    rate: &RateArgs,
) -> Result<Options> {
    let mut options = network.options()?;
    scenario.defaults(&mut options);
    load.apply(&mut options);
    rate.apply(&mut options);
    Ok(options)
}

impl Kept {
    pub(super) fn baselines(&self) -> Result<Baselines> {
        files::baselines_if_any(&self.baselines)
    }

    /// The folder beside the result in which the runs of an analysis are kept.
    pub(super) fn runs(&self) -> Option<PathBuf> {
        self.json.as_ref().map(|json| json.with_extension("runs"))
    }

    /// Judges a result, writes it to its files and shows it.
    pub(super) fn keep(&self, mut result: RunResult, baselines: &Baselines, output: &Output) -> Result<()> {
        let judged = baselines.judge(&mut result);
        let text = result.to_json()?;
        if let Some(path) = &self.json {
            files::write(path, &text)?;
        }
        if let Some(path) = &self.html {
            files::write(path, &report::page(std::slice::from_ref(&result), baselines)?)?;
        }
        if output.is_json() {
            return output::line(text.trim_end());
        }
        output::line(&table(&result, &judged))
    }
}

/// The figures with what was hoped for, what the machine could do at best, and the verdict.
fn table(result: &RunResult, judged: &Judged) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["metric", "value", "unit", "target", "limit", "ratio", "verdict"]);
    let cell = |number: Option<f64>| number.map_or_else(|| "-".to_owned(), number_of);
    for metric in &result.metrics {
        let Metric { name, value, unit, target, limit, ratio, verdict, .. } = metric;
        let verdict = verdict.map_or("-", |verdict| verdict.as_str());
        table.add_row([
            name,
            &number_of(*value),
            unit,
            &cell(*target),
            &cell(*limit),
            &cell(*ratio),
            verdict,
        ]);
    }
    let mut text = table.to_string();
    for series in &result.series {
        match series {
            Series::Stages(Stages { bound_by: Some(bound_by), name, .. }) => {
                text.push_str(&format!("\nbusiest of {name}: {bound_by}"));
            }
            Series::Scaling(series) => text.push_str(&format!("\n{}", growth_of(series))),
            _ => {}
        }
    }
    for finding in judged.findings.iter().filter(|finding| finding.value.is_none()) {
        text.push_str(&format!("\ncritical: {} is {}", finding.metric, finding.reason()));
    }
    for finding in judged.findings.iter().filter(|finding| finding.reachable.is_some()) {
        text.push_str(&format!("\n{} is not judged: {}", finding.metric, finding.reason()));
    }
    for failure in &result.errors {
        text.push_str(&format!("\n{} x {}", failure.count, failure.reason));
    }
    text
}

/// How an operation grows with size, in a line.
fn growth_of(series: &Scaling) -> String {
    let Scaling { name, unit, size_unit, growth, .. } = series;
    let Some(Growth { sizes, exponent, factor, class, .. }) = growth else {
        return format!("{name}: no law fitted");
    };
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else { return format!("{name}: no sizes") };
    let change =
        if *factor >= 1.0 { format!("{factor:.2}x worse") } else { format!("{:.2}x better", 1.0 / factor) };
    format!(
        "{name}: {} to {} {unit} from {} to {} {size_unit}, {change}, {}; exponent {:.2} ({:.2} to {:.2})",
        number_of(first.median),
        number_of(last.median),
        first.size,
        last.size,
        class.as_str(),
        exponent.value,
        exponent.low,
        exponent.high
    )
}

/// To four digits, whole above a thousand.
fn number_of(number: f64) -> String {
    match number.abs() {
        size if size >= 1_000.0 || size.fract() == 0.0 => format!("{number:.0}"),
        size if size >= 1.0 => format!("{number:.2}"),
        _ => format!("{number:.4}"),
    }
}
