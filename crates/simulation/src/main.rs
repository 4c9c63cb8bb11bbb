//! `virtengine-world`: 50 validators around the world in virtual time.

use clap::Parser;
use eyre::{Context as _, Result, bail};
use std::{path::PathBuf, time::Duration};
use virtengine_lab::{
    baseline::Baselines,
    result::{Commit, Timestamp},
};
use virtengine_simulation::{World, report};

/// Simulates validators in ten regions of the world and says how soon transactions are final.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Validators, which take turns in being in one of the regions.
    #[arg(long, default_value_t = 50, value_name = "N")]
    validators: usize,
    /// Transactions a second, from all regions.
    #[arg(long, default_value_t = 200.0, value_name = "TPS")]
    rate: f64,
    /// Virtual seconds of load, of which the first two, at most a fifth, are not measured.
    #[arg(long, default_value_t = 20.0, value_name = "SECONDS")]
    duration: f64,
    /// What a node can send and receive, in megabits a second; 0 for no bound.
    #[arg(long, default_value_t = 1_000, value_name = "MBIT")]
    bandwidth: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Runs, each with the next seed.
    #[arg(long, default_value_t = 3, value_name = "N")]
    seeds: u64,
    /// Shortest time between blocks that are not full, in milliseconds; default that of the node.
    #[arg(long, value_name = "MS")]
    min_block_interval: Option<u64>,
    /// Write the result here, for `virtengine lab check`, `report` and `compare`.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// What the result is held to; nothing if there is no such file.
    #[arg(long, default_value = "baselines/scale.json", value_name = "FILE")]
    baselines: PathBuf,
    /// Commit that is simulated; default that of the tree in which the program lies.
    #[arg(long, value_name = "HASH")]
    commit: Option<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.seeds == 0 {
        bail!("--seeds must be above 0, got 0");
    }
    let duration = Duration::try_from_secs_f64(arguments.duration)?;
    let mut world = World {
        validators: arguments.validators,
        rate: arguments.rate,
        duration,
        warm_up: Duration::from_secs(2).min(duration / 5),
        bandwidth: (arguments.bandwidth > 0).then(|| arguments.bandwidth.saturating_mul(1_000_000)),
        ..World::default()
    };
    if let Some(interval) = arguments.min_block_interval {
        world.config.min_block_interval = Duration::from_millis(interval);
    }
    let commit = match arguments.commit {
        Some(commit) => Commit::try_from(commit)?,
        None => {
            Commit::of_program(&std::env::current_exe().wrap_err("failed to find this program's own file")?)?
        }
    };
    let started_at = Timestamp::now();
    let mut runs = Vec::new();
    for seed in arguments.seed..arguments.seed.saturating_add(arguments.seeds) {
        let start = std::time::Instant::now();
        let timed = world.run(seed)?;
        eprintln!(
            "seed {seed}: {} of {} transactions final in {} blocks, after {:.0} s",
            timed.committed,
            timed.submitted,
            timed.blocks,
            start.elapsed().as_secs_f64()
        );
        runs.push(timed);
    }
    let mut result = report::document(&world, arguments.seed, &runs, commit, started_at)?;
    if arguments.baselines.exists() {
        let path = &arguments.baselines;
        let bytes = std::fs::read(path).wrap_err_with(|| format!("failed to read {}", path.display()))?;
        Baselines::from_json(&bytes)
            .wrap_err_with(|| format!("{} holds no baselines", path.display()))?
            .judge(&mut result);
    }
    if let Some(path) = &arguments.json {
        std::fs::write(path, result.to_json()?)
            .wrap_err_with(|| format!("failed to write {}", path.display()))?;
    }
    for metric in &result.metrics {
        let verdict = metric.verdict.map_or("-", |verdict| verdict.as_str());
        println!("{:24} {:>9.2} {:5} {verdict}", metric.name, metric.value, metric.unit);
    }
    Ok(())
}
