//! What a devnet tells on the terminal.

use super::files::DevnetFile;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{IsTerminal as _, Write as _, stderr},
    path::Path,
    time::{Duration, Instant},
};

/// Time between status lines where there is no terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// One line that updates on a terminal; a line now and then elsewhere.
pub(super) struct Screen {
    bar: ProgressBar,
    plain: bool,
    told: Option<Instant>,
    before: Option<(Instant, u64)>,
    rate: f64,
}

impl Screen {
    pub(super) fn new() -> Self {
        let plain = !stderr().is_terminal();
        let bar = if plain { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        if !plain {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.set_style(
                ProgressStyle::with_template("{spinner} {msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            );
        }
        Self { bar, plain, told: None, before: None, rate: 0.0 }
    }

    /// Prints a line that stays.
    pub(super) fn say(&self, text: &str) {
        if self.plain {
            tell(text);
        } else {
            self.bar.println(text);
        }
    }

    /// Says where everything is.
    pub(super) fn ready(&self, home: &Path, network: &DevnetFile) {
        let accounts: Vec<&str> = network.accounts.iter().map(|account| account.name.as_str()).collect();
        self.say(&format!(
            "ready\n  RPC      {}\n  REST     {}\n  gRPC     {}\n  metrics  {}/metrics\n  accounts {}\n  \
             all of it in {}\n  in another terminal: export VIRTENGINE_HOME={} VIRTENGINE_KEYRING_BACKEND=test",
            network.rpc,
            network.rest,
            network.grpc,
            network.metrics,
            accounts.join(", "),
            home.join("devnet.json").display(),
            home.display(),
        ));
    }

    /// Updates the status line.
    pub(super) fn status(&mut self, heights: &[Option<u64>], ready: bool) {
        let now = Instant::now();
        let height = heights.iter().flatten().copied().max().unwrap_or(0);
        let up = heights.iter().flatten().count();
        match self.before {
            Some((then, below)) if now.duration_since(then) >= Duration::from_secs(2) => {
                let blocks = height.saturating_sub(below);
                self.rate = f64::from(u32::try_from(blocks).unwrap_or(u32::MAX))
                    / now.duration_since(then).as_secs_f64();
                self.before = Some((now, height));
            }
            None if height > 0 => self.before = Some((now, height)),
            _ => {}
        }
        let text = if ready {
            format!(
                "height {height}  {:.1} blocks/s  {up} of {} nodes  Ctrl-C stops",
                self.rate,
                heights.len()
            )
        } else {
            format!("starting: {up} of {} nodes answer, height {height}", heights.len())
        };
        if !self.plain {
            self.bar.set_message(text);
            self.bar.tick();
        } else if self.told.is_none_or(|told| now.duration_since(told) >= PLAIN_INTERVAL) {
            self.told = Some(now);
            tell(&text);
        }
    }
}

/// Writes a line to stderr. A log on a full disk must not end the network.
fn tell(text: &str) {
    drop(writeln!(stderr(), "{text}"));
}
