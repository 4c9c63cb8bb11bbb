//! What is ordered: one group for each placement.

use super::{
    DenomMap, Rule, Sdl, SdlError,
    denom::BASE_DENOM,
    model::{Gpu, Placement, Protocol, Service, Storage},
    quantity::shown,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};
use virtengine_types::{Address, address::ACCOUNT_PREFIX};

/// Attribute under which a provider states the architecture of its processors.
const ARCH: &str = "cpu/arch";
/// What to do about an auditor of another network.
const FOREIGN: &str = ", and auditors of other networks vouch for nothing here: name one of this network, or drop \
                       the demand with --ignore-signed-by";
/// Port of the shared HTTP entrance.
const HTTP_PORT: u16 = 80;

/// Everything that one provider is to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The placement.
    pub name: String,
    /// Attributes that the provider must have, sorted.
    pub attributes: BTreeMap<String, String>,
    /// Auditors of whom one must vouch for them, sorted.
    pub signed_by_any: Vec<Address>,
    /// Auditors who all must vouch for them, sorted.
    pub signed_by_all: Vec<Address>,
    /// Auditors of other networks, whose signatures are no longer demanded.
    pub dropped_auditors: Vec<DroppedAuditor>,
    /// One entry for each service, by name.
    pub resources: Vec<ResourceUnit>,
}

/// What becomes of the demand for the signature of another network's auditor, who can vouch for nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignAuditors {
    /// The file is refused.
    Refuse,
    /// The demand is dropped; what the auditor would have vouched for is then not demanded by anybody.
    Drop,
}

/// An auditor of another network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedAuditor {
    /// Line of the file.
    pub line: usize,
    /// As written.
    pub address: String,
}

/// Identical replicas of one service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResourceUnit {
    /// The service.
    pub service: String,
    /// Thousandths of a core of one replica.
    pub cpu_milli: u64,
    /// Memory of one replica in bytes.
    pub memory_bytes: u64,
    /// Volumes of one replica.
    pub storage: Vec<Storage>,
    /// Graphics cards of one replica.
    pub gpu: Gpu,
    /// Entrances of the service, by kind.
    pub endpoints: Vec<Endpoint>,
    /// Replicas.
    pub count: u32,
    /// Ceiling for one replica.
    pub price_per_block: Price,
}

/// Entrances of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Their kind.
    pub kind: EndpointKind,
    /// How many.
    pub count: u32,
}

/// How a service is reached from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointKind {
    /// The provider's shared HTTP entrance: TCP seen as port 80.
    SharedHttp,
    /// A port chosen by the provider.
    RandomPort,
    /// An address of its own.
    LeasedIp,
}

/// Money per block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Base units.
    pub amount: u128,
    /// Denomination.
    pub denom: String,
}

impl Group {
    /// Ceiling for the whole group in base units per block, or `None` if it exceeds 2^128 - 1.
    #[must_use]
    pub fn max_price(&self) -> Option<u128> {
        self.resources.iter().try_fold(0u128, |sum, unit| {
            sum.checked_add(unit.price_per_block.amount.checked_mul(unit.count.into())?)
        })
    }
}

