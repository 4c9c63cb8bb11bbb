//! `virtengine.staking.v1.Query`: the keys with which validators vote.

use crate::{Context, Status, router::Routes};
use virtengine_chain::staking::VALIDATORS;
use virtengine_types::{
    Address,
    proto::virtengine::staking::v1::{QueryConsensusKeyRequest, QueryConsensusKeyResponse},
};

pub(super) fn add(routes: &mut Routes) {
    routes.unary(
        "/virtengine.staking.v1.Query/ConsensusKey",
        &["GET /virtengine/staking/v1/consensus_keys/{validator_address}"],
        consensus_key,
    );
}

/// Empty if the validator has not set its key yet.
async fn consensus_key(
    context: Context,
    request: QueryConsensusKeyRequest,
) -> Result<QueryConsensusKeyResponse, Status> {
    let operator = Address::from_operator(&request.validator_address)?;
    let missing = || Status::not_found(format!("validator {} not found", request.validator_address));
    let validator = context.get(&VALIDATORS, &operator).await?.ok_or_else(missing)?;
    let bls_public_key = validator.bls_key.map(|key| key.to_vec().into()).unwrap_or_default();
    Ok(QueryConsensusKeyResponse { bls_public_key })
}
