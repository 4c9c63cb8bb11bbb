//! `cosmos.staking.v1beta1.Query`: validators, delegations and what is unbonding.

mod wire;

use crate::{Context, Status, backend::List, router::Routes};
use std::collections::{BTreeMap, BTreeSet};
use virtengine_chain::staking::{DELEGATIONS, REDELEGATIONS, STAKE_POOL, UNBONDINGS, VALIDATORS};
use virtengine_types::{
    Address,
    coin::BASE_DENOM,
    proto::cosmos::staking::v1beta1::{
        DelegationResponse, Params, Pool, QueryDelegationRequest, QueryDelegationResponse,
        QueryDelegatorDelegationsRequest, QueryDelegatorDelegationsResponse,
        QueryDelegatorUnbondingDelegationsRequest, QueryDelegatorUnbondingDelegationsResponse,
        QueryDelegatorValidatorRequest, QueryDelegatorValidatorResponse, QueryDelegatorValidatorsRequest,
        QueryDelegatorValidatorsResponse, QueryHistoricalInfoRequest, QueryHistoricalInfoResponse,
        QueryParamsRequest, QueryParamsResponse, QueryPoolRequest, QueryPoolResponse,
        QueryRedelegationsRequest, QueryRedelegationsResponse, QueryUnbondingDelegationRequest,
        QueryUnbondingDelegationResponse, QueryValidatorDelegationsRequest,
        QueryValidatorDelegationsResponse, QueryValidatorRequest, QueryValidatorResponse,
        QueryValidatorUnbondingDelegationsRequest, QueryValidatorUnbondingDelegationsResponse,
        QueryValidatorsRequest, QueryValidatorsResponse,
    },
    staking::{Validator, ValidatorStatus},
};

pub(super) fn add(routes: &mut Routes) {
    routes.unary(
        "/cosmos.staking.v1beta1.Query/Validators",
        &["GET /cosmos/staking/v1beta1/validators"],
        validators,
    );
    routes.unary(
        "/cosmos.staking.v1beta1.Query/Validator",
        &["GET /cosmos/staking/v1beta1/validators/{validator_addr}"],
        validator,
    );
    routes.unary(
        "/cosmos.staking.v1beta1.Query/ValidatorDelegations",
        &["GET /cosmos/staking/v1beta1/validators/{validator_addr}/delegations"],
        validator_delegations,
    );
    routes.unary(
        "/cosmos.staking.v1beta1.Query/ValidatorUnbondingDelegations",
        &["GET /cosmos/staking/v1beta1/validators/{validator_addr}/unbonding_delegations"],
        validator_unbondings,
    );
    routes.unary(
        "/cosmos.staking.v1beta1.Query/Delegation",
        &["GET /cosmos/staking/v1beta1/validators/{validator_addr}/delegations/{delegator_addr}"],
        delegation,
    );
    routes.unary(
        "/cosmos.staking.v1beta1.Query/UnbondingDelegation",
        &["GET /cosmos/staking/v1beta1/validators/{validator_addr}/delegations/{delegator_addr}/unbonding_delegation"],
        unbonding,
    );
    routes.unary(
        "/cosmos.staking.v1beta1.Query/DelegatorDelegations",
        &["GET /cosmos/staking/v1beta1/delegations/{delegator_addr}"],
        delegator_delegations,
    );
    routes.unary(
        "/cosmos.staking.v1beta1.Query/DelegatorUnbondingDelegations",
        &["GET /cosmos/staking/v1beta1/delegators/{delegator_addr}/unbonding_delegations"],
        delegator_unbondings,
    );
    routes.unary(
        "/cosmos.staking.v1beta1.Query/Redelegations",
        &["GET /cosmos/staking/v1beta1/delegators/{delegator_addr}/redelegations"],
        redelegations,
    );
    routes.unary(
        "/cosmos.staking.v1beta1.Query/DelegatorValidators",
        &["GET /cosmos/staking/v1beta1/delegators/{delegator_addr}/validators"],
        delegator_validators,
    );
    routes.unary(
        "/cosmos.staking.v1beta1.Query/DelegatorValidator",
        &["GET /cosmos/staking/v1beta1/delegators/{delegator_addr}/validators/{validator_addr}"],
        delegator_validator,
    );
    routes.immediate(
        "/cosmos.staking.v1beta1.Query/HistoricalInfo",
        &["GET /cosmos/staking/v1beta1/historical_info/{height}"],
        historical_info,
    );
    routes.unary("/cosmos.staking.v1beta1.Query/Pool", &["GET /cosmos/staking/v1beta1/pool"], pool);
    routes.unary("/cosmos.staking.v1beta1.Query/Params", &["GET /cosmos/staking/v1beta1/params"], params);
}

