//! A node's process.

use super::NodeHome;
use eyre::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::File,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// Time that a node gets to stop by itself.
const GRACE: Duration = Duration::from_secs(20);
/// Time between looks at a process that stops.
const LOOK: Duration = Duration::from_millis(20);

/// A running node. It ends with this process, however that ends, and when dropped.
pub(super) struct NodeProcess {
    name: String,
    log: PathBuf,
    child: Child,
}

impl NodeProcess {
    /// Starts the node of a home.
    ///
    /// # Errors
    /// The program cannot be started.
    pub(super) fn start(program: &Path, node: &NodeHome) -> Result<Self> {
        let log = node.home.with_extension("log");
        let file = File::create(&log).wrap_err_with(|| format!("failed to make {}", log.display()))?;
        let errors = file.try_clone().wrap_err_with(|| format!("failed to open {}", log.display()))?;
        let child = Command::new(program)
            .args(["node", "start", "--until-stdin-closes", "--home"])
            .arg(&node.home)
            .stdin(Stdio::piped())
            .stdout(file)
            .stderr(errors)
            // Ctrl-C goes to the lab only, which then stops its nodes in order.
            .process_group(0)
            .spawn()
            .wrap_err_with(|| {
                format!("failed to start {}: name a virtengine program with --program", program.display())
            })?;
        Ok(Self { name: node.name.clone(), log, child })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has, with the end of its log.
    pub(super) fn ended(&mut self) -> Result<Option<String>> {
        let ended = self.child.try_wait().wrap_err_with(|| format!("failed to look after {}", self.name))?;
        Ok(ended.map(|how| self.last_words(how)))
    }

    fn last_words(&self, how: ExitStatus) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        format!("{} ended ({how}): {last}; its log is {}", self.name, self.log.display())
    }

    /// Asks it to stop, without waiting. Its stdin is closed too, should it not take the signal.
    pub(super) fn ask_to_stop(&mut self) {
        drop(self.child.stdin.take());
        if let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw)
            && matches!(self.child.try_wait(), Ok(None))
            && let Err(error) = kill_process(pid, Signal::TERM)
        {
            eprintln!("failed to stop {}: {error}", self.name);
        }
    }

    /// Waits until it has stopped and ends it if it does not.
    pub(super) fn stop(&mut self) {
        self.ask_to_stop();
        let deadline = Instant::now() + GRACE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() >= deadline {
                drop(self.child.kill());
                drop(self.child.wait());
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for NodeProcess {
    fn drop(&mut self) {
        self.stop();
    }
}
