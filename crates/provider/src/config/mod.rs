//! What a provider sells, at what prices, and how its daemon runs.
//!
//! One TOML file; unknown fields are refused. `docs/operate/provider.md` shows a whole one.

mod check;
#[cfg(test)]
pub(crate) mod tests;

use crate::decimal::MicroUve;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use thiserror::Error;
use virtengine_types::{
    Amount,
    provider::{Attribute, AttributeError},
};

/// Why a configuration is refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("failed to read the provider's configuration {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// Not TOML, an unknown field, or a value of another type.
    #[error("failed to parse the provider's configuration{}: {cause}", at(path.as_deref()))]
    Parse {
        /// The file, if it came from one.
        path: Option<PathBuf>,
        /// The line and the reason.
        cause: toml::de::Error,
    },
    /// A field is out of its range.
    #[error("{field} must be {rule}, got {found}")]
    Field {
        /// The field.
        field: String,
        /// What is allowed.
        rule: &'static str,
        /// What it is.
        found: String,
    },
    /// Two fields contradict each other.
    #[error("{first} = {first_value} needs {rule}, but {second} = {second_value}")]
    Relation {
        /// The field that demands.
        first: String,
        /// Its value.
        first_value: String,
        /// What it demands.
        rule: &'static str,
        /// The field that does not comply.
        second: String,
        /// Its value.
        second_value: String,
    },
    /// The attributes are none that the chain takes.
    #[error("attributes: {0}")]
    Attributes(#[from] AttributeError),
}

fn at(path: Option<&Path>) -> String {
    path.map_or_else(String::new, |path| format!(" {}", path.display()))
}

/// The whole configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The node's RPC address, such as `http://127.0.0.1:26657`.
    pub node: String,
    /// Folder of the daemon's durable file; made if it is not there.
    pub home: PathBuf,
    /// Name of the provider's key in its keyring.
    pub key: String,
    /// How the keyring keeps its keys.
    #[serde(default)]
    pub keyring_backend: KeyringBackend,
    /// Folder of the keyring; `keyring-file` or `keyring-test` under `home` if it is not given.
    pub keyring_dir: Option<PathBuf>,
    /// Region of the machines, the provider's attribute `region`.
    pub region: String,
    /// Where tenants send manifests; `http://` or `https://`.
    pub host_uri: String,
    /// Contact; may be empty.
    #[serde(default)]
    pub email: String,
    /// Web page; may be empty.
    #[serde(default)]
    pub website: String,
    /// Other attributes of the provider by name.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// The machines.
    pub capacity: Capacity,
    /// How much more is sold than there is.
    #[serde(default)]
    pub overcommit: Overcommit,
    /// The prices.
    pub rates: Rates,
    /// How it bids.
    #[serde(default)]
    pub bidding: Bidding,
    /// When it collects its pay.
    #[serde(default)]
    pub earnings: Earnings,
    /// Address of the status page and the metrics, on a loopback interface; port 0 takes a free one.
    #[serde(default = "default_status")]
    pub status: SocketAddr,
}

/// How a keyring keeps its keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyringBackend {
    /// Encrypted with a passphrase.
    #[default]
    File,
    /// In the clear, for development.
    Test,
}

/// What the machines have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// Thousandths of a core.
    pub cpu_milli: u64,
    /// Memory in bytes; volumes of class `ram` come out of it.
    pub memory_bytes: u64,
    /// Bytes by storage class; `default` serves volumes that name none.
    #[serde(default)]
    pub storage_bytes: BTreeMap<String, u64>,
    /// Graphics cards.
    #[serde(default)]
    pub gpus: Vec<GpuStock>,
    /// Addresses that can be leased.
    #[serde(default)]
    pub leased_ips: u64,
}

/// Cards of one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GpuStock {
    /// Who makes them, such as `nvidia`.
    pub vendor: String,
    /// Their model, such as `a100`.
    pub model: String,
    /// How many there are.
    pub count: u32,
}

/// What is sold for each hundred of what there is. Cards and addresses are never sold twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Overcommit {
    /// Of the cores, 100 to 1000; 100 by default.
    pub cpu_percent: u32,
    /// Of the memory, 100 to 1000; 100 by default.
    pub memory_percent: u32,
    /// Of each storage class, 100 to 1000; 100 by default.
    pub storage_percent: u32,
}