async fn validators(
    context: Context,
    request: QueryValidatorsRequest,
) -> Result<QueryValidatorsResponse, Status> {
    let status = match request.status.as_str() {
        "" | "BOND_STATUS_UNSPECIFIED" => None,
        "BOND_STATUS_BONDED" => Some(ValidatorStatus::Bonded),
        "BOND_STATUS_UNBONDED" => Some(ValidatorStatus::Unbonded),
        // A validator leaves its bond at once, so none is ever in between.
        "BOND_STATUS_UNBONDING" => {
            let (validators, pagination) = context.page_of(Vec::new(), request.pagination)?;
            return Ok(QueryValidatorsResponse { validators, pagination: Some(pagination) });
        }
        other => return Err(Status::invalid(format!("invalid validator status {other}"))),
    };
    let list = List::Validators { status };
    let (rows, pagination) = context.page(&VALIDATORS, list, request.pagination).await?;
    let validators = rows.iter().map(|(operator, row)| wire::validator(*operator, row)).collect();
    Ok(QueryValidatorsResponse { validators, pagination: Some(pagination) })
}

async fn validator(
    context: Context,
    request: QueryValidatorRequest,
) -> Result<QueryValidatorResponse, Status> {
    let operator = operator(&request.validator_addr)?;
    let row = existing(&context, operator).await?;
    Ok(QueryValidatorResponse { validator: Some(wire::validator(operator, &row)) })
}

async fn validator_delegations(
    context: Context,
    request: QueryValidatorDelegationsRequest,
) -> Result<QueryValidatorDelegationsResponse, Status> {
    let operator = operator(&request.validator_addr)?;
    let validator = existing(&context, operator).await?;
    let list = List::Delegations { delegator: None, validator: Some(operator) };
    let (rows, pagination) = context.page(&DELEGATIONS, list, request.pagination).await?;
    let delegation_responses =
        rows.iter().map(|(key, row)| wire::delegation(*key, row, &validator)).collect();
    Ok(QueryValidatorDelegationsResponse { delegation_responses, pagination: Some(pagination) })
}

async fn validator_unbondings(
    context: Context,
    request: QueryValidatorUnbondingDelegationsRequest,
) -> Result<QueryValidatorUnbondingDelegationsResponse, Status> {
    let operator = operator(&request.validator_addr)?;
    let validator = existing(&context, operator).await?;
    let list = List::Unbondings { delegator: None, validator: Some(operator) };
    let (rows, pagination) = context.page(&UNBONDINGS, list, request.pagination).await?;
    let unbonding_responses = rows.iter().map(|(key, row)| wire::unbonding(*key, row, &validator)).collect();
    Ok(QueryValidatorUnbondingDelegationsResponse { unbonding_responses, pagination: Some(pagination) })
}

async fn delegation(
    context: Context,
    request: QueryDelegationRequest,
) -> Result<QueryDelegationResponse, Status> {
    let delegator = account(&request.delegator_addr)?;
    let operator = operator(&request.validator_addr)?;
    let response = delegated(&context, delegator, operator).await?;
    Ok(QueryDelegationResponse { delegation_response: Some(response) })
}

async fn unbonding(
    context: Context,
    request: QueryUnbondingDelegationRequest,
) -> Result<QueryUnbondingDelegationResponse, Status> {
    let key = (account(&request.delegator_addr)?, operator(&request.validator_addr)?);
    let Some(row) = context.get(&UNBONDINGS, &key).await? else {
        let cause = format!(
            "unbonding delegation with delegator {} not found for validator {}",
            request.delegator_addr, request.validator_addr
        );
        return Err(Status::not_found(cause));
    };
    let validator = existing(&context, key.1).await?;
    Ok(QueryUnbondingDelegationResponse { unbond: Some(wire::unbonding(key, &row, &validator)) })
}

async fn delegator_delegations(
    context: Context,
    request: QueryDelegatorDelegationsRequest,
) -> Result<QueryDelegatorDelegationsResponse, Status> {
    let list = List::Delegations { delegator: Some(account(&request.delegator_addr)?), validator: None };
    let (rows, pagination) = context.page(&DELEGATIONS, list, request.pagination).await?;
    let validators = those(&context, rows.iter().map(|((_, operator), _)| *operator)).await?;
    let delegation_responses = rows
        .iter()
        .filter_map(|(key, row)| Some(wire::delegation(*key, row, validators.get(&key.1)?)))
        .collect();
    Ok(QueryDelegatorDelegationsResponse { delegation_responses, pagination: Some(pagination) })
}

async fn delegator_unbondings(
    context: Context,
    request: QueryDelegatorUnbondingDelegationsRequest,
) -> Result<QueryDelegatorUnbondingDelegationsResponse, Status> {
    let list = List::Unbondings { delegator: Some(account(&request.delegator_addr)?), validator: None };
    let (rows, pagination) = context.page(&UNBONDINGS, list, request.pagination).await?;
    let validators = those(&context, rows.iter().map(|((_, operator), _)| *operator)).await?;
    let unbonding_responses = rows
        .iter()
        .filter_map(|(key, row)| Some(wire::unbonding(*key, row, validators.get(&key.1)?)))
        .collect();
    Ok(QueryDelegatorUnbondingDelegationsResponse { unbonding_responses, pagination: Some(pagination) })
}

