//! What a node counts of its blocks, under CometBFT's names and our own.

use parking_lot::Mutex;
use prometheus_client::{
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use std::{sync::Arc, time::Duration};
use virtengine_consensus::StageTimes;
use virtengine_mempool::StageLabels;
use virtengine_types::{Timestamp, block::FinalizedBlock};

/// Counters of finalized blocks. Clones share their values.
#[derive(Clone, Debug)]
pub(crate) struct NodeMetrics {
    height: Gauge,
    latest_height: Gauge,
    rounds: Gauge,
    txs: Gauge,
    total_txs: Gauge,
    size_bytes: Gauge,
    failed_txs: Counter,
    interval: Histogram,
    stages: Family<StageLabels, Histogram, fn() -> Histogram>,
    processing: Histogram,
    previous: Arc<Mutex<Option<Timestamp>>>,
}

impl NodeMetrics {
    /// Registers everything; every name carries the label `chain_id`.
    pub(crate) fn register(registry: &mut Registry, chain_id: &str, validators: usize) -> Self {
        let labels = [("chain_id".into(), chain_id.to_owned().into())];
        let registry = registry.sub_registry_with_labels(labels.into_iter());
        let metrics = Self {
            height: Gauge::default(),
            latest_height: Gauge::default(),
            rounds: Gauge::default(),
            txs: Gauge::default(),
            total_txs: Gauge::default(),
            size_bytes: Gauge::default(),
            failed_txs: Counter::default(),
            interval: Histogram::new(exponential_buckets(0.025, 2.0, 12)),
            stages: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.000_1, 2.0, 16))),
            processing: Histogram::new(exponential_buckets(1.0, 2.0, 12)),
            previous: Arc::default(),
        };
        let count = Gauge::<i64>::default();
        count.set(signed(validators as u64));
        let power = count.clone();
        let comet = registry.sub_registry_with_prefix("cometbft_consensus");
        comet.register("height", "Height of the last block", metrics.height.clone());
        comet.register("latest_block_height", "Height of the last block", metrics.latest_height.clone());
        comet.register("rounds", "View in which the last block was proposed", metrics.rounds.clone());
        comet.register("validators", "Members of the committee", count);
        comet.register("validators_power", "Votes of the committee", power);
        comet.register("num_txs", "Transactions of the last block", metrics.txs.clone());
        comet.register("total_txs", "Transactions since this process began", metrics.total_txs.clone());
        comet.register(
            "block_size_bytes",
            "Bytes of transactions in the last block",
            metrics.size_bytes.clone(),
        );
        comet.register("block_interval_seconds", "Time between blocks", metrics.interval.clone());
        let state = registry.sub_registry_with_prefix("cometbft_state");
        state.register(
            "block_processing_time",
            "Milliseconds in which a block was verified, executed and merkleized",
            metrics.processing.clone(),
        );
        let own = registry.sub_registry_with_prefix("virtengine");
        own.register("failed_txs", "Included transactions that failed", metrics.failed_txs.clone());
        own.register("block_seconds", "Time of each part of a final block", metrics.stages.clone());
        metrics
    }

    /// Adds a part of a block's way through the node.
    pub(crate) fn stage(&self, stage: &'static str, time: Duration) {
        self.stages.get_or_create(&StageLabels { stage }).observe(time.as_secs_f64());
    }

    /// Counts a finalized block and the parts of deciding it.
    pub(crate) fn block(&self, block: &FinalizedBlock, times: &StageTimes) {
        let header = &block.header;
        let count = signed(block.txs.len() as u64);
        self.height.set(signed(header.height.0));
        self.latest_height.set(signed(header.height.0));
        self.rounds.set(signed(header.view));
        self.txs.set(count);
        self.total_txs.inc_by(count);
        let bytes: u64 = block.txs.iter().map(|tx| tx.raw.len() as u64).sum();
        self.size_bytes.set(signed(bytes));
        let failed = block.outcome.results.iter().filter(|result| result.code != 0).count();
        self.failed_txs.inc_by(failed as u64);
        self.processing.observe(times.total().as_secs_f64() * 1000.0);
        for (stage, time) in times.named() {
            self.stage(stage, time);
        }
        if let Some(previous) = self.previous.lock().replace(header.time) {
            let passed = Duration::from_millis(header.time.0.saturating_sub(previous.0));
            self.interval.observe(passed.as_secs_f64());
        }
    }
}

/// Registers what CometBFT's dashboards chart of the mempool, over the mempool's own counters.
pub(crate) fn mempool(registry: &mut Registry, chain_id: &str, metrics: &virtengine_mempool::Metrics) {
    let labels = [("chain_id".into(), chain_id.to_owned().into())];
    let registry = registry.sub_registry_with_labels(labels.into_iter());
    let comet = registry.sub_registry_with_prefix("cometbft_mempool");
    comet.register("size", "Pending transactions", metrics.size.clone());
    comet.register("size_bytes", "Bytes of pending transactions", metrics.bytes.clone());
    // A gauge: the name of a counter would end in `_total`, which dashboards do not chart.
    comet.register("failed_txs", "Transactions refused at admission", metrics.failed.clone());
}

/// What CometBFT's dashboards chart of connections, in the text format.
///
/// The engine hands out no handles to its counters, so they are read from `engine`, its report.
pub(crate) fn network(chain_id: &str, engine: &str) -> String {
    let peers = engine.lines().filter(|line| line.starts_with("node_network_tracker_directory_connected{"));
    let value = |name: &str| {
        engine.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap_or("0")
    };
    let row = |name: &str, help: &str, kind: &str, suffix: &str, value: &str| {
        format!(
            "# HELP cometbft_p2p_{name} {help}\n# TYPE cometbft_p2p_{name} {kind}\n\
             cometbft_p2p_{name}{suffix}{{chain_id=\"{chain_id}\"}} {value}\n"
        )
    };
    [
        row("peers", "Connected peers.", "gauge", "", &peers.count().to_string()),
        row(
            "message_receive_bytes",
            "Bytes received from peers.",
            "counter",
            "_total",
            value("runtime_inbound_bandwidth_total"),
        ),
        row(
            "message_send_bytes",
            "Bytes sent to peers.",
            "counter",
            "_total",
            value("runtime_outbound_bandwidth_total"),
        ),
    ]
    .concat()
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_connections_from_the_engines_report() {
        let engine = "# TYPE node_network_tracker_directory_connected gauge\n\
            node_network_tracker_directory_connected{peer=\"aa\"} 1795692019727\n\
            node_network_tracker_directory_connected{peer=\"bb\"} 1795692019000\n\
            runtime_inbound_bandwidth_total 1024\nruntime_outbound_bandwidth_total 77\n";
        let text = network("net-1", engine);
        let values: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            values,
            [
                "cometbft_p2p_peers{chain_id=\"net-1\"} 2",
                "cometbft_p2p_message_receive_bytes_total{chain_id=\"net-1\"} 1024",
                "cometbft_p2p_message_send_bytes_total{chain_id=\"net-1\"} 77",
            ]
        );
    }
}
