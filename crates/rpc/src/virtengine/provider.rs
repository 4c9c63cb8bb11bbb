//! `virtengine.provider.v1.Query`: who sells compute.

use crate::{Context, Status, backend::List, router::Routes};
use virtengine_chain::provider::PROVIDERS;
use virtengine_types::{
    Address,
    proto::virtengine::provider::v1::{
        QueryProviderRequest, QueryProviderResponse, QueryProvidersRequest, QueryProvidersResponse,
    },
};

pub(super) fn add(routes: &mut Routes) {
    routes.unary(
        "/virtengine.provider.v1.Query/Provider",
        &["GET /virtengine/provider/v1/providers/{owner}"],
        provider,
    );
    routes.unary(
        "/virtengine.provider.v1.Query/Providers",
        &["GET /virtengine/provider/v1/providers"],
        providers,
    );
}

async fn provider(context: Context, request: QueryProviderRequest) -> Result<QueryProviderResponse, Status> {
    let owner: Address = request.owner.parse()?;
    match context.get(&PROVIDERS, &owner).await? {
        Some(provider) => Ok(QueryProviderResponse { provider: Some(provider.to_wire(owner)) }),
        None => Err(Status::not_found(format!("provider {owner} not found"))),
    }
}

async fn providers(
    context: Context,
    request: QueryProvidersRequest,
) -> Result<QueryProvidersResponse, Status> {
    let attribute = match request.attribute.split_once('=') {
        Some((key, value)) => Some((key.to_owned(), value.to_owned())),
        None if request.attribute.is_empty() => None,
        None => {
            let cause = format!("attribute must be written key=value, got {:?}", request.attribute);
            return Err(Status::invalid(cause));
        }
    };
    let list = List::Providers { attribute };
    let (rows, pagination) = context.page(&PROVIDERS, list, request.pagination).await?;
    let providers = rows.iter().map(|(owner, provider)| provider.to_wire(*owner)).collect();
    Ok(QueryProvidersResponse { providers, pagination: Some(pagination) })
}
