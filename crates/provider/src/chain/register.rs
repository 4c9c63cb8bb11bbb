//! The provider's row on the chain.

use super::Chain;
use crate::{Config, fit::Profile};
use virtengine_client::ClientError;
use virtengine_types::{
    proto::virtengine::provider::v1::{MsgRegisterProvider, MsgUpdateProvider, Provider},
    provider::attributes_to_wire,
};

/// Registers the provider if the chain does not have it, or updates what differs from the configuration,
/// and returns what the chain has then.
///
/// # Errors
/// The node cannot be reached, or the chain refuses.
pub(crate) async fn register(chain: &Chain, config: &Config) -> Result<Provider, ClientError> {
    let owner = chain.account.address();
    let client = chain.account.client();
    let known = match client.provider(owner).await {
        Ok(known) => Some(known),
        Err(error) if error.is_not_found() => None,
        Err(error) => return Err(error),
    };
    let attributes = attributes_to_wire(&config.provider_attributes());
    let (host_uri, email, website) = (config.host_uri.clone(), config.email.clone(), config.website.clone());
    match known {
        None => {
            let message =
                MsgRegisterProvider { owner: owner.to_string(), host_uri, attributes, email, website };
            chain.send(&message).await?;
            tracing::info!(provider = %owner, region = config.region, "registered as a provider");
        }
        Some(known) if same(&known, config) => {
            tracing::info!(provider = %owner, "the chain has this provider as configured");
            return Ok(known);
        }
        Some(_) => {
            let message =
                MsgUpdateProvider { owner: owner.to_string(), host_uri, attributes, email, website };
            chain.send(&message).await?;
            tracing::info!(provider = %owner, region = config.region, "updated the provider on the chain");
        }
    }
    client.provider(owner).await
}

fn same(known: &Provider, config: &Config) -> bool {
    Profile::from_wire(known).is_ok_and(|profile| profile.attributes == config.provider_attributes())
        && known.host_uri == config.host_uri
        && known.email == config.email
        && known.website == config.website
}
