//! Providers: who sells compute and what is known of them.

use crate::{Address, Height, proto::virtengine::provider::v1 as wire};
use borsh::{BorshDeserialize, BorshSerialize};
use thiserror::Error;

/// Most attributes of a provider, an attestation or an order.
pub const MAX_ATTRIBUTES: usize = 64;
/// Longest attribute key or value in bytes.
pub const MAX_ATTRIBUTE_BYTES: usize = 128;
/// Longest web address, e-mail address or name in bytes.
pub const MAX_TEXT_BYTES: usize = 256;

/// A named fact, such as `region=eu-west`. Lists of attributes are sorted by key and unique.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Attribute {
    /// Lower-case name: letters, digits, `-`, `_`, `.`, `/` and `*` in an order's wish.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Why a list of attributes or a text is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AttributeError {
    /// Too many entries.
    #[error("at most {max} attributes are allowed, got {found}")]
    TooMany {
        /// Entries found.
        found: usize,
        /// The limit.
        max: usize,
    },
    /// Too long or with a character that is not allowed.
    #[error("attribute {text:?} must have 1 to {max} bytes of visible ASCII without spaces")]
    Malformed {
        /// The offending key or value.
        text: String,
        /// The limit in bytes.
        max: usize,
    },
    /// A key occurs twice.
    #[error("attribute key {key:?} occurs twice")]
    Duplicate {
        /// The key.
        key: String,
    },
}

/// Reads a wire list: checks each entry and sorts by key.
///
/// # Errors
/// - `TooMany` - more than [`MAX_ATTRIBUTES`]
/// - `Malformed` - an empty, long or non-ASCII key or value
/// - `Duplicate` - a key occurs twice
pub fn attributes_from_wire(list: &[wire::Attribute]) -> Result<Vec<Attribute>, AttributeError> {
    if list.len() > MAX_ATTRIBUTES {
        return Err(AttributeError::TooMany { found: list.len(), max: MAX_ATTRIBUTES });
    }
    let mut attributes = Vec::with_capacity(list.len());
    for wire::Attribute { key, value } in list {
        for text in [key, value] {
            if text.is_empty()
                || text.len() > MAX_ATTRIBUTE_BYTES
                || !text.bytes().all(|byte| byte.is_ascii_graphic())
            {
                let text = text.chars().take(MAX_ATTRIBUTE_BYTES).collect();
                return Err(AttributeError::Malformed { text, max: MAX_ATTRIBUTE_BYTES });
            }
        }
        attributes.push(Attribute { key: key.clone(), value: value.clone() });
    }
    attributes.sort();
    for pair in attributes.windows(2) {
        if let [first, second] = pair
            && first.key == second.key
        {
            return Err(AttributeError::Duplicate { key: first.key.clone() });
        }
    }
    Ok(attributes)
}

/// The wire form of a list of attributes.
#[must_use]
pub fn attributes_to_wire<'a>(list: impl IntoIterator<Item = &'a Attribute>) -> Vec<wire::Attribute> {
    list.into_iter()
        .map(|attribute| wire::Attribute { key: attribute.key.clone(), value: attribute.value.clone() })
        .collect()
}

/// What an auditor says is true of a provider, stored by the two of them.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Attestation {
    /// When the provider of which it was said had registered; of a later registration nothing was said.
    pub registered_height: Height,
    /// The attested attributes, not empty.
    pub attributes: Vec<Attribute>,
}

impl Attestation {
    /// The attested attributes that count: those that the provider claims with the same value, under the
    /// registration of which they were said.
    #[must_use]
    pub fn valid<'a>(&'a self, provider: &Provider) -> Vec<&'a Attribute> {
        if self.registered_height != provider.registered_height {
            return Vec::new();
        }
        let claimed = |attribute: &&Attribute| provider.attributes.binary_search(attribute).is_ok();
        self.attributes.iter().filter(claimed).collect()
    }

    /// The wire form; `row` is the provider's, if it is registered.
    #[must_use]
    pub fn to_wire(&self, provider: Address, auditor: Address, row: Option<&Provider>) -> wire::Attestation {
        let valid = row.map(|row| self.valid(row)).unwrap_or_default();
        wire::Attestation {
            provider: provider.to_string(),
            auditor: auditor.to_string(),
            attributes: attributes_to_wire(&self.attributes),
            valid_attributes: attributes_to_wire(valid),
            registered_height: self.registered_height.signed(),
        }
    }
}

