//! What a tenant wants, and the checks of it that need no state.

use crate::{
    Address, Amount, Coin,
    address::AddressError,
    coin::CoinError,
    proto::virtengine::market::v1 as wire,
    provider::{Attribute, AttributeError, attributes_from_wire, attributes_to_wire},
};
use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

/// Longest name of an order, a volume, a class, a vendor or a region in bytes.
const MAX_NAME_BYTES: usize = 64;
/// Most resource units of an order.
const MAX_UNITS: usize = 64;
/// Most volumes, models, endpoints of a unit, or auditors of an order.
const MAX_ITEMS: usize = 16;
/// Most replicas of a unit, cards of a unit, or endpoints of a kind.
const MAX_COUNT: u32 = 10_000;
/// Most millicores of a unit: 10,000 cores.
const MAX_CPU_MILLI: u64 = 10_000_000;
/// Most bytes of memory or of one volume: 1 PiB.
const MAX_BYTES: u64 = 1 << 50;

/// Why an order's specification is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SpecError {
    /// No specification at all.
    #[error("the order has no spec")]
    Missing,
    /// A list is empty or too long.
    #[error("{field} must have {min} to {max} entries, got {found}")]
    Entries {
        /// The list.
        field: &'static str,
        /// Entries found.
        found: usize,
        /// Fewest allowed.
        min: usize,
        /// Most allowed.
        max: usize,
    },
    /// A number is out of its range.
    #[error("{field} must be {min} to {max}, got {found}")]
    Range {
        /// The field.
        field: &'static str,
        /// Number found.
        found: u64,
        /// Smallest allowed.
        min: u64,
        /// Largest allowed.
        max: u64,
    },
    /// A name is too long or not visible ASCII.
    #[error("{field} must have {min} to {max} bytes of visible ASCII, got {found:?}")]
    Name {
        /// The field.
        field: &'static str,
        /// Text found.
        found: String,
        /// Fewest bytes.
        min: usize,
        /// Most bytes.
        max: usize,
    },
    /// The selection rule or an endpoint kind is not one of the known.
    #[error("{field} {found} is not known")]
    Unknown {
        /// The field.
        field: &'static str,
        /// Number found.
        found: i32,
    },
    /// The manifest hash is neither absent nor 32 bytes.
    #[error("manifest_hash must have 0 or 32 bytes, got {found}")]
    ManifestHash {
        /// Bytes found.
        found: usize,
    },
    /// The attributes are refused.
    #[error(transparent)]
    Attributes(#[from] AttributeError),
    /// An auditor is not an address.
    #[error("auditor: {0}")]
    Auditor(#[from] AddressError),
    /// The ceiling price is refused.
    #[error("max_price: {0}")]
    Price(#[from] CoinError),
}

/// How the winning bid is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum Selection {
    /// The tenant accepts any open bid.
    Manual,
    /// The chain takes the best bid when the window closes.
    Auto,
}

/// A storage volume.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Storage {
    /// Name within the unit.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Storage class; empty for the default.
    pub class: String,
    /// Whether it outlives the container.
    pub persistent: bool,
}

/// Graphics cards.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Gpu {
    /// Number of cards; 0 for none.
    pub count: u32,
    /// Vendor; empty for any.
    pub vendor: String,
    /// Acceptable models; empty for any.
    pub models: Vec<String>,
}

/// How a service is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub enum EndpointKind {
    /// The provider's shared HTTP entrance.
    SharedHttp,
    /// A port chosen by the provider.
    RandomPort,
    /// An address of its own.
    LeasedIp,
}

/// Endpoints of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Endpoint {
    /// Their kind.
    pub kind: EndpointKind,
    /// How many.
    pub count: u32,
}

/// The resources of `count` identical units.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ResourceUnit {
    /// Thousandths of a core.
    pub cpu_milli: u64,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Volumes.
    pub storage: Vec<Storage>,
    /// Graphics cards.
    pub gpu: Gpu,
    /// Entrances.
    pub endpoints: Vec<Endpoint>,
    /// Number of units.
    pub count: u32,
}

/// What a tenant wants and at most pays.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OrderSpec {
    /// The placement group's name.
    pub name: String,
    /// What is to run.
    pub resources: Vec<ResourceUnit>,
    /// Region that the provider must be in; empty for any.
    pub region: String,
    /// Attributes that the provider must have, sorted.
    pub attributes: Vec<Attribute>,
    /// At least one of these auditors attested the attributes.
    pub signed_by_any: Vec<Address>,
    /// All of these auditors attested the attributes.
    pub signed_by_all: Vec<Address>,
    /// Identity tier that the provider must have.
    pub minimum_identity_tier: u32,
    /// Ceiling in uve per block for the whole order.
    pub max_price: Amount,
    /// Blocks during which bids are taken.
    pub bid_window: u64,
    /// How the winner is chosen.
    pub selection: Selection,
    /// SHA-256 of the manifest, if known.
    pub manifest_hash: Option<[u8; 32]>,
}

