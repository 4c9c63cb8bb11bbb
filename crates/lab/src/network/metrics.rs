//! A node's own counters, in the text form of Prometheus.

use crate::{
    load::http::Connection,
    result::{Stage, Stages},
};
use eyre::Result;
use std::collections::BTreeMap;

/// Histograms of times whose sums are stages of a block: a prefix and the microseconds of their unit.
const STAGES: [(&str, &str, f64); 2] =
    [("virtengine_", "_seconds", 1e6), ("cometbft_state_", "block_processing_time", 1e3)];

/// The counters of a node at one moment, summed over their labels, but for the label `stage`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Asks a node at `http://host:port`.
    ///
    /// # Errors
    /// It cannot be reached.
    pub(crate) async fn scrape(url: &str) -> Result<Self> {
        let text = Connection::open(url).await?.get("/metrics").await?;
        Ok(Self::read(&String::from_utf8_lossy(&text)))
    }

    fn read(text: &str) -> Self {
        let mut counters = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((key, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse::<f64>() else { continue };
            let (name, labels) = key.split_once('{').unwrap_or((key, ""));
            let stage = labels.split_once("stage=\"").and_then(|(_, rest)| rest.split_once('"'));
            let name = match stage {
                Some((stage, _)) => format!("{name}/{stage}"),
                None => name.to_owned(),
            };
            *counters.entry(name).or_insert(0.0) += value;
        }
        Self(counters)
    }

    /// A counter by its name.
    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// Where the time of a block went between two moments that are `seconds` apart.
    pub(crate) fn stages(&self, earlier: &Self, seconds: f64) -> Stages {
        let grown = |name: &str| self.get(name).unwrap_or(0.0) - earlier.get(name).unwrap_or(0.0);
        let mut stages = Vec::new();
        for name in self.0.keys() {
            let (base, stage) =
                name.split_once('/').map_or((name.as_str(), None), |(base, stage)| (base, Some(stage)));
            let Some(base) = base.strip_suffix("_sum") else { continue };
            let scale =
                STAGES.iter().find(|(prefix, suffix, _)| base.starts_with(prefix) && base.ends_with(suffix));
            let Some((.., scale)) = scale else { continue };
            let suffix = stage.map(|stage| format!("/{stage}")).unwrap_or_default();
            let count = grown(&format!("{base}_count{suffix}"));
            let microseconds = grown(name) * scale;
            if count > 0.0 && microseconds >= 0.0 {
                let short = base.trim_start_matches("virtengine_").trim_end_matches("_seconds");
                let share = (microseconds / 1e6 / seconds.max(1e-9)).clamp(0.0, 1.0);
                let stage = stage.map_or_else(|| short.to_owned(), |stage| format!("{short} {stage}"));
                stages.push(Stage { stage, microseconds: microseconds / count, share });
            }
        }
        Stages { name: "block".to_owned(), stages }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLIER: &str = "# TYPE virtengine_index_seconds histogram\n\
        virtengine_index_seconds_sum{chain_id=\"a\"} 1.0\nvirtengine_index_seconds_count{chain_id=\"a\"} 10\n\
        virtengine_failed_txs_total{chain_id=\"a\"} 3\n";
    const LATER: &str = "virtengine_index_seconds_sum{chain_id=\"a\"} 2.0\n\
        virtengine_index_seconds_count{chain_id=\"a\"} 20\nvirtengine_failed_txs_total{chain_id=\"a\"} 5\n\
        virtengine_block_seconds_sum{stage=\"execute\"} 0.5\nvirtengine_block_seconds_count{stage=\"execute\"} 5\n\
        cometbft_state_block_processing_time_sum 400\ncometbft_state_block_processing_time_count 10\n";

    #[test]
    fn stages_are_what_histograms_of_times_grew_by() {
        let stages = Metrics::read(LATER).stages(&Metrics::read(EARLIER), 4.0).stages;
        let of = |name: &str| stages.iter().find(|stage| stage.stage == name).unwrap();
        assert_eq!((of("index").microseconds, of("index").share), (100_000.0, 0.25));
        assert_eq!((of("block execute").microseconds, of("block execute").share), (100_000.0, 0.125));
        assert_eq!(of("cometbft_state_block_processing_time").microseconds, 40_000.0);
        assert_eq!(stages.len(), 3);
    }

    #[test]
    fn counters_are_summed_over_labels() {
        let metrics = Metrics::read("a{x=\"1\"} 2\na{x=\"2\"} 3\nnonsense\nb NaN-ish\n");
        assert_eq!((metrics.get("a"), metrics.get("b")), (Some(5.0), None));
    }
}
