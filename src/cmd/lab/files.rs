//! Results and baselines on the disk.

use eyre::{Context as _, Result};
use std::{
    fs,
    path::{Path, PathBuf},
};
use virtengine_lab::{baseline::Baselines, result::RunResult};

/// Where the tree keeps its baselines.
pub(super) const BASELINES: &str = "baselines/scale.json";

pub(super) fn result(path: &Path) -> Result<RunResult> {
    RunResult::from_json(&read(path)?).wrap_err_with(|| format!("{} is no result of a run", path.display()))
}

pub(super) fn results(paths: &[PathBuf]) -> Result<Vec<RunResult>> {
    paths.iter().map(|path| result(path)).collect()
}

pub(super) fn baselines(path: &Path) -> Result<Baselines> {
    let bytes = read(path).wrap_err("baselines are named with --baselines")?;
    Baselines::from_json(&bytes).wrap_err_with(|| format!("{} holds no baselines", path.display()))
}

/// Baselines, or none where there is no such file.
pub(super) fn baselines_if_any(path: &Path) -> Result<Baselines> {
    if path.exists() { baselines(path) } else { Ok(Baselines::default()) }
}

pub(super) fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).wrap_err_with(|| format!("failed to write {}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).wrap_err_with(|| format!("failed to read {}", path.display()))
}
