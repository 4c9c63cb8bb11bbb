//! `virtengine.params.v1.Query`: the chain's parameters.

use crate::{Context, Status, router::Routes};
use virtengine_types::proto::virtengine::params::v1::{QueryParamsRequest, QueryParamsResponse};

pub(super) fn add(routes: &mut Routes) {
    routes.unary("/virtengine.params.v1.Query/Params", &["GET /virtengine/params/v1/params"], params);
}

async fn params(context: Context, _: QueryParamsRequest) -> Result<QueryParamsResponse, Status> {
    Ok(QueryParamsResponse { params: Some(context.params().await?.to_wire()) })
}
