//! What an order takes from a provider's machines, and what the machines have.

use crate::config::{Capacity, GpuStock, Overcommit};
use borsh::{BorshDeserialize, BorshSerialize};
use serde::Serialize;
use std::{collections::BTreeMap, fmt};
use virtengine_types::market::{EndpointKind, Gpu, OrderSpec};

/// Name of the storage class that an order means when it names none.
pub const DEFAULT_CLASS: &str = "default";
/// Volumes of this class live in memory and take memory.
const RAM_CLASS: &str = "ram";

/// One model of graphics card.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize, Serialize)]
pub struct GpuModel {
    /// Who makes it, such as `nvidia`.
    pub vendor: String,
    /// Its name, such as `a100`.
    pub model: String,
}

impl fmt::Display for GpuModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.vendor, self.model)
    }
}

/// An amount of every resource. Kinds that are 0 are left out of the maps.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize)]
pub struct Allocation {
    /// Thousandths of a core.
    pub cpu_milli: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Bytes by storage class.
    pub storage_bytes: BTreeMap<String, u64>,
    /// Cards by model.
    #[serde(serialize_with = "by_name")]
    pub gpus: BTreeMap<GpuModel, u64>,
    /// Addresses of their own.
    pub leased_ips: u64,
    /// Ports and shared entrances; no machine runs out of them, but they may have a price. Left out where there is
    /// no limit.
    #[serde(skip_serializing_if = "is_unlimited")]
    pub endpoints: u64,
}

/// More than anybody can take.
const UNLIMITED: u64 = u64::MAX;

const fn is_unlimited(amount: &u64) -> bool {
    *amount == UNLIMITED
}

fn by_name<S: serde::Serializer>(gpus: &BTreeMap<GpuModel, u64>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(gpus.iter().map(|(model, count)| (model.to_string(), count)))
}

/// What an order wants and the provider has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The resource, such as `memory` or `storage ssd`.
    pub resource: String,
    /// Wanted, in the resource's unit.
    pub wanted: u64,
    /// Not taken.
    pub free: u64,
}

impl Allocation {
    /// All that the configured machines offer, overcommitment included.
    #[must_use]
    pub fn offered(capacity: &Capacity, overcommit: &Overcommit) -> Self {
        Self {
            cpu_milli: percent(capacity.cpu_milli, overcommit.cpu_percent),
            memory_bytes: percent(capacity.memory_bytes, overcommit.memory_percent),
            storage_bytes: capacity
                .storage_bytes
                .iter()
                .map(|(class, bytes)| (class.clone(), percent(*bytes, overcommit.storage_percent)))
                .collect(),
            gpus: stock(&capacity.gpus),
            leased_ips: capacity.leased_ips,
            endpoints: UNLIMITED,
        }
    }

    /// What `spec` would take of `free`.
    ///
    /// Each replica's cards are of one acceptable model. Models are tried in the order of their names, so
    /// the same order on the same machines is served the same way.
    ///
    /// # Errors
    /// The first resource of which there is not enough.
    pub fn of_order(spec: &OrderSpec, free: &Self) -> Result<Self, Shortage> {
        let mut taken = Self::without_cards(spec);
        for unit in spec.resources.iter().filter(|unit| unit.gpu.count > 0) {
            for _ in 0..unit.count {
                take_cards(&unit.gpu, free, &mut taken.gpus)?;
            }
        }
        taken.within(free)?;
        Ok(taken)
    }

    /// What `spec` wants, whatever there is; cards count as the first vendor and model it names.
    #[must_use]
    pub fn wanted(spec: &OrderSpec) -> Self {
        let mut taken = Self::without_cards(spec);
        for unit in spec.resources.iter().filter(|unit| unit.gpu.count > 0) {
            let model = unit.gpu.models.first().cloned().unwrap_or_default();
            let cards = taken.gpus.entry(GpuModel { vendor: unit.gpu.vendor.clone(), model }).or_default();
            *cards = add(*cards, unit.gpu.count.into(), unit.count.into());
        }
        taken
    }

