//! Bounds of the surface.

use crate::config::{large, zero};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Settings of the JSON-RPC and WebSocket surface. Every count and size that a client can drive is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CometConfig {
    /// Origins that browsers may call from; `*` for all. Default `["*"]`.
    pub cors_origins: Vec<String>,
    /// Longest request body, in bytes. Default 1,000,000.
    pub max_body_bytes: usize,
    /// Longest message of a WebSocket client, in bytes. Default 98,304: a transaction of 64 KiB in base64,
    /// with its call.
    pub max_websocket_message_bytes: usize,
    /// Most calls of one batch. Default 20.
    pub max_batch: usize,
    /// Bytes of answers after which the further calls of a batch are refused. Default 16,777,216.
    pub max_batch_bytes: usize,
    /// Longest query of a search or subscription, in bytes. Default 512.
    pub max_query_bytes: usize,
    /// Most items of a page. Default 100.
    pub max_per_page: usize,
    /// Most bytes of one page of a search, as they are kept in memory; one item is always given. Default
    /// 4,194,304.
    pub max_page_bytes: usize,
    /// Most calls that read blocks by height or hash at once; others wait. Default 4.
    pub max_concurrent_reads: usize,
    /// Most searches at once, which take no turn from calls that read blocks by height or hash; others wait
    /// within their time. Default 2.
    pub max_concurrent_searches: usize,
    /// Most open WebSocket connections, both kinds together. Default 900.
    pub max_websockets: usize,
    /// Most calls that one WebSocket connection may have under way; further ones wait. Default 16.
    pub max_calls_per_websocket: usize,
    /// Most connections with subscriptions. Default 100.
    pub max_subscription_clients: usize,
    /// Most subscriptions of one connection to `/websocket`. Default 5.
    pub max_subscriptions_per_client: usize,
    /// Most subscriptions of one connection to `/events`. Default 64.
    pub max_event_subscriptions_per_client: usize,
    /// Longest time for one call, for all calls of one batch together, and for a WebSocket client to send a
    /// message from its first byte to its last, in seconds. Default 15.
    pub request_timeout_secs: u64,
    /// Longest wait of `broadcast_tx_commit` for the block, in seconds. Default 10.
    pub commit_timeout_secs: u64,
    /// Time between pings to WebSocket clients, in seconds; clients give up after 30. Default 20.
    pub ping_interval_secs: u64,
    /// Time after which a WebSocket client that sends nothing, not even an answer to a ping, is
    /// disconnected, in seconds. Default 60.
    pub idle_timeout_secs: u64,
    /// Longest time that a WebSocket client may take to accept a message, in seconds. Default 10.
    pub write_timeout_secs: u64,
}

impl Default for CometConfig {
    fn default() -> Self {
        Self {
            cors_origins: vec!["*".to_owned()],
            max_body_bytes: 1_000_000,
            max_websocket_message_bytes: 96 * 1024,
            max_batch: 20,
            max_batch_bytes: 16 << 20,
            max_query_bytes: 512,
            max_per_page: 100,
            max_page_bytes: 4 * 1024 * 1024,
            max_concurrent_reads: 4,
            max_concurrent_searches: 2,
            max_websockets: 900,
            max_calls_per_websocket: 16,
            max_subscription_clients: 100,
            max_subscriptions_per_client: 5,
            max_event_subscriptions_per_client: 64,
            request_timeout_secs: 15,
            commit_timeout_secs: 10,
            ping_interval_secs: 20,
            idle_timeout_secs: 60,
            write_timeout_secs: 10,
        }
    }
}

/// Why settings do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A bound that would refuse everything.
    #[error("{field} must be at least 1, got 0")]
    Zero {
        /// Name of the setting.
        field: &'static str,
    },
    /// A bound that would bound nothing.
    #[error("{field} must be at most {max}, got {value}")]
    Large {
        /// Name of the setting.
        field: &'static str,
        /// Its value.
        value: u64,
        /// The largest value.
        max: u64,
    },
    /// One setting must be less than another.
    #[error("{smaller} ({smaller_value}) must be less than {larger} ({larger_value})")]
    Order {
        /// Name of the setting that must be less.
        smaller: &'static str,
        /// Its value.
        smaller_value: u64,
        /// Name of the other.
        larger: &'static str,
        /// Its value.
        larger_value: u64,
    },
    /// Not an origin that a browser could send.
    #[error("cors_origins: {origin:?} is neither * nor an origin such as https://wallet.example")]
    Origin {
        /// The value.
        origin: String,
    },
}

