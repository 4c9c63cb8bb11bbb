//! The rules of a configuration.

use super::{Config, ConfigError};
use virtengine_types::provider::{MAX_TEXT_BYTES, attributes_from_wire, attributes_to_wire};

/// Classes that orders come in.
const CLASSES: [&str; 2] = ["cpu", "gpu"];
/// Most that is sold of a hundred.
const MAX_PERCENT: u32 = 1_000;
/// Most that is added to a price: ten times it.
const MAX_MARGIN_BPS: u32 = 100_000;

impl Config {
    /// Checks every rule; a broken relation names both fields.
    ///
    /// # Errors
    /// - `Field` - a value is out of its range
    /// - `Relation` - two fields contradict each other
    /// - `Attributes` - the attributes are none that the chain takes
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.check_identity()?;
        self.check_capacity()?;
        self.check_rates()?;
        self.check_running()
    }

    fn check_identity(&self) -> Result<(), ConfigError> {
        let web = |text: &str| text.starts_with("http://") || text.starts_with("https://");
        field("node", web(&self.node), "an address that starts with http:// or https://", &self.node)?;
        let host = web(&self.host_uri) && self.host_uri.len() <= MAX_TEXT_BYTES;
        field("host_uri", host, "an http:// or https:// address of at most 256 bytes", &self.host_uri)?;
        field("key", !self.key.is_empty(), "the name of a key", &self.key)?;
        field("home", !self.home.as_os_str().is_empty(), "a folder", self.home.display())?;
        for (name, text) in [("email", &self.email), ("website", &self.website)] {
            field(name, text.len() <= MAX_TEXT_BYTES, "at most 256 bytes", text)?;
        }
        if let Some(region) = self.attributes.get("region") {
            let rule = "that it is the only place that names the region";
            return Err(relation(("region", &self.region), rule, ("attributes.region", region)));
        }
        attributes_from_wire(&attributes_to_wire(&self.provider_attributes()))?;
        Ok(())
    }

    fn check_capacity(&self) -> Result<(), ConfigError> {
        let capacity = &self.capacity;
        field("capacity.cpu_milli", capacity.cpu_milli > 0, "at least 1", capacity.cpu_milli)?;
        field("capacity.memory_bytes", capacity.memory_bytes > 0, "at least 1", capacity.memory_bytes)?;
        for (class, bytes) in &capacity.storage_bytes {
            let named = !class.is_empty() && class != "ram";
            field(
                "capacity.storage_bytes",
                named,
                "by class, and ram is memory",
                format!("{class:?} = {bytes}"),
            )?;
        }
        for stock in &capacity.gpus {
            let named = !stock.vendor.is_empty() && !stock.model.is_empty() && stock.count > 0;
            field("capacity.gpus", named, "a vendor, a model and at least one card", format!("{stock:?}"))?;
        }
        let overcommit = &self.overcommit;
        for (name, percent) in [
            ("overcommit.cpu_percent", overcommit.cpu_percent),
            ("overcommit.memory_percent", overcommit.memory_percent),
            ("overcommit.storage_percent", overcommit.storage_percent),
        ] {
            field(name, (100..=MAX_PERCENT).contains(&percent), "100 to 1000", percent)?;
        }
        Ok(())
    }

    fn check_rates(&self) -> Result<(), ConfigError> {
        let rates = &self.rates;
        let rule = "a rate of its own";
        for (class, bytes) in &self.capacity.storage_bytes {
            if !rates.storage_gib.contains_key(class) {
                let first = format!("capacity.storage_bytes.{class}");
                return Err(relation(
                    (&first, bytes),
                    rule,
                    (&format!("rates.storage_gib.{class}"), "absent"),
                ));
            }
        }
        for stock in &self.capacity.gpus {
            let model = &stock.model;
            if !rates.gpu.contains_key(model) {
                let first = format!("capacity.gpus.{}/{model}", stock.vendor);
                return Err(relation((&first, stock.count), rule, (&format!("rates.gpu.{model}"), "absent")));
            }
        }
        let margin = rates.margin_bps;
        field("rates.margin_bps", margin <= MAX_MARGIN_BPS, "0 to 100000", margin)
    }

    fn check_running(&self) -> Result<(), ConfigError> {
        let bidding = &self.bidding;
        let known = bidding.classes.iter().all(|class| CLASSES.contains(&class.as_str()));
        let classes = known && !bidding.classes.is_empty();
        field("bidding.classes", classes, "one or both of cpu and gpu", format!("{:?}", bidding.classes))?;
        let gpu = bidding.classes.iter().any(|class| class == "gpu");
        if gpu && bidding.classes.len() == 1 && self.capacity.gpus.is_empty() {
            return Err(relation(("bidding.classes", "[\"gpu\"]"), "cards", ("capacity.gpus", "[]")));
        }
        let (concurrent, open) = (bidding.max_concurrent, bidding.max_open_bids);
        field("bidding.max_concurrent", (1..=256).contains(&concurrent), "1 to 256", concurrent)?;
        field("bidding.max_open_bids", (1..=100_000).contains(&open), "1 to 100000", open)?;
        if concurrent > open {
            let rule = "as many open bids at least";
            let first = ("bidding.max_concurrent", concurrent);
            return Err(relation(first, rule, ("bidding.max_open_bids", open)));
        }
        let after = bidding.withdraw_after_blocks.unwrap_or(1);
        field("bidding.withdraw_after_blocks", after > 0, "at least 1", after)?;
        let every = self.earnings.withdraw_every_blocks;
        field("earnings.withdraw_every_blocks", every > 0, "at least 1", every)?;
        field("status", self.status.ip().is_loopback(), "on a loopback interface", self.status)
    }
}

fn field(name: &str, holds: bool, rule: &'static str, found: impl ToString) -> Result<(), ConfigError> {
    if holds {
        return Ok(());
    }
    Err(ConfigError::Field { field: name.to_owned(), rule, found: found.to_string() })
}

fn relation(
    (first, first_value): (&str, impl ToString),
    rule: &'static str,
    (second, second_value): (&str, impl ToString),
) -> ConfigError {
    ConfigError::Relation {
        first: first.to_owned(),
        first_value: first_value.to_string(),
        rule,
        second: second.to_owned(),
        second_value: second_value.to_string(),
    }
}
