//! Bounds of the mempool, each with its default.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use virtengine_types::tx::MAX_TX_BYTES;

/// Largest bound of a number of things; tables of that many are made at start.
const MAX_COUNT: usize = 10_000_000;

/// Longest time between two batches in milliseconds.
const MAX_INTERVAL_MS: u64 = 1_000;

/// Bounds of what a node keeps and checks for others. Every one limits memory or work that strangers
/// can cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Most transactions kept. Default 50,000.
    pub max_count: usize,
    /// Most bytes of raw transactions kept. Default 64 MiB.
    pub max_bytes: usize,
    /// Part of both, in percent, above which what this node's own clients send has to outbid what is kept. The rest is
    /// for what other nodes took in, so that this node knows it before it is in a block. Default 40.
    pub client_percent: usize,
    /// Most transactions kept for one signer. Default 1,000.
    pub max_per_account: usize,
    /// Blocks after which a transaction that no block took is dropped. Default 1,200.
    pub max_age_blocks: u64,
    /// Hashes of included transactions that are remembered, so that a replay is told apart from a wrong
    /// sequence. Default 100,000, 32 bytes each.
    pub max_remembered: usize,
    /// Transactions that may wait for their check at a time. Default 4,096.
    pub max_waiting: usize,
    /// Longest that a client's call waits for its place among them, in milliseconds. Default 2,000.
    pub max_wait_ms: u64,
    /// Most transactions checked in one batch. Default 512.
    pub max_batch: usize,
    /// Least time from the check of one batch to that of the next in milliseconds, in which it collects. Default 5.
    pub batch_interval_ms: u64,
    /// Most verified transactions remembered for the checking of blocks. Default 65,536.
    pub verified_count: usize,
    /// Most raw bytes of verified transactions remembered. Default 64 MiB.
    pub verified_bytes: usize,
    /// Most accounts remembered, so that those of busy senders are not read again. Default 65,536.
    pub accounts_count: usize,
    /// Most bytes of one message to peers. Default 512 KiB.
    pub gossip_message_bytes: usize,
    /// Milliseconds for which accepted transactions are collected before they are sent. Default 5.
    pub gossip_linger_ms: u64,
    /// Blocks after which a transaction from a client that no block took is sent again. Default 20.
    pub gossip_again_blocks: u64,
    /// Seconds for which a peer is not listened to after it sent garbage. Default 10.
    pub gossip_mute_seconds: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_count: 50_000,
            max_bytes: 64 * 1024 * 1024,
            client_percent: 40,
            max_per_account: 1_000,
            max_age_blocks: 1_200,
            max_remembered: 100_000,
            max_waiting: 4_096,
            max_wait_ms: 2_000,
            max_batch: 512,
            batch_interval_ms: 5,
            verified_count: 65_536,
            verified_bytes: 64 * 1024 * 1024,
            accounts_count: 65_536,
            gossip_message_bytes: 512 * 1024,
            gossip_linger_ms: 5,
            gossip_again_blocks: 20,
            gossip_mute_seconds: 10,
        }
    }
}

/// Why a configuration cannot work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A bound of zero.
    #[error("{field} must be at least 1, got 0")]
    Zero {
        /// The field.
        field: &'static str,
    },
    /// More than any machine has room for.
    #[error("{field} must be at most {max}, got {found}")]
    TooLarge {
        /// The field.
        field: &'static str,
        /// Its value.
        found: usize,
        /// The most that is taken.
        max: usize,
    },
    /// A part that is more than the whole.
    #[error("client_percent must be at most 100, got {found}")]
    Percent {
        /// `client_percent`.
        found: usize,
    },
    /// A bound that the largest transaction does not fit into.
    #[error("{field} is {found} bytes, the largest transaction needs {needed}")]
    TooSmall {
        /// The field.
        field: &'static str,
        /// Its value.
        found: usize,
        /// The least that works.
        needed: usize,
    },
    /// Transactions would wait longer for their batch than clients do.
    #[error("batch_interval_ms must be at most {max}, got {found}")]
    Interval {
        /// `batch_interval_ms`.
        found: u64,
        /// The most that is taken.
        max: u64,
    },
    /// A batch larger than the queue that it is taken from.
    #[error("max_batch {batch} exceeds max_waiting {waiting}")]
    Batch {
        /// `max_batch`.
        batch: usize,
        /// `max_waiting`.
        waiting: usize,
    },
}