impl CometConfig {
    /// Checks the settings against each other.
    ///
    /// # Errors
    /// - `Zero`, `Large` - a bound is 0 or absurd
    /// - `Order` - waiting for a block takes longer than a call may, or pings are rarer than the idle time
    /// - `Origin` - an origin is malformed
    pub fn validate(&self) -> Result<(), ConfigError> {
        let sizes = [
            ("max_body_bytes", self.max_body_bytes),
            ("max_websocket_message_bytes", self.max_websocket_message_bytes),
            ("max_batch_bytes", self.max_batch_bytes),
            ("max_query_bytes", self.max_query_bytes),
            ("max_page_bytes", self.max_page_bytes),
        ];
        let counts = [
            ("max_batch", self.max_batch),
            ("max_per_page", self.max_per_page),
            ("max_concurrent_reads", self.max_concurrent_reads),
            ("max_concurrent_searches", self.max_concurrent_searches),
            ("max_websockets", self.max_websockets),
            ("max_calls_per_websocket", self.max_calls_per_websocket),
            ("max_subscription_clients", self.max_subscription_clients),
            ("max_subscriptions_per_client", self.max_subscriptions_per_client),
            ("max_event_subscriptions_per_client", self.max_event_subscriptions_per_client),
        ];
        let times = [
            ("request_timeout_secs", self.request_timeout_secs),
            ("commit_timeout_secs", self.commit_timeout_secs),
            ("ping_interval_secs", self.ping_interval_secs),
            ("idle_timeout_secs", self.idle_timeout_secs),
            ("write_timeout_secs", self.write_timeout_secs),
        ];
        if let Some(field) = zero(&sizes, &counts, &times) {
            return Err(ConfigError::Zero { field });
        }
        if let Some((field, value, max)) = large(&sizes, &counts, &times) {
            return Err(ConfigError::Large { field, value, max });
        }
        less(
            ("commit_timeout_secs", self.commit_timeout_secs),
            ("request_timeout_secs", self.request_timeout_secs),
        )?;
        less(("ping_interval_secs", self.ping_interval_secs), ("idle_timeout_secs", self.idle_timeout_secs))?;
        let valid = |origin: &str| {
            origin == "*" || (origin.contains("://") && axum::http::HeaderValue::from_str(origin).is_ok())
        };
        match self.cors_origins.iter().find(|origin| !valid(origin)) {
            Some(origin) => Err(ConfigError::Origin { origin: origin.clone() }),
            None => Ok(()),
        }
    }
}

fn less(
    (smaller, smaller_value): (&'static str, u64),
    (larger, larger_value): (&'static str, u64),
) -> Result<(), ConfigError> {
    if smaller_value < larger_value {
        return Ok(());
    }
    Err(ConfigError::Order { smaller, smaller_value, larger, larger_value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_defaults() {
        assert_eq!(CometConfig::default().validate(), Ok(()));
    }

    #[test]
    fn rejects_bounds_of_zero() {
        let config = CometConfig { max_batch: 0, ..CometConfig::default() };
        assert_eq!(config.validate(), Err(ConfigError::Zero { field: "max_batch" }));
        let config = CometConfig { write_timeout_secs: 0, ..CometConfig::default() };
        assert_eq!(config.validate(), Err(ConfigError::Zero { field: "write_timeout_secs" }));
    }

    #[test]
    fn rejects_bounds_that_bound_nothing() {
        let config = CometConfig { request_timeout_secs: 86_401, ..CometConfig::default() };
        let error = config.validate().unwrap_err();
        assert_eq!(error.to_string(), "request_timeout_secs must be at most 86400, got 86401");
        let config = CometConfig { max_websockets: usize::MAX, ..CometConfig::default() };
        assert!(matches!(config.validate(), Err(ConfigError::Large { field: "max_websockets", .. })));
    }

    #[test]
    fn rejects_a_wait_for_blocks_that_outlasts_the_call() {
        let config = CometConfig { commit_timeout_secs: 15, ..CometConfig::default() };
        let error = config.validate().unwrap_err();
        assert_eq!(error.to_string(), "commit_timeout_secs (15) must be less than request_timeout_secs (15)");
    }

    #[test]
    fn rejects_malformed_origins() {
        let config = CometConfig { cors_origins: vec!["wallet".to_owned()], ..CometConfig::default() };
        assert_eq!(config.validate(), Err(ConfigError::Origin { origin: "wallet".to_owned() }));
    }
}