impl OrderSpec {
    /// Reads and checks a wire specification.
    ///
    /// # Errors
    /// - `Missing` - there is none
    /// - `Entries`, `Range`, `Name`, `Unknown`, `ManifestHash` - a field breaks the rule of that name
    /// - `Attributes`, `Auditor`, `Price` - that part is refused
    pub fn from_wire(spec: Option<&wire::OrderSpec>) -> Result<Self, SpecError> {
        let spec = spec.ok_or(SpecError::Missing)?;
        entries("resources", spec.resources.len(), 1, MAX_UNITS)?;
        let manifest_hash = match spec.manifest_hash.len() {
            0 => None,
            found => Some(
                <[u8; 32]>::try_from(spec.manifest_hash.as_ref())
                    .map_err(|_| SpecError::ManifestHash { found })?,
            ),
        };
        Ok(Self {
            name: name("name", &spec.name, 0)?,
            resources: spec.resources.iter().map(unit_from_wire).collect::<Result<_, _>>()?,
            region: name("region", &spec.region, 0)?,
            attributes: attributes_from_wire(&spec.attributes)?,
            signed_by_any: auditors("signed_by_any", &spec.signed_by_any)?,
            signed_by_all: auditors("signed_by_all", &spec.signed_by_all)?,
            minimum_identity_tier: spec.minimum_identity_tier,
            max_price: Coin::positive_base(spec.max_price.as_ref())?,
            bid_window: spec.bid_window,
            selection: match spec.selection() {
                wire::Selection::Manual => Selection::Manual,
                wire::Selection::Auto => Selection::Auto,
                wire::Selection::Unspecified => {
                    return Err(SpecError::Unknown { field: "selection", found: spec.selection });
                }
            },
            manifest_hash,
        })
    }

    /// The wire form.
    #[must_use]
    pub fn to_wire(&self) -> wire::OrderSpec {
        wire::OrderSpec {
            name: self.name.clone(),
            resources: self.resources.iter().map(unit_to_wire).collect(),
            region: self.region.clone(),
            attributes: attributes_to_wire(&self.attributes),
            signed_by_any: self.signed_by_any.iter().map(ToString::to_string).collect(),
            signed_by_all: self.signed_by_all.iter().map(ToString::to_string).collect(),
            minimum_identity_tier: self.minimum_identity_tier,
            max_price: Some(Coin::base(self.max_price).to_wire()),
            bid_window: self.bid_window,
            selection: match self.selection {
                Selection::Manual => wire::Selection::Manual,
                Selection::Auto => wire::Selection::Auto,
            }
            .into(),
            manifest_hash: self
                .manifest_hash
                .map(|hash| bytes::Bytes::copy_from_slice(&hash))
                .unwrap_or_default(),
        }
    }

    /// Resource class, by which providers choose topics: `gpu` if any unit wants cards, else `cpu`.
    #[must_use]
    pub fn class(&self) -> &'static str {
        if self.resources.iter().any(|unit| unit.gpu.count > 0) { "gpu" } else { "cpu" }
    }
}

fn unit_from_wire(unit: &wire::ResourceUnit) -> Result<ResourceUnit, SpecError> {
    range("cpu_milli", unit.cpu_milli, 1, MAX_CPU_MILLI)?;
    range("memory_bytes", unit.memory_bytes, 1, MAX_BYTES)?;
    range("count", unit.count.into(), 1, MAX_COUNT.into())?;
    entries("storage", unit.storage.len(), 0, MAX_ITEMS)?;
    entries("endpoints", unit.endpoints.len(), 0, MAX_ITEMS)?;
    let gpu = unit.gpu.clone().unwrap_or_default();
    range("gpu.count", gpu.count.into(), 0, MAX_COUNT.into())?;
    entries("gpu.models", gpu.models.len(), 0, MAX_ITEMS)?;
    Ok(ResourceUnit {
        cpu_milli: unit.cpu_milli,
        memory_bytes: unit.memory_bytes,
        storage: unit
            .storage
            .iter()
            .map(|volume| {
                range("storage.bytes", volume.bytes, 1, MAX_BYTES)?;
                Ok(Storage {
                    name: name("storage.name", &volume.name, 0)?,
                    bytes: volume.bytes,
                    class: name("storage.class", &volume.class, 0)?,
                    persistent: volume.persistent,
                })
            })
            .collect::<Result<_, SpecError>>()?,
        gpu: Gpu {
            count: gpu.count,
            vendor: name("gpu.vendor", &gpu.vendor, 0)?,
            models: gpu.models.iter().map(|model| name("gpu.models", model, 1)).collect::<Result<_, _>>()?,
        },
        endpoints: unit
            .endpoints
            .iter()
            .map(|endpoint| {
                range("endpoints.count", endpoint.count.into(), 1, MAX_COUNT.into())?;
                let kind = match endpoint.kind() {
                    wire::EndpointKind::SharedHttp => EndpointKind::SharedHttp,
                    wire::EndpointKind::RandomPort => EndpointKind::RandomPort,
                    wire::EndpointKind::LeasedIp => EndpointKind::LeasedIp,
                    wire::EndpointKind::Unspecified => {
                        return Err(SpecError::Unknown { field: "endpoints.kind", found: endpoint.kind });
                    }
                };
                Ok(Endpoint { kind, count: endpoint.count })
            })
            .collect::<Result<_, SpecError>>()?,
        count: unit.count,
    })
}