impl Config {
    /// Checks the relations between the fields.
    ///
    /// # Errors
    /// - `Zero` - a bound is 0 that must not be
    /// - `TooLarge` - a bound is beyond any machine
    /// - `Percent` - `client_percent` exceeds 100
    /// - `TooSmall` - a bound in bytes cannot hold the largest transaction
    /// - `Interval` - `batch_interval_ms` is longer than clients wait
    /// - `Batch` - `max_batch` exceeds `max_waiting`
    pub fn validate(&self) -> Result<(), ConfigError> {
        let positive = [
            ("max_count", self.max_count),
            ("client_percent", self.client_percent),
            ("max_per_account", self.max_per_account),
            ("max_waiting", self.max_waiting),
            ("max_batch", self.max_batch),
            ("verified_count", self.verified_count),
            ("accounts_count", self.accounts_count),
        ];
        if let Some((field, _)) = positive.into_iter().find(|(_, value)| *value == 0) {
            return Err(ConfigError::Zero { field });
        }
        let counts = positive.into_iter().chain([("max_remembered", self.max_remembered)]);
        if let Some((field, found)) = counts.into_iter().find(|(_, value)| *value > MAX_COUNT) {
            return Err(ConfigError::TooLarge { field, found, max: MAX_COUNT });
        }
        let blocks =
            [("max_age_blocks", self.max_age_blocks), ("gossip_again_blocks", self.gossip_again_blocks)];
        if let Some((field, _)) = blocks.into_iter().find(|(_, value)| *value == 0) {
            return Err(ConfigError::Zero { field });
        }
        if self.client_percent > 100 {
            return Err(ConfigError::Percent { found: self.client_percent });
        }
        let needed = MAX_TX_BYTES + crate::gossip::OVERHEAD_BYTES;
        let sizes = [
            ("max_bytes", self.max_bytes),
            ("client_percent of max_bytes", part(self.max_bytes, self.client_percent)),
            ("gossip_message_bytes", self.gossip_message_bytes),
        ];
        for (field, found) in sizes {
            if found < needed {
                return Err(ConfigError::TooSmall { field, found, needed });
            }
        }
        if self.batch_interval_ms > MAX_INTERVAL_MS {
            let found = self.batch_interval_ms;
            return Err(ConfigError::Interval { found, max: MAX_INTERVAL_MS });
        }
        if self.max_batch > self.max_waiting {
            return Err(ConfigError::Batch { batch: self.max_batch, waiting: self.max_waiting });
        }
        Ok(())
    }
}

/// `percent` of `whole`, rounded up.
pub(crate) fn part(whole: usize, percent: usize) -> usize {
    whole.saturating_mul(percent).div_ceil(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_defaults() {
        assert_eq!(Config::default().validate(), Ok(()));
    }

    #[test]
    fn rejects_a_bound_of_zero_or_beyond_any_machine() {
        let config = Config { max_count: 0, ..Config::default() };
        assert_eq!(config.validate(), Err(ConfigError::Zero { field: "max_count" }));
        let config = Config { verified_count: usize::MAX, ..Config::default() };
        let (field, found, max) = ("verified_count", usize::MAX, MAX_COUNT);
        assert_eq!(config.validate(), Err(ConfigError::TooLarge { field, found, max }));
        let config = Config { gossip_again_blocks: 0, ..Config::default() };
        assert_eq!(config.validate(), Err(ConfigError::Zero { field: "gossip_again_blocks" }));
    }

    #[test]
    fn rejects_a_message_that_the_largest_transaction_does_not_fit_into() {
        let config = Config { gossip_message_bytes: 1_000, ..Config::default() };
        let needed = MAX_TX_BYTES + crate::gossip::OVERHEAD_BYTES;
        let field = "gossip_message_bytes";
        assert_eq!(config.validate(), Err(ConfigError::TooSmall { field, found: 1_000, needed }));
    }

    #[test]
    fn rejects_a_part_for_clients_that_no_transaction_fits_into_or_that_is_more_than_all() {
        let config = Config { client_percent: 101, ..Config::default() };
        assert_eq!(config.validate(), Err(ConfigError::Percent { found: 101 }));
        let config = Config { max_bytes: 2 * MAX_TX_BYTES, ..Config::default() };
        let (field, found) = ("client_percent of max_bytes", (2 * MAX_TX_BYTES * 40).div_ceil(100));
        let needed = MAX_TX_BYTES + crate::gossip::OVERHEAD_BYTES;
        assert_eq!(config.validate(), Err(ConfigError::TooSmall { field, found, needed }));
    }

    #[test]
    fn rejects_a_time_between_batches_that_nobody_waits_for() {
        let config = Config { batch_interval_ms: 1_001, ..Config::default() };
        assert_eq!(config.validate(), Err(ConfigError::Interval { found: 1_001, max: 1_000 }));
    }

    #[test]
    fn rejects_a_batch_larger_than_its_queue() {
        let config = Config { max_batch: 5_000, ..Config::default() };
        assert_eq!(config.validate(), Err(ConfigError::Batch { batch: 5_000, waiting: 4_096 }));
    }
}
