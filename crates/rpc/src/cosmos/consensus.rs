//! Parameters of blocks: `cosmos.consensus.v1.Query`, and the old `cosmos.params.v1beta1.Query`.

use crate::{Context, Status, router::Routes};
use serde_json::json;
use virtengine_types::proto::{
    cosmos::{
        consensus::v1::{QueryParamsRequest, QueryParamsResponse},
        params::v1beta1::{
            ParamChange, QueryParamsRequest as OldRequest, QueryParamsResponse as OldResponse,
        },
    },
    tendermint::types::{
        AbciParams, BlockParams, ConsensusParams, EvidenceParams, ValidatorParams, VersionParams,
    },
};

pub(super) fn add(routes: &mut Routes) {
    routes.unary("/cosmos.consensus.v1.Query/Params", &["GET /cosmos/consensus/v1/params"], params);
    routes.unary("/cosmos.params.v1beta1.Query/Params", &["GET /cosmos/params/v1beta1/params"], old_params);
}

async fn params(context: Context, _: QueryParamsRequest) -> Result<QueryParamsResponse, Status> {
    let params = ConsensusParams {
        block: Some(block(&context).await?),
        // Evidence of CometBFT's form does not exist here.
        evidence: Some(EvidenceParams {
            max_age_num_blocks: 0,
            max_age_duration: Some(prost_types::Duration::default()),
            max_bytes: 0,
        }),
        validator: Some(ValidatorParams { pub_key_types: vec!["ed25519".to_owned()] }),
        version: Some(VersionParams::default()),
        abci: Some(AbciParams::default()),
    };
    Ok(QueryParamsResponse { params: Some(params) })
}

async fn old_params(context: Context, request: OldRequest) -> Result<OldResponse, Status> {
    let OldRequest { subspace, key } = request;
    if subspace != "baseapp" || key != "BlockParams" {
        let cause = format!("parameter {key} of subspace {subspace} is not known; baseapp/BlockParams is");
        return Err(Status::invalid(cause));
    }
    let block = block(&context).await?;
    let value = json!({
        "max_bytes": block.max_bytes.to_string(),
        "max_gas": block.max_gas.to_string(),
    });
    Ok(OldResponse { param: Some(ParamChange { subspace, key, value: value.to_string() }) })
}

async fn block(context: &Context) -> Result<BlockParams, Status> {
    let params = context.params().await?;
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    Ok(BlockParams { max_bytes: signed(params.max_block_bytes), max_gas: signed(params.max_block_gas) })
}
