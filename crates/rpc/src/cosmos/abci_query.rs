//! `cosmos.base.tendermint.v1beta1.Service/ABCIQuery`: a state query within a query.

use crate::{
    Status,
    comet::{QueryAnswer, QueryRequest},
    router::{Routes, WeakRouter},
};
use virtengine_types::proto::cosmos::base::tendermint::v1beta1::{AbciQueryRequest, AbciQueryResponse};

const PATH: &str = "/cosmos.base.tendermint.v1beta1.Service/ABCIQuery";

pub(super) fn add(routes: &mut Routes, router: &WeakRouter) {
    let router = router.clone();
    routes.unary(PATH, &["GET /cosmos/base/tendermint/v1beta1/abci_query"], move |_, request| {
        answer(router.clone(), request)
    });
}

async fn answer(router: WeakRouter, request: AbciQueryRequest) -> Result<AbciQueryResponse, Status> {
    let AbciQueryRequest { data, path, height, prove } = request;
    if path == PATH {
        return Err(Status::invalid(format!("a query of {PATH} cannot be within another")));
    }
    let router = router.upgrade().ok_or_else(|| Status::internal("the node is stopping"))?;
    // Boxed, as the router's future would else contain itself.
    let answer = Box::pin(router.abci_query(QueryRequest { path, data, height, prove })).await;
    let QueryAnswer { code, codespace, log, value, height } = answer;
    let height = i64::try_from(height).unwrap_or(i64::MAX);
    Ok(AbciQueryResponse { code, codespace, log, value, height, ..AbciQueryResponse::default() })
}
