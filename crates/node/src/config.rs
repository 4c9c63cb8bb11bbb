//! The settings of a node, as `config/node.toml` holds them.

use crate::budgets::{BudgetConfig, BudgetError};
use serde::{Deserialize, Serialize};
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use thiserror::Error;
use virtengine_consensus as consensus;
use virtengine_rpc::comet::CometConfig;

/// Characters of a malformed line that an error shows.
const MAX_SHOWN: usize = 80;

/// All settings of a node. Unknown fields are refused; absent ones have their defaults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NodeConfig {
    /// Name shown to clients. Default `node`.
    pub moniker: String,
    /// Address on which other nodes connect. Default 127.0.0.1:26656.
    pub p2p_addr: SocketAddr,
    /// Address of CometBFT JSON-RPC and WebSockets. Default 127.0.0.1:26657.
    pub rpc_addr: SocketAddr,
    /// Address of `/metrics`, `/health` and `/ready`. Default 127.0.0.1:26660.
    pub metrics_addr: SocketAddr,
    /// Validators' nodes, this one included or not.
    pub validators: Vec<PeerConfig>,
    /// Nodes that may follow without voting. Every node must list those it is to serve.
    pub observers: Vec<PeerConfig>,
    /// Blocks of history to keep; all if absent.
    pub retain_blocks: Option<u64>,
    /// Memory for recently read blocks, in bytes; 0 keeps none. Default 16 MiB.
    pub block_cache_bytes: u64,
    /// Consensus, state and their pacing.
    pub engine: EngineConfig,
    /// JSON-RPC bounds.
    pub comet: CometConfig,
    /// gRPC and REST.
    pub api: virtengine_rpc::Config,
    /// Pending transactions.
    pub mempool: virtengine_mempool::Config,
    /// What the node may use before it raises an alarm.
    pub budgets: BudgetConfig,
}

/// Another node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerConfig {
    /// Its ed25519 identity, 32 bytes in hex.
    pub identity: String,
    /// Where it listens.
    pub addr: SocketAddr,
}

/// Settings of consensus and state. Durations of rounds must be equal on all validators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
    /// Blocks of an epoch; part of the chain's rules. Default 1,000.
    pub epoch_length: u64,
    /// Longest wait for a transaction before an empty block, in milliseconds. Default 1,000.
    pub idle_block_interval_ms: u64,
    /// Shortest time between blocks, so that they fill, in milliseconds. Default 50.
    pub min_block_interval_ms: u64,
    /// Time for a leader to propose, in milliseconds. Default 2,500.
    pub leader_timeout_ms: u64,
    /// Time for a view to be certified, in milliseconds. Default 4,000.
    pub certification_timeout_ms: u64,
    /// Finalized blocks kept for peers that catch up. Default 10,000.
    pub retained_blocks: usize,
    /// Finalized blocks whose state operations are kept for peers that sync state. Default 1,000.
    pub retained_state_blocks: usize,
    /// Pages of 4 KiB cached for all databases, allocated at start. Default 4,096.
    pub page_cache_pages: usize,
    /// Worker threads of the runtime. Default 2.
    pub threads: usize,
    /// Whether an empty node fetches the state from peers instead of executing every block.
    pub state_sync: bool,
}

