//! `virtengine.provider.v1.Query`: who sells compute.

use crate::{Context, Status, backend::List, router::Routes};
use virtengine_chain::provider::{ATTESTATIONS, PROVIDERS};
use virtengine_types::{
    Address,
    proto::cosmos::base::query::v1beta1::PageResponse,
    proto::virtengine::provider::v1::{
        QueryAttestationsRequest, QueryAttestationsResponse, QueryProviderRequest, QueryProviderResponse,
        QueryProvidersRequest, QueryProvidersResponse,
    },
    provider::Attestation,
};

/// Most auditors that one request names; as many as an order can.
const MAX_AUDITORS: usize = 32;

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
    routes.unary(
        "/virtengine.provider.v1.Query/Attestations",
        &["GET /virtengine/provider/v1/providers/{owner}/attestations"],
        attestations,
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

async fn attestations(
    context: Context,
    request: QueryAttestationsRequest,
) -> Result<QueryAttestationsResponse, Status> {
    let owner: Address = request.owner.parse()?;
    let (found, max) = (request.auditors.len(), MAX_AUDITORS);
    if found > max {
        return Err(Status::invalid(format!("auditors may name at most {max}, got {found}")));
    }
    let (rows, pagination) = if request.auditors.is_empty() {
        context.page(&ATTESTATIONS, List::Attestations { provider: owner }, request.pagination).await?
    } else {
        let mut keys = Vec::with_capacity(found);
        for auditor in &request.auditors {
            keys.push(ATTESTATIONS.key(&(owner, auditor.parse()?))?);
        }
        let rows = context.rows(&ATTESTATIONS, keys).await?;
        let total = rows.len() as u64;
        (rows, PageResponse { total, ..PageResponse::default() })
    };
    let provider = context.get(&PROVIDERS, &owner).await?;
    let wire = |((owner, auditor), attestation): &((Address, Address), Attestation)| {
        attestation.to_wire(*owner, *auditor, provider.as_ref())
    };
    Ok(QueryAttestationsResponse {
        attestations: rows.iter().map(wire).collect(),
        pagination: Some(pagination),
    })
}
