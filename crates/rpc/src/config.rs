//! Bounds of the gRPC and REST surfaces.

use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use thiserror::Error;

/// Settings of the gRPC and REST surfaces. Every count, size and time that a client can drive is here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Address of the gRPC listener. Default 127.0.0.1:9090.
    pub grpc_addr: SocketAddr,
    /// Address of the REST listener. Default 127.0.0.1:1317.
    pub rest_addr: SocketAddr,
    /// Origins that browsers may call REST from; `*` for all. Default `["*"]`.
    pub cors_origins: Vec<String>,
    /// Longest request body or message, in bytes. Default 1,000,000.
    pub max_body_bytes: usize,
    /// Most bytes that each listener keeps of the bodies of calls that are not answered, beyond the first 4 KiB
    /// of each; others wait within their time. Default 67,108,864.
    pub max_body_memory_bytes: usize,
    /// Longest path with query of a REST call, in bytes. Default 8,192.
    pub max_uri_bytes: usize,
    /// Longest search query, in bytes. Default 1,024.
    pub max_query_bytes: usize,
    /// Rows of a page if the caller names no limit. Default 100.
    pub default_page_limit: usize,
    /// Most rows of a page; larger limits are lowered to it. Default 1,000.
    pub max_page_limit: usize,
    /// Most bytes of one page of blocks, transactions or events, as they are kept in memory; one item is always
    /// given. Default 4,194,304.
    pub max_page_bytes: usize,
    /// Most calls that read blocks by height or hash at once; others wait within their time. Default 4.
    pub max_concurrent_reads: usize,
    /// Most searches at once, which take no turn from calls that read blocks by height or hash; others wait
    /// within their time. Default 2.
    pub max_concurrent_searches: usize,
    /// Most calls answered at once, over all surfaces; others wait within their time. Default 256.
    pub max_concurrent_calls: usize,
    /// Most open connections of each listener; others wait to be accepted. Default 1,024.
    pub max_connections: usize,
    /// Most calls that one HTTP/2 connection has open at once; each takes about 20 KB. Default 32.
    pub max_calls_per_connection: u32,
    /// Most open streams of events and of submitted transactions. Default 256.
    pub max_streams: usize,
    /// Longest time for one call, and before it for a client to send its body, in seconds. Default 15.
    pub request_timeout_secs: u64,
    /// Longest wait of a write route for its transaction's block, in seconds. Default 10.
    pub inclusion_timeout_secs: u64,
    /// Longest time in which a client sends a request's headers, in seconds. Default 10.
    pub header_timeout_secs: u64,
    /// Time after which a connection without an open call is closed, a stream of submitted transactions
    /// without a request ends, and a tool's stream of reflection does, in seconds. Default 60.
    pub idle_timeout_secs: u64,
}

/// Longest time that a setting may have, in seconds: a day.
pub(crate) const MAX_SECS: u64 = 86_400;
/// Largest count that a setting may have.
pub(crate) const MAX_COUNT: u64 = 1_000_000;
/// Most bytes that a setting may have: a terabyte.
pub(crate) const MAX_BYTES: u64 = 1 << 40;

impl Default for Config {
    fn default() -> Self {
        Self {
            grpc_addr: (Ipv4Addr::LOCALHOST, 9090).into(),
            rest_addr: (Ipv4Addr::LOCALHOST, 1317).into(),
            cors_origins: vec!["*".to_owned()],
            max_body_bytes: 1_000_000,
            max_body_memory_bytes: 64 << 20,
            max_uri_bytes: 8_192,
            max_query_bytes: 1_024,
            default_page_limit: 100,
            max_page_limit: 1_000,
            max_page_bytes: 4 << 20,
            max_concurrent_reads: 4,
            max_concurrent_searches: 2,
            max_concurrent_calls: 256,
            max_connections: 1_024,
            max_calls_per_connection: 32,
            max_streams: 256,
            request_timeout_secs: 15,
            inclusion_timeout_secs: 10,
            header_timeout_secs: 10,
            idle_timeout_secs: 60,
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
    /// One setting must not exceed another.
    #[error("{smaller} ({smaller_value}) must not exceed {larger} ({larger_value})")]
    Order {
        /// Name of the setting that must be the smaller.
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

impl Config {
    /// Checks the settings against each other.
    ///
    /// # Errors
    /// - `Zero`, `Large` - a bound is 0 or absurd
    /// - `Order` - the default page is larger than the largest, a body than the memory for all, or a write
    ///   route waits longer than a call may take
    /// - `Origin` - an origin is malformed
    pub fn validate(&self) -> Result<(), ConfigError> {
        let sizes = [
            ("max_body_bytes", self.max_body_bytes),
            ("max_body_memory_bytes", self.max_body_memory_bytes),
            ("max_uri_bytes", self.max_uri_bytes),
            ("max_query_bytes", self.max_query_bytes),
            ("max_page_bytes", self.max_page_bytes),
        ];
        let counts = [
            ("default_page_limit", self.default_page_limit),
            ("max_page_limit", self.max_page_limit),
            ("max_concurrent_reads", self.max_concurrent_reads),
            ("max_concurrent_searches", self.max_concurrent_searches),
            ("max_concurrent_calls", self.max_concurrent_calls),
            ("max_connections", self.max_connections),
            ("max_calls_per_connection", self.max_calls_per_connection as usize),
            ("max_streams", self.max_streams),
        ];
        let times = [
            ("request_timeout_secs", self.request_timeout_secs),
            ("inclusion_timeout_secs", self.inclusion_timeout_secs),
            ("header_timeout_secs", self.header_timeout_secs),
            ("idle_timeout_secs", self.idle_timeout_secs),
        ];
        if let Some(field) = zero(&sizes, &counts, &times) {
            return Err(ConfigError::Zero { field });
        }
        if let Some((field, value, max)) = large(&sizes, &counts, &times) {
            return Err(ConfigError::Large { field, value, max });
        }
        at_most(
            ("max_body_bytes", self.max_body_bytes as u64),
            ("max_body_memory_bytes", self.max_body_memory_bytes as u64),
        )?;
        at_most(
            ("default_page_limit", self.default_page_limit as u64),
            ("max_page_limit", self.max_page_limit as u64),
        )?;
        at_most(
            ("inclusion_timeout_secs", self.inclusion_timeout_secs),
            ("request_timeout_secs", self.request_timeout_secs),
        )?;
        let valid = |origin: &str| {
            origin == "*" || (origin.contains("://") && axum::http::HeaderValue::from_str(origin).is_ok())
        };
        match self.cors_origins.iter().find(|origin| !valid(origin)) {
            Some(origin) => Err(ConfigError::Origin { origin: origin.clone() }),
            None => Ok(()),
        }
    }

    pub(crate) const fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_secs)
    }

    pub(crate) const fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_secs)
    }

