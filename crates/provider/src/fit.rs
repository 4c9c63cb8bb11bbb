//! Whether this provider is what an order wants, by the same rules as the chain's.

use thiserror::Error;
use virtengine_types::{
    Address,
    market::OrderSpec,
    proto::virtengine::provider::v1 as wire,
    provider::{Attribute, AttributeError, attributes_from_wire},
};

const REGION: &str = "region";

/// What the chain knows of this provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// What it says of itself, sorted.
    pub attributes: Vec<Attribute>,
}

/// What an auditor says of this provider, as far as it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// Who says it.
    pub auditor: Address,
    /// What, sorted.
    pub attributes: Vec<Attribute>,
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
    /// The rule that the attributes break.
    pub fn from_wire(provider: &wire::Provider) -> Result<Self, AttributeError> {
        Ok(Self { attributes: attributes_from_wire(&provider.attributes)? })
    }

    /// Whether it states what an order wishes; in the wish's name the first `*` stands for any text.
    #[must_use]
    pub fn has(&self, wish: &Attribute) -> bool {
        states(&self.attributes, &wish.key, &wish.value)
    }

    /// Checks region, attributes, identity tier and auditors, of whom `attested` tells what those that the
    /// order names say. In a wanted attribute's name the first `*` stands for any text; the region counts
    /// as an attribute that auditors attest.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn fit(&self, spec: &OrderSpec, attested: &[Attested]) -> Result<(), Misfit> {
        let region = &spec.region;
        if !region.is_empty() && !states(&self.attributes, REGION, region) {
            let own = self.attributes.iter().find(|attribute| attribute.key == REGION);
            let found = own.map(|attribute| attribute.value.clone()).unwrap_or_default();
            return Err(Misfit::Region { wanted: region.clone(), found });
        }
        if let Some(Attribute { key, value }) = spec.attributes.iter().find(|wish| !self.has(wish)) {
            return Err(Misfit::Attribute { key: key.clone(), wanted: value.clone() });
        }
        if spec.minimum_identity_tier > 0 {
            return Err(Misfit::IdentityTier { wanted: spec.minimum_identity_tier });
        }
        let vouches = |auditor: &Address| {
            attested.iter().any(|attested| attested.auditor == *auditor && attested.vouches(spec))
        };
        if let Some(&auditor) = spec.signed_by_all.iter().find(|auditor| !vouches(auditor)) {
            return Err(Misfit::NotSignedByAll { auditor });
        }
        let any = &spec.signed_by_any;
        if !any.is_empty() && !any.iter().any(vouches) {
            return Err(Misfit::NotSignedByAny { wanted: any.len() });
        }
        Ok(())
    }
}

impl Attested {
    /// Reads a node's answer; `None` if nothing of it counts or it cannot be read.
    #[must_use]
    pub fn from_wire(attestation: &wire::Attestation) -> Option<Self> {
        let attributes = attributes_from_wire(&attestation.valid_attributes).ok()?;
        let auditor = attestation.auditor.parse().ok()?;
        (!attributes.is_empty()).then_some(Self { auditor, attributes })
    }

    /// Whether it says everything that `spec` demands.
    fn vouches(&self, spec: &OrderSpec) -> bool {
        spec.attributes.iter().all(|wish| states(&self.attributes, &wish.key, &wish.value))
            && (spec.region.is_empty() || states(&self.attributes, REGION, &spec.region))
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
        Profile { attributes: vec![attribute("gpu/model/a100", "true"), attribute("region", "eu-west")] }
    }

    fn attested(attributes: Vec<Attribute>) -> Vec<Attested> {
        vec![Attested { auditor: Address([1; 20]), attributes }]
    }

    fn misfit(change: impl FnOnce(&mut OrderSpec)) -> Misfit {
        let mut spec = order_spec();
        change(&mut spec);
        profile().fit(&spec, &attested(profile().attributes)).unwrap_err()
    }

    #[test]
    fn accepts_what_it_has_and_auditors_attested() {
        let mut spec = order_spec();
        assert_eq!(profile().fit(&spec, &[]), Ok(()));
        spec.region = "eu-west".into();
        spec.attributes = vec![attribute("gpu/*/a100", "true")];
        spec.signed_by_all = vec![Address([1; 20])];
        spec.signed_by_any = vec![Address([2; 20]), Address([1; 20])];
        assert_eq!(profile().fit(&spec, &attested(profile().attributes)), Ok(()));
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
        let other = attested(vec![attribute("region", "eu-west")]);
        let mut spec = order_spec();
        spec.attributes = vec![attribute("gpu/model/a100", "true")];
        spec.signed_by_any = vec![Address([1; 20])];
        assert_eq!(profile().fit(&spec, &other), Err(Misfit::NotSignedByAny { wanted: 1 }));
    }

    #[test]
    fn only_what_counts_of_an_attestation_is_read() {
        let valid = vec![wire::Attribute { key: "region".into(), value: "eu-west".into() }];
        let mut answer = wire::Attestation {
            auditor: Address([1; 20]).to_string(),
            valid_attributes: valid.clone(),
            attributes: [valid, vec![wire::Attribute { key: "tier".into(), value: "gold".into() }]].concat(),
            ..Default::default()
        };
        assert_eq!(Attested::from_wire(&answer), attested(vec![attribute("region", "eu-west")]).pop());
        answer.valid_attributes.clear();
        assert_eq!(Attested::from_wire(&answer), None);
    }
}