impl Sdl {
    /// What to order, by placement name. Prices in mapped denominations become `uve` one for one.
    ///
    /// # Errors
    /// - `Auditor` - an auditor is no account of this network
    /// - `Denom` - a price in a denomination that is not mapped
    /// - `PriceOverflow` - a price times its replicas does not fit
    /// - `Conflict` - services of a placement need different architectures
    /// - what [`Sdl::validate`] says
    pub fn groups(&self, denoms: &DenomMap, foreign: ForeignAuditors) -> Result<Vec<Group>, SdlError> {
        self.validate()?;
        let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
        for (name, placements) in &self.deployment {
            for (at, deployment) in placements {
                let path = format!("deployment.{name}.{at}");
                let absent = || self.error(&path, Rule::Missing { field: deployment.profile.clone() });
                let service = self.services.get(name).ok_or_else(absent)?;
                let placement = self.placement.get(at).ok_or_else(absent)?;
                let resources = self.compute.get(&deployment.profile).ok_or_else(absent)?;
                let price = placement.pricing.get(&deployment.profile).ok_or_else(absent)?;
                let pricing = format!("profiles.placement.{at}.pricing.{}", deployment.profile);
                if !denoms.accepts(&price.denom) {
                    let rule = Rule::Denom { found: price.denom.clone(), base: BASE_DENOM };
                    return Err(self.error(&format!("{pricing}.denom"), rule));
                }
                let group = match groups.entry(at) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(self.group(at, placement, foreign)?),
                };
                if let Some(arch) = &resources.cpu.arch {
                    let first = group.attributes.entry(ARCH.to_owned()).or_insert_with(|| arch.clone());
                    if first != arch {
                        let (first, second) = (first.clone(), arch.clone());
                        let rule =
                            Rule::Conflict { placement: at.clone(), key: ARCH.to_owned(), first, second };
                        let path =
                            format!("profiles.compute.{}.resources.cpu.attributes.arch", deployment.profile);
                        return Err(self.error(&path, rule));
                    }
                }
                group.resources.push(ResourceUnit {
                    service: name.clone(),
                    cpu_milli: resources.cpu.milli,
                    memory_bytes: resources.memory.bytes,
                    storage: resources.storage.clone(),
                    gpu: resources.gpu.clone(),
                    endpoints: endpoints(service),
                    count: deployment.count,
                    price_per_block: Price { amount: price.amount, denom: BASE_DENOM.to_owned() },
                });
                if group.max_price().is_none() {
                    let rule = Rule::PriceOverflow { price: price.amount, count: deployment.count };
                    return Err(self.error(&format!("{pricing}.amount"), rule));
                }
            }
        }
        Ok(groups.into_values().collect())
    }

    /// The group of a placement, without resources.
    fn group(&self, name: &str, placement: &Placement, foreign: ForeignAuditors) -> Result<Group, SdlError> {
        let mut dropped = Vec::new();
        let mut auditors = |list: &[String], field: &str| -> Result<Vec<Address>, SdlError> {
            let mut accounts = BTreeSet::new();
            for (index, text) in list.iter().enumerate() {
                let of_here = text.strip_prefix(ACCOUNT_PREFIX).is_some_and(|rest| rest.starts_with('1'));
                let path = format!("profiles.placement.{name}.signedBy.{field}[{index}]");
                match text.parse() {
                    Ok(account) => {
                        accounts.insert(account);
                    }
                    // A mistyped account of this network is not meant to be dropped.
                    Err(_) if foreign == ForeignAuditors::Drop && !of_here => {
                        dropped.push(DroppedAuditor { line: self.line(&path), address: shown(text) });
                    }
                    Err(source) => {
                        let advice = if of_here { "" } else { FOREIGN };
                        let rule = Rule::Auditor { found: shown(text), source, advice };
                        return Err(self.error(&path, rule));
                    }
                }
            }
            Ok(accounts.into_iter().collect())
        };
        Ok(Group {
            name: name.to_owned(),
            attributes: placement.attributes.clone(),
            signed_by_any: auditors(&placement.signed_by.any_of, "anyOf")?,
            signed_by_all: auditors(&placement.signed_by.all_of, "allOf")?,
            dropped_auditors: dropped,
            resources: Vec::new(),
        })
    }
}

/// Entrances of a service: one for each public port, and each leased address once.
fn endpoints(service: &Service) -> Vec<Endpoint> {
    let mut counts: BTreeMap<EndpointKind, u32> = BTreeMap::new();
    let mut addresses = BTreeSet::new();
    for expose in &service.expose {
        let http = expose.proto == Protocol::Tcp && expose.external_port == HTTP_PORT;
        for target in expose.to.iter().filter(|target| target.global) {
            let kind = if http { EndpointKind::SharedHttp } else { EndpointKind::RandomPort };
            *counts.entry(kind).or_default() += 1;
            addresses.extend(target.ip.as_deref());
        }
    }
    let leased = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    if leased > 0 {
        counts.insert(EndpointKind::LeasedIp, leased);
    }
    counts.into_iter().map(|(kind, count)| Endpoint { kind, count }).collect()
}