    pub(crate) const fn inclusion_timeout(&self) -> Duration {
        Duration::from_secs(self.inclusion_timeout_secs)
    }
}

type Named<T> = (&'static str, T);

/// The first setting that is 0.
pub(crate) fn zero(
    sizes: &[Named<usize>],
    counts: &[Named<usize>],
    times: &[Named<u64>],
) -> Option<&'static str> {
    let numbers = sizes.iter().chain(counts).map(|(field, value)| (*field, *value as u64));
    numbers.chain(times.iter().copied()).find(|(_, value)| *value == 0).map(|(field, _)| field)
}

/// The first setting that is absurd, its value and the largest that is not.
pub(crate) fn large(
    sizes: &[Named<usize>],
    counts: &[Named<usize>],
    times: &[Named<u64>],
) -> Option<(&'static str, u64, u64)> {
    let sizes = sizes.iter().map(|(field, value)| (*field, *value as u64, MAX_BYTES));
    let counts = counts.iter().map(|(field, value)| (*field, *value as u64, MAX_COUNT));
    let times = times.iter().map(|(field, value)| (*field, *value, MAX_SECS));
    sizes.chain(counts).chain(times).find(|(_, value, max)| value > max)
}

fn at_most(
    (smaller, smaller_value): (&'static str, u64),
    (larger, larger_value): (&'static str, u64),
) -> Result<(), ConfigError> {
    if smaller_value <= larger_value {
        return Ok(());
    }
    Err(ConfigError::Order { smaller, smaller_value, larger, larger_value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_defaults_which_listen_on_loopback() {
        let config = Config::default();
        assert_eq!(config.validate(), Ok(()));
        assert!(config.grpc_addr.ip().is_loopback() && config.rest_addr.ip().is_loopback());
    }

    #[test]
    fn rejects_bounds_of_zero() {
        let config = Config { max_connections: 0, ..Config::default() };
        assert_eq!(config.validate(), Err(ConfigError::Zero { field: "max_connections" }));
        let config = Config { header_timeout_secs: 0, ..Config::default() };
        assert_eq!(config.validate(), Err(ConfigError::Zero { field: "header_timeout_secs" }));
    }

    #[test]
    fn rejects_bounds_that_bound_nothing() {
        let refused = |config: Config| config.validate().unwrap_err().to_string();
        let config = Config { idle_timeout_secs: u64::MAX, ..Config::default() };
        assert_eq!(refused(config), "idle_timeout_secs must be at most 86400, got 18446744073709551615");
        let config = Config { max_calls_per_connection: 2_000_000, ..Config::default() };
        assert_eq!(refused(config), "max_calls_per_connection must be at most 1000000, got 2000000");
        let config = Config { max_body_memory_bytes: usize::MAX, ..Config::default() };
        assert!(matches!(config.validate(), Err(ConfigError::Large { field: "max_body_memory_bytes", .. })));
        let config = Config { max_body_memory_bytes: 999_999, ..Config::default() };
        assert_eq!(
            refused(config),
            "max_body_bytes (1000000) must not exceed max_body_memory_bytes (999999)"
        );
    }

    #[test]
    fn rejects_settings_that_contradict_each_other() {
        let config = Config { default_page_limit: 2_000, ..Config::default() };
        let error = config.validate().unwrap_err();
        assert_eq!(error.to_string(), "default_page_limit (2000) must not exceed max_page_limit (1000)");
        let config = Config { inclusion_timeout_secs: 16, ..Config::default() };
        assert!(matches!(config.validate(), Err(ConfigError::Order { .. })));
    }

    #[test]
    fn rejects_malformed_origins() {
        let config = Config { cors_origins: vec!["wallet".to_owned()], ..Config::default() };
        assert_eq!(config.validate(), Err(ConfigError::Origin { origin: "wallet".to_owned() }));
    }
}
