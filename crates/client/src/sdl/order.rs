//! A group as the chain's order.

use super::{EndpointKind, Group, ResourceUnit, model::GpuModel};
use thiserror::Error;
use virtengine_types::{
    Amount,
    market::{self, OrderSpec, Selection, SpecError},
    provider::Attribute,
};

/// Attribute that becomes the order's region.
const REGION: &str = "region";

/// What an order says that its file does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderTerms {
    /// Blocks during which bids are taken.
    pub bid_window: u64,
    /// How the winner is chosen.
    pub selection: Selection,
    /// Identity tier that the provider must have.
    pub minimum_identity_tier: u32,
    /// SHA-256 of the group's manifest.
    pub manifest_hash: Option<[u8; 32]>,
}

/// Why a group is no order.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OrderError {
    /// The prices of all replicas do not fit in one amount.
    #[error("the prices of placement {placement:?} exceed 2^128 - 1")]
    Price {
        /// The placement.
        placement: String,
    },
    /// The chain would refuse it.
    #[error("placement {placement:?} is no valid order: {source}")]
    Spec {
        /// The placement.
        placement: String,
        /// The rule that it breaks.
        source: SpecError,
    },
}

impl Group {
    /// The order for this group. The attribute `region` becomes the order's region; a model with memory or
    /// interface is written `a100/ram/80Gi/interface/sxm`.
    ///
    /// # Errors
    /// - `Price` - the ceiling does not fit
    /// - `Spec` - the chain would refuse the order
    pub fn order_spec(&self, terms: &OrderTerms) -> Result<OrderSpec, OrderError> {
        let placement = || self.name.clone();
        let max_price = self.max_price().ok_or_else(|| OrderError::Price { placement: placement() })?;
        let wanted = self.attributes.iter().filter(|(key, _)| *key != REGION);
        let spec = OrderSpec {
            name: self.name.clone(),
            resources: self.resources.iter().map(unit).collect(),
            region: self.attributes.get(REGION).cloned().unwrap_or_default(),
            attributes: wanted
                .map(|(key, value)| Attribute { key: key.clone(), value: value.clone() })
                .collect(),
            signed_by_any: self.signed_by_any.clone(),
            signed_by_all: self.signed_by_all.clone(),
            minimum_identity_tier: terms.minimum_identity_tier,
            max_price: Amount(max_price),
            bid_window: terms.bid_window,
            selection: terms.selection,
            manifest_hash: terms.manifest_hash,
        };
        // The chain's own check, so that a file is refused here and not after paying a fee.
        OrderSpec::from_wire(Some(&spec.to_wire()))
            .map_err(|source| OrderError::Spec { placement: placement(), source })
    }
}

fn unit(unit: &ResourceUnit) -> market::ResourceUnit {
    let any = unit.gpu.models.iter().any(|model| *model == any_model());
    let models = if any { Vec::new() } else { unit.gpu.models.iter().map(model_text).collect() };
    market::ResourceUnit {
        cpu_milli: unit.cpu_milli,
        memory_bytes: unit.memory_bytes,
        storage: unit
            .storage
            .iter()
            .map(|volume| market::Storage {
                name: volume.name.clone(),
                bytes: volume.bytes,
                class: volume.class.clone(),
                persistent: volume.persistent,
            })
            .collect(),
        gpu: market::Gpu { count: unit.gpu.count, vendor: unit.gpu.vendor.clone(), models },
        endpoints: unit
            .endpoints
            .iter()
            .map(|endpoint| market::Endpoint {
                kind: match endpoint.kind {
                    EndpointKind::SharedHttp => market::EndpointKind::SharedHttp,
                    EndpointKind::RandomPort => market::EndpointKind::RandomPort,
                    EndpointKind::LeasedIp => market::EndpointKind::LeasedIp,
                },
                count: endpoint.count,
            })
            .collect(),
        count: unit.count,
    }
}

fn any_model() -> GpuModel {
    GpuModel { model: "*".to_owned(), ram_bytes: None, interface: None }
}

fn model_text(model: &GpuModel) -> String {
    let ram = model.ram_bytes.map(|bytes| format!("/ram/{}Gi", bytes.div_ceil(1 << 30))).unwrap_or_default();
    let interface = model.interface.as_ref().map(|name| format!("/interface/{name}")).unwrap_or_default();
    format!("{}{ram}{interface}", model.model)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdl::{DenomMap, ForeignAuditors, Price, Sdl};

    fn terms() -> OrderTerms {
        OrderTerms {
            bid_window: 20,
            selection: Selection::Manual,
            minimum_identity_tier: 0,
            manifest_hash: Some([7; 32]),
        }
    }

    fn groups(text: &str) -> Vec<Group> {
        Sdl::parse(text).unwrap().groups(&DenomMap::default(), ForeignAuditors::Refuse).unwrap()
    }

    fn order(text: &str) -> Result<OrderSpec, OrderError> {
        groups(text)[0].order_spec(&terms())
    }

    #[test]
    fn accepts_a_group_with_cards() {
        let spec = order(include_str!("../../../../examples/gpu.yml")).unwrap();
        assert_eq!((spec.region.as_str(), spec.class(), spec.max_price), ("us-west", "gpu", Amount(250_000)));
        assert_eq!(spec.resources[0].gpu.models, ["a100/ram/80Gi/interface/sxm", "h100"]);
        assert!(spec.attributes.is_empty());
    }

    #[test]
    fn rejects_an_order_that_the_chain_would_refuse() {
        let web = include_str!("../../../../examples/web.yml");
        let text = web.replace("      pricing:", "      attributes: {region: two words}\n      pricing:");
        assert!(matches!(order(&text), Err(OrderError::Spec { .. })));
    }

    #[test]
    fn rejects_prices_that_overflow_together() {
        let web = include_str!("../../../../examples/web.yml");
        let mut groups = groups(web);
        groups[0].resources[0].count = 2;
        groups[0].resources[0].price_per_block = Price { amount: u128::MAX, denom: "uve".to_owned() };
        assert!(matches!(groups[0].order_spec(&terms()), Err(OrderError::Price { .. })));
    }
}
