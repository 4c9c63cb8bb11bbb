//! What can be set of the engine. The node's configuration file maps onto it.

use std::time::Duration;
use thiserror::Error;

/// How blocks are paced, kept and synced. Durations of rounds must be equal on all validators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Blocks in an epoch. Part of the chain's rules.
    pub epoch_length: u64,
    /// Longest wait of a proposer without transactions, counted from the parent's time.
    pub idle_block_interval: Duration,
    /// Shortest time between a block and its parent, so that blocks fill. Full batches do not wait.
    pub min_block_interval: Duration,
    /// Most bytes of transactions put into an own proposal.
    pub max_batch_bytes: usize,
    /// Most transactions put into an own proposal.
    pub max_batch_count: usize,
    /// Time for a leader to propose before its view is given up.
    pub leader_timeout: Duration,
    /// Time for a view to be certified before it is given up.
    pub certification_timeout: Duration,
    /// Time between repeated messages of a stuck view.
    pub timeout_retry: Duration,
    /// Silence of a leader after which its views are skipped at once.
    pub skip_timeout: Duration,
    /// Farthest that a block's time may be ahead of this node's clock before voting waits for it.
    pub max_clock_drift: Duration,
    /// Finalized blocks kept for peers that catch up. At least an epoch.
    pub retained_blocks: usize,
    /// Finalized blocks whose state operations are kept for peers that sync state.
    pub retained_state_blocks: usize,
    /// Finalized blocks between prunings.
    pub prune_interval: usize,
    /// Finalized blocks that may wait for the indexes.
    pub pending_blocks: usize,
    /// Pages of 4 KiB shared by all databases and journals. Allocated at start.
    pub page_cache_pages: usize,
    /// Bytes buffered before a write, for each file.
    pub write_buffer: usize,
    /// Threads for hashing and signature work of consensus.
    pub threads: usize,
    /// Whether an empty node fetches the state from peers instead of executing all blocks.
    pub state_sync: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            epoch_length: 1_000,
            idle_block_interval: Duration::from_secs(1),
            min_block_interval: Duration::from_millis(50),
            max_batch_bytes: 2 * 1024 * 1024,
            max_batch_count: 10_000,
            leader_timeout: Duration::from_millis(2_500),
            certification_timeout: Duration::from_secs(4),
            timeout_retry: Duration::from_secs(2),
            skip_timeout: Duration::from_secs(6),
            max_clock_drift: Duration::from_secs(1),
            retained_blocks: 10_000,
            retained_state_blocks: 1_000,
            prune_interval: 500,
            pending_blocks: 4,
            page_cache_pages: 4_096,
            write_buffer: 64 * 1024,
            threads: 2,
            state_sync: false,
        }
    }
}

/// A relation between two settings, or a bound of one, that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{low} must be less than {high}, got {low} = {low_value} and {high} = {high_value}")]
pub struct ConfigError {
    /// The setting that must be smaller.
    pub low: &'static str,
    /// Its value.
    pub low_value: String,
    /// The setting or bound that must be larger.
    pub high: &'static str,
    /// Its value.
    pub high_value: String,
}

/// Pages of 4 KiB beyond any machine; the cache is allocated at start.
const MAX_PAGES: u64 = 1 << 24;
/// Threads beyond any machine.
const MAX_THREADS: u64 = 4_096;

impl Config {
    /// Checks every relation between the settings.
    ///
    /// # Errors
    /// The first relation that does not hold.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let times = [
            ("min_block_interval", self.min_block_interval, "leader_timeout", self.leader_timeout),
            ("idle_block_interval", self.idle_block_interval, "leader_timeout", self.leader_timeout),
            ("leader_timeout", self.leader_timeout, "certification_timeout", self.certification_timeout),
            ("certification_timeout", self.certification_timeout, "skip_timeout", self.skip_timeout),
            ("timeout_retry", self.timeout_retry, "skip_timeout", self.skip_timeout),
            ("max_clock_drift", self.max_clock_drift, "certification_timeout", self.certification_timeout),
        ];
        for (low, low_value, high, high_value) in times {
            if low_value >= high_value {
                let (low_value, high_value) = (format!("{low_value:?}"), format!("{high_value:?}"));
                return Err(ConfigError { low, low_value, high, high_value });
            }
        }
        let kept = self.retained_blocks as u64;
        let counts = [
            ("1", 1, "epoch_length", self.epoch_length),
            ("epoch_length", self.epoch_length, "retained_blocks", kept),
            ("retained_state_blocks", self.retained_state_blocks as u64, "retained_blocks", kept),
            (
                "0",
                0,
                "timeout_retry in ms",
                u64::try_from(self.timeout_retry.as_millis()).unwrap_or(u64::MAX),
            ),
            ("0", 0, "page_cache_pages", self.page_cache_pages as u64),
            ("0", 0, "write_buffer", self.write_buffer as u64),
            ("0", 0, "threads", self.threads as u64),
            ("0", 0, "prune_interval", self.prune_interval as u64),
            ("0", 0, "pending_blocks", self.pending_blocks as u64),
            ("0", 0, "max_batch_count", self.max_batch_count as u64),
            ("page_cache_pages", self.page_cache_pages as u64, "64 GiB of pages", MAX_PAGES),
            ("threads", self.threads as u64, "the most that are started", MAX_THREADS),
            (
                "max_batch_bytes",
                self.max_batch_bytes as u64,
                "4 MiB + 1",
                crate::block::MAX_TXS_BYTES as u64 + 1,
            ),
        ];
        for (low, low_value, high, high_value) in counts {
            if low_value >= high_value {
                let (low_value, high_value) = (low_value.to_string(), high_value.to_string());
                return Err(ConfigError { low, low_value, high, high_value });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn rejects_an_idle_interval_beyond_the_leader_timeout() {
        let config = Config { idle_block_interval: Duration::from_secs(3), ..Config::default() };
        let error = config.validate().unwrap_err();
        assert_eq!((error.low, error.high), ("idle_block_interval", "leader_timeout"));
        assert_eq!((error.low_value.as_str(), error.high_value.as_str()), ("3s", "2.5s"));
    }

    #[test]
    fn rejects_a_cache_that_no_machine_holds() {
        let config = Config { page_cache_pages: 100_000_000, ..Config::default() };
        let error = config.validate().unwrap_err().to_string();
        assert!(error.contains("page_cache_pages = 100000000 and 64 GiB of pages = 16777216"), "{error}");
    }

    #[test]
    fn rejects_keeping_less_than_an_epoch() {
        let config = Config { retained_blocks: 1_000, retained_state_blocks: 10, ..Config::default() };
        assert_eq!(config.validate().unwrap_err().high, "retained_blocks");
    }
}
