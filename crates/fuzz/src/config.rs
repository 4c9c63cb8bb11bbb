//! Settings.

use crate::{Target, Verdict};
use virtengine_node::NodeConfig;

/// A provider's settings, as its documentation shows them.
const PROVIDER: &str = r#"
node = "http://127.0.0.1:26657"
home = "/srv/provider"
key = "provider"
keyring_backend = "test"
region = "eu-west"
host_uri = "https://provider.example:8443"
status = "127.0.0.1:0"

[attributes]
tier = "premium"

[capacity]
cpu_milli = 64000
memory_bytes = 274877906944
storage_bytes = { default = 1099511627776, ssd = 549755813888 }
gpus = [{ vendor = "nvidia", model = "a100", count = 4 }]
leased_ips = 8

[rates]
cpu = "1.5"
memory_gib = "0.25"
storage_gib = { default = "0.001", ssd = "0.004" }
gpu = { a100 = "400" }
leased_ip = "2"
margin_bps = 500
"#;

/// `node.toml`: what is read is written as a file that reads the same.
///
/// # Panics
/// If the defaults cannot be written.
#[must_use]
pub fn node() -> Target {
    let defaults = toml::to_string_pretty(&NodeConfig::default()).expect("settings are TOML");
    Target::of_text(&[&defaults, "moniker = \"a\"\n[engine]\nstate_sync = true\n"], |text| {
        let config =
            toml::from_str::<NodeConfig>(text).map_err(|error| error.to_string()).and_then(|config| {
                config.validate().map_err(|error| error.to_string())?;
                Ok(config)
            });
        if let Ok(config) = &config {
            let written = toml::to_string_pretty(config).expect("settings are TOML");
            assert_eq!(toml::from_str::<NodeConfig>(&written).as_ref(), Ok(config));
        }
        Verdict::of(&config)
    })
}

/// `provider.toml`, likewise.
#[must_use]
pub fn provider() -> Target {
    Target::of_text(&[PROVIDER], |text| {
        let config = virtengine_provider::Config::parse(text);
        if let Ok(config) = &config {
            let written = toml::to_string(config).expect("settings are TOML");
            let again = virtengine_provider::Config::parse(&written).expect("what was written can be read");
            assert_eq!(&again, config);
        }
        Verdict::of(&config)
    })
}
