//! `virtengine genesis`: genesis files.

mod synth;

use super::output::{Output, coins, note};
use clap::Subcommand;
use eyre::{Context as _, Result};
use serde_json::{Value, json};
use std::{
    cell::Cell,
    fs::{self, File, OpenOptions},
    io::{BufReader, BufWriter},
    path::{Path, PathBuf},
    time::Instant,
};
use virtengine_chain::Genesis as Whole;
use virtengine_lab::scenario::Progress;
use virtengine_node::CheckedGenesis;
use virtengine_types::Coins;

#[derive(Subcommand)]
pub(super) enum Genesis {
    /// Check a file against all rules, without a node.
    Check {
        /// Genesis file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Write a file whose fields and lists are in the order that the format demands. Needs memory for all of it.
    Sort {
        /// File in any order.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// File to make, which must not be there.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Make the genesis of a large test network, from a seed. Whoever knows the seed has its keys.
    Synth(synth::Synth),
}

impl Genesis {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Check { file, output } => {
                output.record(&check(&file)?)?;
                if !output.is_json() {
                    note(&format!("{} is valid", file.display()));
                }
                Ok(())
            }
            Self::Sort { file, out, output } => {
                sort(&file, &out)?;
                output.record(&json!({"file": out.display().to_string()}))?;
                note(&format!("check it with `virtengine genesis check {}`", out.display()));
                Ok(())
            }
            Self::Synth(synth) => synth.run(),
        }
    }
}

/// Checks a file; what it says in short.
fn check(file: &Path) -> Result<Value> {
    let started = Instant::now();
    let megabytes = |bytes: u64| bytes >> 20;
    let progress = Progress::stderr();
    let length = fs::metadata(file).map_or(0, |found| found.len());
    progress.stage(&format!("checking {} (MiB)", file.display()), megabytes(length));
    let shown = Cell::new(0);
    let checked = CheckedGenesis::of(file, &|bytes| {
        progress.advance(megabytes(bytes) - shown.replace(megabytes(bytes)));
    });
    drop(progress);
    let CheckedGenesis { sha256, bytes, summary } = checked?;
    let mut supply = Coins::default();
    summary.supply.iter().try_for_each(|coin| supply.add(coin))?;
    Ok(json!({
        "chain_id": summary.head.chain_id,
        "genesis_time_ms": summary.head.genesis_time_ms.0.to_string(),
        "sha256": hex::encode(sha256),
        "bytes": bytes.to_string(),
        "validators": summary.validators.to_string(),
        "committee": summary.seats.len(),
        "accounts": summary.accounts.to_string(),
        "supply": coins(&supply),
        "seconds": format!("{:.1}", started.elapsed().as_secs_f64()),
    }))
}

fn sort(file: &Path, out: &Path) -> Result<()> {
    let failed = || format!("failed to read {}", file.display());
    let text = BufReader::new(File::open(file).wrap_err_with(failed)?);
    let mut genesis: Whole = serde_json::from_reader(text).wrap_err_with(failed)?;
    genesis.sort();
    let failed = || format!("failed to write {}", out.display());
    genesis.write(create(out)?).wrap_err_with(failed)
}

/// A new file.
fn create(path: &Path) -> Result<BufWriter<File>> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    Ok(BufWriter::new(file.wrap_err_with(|| format!("failed to make {}", path.display()))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_another_order_is_sorted_and_then_valid() {
        let folder = tempfile::tempdir().unwrap();
        let (made, mixed, sorted) =
            (folder.path().join("made"), folder.path().join("mixed"), folder.path().join("sorted"));
        synth::Synth::of(3, 5, 7, made.clone()).write().unwrap();
        let mut genesis: Value = serde_json::from_slice(&fs::read(&made).unwrap()).unwrap();
        for list in ["accounts", "validators"] {
            genesis[list].as_array_mut().unwrap().reverse();
        }
        // Fields come in the order of their names.
        fs::write(&mixed, genesis.to_string()).unwrap();
        let refusal = check(&mixed).unwrap_err().to_string();
        assert!(refusal.contains("virtengine genesis sort"), "{refusal}");
        sort(&mixed, &sorted).unwrap();
        assert_eq!(fs::read(&sorted).unwrap(), fs::read(&made).unwrap());
        let again = sort(&mixed, &sorted).unwrap_err().to_string();
        assert!(again.contains("sorted"), "{again}");
    }
}
