//! What the mempool counts.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use std::time::Instant;
use virtengine_types::code::{Rejection, SDK, SdkCode};

/// Whose code and which code a transaction was refused with.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RejectedLabels {
    /// The codespace.
    pub codespace: String,
    /// The code.
    pub code: u32,
}

/// A part of the way of transactions through the node; docs/spec/pipeline.md lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StageLabels {
    /// Its name.
    pub stage: &'static str,
}

/// The mempool's metrics. Clones share their values.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Pending transactions.
    pub size: Gauge,
    /// Bytes of pending transactions.
    pub bytes: Gauge,
    /// Transactions taken in.
    pub accepted: Counter,
    /// Transactions refused for anything but being known already; CometBFT's `failed_txs`. The node
    /// registers it under that name.
    pub failed: Gauge,
    /// Transactions refused, by code.
    pub rejected: Family<RejectedLabels, Counter>,
    /// Transactions that took the place of another with the same signers and sequences.
    pub replaced: Counter,
    /// Transactions dropped for better-paying ones.
    pub evicted: Counter,
    /// Transactions dropped because their time was over.
    pub expired: Counter,
    /// Transactions dropped because they could not be executed any more.
    pub stale: Counter,
    /// Transactions whose signatures were checked together.
    pub verify_batch_size: Histogram,
    /// Seconds that each part of taking in a batch took; `decode` is of one transaction.
    pub admission: Family<StageLabels, Histogram, fn() -> Histogram>,
    /// Transactions of blocks whose signatures were known to be valid.
    pub verified_before: Counter,
    /// Transactions sent to peers.
    pub gossip_sent: Counter,
    /// Transactions received from peers.
    pub gossip_received: Counter,
    /// Messages of peers that were not looked at or were not messages.
    pub gossip_refused: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            size: Gauge::default(),
            bytes: Gauge::default(),
            accepted: Counter::default(),
            failed: Gauge::default(),
            rejected: Family::default(),
            replaced: Counter::default(),
            evicted: Counter::default(),
            expired: Counter::default(),
            stale: Counter::default(),
            verify_batch_size: Histogram::new(exponential_buckets(1.0, 2.0, 12)),
            admission: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.000_001, 2.0, 20))
            }),
            verified_before: Counter::default(),
            gossip_sent: Counter::default(),
            gossip_received: Counter::default(),
            gossip_refused: Counter::default(),
        }
    }
}

impl Metrics {
    /// Registers every metric; the caller's registry gives the prefix.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("size", "Pending transactions", self.size.clone());
        registry.register("size_bytes", "Bytes of pending transactions", self.bytes.clone());
        registry.register("accepted", "Transactions taken in", self.accepted.clone());
        registry.register("rejected", "Transactions refused, by code", self.rejected.clone());
        registry.register("replaced", "Transactions that took another's place", self.replaced.clone());
        registry.register("evicted", "Transactions dropped for better-paying ones", self.evicted.clone());
        registry.register(
            "expired",
            "Transactions dropped because their time was over",
            self.expired.clone(),
        );
        registry.register("stale", "Transactions that could not be executed any more", self.stale.clone());
        registry.register(
            "verify_batch_size",
            "Transactions whose signatures were checked together",
            self.verify_batch_size.clone(),
        );
        registry.register(
            "admission_seconds",
            "Time of each part of taking in a batch",
            self.admission.clone(),
        );
        registry.register(
            "verified_before",
            "Transactions of blocks whose signatures were known to be valid",
            self.verified_before.clone(),
        );
        registry.register("gossip_sent", "Transactions sent to peers", self.gossip_sent.clone());
        registry.register(
            "gossip_received",
            "Transactions received from peers",
            self.gossip_received.clone(),
        );
        registry.register(
            "gossip_refused",
            "Messages of peers that were refused",
            self.gossip_refused.clone(),
        );
    }

    /// Adds the time since `start` to a part of the admission.
    pub(crate) fn stage(&self, stage: &'static str, start: Instant) {
        self.admission.get_or_create(&StageLabels { stage }).observe(start.elapsed().as_secs_f64());
    }

    pub(crate) fn reject(&self, rejection: &Rejection) {
        if (rejection.codespace, rejection.code) != (SDK, SdkCode::TxInMempoolCache.number()) {
            self.failed.inc();
        }
        let codespace = rejection.codespace.to_owned();
        self.rejected.get_or_create(&RejectedLabels { codespace, code: rejection.code }).inc();
    }
}
