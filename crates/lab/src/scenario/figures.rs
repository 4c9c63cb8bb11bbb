//! The figures of one load.

use super::{Options, document::LIMIT, measure::Measured};
use crate::result::{Failure, Metric};

/// Part of a core above which a generator that is late is itself the limit.
const BUSY: f64 = 0.9;
/// Part of the latency that lateness may have.
const SMALL: f64 = 0.05;

impl Measured {
    /// Committed in the window, a second.
    pub(super) fn committed_tps(&self) -> f64 {
        self.outcome.committed_in_window as f64 / self.window_seconds()
    }

    /// Arrived in the window, a second.
    pub(super) fn offered_tps(&self) -> f64 {
        let window = &self.outcome.window;
        let seconds = self.outcome.over_time.points.iter();
        // Whole seconds of the window, which the timeline counts.
        let inside = seconds.filter(|point| {
            point.at_seconds >= window.start.as_secs_f64()
                && point.at_seconds + 1.0 <= window.end.as_secs_f64()
        });
        let (count, total) =
            inside.fold((0.0, 0.0), |(count, total), point| (count + 1.0, total + point.offered_per_second));
        if count > 0.0 { total / count } else { self.rate }
    }

    /// Failed of all that were offered, 0 to 1.
    pub(super) fn error_rate(&self) -> f64 {
        let offered = self.outcome.offered.max(1) as f64;
        (self.outcome.errors.total() as f64 / offered).min(1.0)
    }

    /// Whether the generator, not the network, limited the rate: it was late, or late at all and busy.
    pub(super) fn generator_was_limit(&self, options: &Options) -> bool {
        let bound = self.lag_bound_ms(options);
        let lag = self.lag_p99_ms();
        lag > bound || (self.outcome.cpu_share > BUSY && lag > bound / 2.0)
    }

    /// The same as an entry of the errors.
    pub(super) fn generator_failure(&self, options: &Options) -> Failure {
        let reason = format!(
            "the generator was the limit: its 99th percentile of lateness was {:.1} ms, at most {:.1} ms are allowed, and \
             it used {:.0} % of a core",
            self.lag_p99_ms(),
            self.lag_bound_ms(options),
            self.outcome.cpu_share * 100.0
        );
        Failure::new(&reason, 1)
    }

    /// Lateness that is a small part of a long latency is not what made it long: busy nodes also take the cores from
    /// the generator.
    fn lag_bound_ms(&self, options: &Options) -> f64 {
        let latency = self.outcome.latencies.quantile_ms(0.99).unwrap_or(0.0);
        (options.max_send_lag.as_secs_f64() * 1_000.0).max(latency * SMALL)
    }

    /// The load in a line.
    pub(super) fn line(&self) -> String {
        let at = |quantile| self.outcome.latencies.quantile_ms(quantile).unwrap_or(f64::NAN);
        format!(
            "{:.0} tx/s asked for, {:.0} offered and {:.0} committed in the window, p50 {:.0} ms, p99 {:.0} ms, {} errors, generator {:.0} % of a core and \
             {:.1} ms late",
            self.rate,
            self.offered_tps(),
            self.committed_tps(),
            at(0.5),
            at(0.99),
            self.outcome.errors.total(),
            self.outcome.cpu_share * 100.0,
            self.lag_p99_ms()
        )
    }

    /// Every figure; `limit` is the signature checks of all cores, `share` what is left of them for each node.
    pub(super) fn figures(&self, limit: f64, share: f64) -> Vec<Metric> {
        let outcome = &self.outcome;
        let committed = self.committed_tps();
        let mut metrics = vec![
            Metric::new("committed_tps", committed, "tx/s").with_limit(share),
            Metric::new(LIMIT, limit, "tx/s"),
            Metric::new("tps_ratio", if share > 0.0 { committed / share } else { 0.0 }, "ratio"),
        ];
        let latency = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999)];
        // Where nothing became final there is no latency, and its absence is critical.
        metrics.extend(latency.into_iter().filter_map(|(name, quantile)| {
            Some(Metric::new(&format!("latency_{name}_ms"), outcome.latencies.quantile_ms(quantile)?, "ms"))
        }));
        metrics.push(Metric::new("error_rate", self.error_rate(), "ratio"));
        let most = |of: fn(&super::measure::Used) -> u64| self.nodes.iter().map(of).max();
        metrics.extend(
            most(|node| node.peak_rss_bytes)
                .map(|bytes| Metric::new("peak_rss_bytes", bytes as f64, "bytes")),
        );
        metrics.extend(
            most(|node| node.load_rss_bytes)
                .map(|bytes| Metric::new("load_rss_bytes", bytes as f64, "bytes")),
        );
        metrics.extend(self.growths());
        metrics.push(Metric::new("offered_tps", self.offered_tps(), "tx/s"));
        metrics.push(Metric::new("send_lag_p99_ms", self.lag_p99_ms(), "ms"));
        metrics.extend(
            outcome.reading.quantile_ms(0.99).map(|ms| Metric::new("block_reading_p99_ms", ms, "ms")),
        );
        metrics.push(Metric::new("generator_cpu_share", outcome.cpu_share.max(0.0), "ratio"));
        self.costs(&mut metrics);
        self.blocks(&mut metrics);
        metrics
    }

    /// What each node used, as means of the nodes.
    fn costs(&self, metrics: &mut Vec<Metric>) {
        let committed = self.outcome.committed.max(1) as f64;
        if self.nodes.is_empty() {
            return;
        }
        let mean = |of: fn(&super::measure::Used) -> f64| {
            self.nodes.iter().map(of).sum::<f64>() / self.nodes.len() as f64
        };
        let cpu = mean(|node| node.cpu_seconds);
        metrics.push(Metric::new("node_cpu_seconds", cpu.max(0.0), "s"));
        metrics.extend(self.cores_busy().map(|part| Metric::new("cores_busy", part, "ratio")));
        metrics.extend(self.disk_busy.map(|part| Metric::new("disk_busy", part, "ratio")));
        metrics.push(Metric::new("node_cpu_us_per_tx", (cpu * 1e6 / committed).max(0.0), "us"));
        metrics.push(Metric::new(
            "written_bytes_per_tx",
            mean(|node| node.written_bytes as f64) / committed,
            "bytes",
        ));
        metrics.push(Metric::new(
            "write_calls_per_tx",
            mean(|node| node.write_calls as f64) / committed,
            "calls",
        ));
        metrics.extend(
            self.disk_bytes.map(|bytes| Metric::new("disk_bytes_per_tx", bytes as f64 / committed, "bytes")),
        );
    }

    fn blocks(&self, metrics: &mut Vec<Metric>) {
        let window = &self.outcome.window;
        let told = self.outcome.blocks.iter().filter(|told| window.contains(&told.at));
        let (count, txs) =
            told.clone().fold((0.0, 0.0), |(count, txs), told| (count + 1.0, txs + told.txs as f64));
        metrics.push(Metric::new("blocks", count, "blocks"));
        if count > 0.0 {
            metrics.push(Metric::new("txs_per_block", txs / count, "tx"));
            metrics.push(Metric::new("block_interval_ms", self.window_seconds() * 1_000.0 / count, "ms"));
        }
    }

    pub(super) fn lag_p99_ms(&self) -> f64 {
        self.outcome.send_lag.quantile_ms(0.99).unwrap_or(0.0)
    }

    fn window_seconds(&self) -> f64 {
        let window = &self.outcome.window;
        window.end.saturating_sub(window.start).as_secs_f64().max(f64::MIN_POSITIVE)
    }
}