fn unit_to_wire(unit: &ResourceUnit) -> wire::ResourceUnit {
    wire::ResourceUnit {
        cpu_milli: unit.cpu_milli,
        memory_bytes: unit.memory_bytes,
        storage: unit
            .storage
            .iter()
            .map(|volume| wire::Storage {
                name: volume.name.clone(),
                bytes: volume.bytes,
                class: volume.class.clone(),
                persistent: volume.persistent,
            })
            .collect(),
        gpu: (unit.gpu.count > 0).then(|| wire::Gpu {
            count: unit.gpu.count,
            vendor: unit.gpu.vendor.clone(),
            models: unit.gpu.models.clone(),
        }),
        endpoints: unit
            .endpoints
            .iter()
            .map(|endpoint| wire::Endpoint {
                kind: match endpoint.kind {
                    EndpointKind::SharedHttp => wire::EndpointKind::SharedHttp,
                    EndpointKind::RandomPort => wire::EndpointKind::RandomPort,
                    EndpointKind::LeasedIp => wire::EndpointKind::LeasedIp,
                }
                .into(),
                count: endpoint.count,
            })
            .collect(),
        count: unit.count,
    }
}

fn entries(field: &'static str, found: usize, min: usize, max: usize) -> Result<(), SpecError> {
    if (min..=max).contains(&found) { Ok(()) } else { Err(SpecError::Entries { field, found, min, max }) }
}

fn range(field: &'static str, found: u64, min: u64, max: u64) -> Result<(), SpecError> {
    if (min..=max).contains(&found) { Ok(()) } else { Err(SpecError::Range { field, found, min, max }) }
}

fn name(field: &'static str, text: &str, min: usize) -> Result<String, SpecError> {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && (min..=MAX_NAME_BYTES).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    let found = text.chars().take(MAX_NAME_BYTES).collect();
    Err(SpecError::Name { field, found, min, max: MAX_NAME_BYTES })
}

fn auditors(field: &'static str, list: &[String]) -> Result<Vec<Address>, SpecError> {
    entries(field, list.len(), 0, MAX_ITEMS)?;
    let mut auditors = list.iter().map(|text| text.parse::<Address>()).collect::<Result<Vec<_>, _>>()?;
    auditors.sort_unstable();
    auditors.dedup();
    Ok(auditors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> wire::OrderSpec {
        wire::OrderSpec {
            name: "web".into(),
            resources: vec![wire::ResourceUnit {
                cpu_milli: 500,
                memory_bytes: 1 << 29,
                storage: vec![wire::Storage { name: "data".into(), bytes: 1 << 30, ..Default::default() }],
                gpu: None,
                endpoints: vec![wire::Endpoint { kind: 1, count: 1 }],
                count: 1,
            }],
            max_price: Some(Coin::base(Amount(100)).to_wire()),
            bid_window: 10,
            selection: wire::Selection::Manual.into(),
            ..Default::default()
        }
    }

    fn rejected(change: impl FnOnce(&mut wire::OrderSpec)) -> SpecError {
        let mut spec = spec();
        change(&mut spec);
        OrderSpec::from_wire(Some(&spec)).unwrap_err()
    }

    #[test]
    fn accepts_a_spec_and_prints_it_back() {
        let parsed = OrderSpec::from_wire(Some(&spec())).unwrap();
        assert_eq!(parsed.to_wire(), spec());
        assert_eq!(parsed.class(), "cpu");
    }

    #[test]
    fn rejects_each_broken_rule_by_its_name() {
        assert_eq!(OrderSpec::from_wire(None), Err(SpecError::Missing));
        assert!(matches!(
            rejected(|spec| spec.resources.clear()),
            SpecError::Entries { field: "resources", found: 0, .. }
        ));
        assert!(matches!(
            rejected(|spec| spec.resources[0].cpu_milli = 0),
            SpecError::Range { field: "cpu_milli", found: 0, .. }
        ));
        assert!(matches!(
            rejected(|spec| spec.resources[0].count = 0),
            SpecError::Range { field: "count", .. }
        ));
        assert!(matches!(rejected(|spec| spec.name = "a b".into()), SpecError::Name { .. }));
        assert!(matches!(rejected(|spec| spec.selection = 9), SpecError::Unknown { .. }));
        assert!(matches!(
            rejected(|spec| spec.resources[0].endpoints[0].kind = 0),
            SpecError::Unknown { field: "endpoints.kind", found: 0 }
        ));
        assert!(matches!(
            rejected(|spec| spec.manifest_hash = vec![1].into()),
            SpecError::ManifestHash { found: 1 }
        ));
        assert!(matches!(rejected(|spec| spec.max_price = None), SpecError::Price(_)));
        assert!(matches!(rejected(|spec| spec.signed_by_any.push("nobody".into())), SpecError::Auditor(_)));
    }
}