    fn without_cards(spec: &OrderSpec) -> Self {
        let mut taken = Self::default();
        for unit in &spec.resources {
            let count = u64::from(unit.count);
            taken.cpu_milli = add(taken.cpu_milli, unit.cpu_milli, count);
            taken.memory_bytes = add(taken.memory_bytes, unit.memory_bytes, count);
            for volume in &unit.storage {
                let bytes = match volume.class.as_str() {
                    RAM_CLASS => &mut taken.memory_bytes,
                    "" => taken.storage_bytes.entry(DEFAULT_CLASS.to_owned()).or_default(),
                    class => taken.storage_bytes.entry(class.to_owned()).or_default(),
                };
                *bytes = add(*bytes, volume.bytes, count);
            }
            for endpoint in &unit.endpoints {
                let kind = match endpoint.kind {
                    EndpointKind::LeasedIp => &mut taken.leased_ips,
                    EndpointKind::SharedHttp | EndpointKind::RandomPort => &mut taken.endpoints,
                };
                *kind = add(*kind, u64::from(endpoint.count), count);
            }
        }
        taken
    }

    /// Whether it is no more than `free`.
    ///
    /// # Errors
    /// The first resource of which there is not enough.
    pub fn within(&self, free: &Self) -> Result<(), Shortage> {
        let check = |resource: &dyn Fn() -> String, wanted: u64, free: u64| {
            if wanted <= free { Ok(()) } else { Err(Shortage { resource: resource(), wanted, free }) }
        };
        check(&|| "cpu_milli".to_owned(), self.cpu_milli, free.cpu_milli)?;
        check(&|| "memory_bytes".to_owned(), self.memory_bytes, free.memory_bytes)?;
        check(&|| "leased_ips".to_owned(), self.leased_ips, free.leased_ips)?;
        for (class, &wanted) in &self.storage_bytes {
            check(&|| format!("storage_bytes.{class}"), wanted, left(&free.storage_bytes, class))?;
        }
        for (model, &wanted) in &self.gpus {
            check(&|| format!("gpus.{model}"), wanted, left(&free.gpus, model))?;
        }
        Ok(())
    }

    /// Adds `other`; what would exceed the largest number stays there.
    pub fn take(&mut self, other: &Self) {
        self.cpu_milli = self.cpu_milli.saturating_add(other.cpu_milli);
        self.memory_bytes = self.memory_bytes.saturating_add(other.memory_bytes);
        self.leased_ips = self.leased_ips.saturating_add(other.leased_ips);
        self.endpoints = self.endpoints.saturating_add(other.endpoints);
        take_all(&mut self.storage_bytes, &other.storage_bytes);
        take_all(&mut self.gpus, &other.gpus);
    }

    /// Takes `other` away again.
    pub fn give_back(&mut self, other: &Self) {
        self.cpu_milli = self.cpu_milli.saturating_sub(other.cpu_milli);
        self.memory_bytes = self.memory_bytes.saturating_sub(other.memory_bytes);
        self.leased_ips = self.leased_ips.saturating_sub(other.leased_ips);
        self.endpoints = self.endpoints.saturating_sub(other.endpoints);
        give_back_all(&mut self.storage_bytes, &other.storage_bytes);
        give_back_all(&mut self.gpus, &other.gpus);
    }

    /// What is left after `used`; 0 where more is used than there is.
    #[must_use]
    pub fn minus(&self, used: &Self) -> Self {
        Self {
            cpu_milli: self.cpu_milli.saturating_sub(used.cpu_milli),
            memory_bytes: self.memory_bytes.saturating_sub(used.memory_bytes),
            storage_bytes: minus_all(&self.storage_bytes, &used.storage_bytes),
            gpus: minus_all(&self.gpus, &used.gpus),
            leased_ips: self.leased_ips.saturating_sub(used.leased_ips),
            endpoints: self.endpoints.saturating_sub(used.endpoints),
        }
    }
}

/// Takes the cards of one replica from the first acceptable model that still has enough.
fn take_cards(wish: &Gpu, free: &Allocation, taken: &mut BTreeMap<GpuModel, u64>) -> Result<(), Shortage> {
    let wanted = u64::from(wish.count);
    let mut most = 0;
    for (model, &stock) in free.gpus.iter().filter(|(model, _)| accepts(wish, model)) {
        let left = stock.saturating_sub(left(taken, model));
        if left >= wanted {
            *taken.entry(model.clone()).or_default() += wanted;
            return Ok(());
        }
        most = most.max(left);
    }
    let vendor = if wish.vendor.is_empty() { "*" } else { &wish.vendor };
    let models = if wish.models.is_empty() { "*".to_owned() } else { wish.models.join("|") };
    Err(Shortage { resource: format!("gpus.{vendor}/{models} of one model"), wanted, free: most })
}

