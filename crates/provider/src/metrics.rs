//! What the daemon counts, for Prometheus.

use crate::{allocation::Allocation, desk::Desk};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Reason {
    pub(crate) reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Resource {
    resource: &'static str,
}

/// Counters and gauges of one daemon.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) orders_considered: Counter,
    pub(crate) orders_skipped: Family<Reason, Counter>,
    pub(crate) bids_placed: Counter,
    pub(crate) bids_ended: Family<Reason, Counter>,
    pub(crate) leases_started: Counter,
    pub(crate) leases_closed: Counter,
    pub(crate) earned_uve: Counter,
    pub(crate) failures: Counter,
    height: Gauge,
    reservations: Gauge,
    leases: Gauge,
    waiting: Gauge,
    chores: Gauge,
    offered: Family<Resource, Gauge>,
    used: Family<Resource, Gauge>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("virtengine_provider"),
            orders_considered: Counter::default(),
            orders_skipped: Family::default(),
            bids_placed: Counter::default(),
            bids_ended: Family::default(),
            leases_started: Counter::default(),
            leases_closed: Counter::default(),
            earned_uve: Counter::default(),
            failures: Counter::default(),
            height: Gauge::default(),
            reservations: Gauge::default(),
            leases: Gauge::default(),
            waiting: Gauge::default(),
            chores: Gauge::default(),
            offered: Family::default(),
            used: Family::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("orders_considered", "Orders decided on", metrics.orders_considered.clone());
        registry.register("orders_skipped", "Orders not bid on, by reason", metrics.orders_skipped.clone());
        registry.register("bids_placed", "Bids that the chain has taken", metrics.bids_placed.clone());
        registry.register(
            "bids_ended",
            "Bids that ended without a lease, by reason",
            metrics.bids_ended.clone(),
        );
        registry.register("leases_started", "Leases won", metrics.leases_started.clone());
        registry.register("leases_closed", "Leases that ended", metrics.leases_closed.clone());
        registry.register(
            "earned_uve",
            "Earnings that were paid out, after the take fee",
            metrics.earned_uve.clone(),
        );
        registry.register("failures", "Steps on the chain that failed", metrics.failures.clone());
        registry.register("height", "Newest block heard of", metrics.height.clone());
        registry.register(
            "open_reservations",
            "Orders that capacity is held for",
            metrics.reservations.clone(),
        );
        registry.register("active_leases", "Leases that run", metrics.leases.clone());
        registry.register("waiting_orders", "Orders that wait for capacity", metrics.waiting.clone());
        registry.register("chores", "Steps on the chain under way", metrics.chores.clone());
        let unit = "in the resource's unit, over-commitment included";
        registry.register("offered", format!("Capacity offered, {unit}"), metrics.offered.clone());
        registry.register(
            "used",
            format!("Capacity held by reservations and leases, {unit}"),
            metrics.used.clone(),
        );
        metrics
    }

    /// Sets the gauges.
    pub(crate) fn observe(&self, desk: &Desk) {
        let position = desk.position();
        self.height.set(signed(desk.height().0));
        self.reservations.set(signed(position.reservations.len() as u64));
        self.leases.set(signed(position.leases.len() as u64));
        self.waiting.set(signed(desk.waiting() as u64));
        self.chores.set(signed(desk.busy() as u64));
        resources(&self.offered, desk.offered());
        resources(&self.used, &position.used);
    }

    /// The exposition text.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn resources(family: &Family<Resource, Gauge>, of: &Allocation) {
    for (resource, amount) in [
        ("cpu_milli", of.cpu_milli),
        ("memory_bytes", of.memory_bytes),
        ("storage_bytes", of.storage_bytes.values().fold(0, |sum, bytes| bytes.saturating_add(sum))),
        ("gpus", of.gpus.values().sum()),
        ("leased_ips", of.leased_ips),
    ] {
        family.get_or_create(&Resource { resource }).set(signed(amount));
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
