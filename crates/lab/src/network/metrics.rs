//! A node's own counters, in the text form of Prometheus.

use crate::{load::http::Connection, result::Stage};
use eyre::Result;
use std::collections::{BTreeMap, BTreeSet};

/// What a histogram of the node's times begins and ends with.
const TIMES: (&str, &str) = ("virtengine_", "_seconds");

/// Labels that tell counters of one name apart.
const KEPT: [&str; 2] = ["stage=\"", "budget=\""];

/// The counters of a node at one moment, summed over their labels, but for the labels `stage` and `budget`.
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
            let label = KEPT.iter().find_map(|kept| labels.split_once(kept)?.1.split_once('"'));
            let name = match label {
                Some((label, _)) => format!("{name}/{label}"),
                None => name.to_owned(),
            };
            *counters.entry(name).or_insert(0.0) += value;
        }
        Self(counters)
    }

    /// A counter by its name, with a slash and its label behind it if it has one that is kept.
    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// What each histogram of times grew by since an earlier moment: its name, seconds and passes.
    fn times(&self, earlier: &Self) -> BTreeMap<Name, (f64, f64)> {
        let grown = |name: &str| self.get(name).unwrap_or(0.0) - earlier.get(name).unwrap_or(0.0);
        let one = |counter: &String| {
            let (base, stage) = counter.split_once('/').unwrap_or((counter, ""));
            let base = base.strip_suffix("_sum")?;
            let short = base.strip_prefix(TIMES.0)?.strip_suffix(TIMES.1)?;
            let count = match stage {
                "" => format!("{base}_count"),
                stage => format!("{base}_count/{stage}"),
            };
            let (seconds, count) = (grown(counter), grown(&count));
            (count > 0.0 && seconds >= 0.0)
                .then(|| (Name { histogram: short.to_owned(), stage: stage.to_owned() }, (seconds, count)))
        };
        self.0.keys().filter_map(one).collect()
    }
}

/// A histogram without what all of them begin and end with, and its label `stage`, if it has one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    histogram: String,
    stage: String,
}

/// Where the nodes' time went between two moments.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Breakdown {
    /// Of all nodes together, in order of their names.
    pub(crate) stages: Vec<Stage>,
    /// Which of them follow each other at a node, so that the busiest bounds its rate: those that the node itself calls
    /// stages. Other times may be of whatever waits or runs side by side.
    in_turn: BTreeSet<String>,
}

impl Breakdown {
    /// Of the counters of each node at both moments, `seconds` apart.
    pub(crate) fn between(earlier: &[Metrics], later: &[Metrics], seconds: f64) -> Self {
        let mut sums: BTreeMap<Name, Stage> = BTreeMap::new();
        for (earlier, later) in earlier.iter().zip(later) {
            for (name, (sum, count)) in later.times(earlier) {
                let text = format!("{} {}", name.histogram, name.stage).trim_end().to_owned();
                let none = Stage { stage: text, seconds: 0.0, count: 0, mean_ms: 0.0, busy: 0.0 };
                let stage = sums.entry(name).or_insert(none);
                stage.seconds += sum;
                stage.count += count as u64;
                stage.busy = stage.busy.max(sum / seconds.max(1e-9));
            }
        }
        for stage in sums.values_mut() {
            stage.mean_ms = stage.seconds * 1_000.0 / stage.count.max(1) as f64;
        }
        let in_turn = sums.iter().filter(|(name, _)| !name.stage.is_empty());
        let in_turn = in_turn.map(|(_, stage)| stage.stage.clone()).collect();
        Self { stages: sums.into_values().collect(), in_turn }
    }

    /// The stage with most to do.
    pub(crate) fn busiest(&self) -> Option<&Stage> {
        let in_turn = self.stages.iter().filter(|stage| self.in_turn.contains(&stage.stage));
        in_turn.max_by(|a, b| a.busy.total_cmp(&b.busy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLIER: &str = "# TYPE virtengine_index_seconds histogram\n\
        virtengine_index_seconds_sum{chain_id=\"a\"} 1.0\nvirtengine_index_seconds_count{chain_id=\"a\"} 10\n\
        virtengine_failed_txs_total{chain_id=\"a\"} 3\n";
    const LATER: &str = "virtengine_index_seconds_sum{chain_id=\"a\"} 4.0\n\
        virtengine_index_seconds_count{chain_id=\"a\"} 40\nvirtengine_failed_txs_total{chain_id=\"a\"} 5\n\
        virtengine_index_seconds_bucket{le=\"0.1\",chain_id=\"a\"} 40\n\
        virtengine_block_seconds_sum{stage=\"execute\",chain_id=\"a\"} 0.5\n\
        virtengine_block_seconds_count{stage=\"execute\",chain_id=\"a\"} 5\n\
        virtengine_block_seconds_sum{stage=\"sync\",chain_id=\"a\"} 1.5\n\
        virtengine_block_seconds_count{stage=\"sync\",chain_id=\"a\"} 5\n\
        cometbft_state_block_processing_time_sum 400\ncometbft_state_block_processing_time_count 10\n";

    #[test]
    fn stages_are_what_histograms_of_times_grew_by() {
        let (earlier, later) = (Metrics::read(EARLIER), Metrics::read(LATER));
        let breakdown = Breakdown::between(&[earlier], &[later], 4.0);
        let names: Vec<&str> = breakdown.stages.iter().map(|stage| stage.stage.as_str()).collect();
        assert_eq!(names, ["block execute", "block sync", "index"]);
        let index = Stage { stage: "index".into(), seconds: 3.0, count: 30, mean_ms: 100.0, busy: 0.75 };
        assert_eq!(breakdown.stages[2], index);
        // Only what the node calls a stage is one of a row.
        assert_eq!(breakdown.busiest().unwrap().stage, "block sync");
    }

    #[test]
    fn stages_of_many_nodes_add_up_and_the_busiest_node_counts() {
        let sync = |sum: f64, count: u64| {
            let labels = "{stage=\"sync\"}";
            Metrics::read(&format!(
                "virtengine_block_seconds_sum{labels} {sum}\nvirtengine_block_seconds_count{labels} {count}\n"
            ))
        };
        let nothing = Metrics::default();
        let breakdown =
            Breakdown::between(&[nothing.clone(), nothing.clone()], &[sync(1.0, 10), sync(3.0, 10)], 4.0);
        let sync = Stage { stage: "block sync".into(), seconds: 4.0, count: 20, mean_ms: 200.0, busy: 0.75 };
        assert_eq!(breakdown.stages, [sync]);
        let nothing = [nothing];
        assert_eq!(Breakdown::between(&nothing, &nothing, 4.0).busiest(), None);
    }

    #[test]
    fn counters_are_summed_over_labels() {
        let metrics =
            Metrics::read("a{x=\"1\"} 2\na{x=\"2\"} 3\nnonsense\nb NaN-ish\nc{budget=\"heap\"} 4\n");
        assert_eq!((metrics.get("a"), metrics.get("b")), (Some(5.0), None));
        assert_eq!((metrics.get("c/heap"), metrics.get("c")), (Some(4.0), None));
    }
}
