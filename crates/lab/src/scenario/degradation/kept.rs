//! Finished runs on the disk, so that a run that fails loses only itself.

use super::{Analysis, Turn};
use crate::{
    result::RunResult,
    scenario::{Options, Scenario},
};
use eyre::{Context as _, Result};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{fs, path::PathBuf};

/// A folder of finished runs, each a document of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    folder: PathBuf,
    resume: bool,
}

impl Kept {
    /// In a folder that is made when the first run ends. `resume` reuses what is there.
    pub fn new(folder: PathBuf, resume: bool) -> Self {
        Self { folder, resume }
    }

    /// The folder.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// A finished run of the same scenario, commit and settings, if it may be reused. What a tree with changes was
    /// measured as, nobody knows.
    pub(super) fn find(
        &self,
        analysis: &Analysis,
        scenario: &dyn Scenario,
        options: &Options,
        turn: Turn,
    ) -> Option<RunResult> {
        if !self.resume || options.commit.is_dirty() {
            return None;
        }
        let bytes = fs::read(self.path(analysis, scenario, options, turn)).ok()?;
        // A file that was not written whole is as none.
        RunResult::from_json(&bytes).ok()
    }

    /// Writes a finished run.
    ///
    /// # Errors
    /// The folder or file cannot be written.
    pub(super) fn put(
        &self,
        analysis: &Analysis,
        scenario: &dyn Scenario,
        options: &Options,
        turn: Turn,
        run: &RunResult,
    ) -> Result<()> {
        let path = self.path(analysis, scenario, options, turn);
        let failed = || format!("failed to write {}", path.display());
        fs::create_dir_all(&self.folder).wrap_err_with(failed)?;
        fs::write(&path, run.to_json()?).wrap_err_with(failed)
    }

    /// The name tells the run, and by a hash everything that decides its figures.
    fn path(&self, analysis: &Analysis, scenario: &dyn Scenario, options: &Options, turn: Turn) -> PathBuf {
        let all = json!([scenario.name(), options.commit.as_str(), options.settings()]).to_string();
        let hash = hex::encode(&Sha256::digest(all)[..8]);
        self.folder.join(format!("{}-{}-{}-{hash}.json", analysis.over.option(), turn.size, turn.repetition))
    }
}
