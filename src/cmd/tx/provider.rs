//! `virtengine tx provider`.

use super::{super::parse, Signer};
use clap::{Args, Subcommand};
use eyre::Result;
use prost_types::Any;
use virtengine_client::sign::any;
use virtengine_types::{
    Address,
    proto::virtengine::provider::v1::{
        Attribute, MsgAttestProvider, MsgDeregisterProvider, MsgRegisterProvider, MsgRevokeAttestation,
        MsgUpdateProvider,
    },
};

#[derive(Subcommand)]
pub(super) enum Provider {
    /// Register the signer as a provider.
    Register(Description),
    /// Replace what the provider says of itself; attestations of changed attributes no longer count.
    Update(Description),
    /// Remove the signer's provider, which must have no active leases.
    Deregister,
    /// State as an auditor that a provider has these attributes; replaces the earlier statement.
    Attest {
        /// The provider's account: an address, or the name of a key.
        provider: String,
        /// Attributes that are true, such as region=eu-west.
        #[arg(long = "attribute", short, required = true, value_name = "KEY=VALUE", value_parser = parse::attribute)]
        attributes: Vec<Attribute>,
    },
    /// Take the auditor's statement back.
    Revoke {
        /// The provider's account: an address, or the name of a key.
        provider: String,
    },
}

#[derive(Args)]
pub(super) struct Description {
    /// Where tenants send manifests, an http(s) address.
    #[arg(long, value_name = "URL")]
    host_uri: String,
    /// A fact about the provider, such as region=eu-west; repeatable.
    #[arg(long = "attribute", short, value_name = "KEY=VALUE", value_parser = parse::attribute)]
    attributes: Vec<Attribute>,
    /// Contact.
    #[arg(long, default_value = "", hide_default_value = true)]
    email: String,
    /// Web page.
    #[arg(long, default_value = "", hide_default_value = true)]
    website: String,
}

impl Provider {
    /// The message; `account` finds the address that a text names.
    pub(super) fn message(
        self,
        signer: &Signer<'_>,
        account: impl Fn(&str) -> Result<Address>,
    ) -> Result<Any> {
        let owner = signer.address.to_string();
        Ok(match self {
            Self::Register(Description { host_uri, attributes, email, website }) => {
                any(&MsgRegisterProvider { owner, host_uri, attributes, email, website })
            }
            Self::Update(Description { host_uri, attributes, email, website }) => {
                any(&MsgUpdateProvider { owner, host_uri, attributes, email, website })
            }
            Self::Deregister => any(&MsgDeregisterProvider { owner }),
            Self::Attest { provider, attributes } => {
                let provider = account(&provider)?.to_string();
                any(&MsgAttestProvider { auditor: owner, provider, attributes })
            }
            Self::Revoke { provider } => {
                let provider = account(&provider)?.to_string();
                any(&MsgRevokeAttestation { auditor: owner, provider })
            }
        })
    }
}