async fn redelegations(
    context: Context,
    request: QueryRedelegationsRequest,
) -> Result<QueryRedelegationsResponse, Status> {
    let optional = |text: &str, read: fn(&str) -> Result<Address, Status>| {
        if text.is_empty() { Ok(None) } else { read(text).map(Some) }
    };
    let list = List::Redelegations {
        delegator: optional(&request.delegator_addr, account)?,
        source: optional(&request.src_validator_addr, operator)?,
        destination: optional(&request.dst_validator_addr, operator)?,
    };
    let (rows, pagination) = context.page(&REDELEGATIONS, list, request.pagination).await?;
    let sources = those(&context, rows.iter().map(|((_, source, _), _)| *source)).await?;
    let redelegation_responses = rows
        .iter()
        .filter_map(|(key, row)| Some(wire::redelegation(*key, row, sources.get(&key.1)?)))
        .collect();
    Ok(QueryRedelegationsResponse { redelegation_responses, pagination: Some(pagination) })
}

async fn delegator_validators(
    context: Context,
    request: QueryDelegatorValidatorsRequest,
) -> Result<QueryDelegatorValidatorsResponse, Status> {
    let list = List::Delegations { delegator: Some(account(&request.delegator_addr)?), validator: None };
    let (rows, pagination) = context.page(&DELEGATIONS, list, request.pagination).await?;
    let places = rows.iter().map(|((_, operator), _)| VALIDATORS.key(operator));
    let rows = context.rows(&VALIDATORS, places.collect::<Result<_, _>>()?).await?;
    let validators = rows.iter().map(|(operator, row)| wire::validator(*operator, row)).collect();
    Ok(QueryDelegatorValidatorsResponse { validators, pagination: Some(pagination) })
}

async fn delegator_validator(
    context: Context,
    request: QueryDelegatorValidatorRequest,
) -> Result<QueryDelegatorValidatorResponse, Status> {
    let operator = operator(&request.validator_addr)?;
    delegated(&context, account(&request.delegator_addr)?, operator).await?;
    let row = existing(&context, operator).await?;
    Ok(QueryDelegatorValidatorResponse { validator: Some(wire::validator(operator, &row)) })
}

/// No history of validators is kept.
fn historical_info(
    _: Context,
    request: QueryHistoricalInfoRequest,
) -> Result<QueryHistoricalInfoResponse, Status> {
    Err(Status::not_found(format!("historical info for height {} not found", request.height)))
}

async fn pool(context: Context, _: QueryPoolRequest) -> Result<QueryPoolResponse, Status> {
    let pool = context.get(&STAKE_POOL, &0).await?.unwrap_or_default();
    let pool =
        Pool { not_bonded_tokens: pool.not_bonded.to_string(), bonded_tokens: pool.bonded.to_string() };
    Ok(QueryPoolResponse { pool: Some(pool) })
}

async fn params(context: Context, _: QueryParamsRequest) -> Result<QueryParamsResponse, Status> {
    let params = context.params().await?;
    let seconds = i64::try_from(params.unbonding_seconds).unwrap_or(i64::MAX);
    let params = Params {
        unbonding_time: Some(prost_types::Duration { seconds, nanos: 0 }),
        max_validators: params.max_validators,
        max_entries: params.max_unbonding_entries,
        historical_entries: 0,
        bond_denom: BASE_DENOM.to_owned(),
        min_commission_rate: "0".to_owned(),
    };
    Ok(QueryParamsResponse { params: Some(params) })
}

fn account(text: &str) -> Result<Address, Status> {
    if text.is_empty() {
        return Err(Status::invalid("delegator address cannot be empty"));
    }
    Ok(text.parse()?)
}

fn operator(text: &str) -> Result<Address, Status> {
    if text.is_empty() {
        return Err(Status::invalid("validator address cannot be empty"));
    }
    Ok(Address::from_operator(text)?)
}

async fn existing(context: &Context, operator: Address) -> Result<Validator, Status> {
    let missing = || Status::not_found(format!("validator {} not found", operator.operator()));
    context.get(&VALIDATORS, &operator).await?.ok_or_else(missing)
}

/// Validators that rows of a page name. They are not part of the page, so its bound on bytes is not theirs.
async fn those(
    context: &Context,
    operators: impl Iterator<Item = Address>,
) -> Result<BTreeMap<Address, Validator>, Status> {
    let operators: BTreeSet<Address> = operators.collect();
    let keys = operators.iter().map(|operator| VALIDATORS.key(operator)).collect::<Result<_, _>>()?;
    let rows = context.backend().get_many(keys).await?;
    rows.into_iter().flatten().map(|row| Ok(VALIDATORS.decode(&row)?)).collect()
}

async fn delegated(
    context: &Context,
    delegator: Address,
    operator: Address,
) -> Result<DelegationResponse, Status> {
    match context.get(&DELEGATIONS, &(delegator, operator)).await? {
        Some(row) => {
            let validator = existing(context, operator).await?;
            Ok(wire::delegation((delegator, operator), &row, &validator))
        }
        None => Err(Status::not_found(format!(
            "delegation with delegator {delegator} not found for validator {}",
            operator.operator()
        ))),
    }
}
