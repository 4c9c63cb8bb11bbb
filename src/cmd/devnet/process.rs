//! The processes of a devnet.

use super::files::NodeEntry;
use eyre::{Context as _, Result};
use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

/// Time that a process gets to stop by itself.
const GRACE: Duration = Duration::from_secs(10);
/// Pause before a process that ended is started again. It doubles up to the longest while the process gives up
/// by itself before it has run for that time; one that was killed is not to blame.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Bytes of a log that are looked at for its last lines.
const TAIL_BYTES: u64 = 4_096;

/// A child process that logs into a file and ends with this one.
pub(super) struct Child {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    process: tokio::process::Child,
    started: Instant,
    pause: Duration,
    again: Option<Instant>,
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
        Ok(Self {
            name: name.to_owned(),
            program: program.to_owned(),
            arguments,
            log,
            process,
            started: Instant::now(),
            pause: FIRST_PAUSE,
            again: None,
        })
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

    /// How the process ended and when it starts again, once for each end. Starts it when that time has come.
    pub(super) fn look(&mut self) -> Result<Option<(ExitStatus, Duration)>> {
        if let Some(again) = self.again {
            if Instant::now() >= again {
                self.process = spawn(&self.program, &self.arguments, &self.log)?;
                (self.started, self.again) = (Instant::now(), None);
            }
            return Ok(None);
        }
        let ended =
            self.process.try_wait().wrap_err_with(|| format!("failed to look after {}", self.name))?;
        Ok(ended.map(|how| {
            let gave_up = how.code().is_some() && self.started.elapsed() < LONGEST_PAUSE;
            let pause = if gave_up { self.pause } else { FIRST_PAUSE };
            self.pause = (pause * 2).min(LONGEST_PAUSE);
            self.again = Some(Instant::now() + pause);
            (how, pause)
        }))
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