impl Default for Overcommit {
    fn default() -> Self {
        Self { cpu_percent: 100, memory_percent: 100, storage_percent: 100 }
    }
}

/// Prices in uve per block, decimal texts with up to six decimals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// Of a core.
    pub cpu: MicroUve,
    /// Of a GiB of memory.
    pub memory_gib: MicroUve,
    /// Of a GiB of storage, by class; each class of the capacity has one.
    #[serde(default)]
    pub storage_gib: BTreeMap<String, MicroUve>,
    /// Of a card, by model; each model of the capacity has one.
    #[serde(default)]
    pub gpu: BTreeMap<String, MicroUve>,
    /// Of a leased address; 0 by default.
    #[serde(default)]
    pub leased_ip: MicroUve,
    /// Of a port or a shared entrance; 0 by default.
    #[serde(default)]
    pub endpoint: MicroUve,
    /// Least price of an order; the margin does not add to it.
    #[serde(default = "one_uve")]
    pub minimum: MicroUve,
    /// Added to the sum, in hundredths of a percent; 0 by default.
    #[serde(default)]
    pub margin_bps: u32,
}

/// Which orders are bid on, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bidding {
    /// Classes of orders, `cpu` and `gpu`; both by default.
    pub classes: Vec<String>,
    /// Whether orders that name no region are bid on; yes by default.
    pub orders_of_any_region: bool,
    /// Orders that are looked at and bids that are sent at the same time, 1 to 256; 16 by default.
    pub max_concurrent: u32,
    /// Bids that are open at the same time, 1 to 100,000; 1,000 by default.
    pub max_open_bids: u32,
    /// Deposit of a bid in uve; the chain's minimum if it is not given.
    pub deposit: Option<Amount>,
    /// Blocks after which a bid that nobody took is withdrawn; until its order expires if not given.
    pub withdraw_after_blocks: Option<u64>,
}

impl Default for Bidding {
    fn default() -> Self {
        Self {
            classes: vec!["cpu".to_owned(), "gpu".to_owned()],
            orders_of_any_region: true,
            max_concurrent: 16,
            max_open_bids: 1_000,
            deposit: None,
            withdraw_after_blocks: None,
        }
    }
}

/// When a lease's earnings are withdrawn: at whichever comes first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Earnings {
    /// Blocks between withdrawals, at least 1; 1,000 by default.
    pub withdraw_every_blocks: u64,
    /// Amount of uve that is enough to withdraw; no such amount if it is not given.
    pub withdraw_at: Option<Amount>,
}

impl Default for Earnings {
    fn default() -> Self {
        Self { withdraw_every_blocks: 1_000, withdraw_at: None }
    }
}

const fn default_status() -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9465)
}

const fn one_uve() -> MicroUve {
    MicroUve(crate::decimal::MICRO)
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// - `Read` - the file cannot be read
    /// - `Parse`, `Field`, `Relation`, `Attributes` - as [`Config::parse`]
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let read = |cause| ConfigError::Read { path: path.to_owned(), cause };
        let text = std::fs::read_to_string(path).map_err(read)?;
        Self::parse(&text).map_err(|error| match error {
            ConfigError::Parse { cause, .. } => ConfigError::Parse { path: Some(path.to_owned()), cause },
            other => other,
        })
    }

    /// Reads and checks TOML text.
    ///
    /// # Errors
    /// - `Parse` - not TOML, an unknown field, or a value of another type
    /// - `Field`, `Relation`, `Attributes` - as [`Config::validate`]
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|cause| ConfigError::Parse { path: None, cause })?;
        config.validate()?;
        Ok(config)
    }

    /// Folder of the keyring.
    #[must_use]
    pub fn keyring_folder(&self) -> PathBuf {
        let folder = match self.keyring_backend {
            KeyringBackend::File => "keyring-file",
            KeyringBackend::Test => "keyring-test",
        };
        self.keyring_dir.clone().unwrap_or_else(|| self.home.join(folder))
    }

    /// What the provider says of itself on the chain: its region and its other attributes, sorted.
    #[must_use]
    pub fn provider_attributes(&self) -> Vec<Attribute> {
        let mut attributes: Vec<_> = self
            .attributes
            .iter()
            .map(|(key, value)| Attribute { key: key.clone(), value: value.clone() })
            .collect();
        attributes.push(Attribute { key: "region".to_owned(), value: self.region.clone() });
        attributes.sort();
        attributes
    }
}
