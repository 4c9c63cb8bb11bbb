//! Messages of providers and their auditors.

use super::decode::{Checked, MsgError, account, text};
use crate::{
    Address,
    proto::virtengine::provider::v1 as wire,
    provider::{Attribute, MAX_TEXT_BYTES, attributes_from_wire},
};

/// Registers the signer as a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterProvider {
    /// Who registers.
    pub owner: Address,
    /// Where tenants send manifests; `http://` or `https://`.
    pub host_uri: String,
    /// What it says of itself.
    pub attributes: Vec<Attribute>,
    /// Contact; may be empty.
    pub email: String,
    /// Web page; may be empty.
    pub website: String,
}

/// Replaces what a provider says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateProvider {
    /// The provider.
    pub owner: Address,
    /// Where tenants send manifests; `http://` or `https://`.
    pub host_uri: String,
    /// What it says of itself.
    pub attributes: Vec<Attribute>,
    /// Contact; may be empty.
    pub email: String,
    /// Web page; may be empty.
    pub website: String,
}

/// Removes a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeregisterProvider {
    /// The provider.
    pub owner: Address,
}

/// States that a provider has attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestProvider {
    /// Who states it.
    pub auditor: Address,
    /// Of whom.
    pub provider: Address,
    /// What; not empty.
    pub attributes: Vec<Attribute>,
}

/// Takes an auditor's statement back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeAttestation {
    /// Whose statement.
    pub auditor: Address,
    /// Of whom.
    pub provider: Address,
}

impl RegisterProvider {
    pub(super) const fn signer(&self) -> Address {
        self.owner
    }
}

impl UpdateProvider {
    pub(super) const fn signer(&self) -> Address {
        self.owner
    }
}

impl DeregisterProvider {
    pub(super) const fn signer(&self) -> Address {
        self.owner
    }
}

impl AttestProvider {
    pub(super) const fn signer(&self) -> Address {
        self.auditor
    }
}

impl RevokeAttestation {
    pub(super) const fn signer(&self) -> Address {
        self.auditor
    }
}

impl Checked<wire::MsgRegisterProvider> for RegisterProvider {
    fn check(wire: wire::MsgRegisterProvider) -> Result<Self, MsgError> {
        Ok(Self {
            owner: account("owner", &wire.owner)?,
            host_uri: host_uri(wire.host_uri)?,
            attributes: attributes_from_wire(&wire.attributes)?,
            email: text("email", wire.email, 0, MAX_TEXT_BYTES)?,
            website: text("website", wire.website, 0, MAX_TEXT_BYTES)?,
        })
    }
}

impl Checked<wire::MsgUpdateProvider> for UpdateProvider {
    fn check(wire: wire::MsgUpdateProvider) -> Result<Self, MsgError> {
        Ok(Self {
            owner: account("owner", &wire.owner)?,
            host_uri: host_uri(wire.host_uri)?,
            attributes: attributes_from_wire(&wire.attributes)?,
            email: text("email", wire.email, 0, MAX_TEXT_BYTES)?,
            website: text("website", wire.website, 0, MAX_TEXT_BYTES)?,
        })
    }
}

impl Checked<wire::MsgDeregisterProvider> for DeregisterProvider {
    fn check(wire: wire::MsgDeregisterProvider) -> Result<Self, MsgError> {
        Ok(Self { owner: account("owner", &wire.owner)? })
    }
}

impl Checked<wire::MsgAttestProvider> for AttestProvider {
    fn check(wire: wire::MsgAttestProvider) -> Result<Self, MsgError> {
        let attributes = attributes_from_wire(&wire.attributes)?;
        if attributes.is_empty() {
            return Err(MsgError::Entries { field: "attributes", found: 0, min: 1, max: 64 });
        }
        Ok(Self {
            auditor: account("auditor", &wire.auditor)?,
            provider: account("provider", &wire.provider)?,
            attributes,
        })
    }
}

impl Checked<wire::MsgRevokeAttestation> for RevokeAttestation {
    fn check(wire: wire::MsgRevokeAttestation) -> Result<Self, MsgError> {
        Ok(Self {
            auditor: account("auditor", &wire.auditor)?,
            provider: account("provider", &wire.provider)?,
        })
    }
}

fn host_uri(uri: String) -> Result<String, MsgError> {
    let uri = text("host_uri", uri, 8, MAX_TEXT_BYTES)?;
    let is_web = uri.starts_with("http://") || uri.starts_with("https://");
    if is_web && uri.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(uri)
    } else {
        Err(MsgError::NotAllowed { field: "host_uri", found: uri })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_web_is_plain_text() {
        for uri in ["https://h.example:8443/a?b=c", "http://[::1]:80"] {
            assert_eq!(host_uri(uri.to_owned()).unwrap(), uri);
        }
        for uri in
            ["ftp://host.example", "https://h.example/\u{1b}[2J", "https://h example", "https://hé.example"]
        {
            assert!(matches!(host_uri(uri.to_owned()), Err(MsgError::NotAllowed { .. })), "{uri:?}");
        }
    }
}
