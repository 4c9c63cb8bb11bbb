//! A comparison as text for a terminal.

use comfy_table::{Table, presets::UTF8_HORIZONTAL_ONLY};

use super::{Comparison, MetricChange};
use crate::format::{percent, value};

impl Comparison {
    /// The runs, what differs besides the figures, and one line a metric.
    pub fn table(&self) -> String {
        let Self { scenario, before, after, .. } = self;
        let mut text = format!(
            "{scenario}: {} ({}) -> {} ({})\n",
            before.commit.short(),
            before.started_at,
            after.commit.short(),
            after.started_at
        );
        for difference in &self.differences {
            let (what, before, after) = (&difference.what, &difference.before, &difference.after);
            text.push_str(&format!("differs: {what} {before} -> {after}\n"));
        }
        let mut table = Table::new();
        table.load_preset(UTF8_HORIZONTAL_ONLY);
        table.set_header(["metric", "before", "after", "change", "noise", "outcome"]);
        for change in &self.changes {
            table.add_row([
                change.metric.clone(),
                value(change.before, &change.unit),
                value(change.after, &change.unit),
                change.change.map_or_else(|| "–".into(), percent),
                noise(change),
                change.outcome.as_str().into(),
            ]);
        }
        text.push_str(&table.to_string());
        text
    }
}

/// Noise to each side, as a part of the value before.
fn noise(change: &MetricChange) -> String {
    match (change.noise, change.before) {
        (Some(noise), Some(before)) if before > 0.0 => format!("±{:.1} %", noise / before * 100.0),
        (noise, _) => value(noise, &change.unit),
    }
}
