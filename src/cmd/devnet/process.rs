//! The processes of a devnet.

use super::files::NodeEntry;
use eyre::{Context as _, Result};
use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

/// Time that a process gets to stop by itself.
const GRACE: Duration = Duration::from_secs(10);
/// Bytes of a log that are looked at for its last lines.
const TAIL_BYTES: u64 = 4_096;

/// A child process that logs into a file and ends with this one.
pub(super) struct Child {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    process: tokio::process::Child,
}

impl Child {
    /// Starts a validator's node.
    pub(super) fn node(program: &Path, home: &Path, node: &NodeEntry) -> Result<Self> {
        let arguments = ["node", "start", "--until-stdin-closes", "--home", &node.home];
        Self::start(program, home, &node.name, &arguments)
    }

    /// Starts the provider daemon.
    pub(super) fn provider(program: &Path, home: &Path) -> Result<Self> {
        let config = home.join("provider/provider.toml").display().to_string();
        let folder = home.display().to_string();
        let arguments = [
            "provider",
            "run",
            "--until-stdin-closes",
            "--config",
            &config,
            "--home",
            &folder,
            "--keyring-backend",
            "test",
        ];
        Self::start(program, home, "provider", &arguments)
    }

    fn start(program: &Path, home: &Path, name: &str, arguments: &[&str]) -> Result<Self> {
        let logs = home.join("logs");
        fs::create_dir_all(&logs).wrap_err_with(|| format!("failed to make {}", logs.display()))?;
        let log = logs.join(format!("{name}.log"));
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        let process = spawn(program, &arguments, &log)?;
        Ok(Self { name: name.to_owned(), program: program.to_owned(), arguments, log, process })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.process.id()
    }

    /// How the process ended, if it did.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.process.try_wait().wrap_err_with(|| format!("failed to look after {}", self.name))
    }

    /// Starts the process again.
    pub(super) fn restart(&mut self) -> Result<()> {
        self.process = spawn(&self.program, &self.arguments, &self.log)?;
        Ok(())
    }

    /// The last error in the log, or its last line.
    pub(super) fn last_words(&self) -> String {
        let text = tail(&self.log).unwrap_or_default();
        let mut lines = text.lines().rev().filter(|line| !line.trim().is_empty());
        let last = lines.clone().next().unwrap_or("it said nothing").to_owned();
        lines.find(|line| line.starts_with("error: ")).map_or(last, ToOwned::to_owned)
    }
}

/// Asks all processes to stop by closing their stdin, and ends those that do not.
pub(super) async fn stop_all(children: Vec<Child>) {
    let mut stopping = Vec::new();
    for mut child in children {
        drop(child.process.stdin.take());
        stopping.push(child);
    }
    let deadline = tokio::time::Instant::now() + GRACE;
    for mut child in stopping {
        let ended = tokio::time::timeout_at(deadline, child.process.wait()).await;
        if ended.is_err()
            && let Err(error) = child.process.kill().await
        {
            eprintln!("failed to end {}: {error}", child.name);
        }
    }
}

fn spawn(program: &Path, arguments: &[String], log: &Path) -> Result<tokio::process::Child> {
    let open = || -> std::io::Result<(File, File)> {
        let file = OpenOptions::new().create(true).append(true).open(log)?;
        Ok((file.try_clone()?, file))
    };
    let (out, err) = open().wrap_err_with(|| format!("failed to open the log {}", log.display()))?;
    tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(out)
        .stderr(err)
        // Ctrl-C goes to this process only, which then stops its children in order.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .wrap_err_with(|| format!("failed to start {}", program.display()))
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
