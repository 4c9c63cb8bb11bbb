//! `cosmos.slashing.v1beta1.Query`: who is jailed. Missed blocks are not counted.

use super::convert::{decimal_of_bps, second};
use crate::{Context, Status, backend::List, router::Routes};
use virtengine_chain::staking::{CONSENSUS_KEYS, VALIDATORS};
use virtengine_types::{
    Address,
    address::CONSENSUS_PREFIX,
    proto::cosmos::slashing::v1beta1::{
        Params, QueryParamsRequest, QueryParamsResponse, QuerySigningInfoRequest, QuerySigningInfoResponse,
        QuerySigningInfosRequest, QuerySigningInfosResponse, ValidatorSigningInfo,
    },
    staking::{Standing, Validator},
};

/// 9999-12-31T23:59:59Z, until when Cosmos chains jail a validator that is tombstoned.
const FOR_EVER: u64 = 253_402_300_799;

pub(super) fn add(routes: &mut Routes) {
    routes.unary("/cosmos.slashing.v1beta1.Query/Params", &["GET /cosmos/slashing/v1beta1/params"], params);
    routes.unary(
        "/cosmos.slashing.v1beta1.Query/SigningInfo",
        &["GET /cosmos/slashing/v1beta1/signing_infos/{cons_address}"],
        signing_info,
    );
    routes.unary(
        "/cosmos.slashing.v1beta1.Query/SigningInfos",
        &["GET /cosmos/slashing/v1beta1/signing_infos"],
        signing_infos,
    );
}

async fn params(context: Context, _: QueryParamsRequest) -> Result<QueryParamsResponse, Status> {
    let fraction = decimal_of_bps(context.params().await?.slash_double_sign_bps);
    let params = Params {
        signed_blocks_window: 0,
        min_signed_per_window: "0".into(),
        downtime_jail_duration: Some(prost_types::Duration::default()),
        slash_fraction_double_sign: fraction.into(),
        slash_fraction_downtime: "0".into(),
    };
    Ok(QueryParamsResponse { params: Some(params) })
}

async fn signing_info(
    context: Context,
    request: QuerySigningInfoRequest,
) -> Result<QuerySigningInfoResponse, Status> {
    let address = Address::from_bech32(&request.cons_address, CONSENSUS_PREFIX)?;
    let missing =
        || Status::not_found(format!("SigningInfo not found for validator {}", request.cons_address));
    let operator = context.get(&CONSENSUS_KEYS, &address).await?.ok_or_else(missing)?;
    let validator = context.get(&VALIDATORS, &operator).await?.ok_or_else(missing)?;
    Ok(QuerySigningInfoResponse { val_signing_info: Some(info(&validator)) })
}

async fn signing_infos(
    context: Context,
    request: QuerySigningInfosRequest,
) -> Result<QuerySigningInfosResponse, Status> {
    let list = List::Validators { status: None };
    let (rows, pagination) = context.page(&VALIDATORS, list, request.pagination).await?;
    let info = rows.iter().map(|(_, validator)| info(validator)).collect();
    Ok(QuerySigningInfosResponse { info, pagination: Some(pagination) })
}

fn info(validator: &Validator) -> ValidatorSigningInfo {
    let tombstoned = validator.standing == Standing::Tombstoned;
    ValidatorSigningInfo {
        address: Address::of_hash(&validator.consensus_key).to_bech32(CONSENSUS_PREFIX),
        start_height: validator.created_height.signed(),
        index_offset: 0,
        jailed_until: Some(second(if tombstoned { FOR_EVER } else { 0 })),
        tombstoned,
        missed_blocks_counter: 0,
    }
}
