//! Why an operation on a provider is refused.

use crate::outcome::rejects_as;
use thiserror::Error;
use virtengine_types::Address;

/// The rule that an operation on a provider breaks. Codespace `provider`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProviderInvalid {
    /// The address is not a provider's.
    #[error("{owner} is not a registered provider")]
    NotFound {
        /// Who should be one.
        owner: Address,
    },
    /// The address is a provider's already.
    #[error("{owner} is already registered, since height {since}")]
    AlreadyRegistered {
        /// The provider.
        owner: Address,
        /// Height of its registration.
        since: virtengine_types::Height,
    },
    /// Leases of the provider run.
    #[error("provider {owner} has {active} active leases, one that leaves must have 0: close them first")]
    ActiveLeases {
        /// The provider.
        owner: Address,
        /// Leases that run.
        active: u32,
    },
    /// A provider vouches for itself.
    #[error("an auditor attests another account, {owner} attests itself")]
    SelfAttestation {
        /// Provider and auditor.
        owner: Address,
    },
    /// An auditor attests what the provider does not claim.
    #[error("attribute {key} is attested as {attested:?} but the provider claims {}", claim(.claimed))]
    NotClaimed {
        /// The attribute's key.
        key: String,
        /// The auditor's value.
        attested: String,
        /// The provider's value, if it has one.
        claimed: Option<String>,
    },
    /// The auditor has not attested the provider.
    #[error("{auditor} has not attested provider {owner}")]
    NotAttested {
        /// Who wants to revoke.
        auditor: Address,
        /// The provider.
        owner: Address,
    },
    /// The provider is in another region than an order demands.
    #[error("the order wants region {wanted:?}, provider {owner} is in {}", claim(.found))]
    Region {
        /// The provider.
        owner: Address,
        /// Region that the order demands.
        wanted: String,
        /// The provider's attribute `region`, if it has one.
        found: Option<String>,
    },
    /// The provider lacks an attribute that an order demands.
    #[error("the order wants {key}={wanted}, provider {owner} has {}", claim(.found))]
    Attribute {
        /// The provider.
        owner: Address,
        /// The attribute's key.
        key: String,
        /// Value that the order demands.
        wanted: String,
        /// The provider's value, if it has one.
        found: Option<String>,
    },
    /// An auditor that must have attested the demanded attributes has not.
    #[error("the order wants its attributes attested by {auditor}, who has not attested them of {owner}")]
    NotSignedByAll {
        /// The provider.
        owner: Address,
        /// The auditor that is missing.
        auditor: Address,
    },
    /// None of the auditors has attested the demanded attributes.
    #[error(
        "the order wants its attributes attested by one of {wanted} auditors, 0 of them attested {owner}"
    )]
    NotSignedByAny {
        /// The provider.
        owner: Address,
        /// Number of auditors of whom one suffices.
        wanted: usize,
    },
    /// The provider's identity tier is below what an order demands.
    #[error("the order wants identity tier {wanted}, provider {owner} has tier {found}")]
    IdentityTier {
        /// The provider.
        owner: Address,
        /// Tier that the order demands.
        wanted: u32,
        /// The provider's tier.
        found: u32,
    },
}

impl ProviderInvalid {
    /// The stable code; docs/spec/provider.md lists them.
    #[must_use]
    pub const fn code(&self) -> u32 {
        match self {
            Self::NotFound { .. } => 2,
            Self::AlreadyRegistered { .. } => 3,
            Self::ActiveLeases { .. } => 4,
            Self::SelfAttestation { .. } => 5,
            Self::NotClaimed { .. } => 6,
            Self::NotAttested { .. } => 8,
            Self::Region { .. } => 10,
            Self::Attribute { .. } => 11,
            Self::NotSignedByAll { .. } => 12,
            Self::NotSignedByAny { .. } => 13,
            Self::IdentityTier { .. } => 14,
        }
    }
}

rejects_as!(ProviderInvalid, "provider");

/// A value in words: quoted, or that there is none.
fn claim(value: &Option<String>) -> String {
    value.as_ref().map_or_else(|| "no such attribute".to_owned(), |value| format!("{value:?}"))
}