/// A registered provider.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Provider {
    /// Where tenants send manifests.
    pub host_uri: String,
    /// What it says of itself.
    pub attributes: Vec<Attribute>,
    /// Contact; may be empty.
    pub email: String,
    /// Web page; may be empty.
    pub website: String,
    /// Leases that run now; deregistration waits for 0.
    pub active_leases: u32,
    /// Leases that ended otherwise than by the provider's fault.
    pub completed_leases: u64,
    /// Leases that the provider closed or the tenant closed as unhealthy.
    pub failed_leases: u64,
    /// When it registered.
    pub registered_height: Height,
}

impl Provider {
    /// Score by which bids of equal price are ranked: completed leases less three for each failed one.
    #[must_use]
    pub fn reputation(&self) -> i64 {
        let completed = i64::try_from(self.completed_leases).unwrap_or(i64::MAX);
        let failed = i64::try_from(self.failed_leases).unwrap_or(i64::MAX);
        completed.saturating_sub(failed.saturating_mul(3))
    }

    /// The wire form.
    #[must_use]
    pub fn to_wire(&self, owner: Address) -> wire::Provider {
        wire::Provider {
            owner: owner.to_string(),
            host_uri: self.host_uri.clone(),
            attributes: attributes_to_wire(&self.attributes),
            email: self.email.clone(),
            website: self.website.clone(),
            active_leases: self.active_leases,
            completed_leases: self.completed_leases,
            failed_leases: self.failed_leases,
            registered_height: self.registered_height.signed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(list: &[(&str, &str)]) -> Vec<wire::Attribute> {
        list.iter()
            .map(|(key, value)| wire::Attribute { key: (*key).into(), value: (*value).into() })
            .collect()
    }

    #[test]
    fn an_attestation_counts_for_what_is_claimed_under_its_registration() {
        let attributes = |list| attributes_from_wire(&wire(list)).unwrap();
        let mut provider = Provider {
            host_uri: String::new(),
            attributes: attributes(&[("region", "eu"), ("tier", "gold")]),
            email: String::new(),
            website: String::new(),
            active_leases: 0,
            completed_leases: 0,
            failed_leases: 0,
            registered_height: Height(7),
        };
        let attestation = Attestation {
            registered_height: Height(7),
            attributes: attributes(&[("region", "eu"), ("tier", "iron")]),
        };
        assert_eq!(attestation.valid(&provider), [&provider.attributes[0]]);
        let listed = attestation.to_wire(Address([1; 20]), Address([2; 20]), Some(&provider));
        assert_eq!((listed.attributes.len(), listed.valid_attributes), (2, wire(&[("region", "eu")])));
        assert!(attestation.to_wire(Address([1; 20]), Address([2; 20]), None).valid_attributes.is_empty());
        provider.registered_height = Height(8);
        assert!(attestation.valid(&provider).is_empty());
    }

    #[test]
    fn accepts_and_sorts_attributes() {
        let list = attributes_from_wire(&wire(&[("tier", "1"), ("region", "eu")])).unwrap();
        assert_eq!(list[0].key, "region");
    }

    #[test]
    fn rejects_bad_attribute_lists() {
        let twice = attributes_from_wire(&wire(&[("a", "1"), ("a", "2")]));
        assert_eq!(twice, Err(AttributeError::Duplicate { key: "a".into() }));
        for (key, value) in [("", "1"), ("a", ""), ("a b", "1"), ("a", "\u{e9}")] {
            let result = attributes_from_wire(&wire(&[(key, value)]));
            assert!(matches!(result, Err(AttributeError::Malformed { .. })));
        }
        let many = vec![wire::Attribute { key: "k".into(), value: "v".into() }; 65];
        assert_eq!(attributes_from_wire(&many), Err(AttributeError::TooMany { found: 65, max: 64 }));
    }
}
