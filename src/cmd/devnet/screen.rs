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

/// Least time over which the rate of blocks is taken.
const RATE_OVER: Duration = Duration::from_secs(2);

/// One line that updates on a terminal; a line now and then elsewhere.
pub(super) struct Screen {
    bar: ProgressBar,
    plain: bool,
    told: Option<Instant>,
    rate: Rate,
}

/// How fast the chain grows.
#[derive(Default)]
struct Rate {
    /// When a node last said a height, and the highest that any said until then.
    before: Option<(Instant, u64)>,
    blocks_per_second: f64,
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
        Self { bar, plain, told: None, rate: Rate::default() }
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
        let up = heights.iter().flatten().count();
        let height = self.rate.at(now, heights.iter().flatten().copied().max());
        let text = if ready {
            format!(
                "height {height}  {:.1} blocks/s  {up} of {} nodes  Ctrl-C stops",
                self.rate.blocks_per_second,
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

impl Rate {
    /// Takes in the height that the nodes say, if any answers; gives the highest so far. The rate is over the time since
    /// the last answer, so blocks of a time in which none answered do not count as those of a moment.
    fn at(&mut self, now: Instant, height: Option<u64>) -> u64 {
        match (self.before, height) {
            (None, Some(height)) if height > 0 => {
                self.before = Some((now, height));
                height
            }
            (None, _) => 0,
            (Some((_, known)), None) => {
                self.blocks_per_second = 0.0;
                known
            }
            (Some((then, known)), Some(height)) => {
                // A node that has fallen behind may be the only one to answer.
                let height = height.max(known);
                let passed = now.duration_since(then);
                if passed >= RATE_OVER {
                    let blocks = u32::try_from(height - known).unwrap_or(u32::MAX);
                    self.blocks_per_second = f64::from(blocks) / passed.as_secs_f64();
                    self.before = Some((now, height));
                }
                height
            }
        }
    }
}

/// Writes a line to stderr. A log on a full disk must not end the network.
fn tell(text: &str) {
    drop(writeln!(stderr(), "{text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_over_the_time_that_passed_also_if_no_node_answered() {
        let start = Instant::now();
        let mut rate = Rate::default();
        for (second, height, known, expected) in [
            (0, Some(0), 0, 0.0),
            (1, Some(400), 400, 0.0),
            (2, Some(401), 401, 0.0),
            (3, Some(404), 404, 2.0),
            (5, None, 404, 0.0),
            (9, None, 404, 0.0),
            (13, Some(409), 409, 0.5),
            (15, Some(7), 409, 0.0),
            (17, Some(413), 413, 2.0),
        ] {
            assert_eq!(rate.at(start + Duration::from_secs(second), height), known, "at {second} s");
            assert!(
                (rate.blocks_per_second - expected).abs() < 1e-9,
                "at {second} s: {}",
                rate.blocks_per_second
            );
        }
    }
}
