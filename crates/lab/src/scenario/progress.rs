//! What a person sees while a run goes on.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{io::IsTerminal as _, time::Duration};

/// A line that updates on a terminal, and nothing elsewhere.
#[derive(Clone, Debug)]
pub struct Progress {
    bar: ProgressBar,
    plain: bool,
}

impl Progress {
    /// On stderr: a bar on a terminal, a line for each stage elsewhere.
    pub fn stderr() -> Self {
        let plain = !std::io::stderr().is_terminal();
        let bar = if plain { ProgressBar::hidden() } else { ProgressBar::new(0) };
        if !plain {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self { bar, plain }
    }

    /// Shows nothing, for tests.
    pub fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), plain: false }
    }

    /// Begins a stage of `total` steps; 0 if they are not known.
    pub fn stage(&self, what: &str, total: u64) {
        let template = if total == 0 { "{spinner} {msg}" } else { "{spinner} {msg} {bar:30} {pos}/{len}" };
        self.bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        self.bar.set_length(total);
        self.bar.set_position(0);
        self.bar.set_message(what.to_owned());
        if self.plain {
            eprintln!("{what}");
        }
    }

    /// Counts steps of the stage.
    pub fn advance(&self, steps: u64) {
        self.bar.inc(steps);
    }

    /// Replaces the text of the stage, on a terminal only.
    pub fn tell(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }

    /// Prints a line that stays.
    pub fn say(&self, text: &str) {
        if self.plain {
            eprintln!("{text}");
        } else {
            self.bar.println(text);
        }
    }

    /// Ends the last stage.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}