/// Why settings are refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Consensus settings contradict each other.
    #[error("engine: {0}")]
    Engine(#[from] consensus::config::ConfigError),
    /// JSON-RPC settings contradict each other.
    #[error("comet: {0}")]
    Comet(#[from] virtengine_rpc::comet::ConfigError),
    /// API settings contradict each other.
    #[error("api: {0}")]
    Api(#[from] virtengine_rpc::ConfigError),
    /// Mempool settings contradict each other.
    #[error("mempool: {0}")]
    Mempool(#[from] virtengine_mempool::ConfigError),
    /// A budget allows nothing.
    #[error("budgets: {0}")]
    Budgets(#[from] BudgetError),
    /// Two listeners have one address.
    #[error("{first} and {second} are both {addr}: give each its own port")]
    SameAddress {
        /// The one setting.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// Their address.
        addr: SocketAddr,
    },
    /// An identity is no key.
    #[error("identity {found:?} of the node at {addr} must be 32 bytes in hex")]
    Identity {
        /// The text given.
        found: String,
        /// Whose it is.
        addr: SocketAddr,
    },
    /// A line that is not a setting, or not one of this field's values.
    #[error("line {line} ({text}): {cause}")]
    Malformed {
        /// Number of the line, from 1.
        line: usize,
        /// What it says, cut.
        text: String,
        /// The rule.
        cause: String,
    },
    /// An empty file, as a crash of the disk may leave.
    #[error("the file holds no settings: restore it from a backup")]
    Empty,
    /// The settings cannot be written as TOML.
    #[error("{0}")]
    Toml(#[from] toml::ser::Error),
}

impl Default for NodeConfig {
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            moniker: "node".to_owned(),
            p2p_addr: local(26656),
            rpc_addr: local(26657),
            metrics_addr: local(26660),
            validators: Vec::new(),
            observers: Vec::new(),
            retain_blocks: None,
            block_cache_bytes: virtengine_events::Config::default().block_cache_bytes,
            engine: EngineConfig::default(),
            comet: CometConfig::default(),
            api: virtengine_rpc::Config::default(),
            mempool: virtengine_mempool::Config::default(),
            budgets: BudgetConfig::default(),
        }
    }
}

impl Default for EngineConfig {
    fn default() -> Self {
        let engine = consensus::Config::default();
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            epoch_length: engine.epoch_length,
            idle_block_interval_ms: ms(engine.idle_block_interval),
            min_block_interval_ms: ms(engine.min_block_interval),
            leader_timeout_ms: ms(engine.leader_timeout),
            certification_timeout_ms: ms(engine.certification_timeout),
            retained_blocks: engine.retained_blocks,
            retained_state_blocks: engine.retained_state_blocks,
            page_cache_pages: engine.page_cache_pages,
            threads: engine.threads,
            state_sync: engine.state_sync,
        }
    }
}

impl EngineConfig {
    /// The engine's own settings.
    #[must_use]
    pub fn consensus(&self) -> consensus::Config {
        consensus::Config {
            epoch_length: self.epoch_length,
            idle_block_interval: Duration::from_millis(self.idle_block_interval_ms),
            min_block_interval: Duration::from_millis(self.min_block_interval_ms),
            leader_timeout: Duration::from_millis(self.leader_timeout_ms),
            certification_timeout: Duration::from_millis(self.certification_timeout_ms),
            retained_blocks: self.retained_blocks,
            retained_state_blocks: self.retained_state_blocks,
            page_cache_pages: self.page_cache_pages,
            threads: self.threads,
            state_sync: self.state_sync,
            ..consensus::Config::default()
        }
    }
}

impl PeerConfig {
    /// The identity's bytes.
    ///
    /// # Errors
    /// - `Identity` - not 32 bytes in hex
    pub fn key(&self) -> Result<[u8; 32], ConfigError> {
        let refused = || ConfigError::Identity { found: self.identity.clone(), addr: self.addr };
        hex::decode(&self.identity).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(refused)
    }
}

impl NodeConfig {
    /// Reads settings from the bytes of a file and checks them.
    ///
    /// # Errors
    /// - `Empty`, `Malformed` - not a settings file, with the line
    /// - others - the first relation that does not hold
    pub fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        let malformed = |start: usize, cause: String| {
            let before = bytes.get(..start).unwrap_or(bytes);
            let line = before.iter().filter(|byte| **byte == b'\n').count();
            let text = bytes.split(|byte| *byte == b'\n').nth(line).unwrap_or_default();
            let text = String::from_utf8_lossy(text).trim().chars().take(MAX_SHOWN).collect();
            ConfigError::Malformed { line: line + 1, text, cause }
        };
        let text =
            std::str::from_utf8(bytes).map_err(|error| malformed(error.valid_up_to(), error.to_string()))?;
        if text.trim().is_empty() {
            return Err(ConfigError::Empty);
        }
        let config: Self = toml::from_str(text).map_err(|error| {
            malformed(error.span().map_or(0, |span| span.start), error.message().replace('\n', " "))
        })?;
        config.validate()?;
        Ok(config)
    }

    /// Checks every relation between the settings.
    ///
    /// # Errors
    /// The first relation that does not hold.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.engine.consensus().validate()?;
        self.comet.validate()?;
        self.api.validate()?;
        self.mempool.validate()?;
        self.budgets.validate()?;
        for peer in self.validators.iter().chain(&self.observers) {
            peer.key()?;
        }
        let listeners = self.listeners();
        for (index, (first, addr)) in listeners.iter().enumerate() {
            let same = listeners.iter().skip(index + 1).find(|(_, other)| other == addr);
            if let Some((second, _)) = same.filter(|_| addr.port() != 0) {
                return Err(ConfigError::SameAddress { first, second, addr: *addr });
            }
        }
        Ok(())
    }

    /// Every address that the node listens on, by the name of its setting.
    #[must_use]
    pub const fn listeners(&self) -> [(&'static str, SocketAddr); 5] {
        [
            ("p2p_addr", self.p2p_addr),
            ("rpc_addr", self.rpc_addr),
            ("api.grpc_addr", self.api.grpc_addr),
            ("api.rest_addr", self.api.rest_addr),
            ("metrics_addr", self.metrics_addr),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_hold_and_survive_toml() {
        let config = NodeConfig::default();
        config.validate().unwrap();
        let text = toml::to_string_pretty(&config).unwrap();
        assert_eq!(toml::from_str::<NodeConfig>(&text).unwrap(), config);
    }

    #[test]
    fn rejects_two_listeners_on_one_address() {
        let defaults = NodeConfig::default();
        let config = NodeConfig { metrics_addr: defaults.rpc_addr, ..defaults };
        let error = config.validate().unwrap_err().to_string();
        assert!(error.contains("rpc_addr and metrics_addr are both 127.0.0.1:26657"), "{error}");
    }

    #[test]
    fn rejects_an_identity_that_is_no_key() {
        let peer = PeerConfig { identity: "12".into(), addr: ([127, 0, 0, 1], 1).into() };
        let config = NodeConfig { observers: vec![peer], ..NodeConfig::default() };
        assert!(matches!(config.validate(), Err(ConfigError::Identity { .. })));
    }
}