/// Whether a card is one that the order takes.
fn accepts(wish: &Gpu, card: &GpuModel) -> bool {
    (wish.vendor.is_empty() || wish.vendor == card.vendor)
        && (wish.models.is_empty() || wish.models.iter().any(|model| is_model(&card.model, model)))
}

/// Whether a card is of a model that is wished, and has what the wish says beside the name, in the form
/// `a100/ram/80Gi/interface/sxm`.
fn is_model(card: &str, wish: &str) -> bool {
    let (card, card_has) = card.split_once('/').unwrap_or((card, ""));
    let (wish, wants) = wish.split_once('/').unwrap_or((wish, ""));
    let card_has: Vec<&str> = card_has.split('/').collect();
    let wants: Vec<&str> = wants.split('/').collect();
    card == wish && (wants == [""] || wants.chunks(2).all(|wanted| card_has.chunks(2).any(|it| it == wanted)))
}

/// `sum + each x count`; an order too large to count saturates and then does not fit.
const fn add(sum: u64, each: u64, count: u64) -> u64 {
    sum.saturating_add(each.saturating_mul(count))
}

fn percent(amount: u64, percent: u32) -> u64 {
    let product = u128::from(amount) * u128::from(percent) / 100;
    u64::try_from(product).unwrap_or(u64::MAX)
}

fn stock(gpus: &[GpuStock]) -> BTreeMap<GpuModel, u64> {
    let mut stock = BTreeMap::new();
    for GpuStock { vendor, model, count } in gpus {
        let model = GpuModel { vendor: vendor.clone(), model: model.clone() };
        *stock.entry(model).or_default() += u64::from(*count);
    }
    stock
}

fn left<Q: Ord + ?Sized, K: Ord + std::borrow::Borrow<Q>>(of: &BTreeMap<K, u64>, key: &Q) -> u64 {
    of.get(key).copied().unwrap_or_default()
}

fn take_all<K: Ord + Clone>(sum: &mut BTreeMap<K, u64>, other: &BTreeMap<K, u64>) {
    for (key, amount) in other {
        let sum = sum.entry(key.clone()).or_default();
        *sum = sum.saturating_add(*amount);
    }
}

fn give_back_all<K: Ord>(sum: &mut BTreeMap<K, u64>, other: &BTreeMap<K, u64>) {
    for (key, amount) in other {
        if let Some(sum) = sum.get_mut(key) {
            *sum = sum.saturating_sub(*amount);
        }
    }
    sum.retain(|_, amount| *amount > 0);
}

fn minus_all<K: Ord + Clone>(all: &BTreeMap<K, u64>, used: &BTreeMap<K, u64>) -> BTreeMap<K, u64> {
    all.iter().map(|(key, amount)| (key.clone(), amount.saturating_sub(left(used, key)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_serves_every_order_that_wishes_no_more_than_it_has() {
        let card = "a100/ram/80Gi/interface/sxm";
        for wish in ["a100", "a100/ram/80Gi", "a100/interface/sxm", card, "a100/interface/sxm/ram/80Gi"] {
            assert!(is_model(card, wish), "{wish}");
        }
        for wish in ["h100", "a100/ram/40Gi", "a100/interface/pcie", "a100/ram", "a10", ""] {
            assert!(!is_model(card, wish), "{wish}");
        }
        assert!(is_model("a100", "a100") && !is_model("a100", "a100/ram/80Gi"));
    }

    #[test]
    fn what_has_no_limit_is_left_out_of_the_status() {
        let offered = Allocation::offered(&Capacity::default(), &Overcommit::default());
        assert_eq!(serde_json::to_value(&offered).unwrap().get("endpoints"), None);
        let used = serde_json::to_value(Allocation { endpoints: 3, ..Allocation::default() }).unwrap();
        assert_eq!(used["endpoints"], 3);
    }
}
