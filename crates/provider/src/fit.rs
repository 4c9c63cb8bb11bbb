//! Whether this provider is what an order wants, by the same rules as the chain's.

use thiserror::Error;
use virtengine_types::{
    Address,
    address::AddressError,
    market::OrderSpec,
    proto::virtengine::provider::v1 as wire,
    provider::{Attestation, Attribute, AttributeError, attributes_from_wire},
};

const REGION: &str = "region";

/// What the chain knows of this provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// What it says of itself, sorted.
    pub attributes: Vec<Attribute>,
    /// What auditors say of it.
    pub attestations: Vec<Attestation>,
}

/// Why a node's answer about a provider cannot be read.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// Its attributes are malformed.
    #[error("the provider's attributes: {0}")]
    Attributes(#[from] AttributeError),
    /// An auditor is not an address.
    #[error("the provider's auditor: {0}")]
    Auditor(#[from] AddressError),
}

/// Why an order does not want this provider.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Misfit {
    /// Another region.
    #[error("the order is for region {wanted:?}, this provider is in {found:?}")]
    Region {
        /// The order's.
        wanted: String,
        /// The provider's.
        found: String,
    },
    /// An attribute is missing or differs.
    #[error("the order wants attribute {key} = {wanted:?}, which this provider does not have")]
    Attribute {
        /// Its name.
        key: String,
        /// The value wanted.
        wanted: String,
    },
    /// Not all the auditors it names attested what it wants.
    #[error("the order wants auditor {auditor} to have attested its attributes, who has not")]
    NotSignedByAll {
        /// The first that has not.
        auditor: Address,
    },
    /// None of the auditors it names attested what it wants.
    #[error("the order wants one of {wanted} auditors to have attested its attributes, none has")]
    NotSignedByAny {
        /// How many it names.
        wanted: usize,
    },
    /// An identity tier above what any provider has.
    #[error("the order wants identity tier {wanted}, providers have tier 0")]
    IdentityTier {
        /// The order's.
        wanted: u32,
    },
}

impl Profile {
    /// Reads a node's answer.
    ///
    /// # Errors
    /// - `Attributes`, `Auditor` - a part is malformed
    pub fn from_wire(provider: &wire::Provider) -> Result<Self, ProfileError> {
        let attestation = |attestation: &wire::Attestation| {
            let auditor = attestation.auditor.parse()?;
            Ok(Attestation { auditor, attributes: attributes_from_wire(&attestation.attributes)? })
        };
        Ok(Self {
            attributes: attributes_from_wire(&provider.attributes)?,
            attestations: provider
                .attestations
                .iter()
                .map(attestation)
                .collect::<Result<_, ProfileError>>()?,
        })
    }

    /// Checks region, attributes, auditors and identity tier. In a wanted attribute's name the first `*`
    /// stands for any text; the region counts as an attribute that auditors attest.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn fit(&self, spec: &OrderSpec) -> Result<(), Misfit> {
        let region = &spec.region;
        if !region.is_empty() && !states(&self.attributes, REGION, region) {
            let own = self.attributes.iter().find(|attribute| attribute.key == REGION);
            let found = own.map(|attribute| attribute.value.clone()).unwrap_or_default();
            return Err(Misfit::Region { wanted: region.clone(), found });
        }
        for Attribute { key, value } in &spec.attributes {
            if !states(&self.attributes, key, value) {
                return Err(Misfit::Attribute { key: key.clone(), wanted: value.clone() });
            }
        }
        if let Some(&auditor) = spec.signed_by_all.iter().find(|&&auditor| !self.attested(auditor, spec)) {
            return Err(Misfit::NotSignedByAll { auditor });
        }
        let any = &spec.signed_by_any;
        if !any.is_empty() && !any.iter().any(|&auditor| self.attested(auditor, spec)) {
            return Err(Misfit::NotSignedByAny { wanted: any.len() });
        }
        match spec.minimum_identity_tier {
            0 => Ok(()),
            wanted => Err(Misfit::IdentityTier { wanted }),
        }
    }

    fn attested(&self, auditor: Address, spec: &OrderSpec) -> bool {
        let Some(statement) = self.attestations.iter().find(|statement| statement.auditor == auditor) else {
            return false;
        };
        let attested = &statement.attributes;
        spec.attributes.iter().all(|wish| states(attested, &wish.key, &wish.value))
            && (spec.region.is_empty() || states(attested, REGION, &spec.region))
    }
}

/// Whether `list` has `value` under a name that matches `wish`.
fn states(list: &[Attribute], wish: &str, value: &str) -> bool {
    let matches = |key: &str| match wish.split_once('*') {
        Some((start, end)) => key.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
        None => key == wish,
    };
    list.iter().any(|attribute| attribute.value == value && matches(&attribute.key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{attribute, order_spec};

    fn profile() -> Profile {
        let attributes = vec![attribute("gpu/model/a100", "true"), attribute("region", "eu-west")];
        let attestations = vec![Attestation { auditor: Address([1; 20]), attributes: attributes.clone() }];
        Profile { attributes, attestations }
    }

    fn misfit(change: impl FnOnce(&mut OrderSpec)) -> Misfit {
        let mut spec = order_spec();
        change(&mut spec);
        profile().fit(&spec).unwrap_err()
    }

    #[test]
    fn accepts_what_it_has_and_auditors_attested() {
        let mut spec = order_spec();
        assert_eq!(profile().fit(&spec), Ok(()));
        spec.region = "eu-west".into();
        spec.attributes = vec![attribute("gpu/*/a100", "true")];
        spec.signed_by_all = vec![Address([1; 20])];
        spec.signed_by_any = vec![Address([2; 20]), Address([1; 20])];
        assert_eq!(profile().fit(&spec), Ok(()));
    }

    #[test]
    fn rejects_each_broken_wish_by_its_name() {
        let region = misfit(|spec| spec.region = "us-east".into());
        assert_eq!(region, Misfit::Region { wanted: "us-east".into(), found: "eu-west".into() });
        let wish = misfit(|spec| spec.attributes = vec![attribute("tier", "premium")]);
        assert_eq!(wish, Misfit::Attribute { key: "tier".into(), wanted: "premium".into() });
        let auditor = Address([2; 20]);
        let all = misfit(|spec| spec.signed_by_all = vec![Address([1; 20]), auditor]);
        assert_eq!(all, Misfit::NotSignedByAll { auditor });
        let any = misfit(|spec| spec.signed_by_any = vec![auditor]);
        assert_eq!(any, Misfit::NotSignedByAny { wanted: 1 });
        let tier = misfit(|spec| spec.minimum_identity_tier = 2);
        assert_eq!(tier, Misfit::IdentityTier { wanted: 2 });
    }

    #[test]
    fn an_attestation_of_something_else_does_not_count() {
        let mut profile = profile();
        profile.attestations[0].attributes = vec![attribute("region", "eu-west")];
        let mut spec = order_spec();
        spec.attributes = vec![attribute("gpu/model/a100", "true")];
        spec.signed_by_any = vec![Address([1; 20])];
        assert_eq!(profile.fit(&spec), Err(Misfit::NotSignedByAny { wanted: 1 }));
    }
}
