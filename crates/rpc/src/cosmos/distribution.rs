//! `cosmos.distribution.v1beta1.Query`: there are no staking rewards, so their lists are empty.

use crate::backend::List;
use crate::{Context, Status, router::Routes};
use virtengine_chain::{
    bank::ACCOUNTS,
    staking::{DELEGATIONS, VALIDATORS},
};
use virtengine_types::{
    Address,
    ledger::Pool,
    proto::cosmos::{
        base::v1beta1::DecCoin,
        distribution::v1beta1::{
            DelegationDelegatorReward, Params, QueryCommunityPoolRequest, QueryCommunityPoolResponse,
            QueryDelegationRewardsRequest, QueryDelegationRewardsResponse,
            QueryDelegationTotalRewardsRequest, QueryDelegationTotalRewardsResponse,
            QueryDelegatorValidatorsRequest, QueryDelegatorValidatorsResponse,
            QueryDelegatorWithdrawAddressRequest, QueryDelegatorWithdrawAddressResponse, QueryParamsRequest,
            QueryParamsResponse, QueryValidatorCommissionRequest, QueryValidatorCommissionResponse,
            QueryValidatorOutstandingRewardsRequest, QueryValidatorOutstandingRewardsResponse,
            QueryValidatorSlashesRequest, QueryValidatorSlashesResponse, ValidatorAccumulatedCommission,
            ValidatorOutstandingRewards,
        },
    },
};

pub(super) fn add(routes: &mut Routes) {
    routes.immediate(
        "/cosmos.distribution.v1beta1.Query/Params",
        &["GET /cosmos/distribution/v1beta1/params"],
        params,
    );
    routes.unary(
        "/cosmos.distribution.v1beta1.Query/CommunityPool",
        &["GET /cosmos/distribution/v1beta1/community_pool"],
        community_pool,
    );
    routes.unary(
        "/cosmos.distribution.v1beta1.Query/DelegationTotalRewards",
        &["GET /cosmos/distribution/v1beta1/delegators/{delegator_address}/rewards"],
        total_rewards,
    );
    routes.unary(
        "/cosmos.distribution.v1beta1.Query/DelegationRewards",
        &["GET /cosmos/distribution/v1beta1/delegators/{delegator_address}/rewards/{validator_address}"],
        rewards,
    );
    routes.unary(
        "/cosmos.distribution.v1beta1.Query/DelegatorValidators",
        &["GET /cosmos/distribution/v1beta1/delegators/{delegator_address}/validators"],
        validators,
    );
    routes.immediate(
        "/cosmos.distribution.v1beta1.Query/DelegatorWithdrawAddress",
        &["GET /cosmos/distribution/v1beta1/delegators/{delegator_address}/withdraw_address"],
        withdraw_address,
    );
    routes.unary(
        "/cosmos.distribution.v1beta1.Query/ValidatorCommission",
        &["GET /cosmos/distribution/v1beta1/validators/{validator_address}/commission"],
        commission,
    );
    routes.unary(
        "/cosmos.distribution.v1beta1.Query/ValidatorOutstandingRewards",
        &["GET /cosmos/distribution/v1beta1/validators/{validator_address}/outstanding_rewards"],
        outstanding_rewards,
    );
    routes.unary(
        "/cosmos.distribution.v1beta1.Query/ValidatorSlashes",
        &["GET /cosmos/distribution/v1beta1/validators/{validator_address}/slashes"],
        slashes,
    );
}

fn params(_: Context, _: QueryParamsRequest) -> Result<QueryParamsResponse, Status> {
    let zero = || "0".to_owned();
    #[allow(deprecated)] // old clients still read them
    let params = Params {
        community_tax: zero(),
        base_proposer_reward: zero(),
        bonus_proposer_reward: zero(),
        withdraw_addr_enabled: false,
    };
    Ok(QueryParamsResponse { params: Some(params) })
}

async fn community_pool(
    context: Context,
    _: QueryCommunityPoolRequest,
) -> Result<QueryCommunityPoolResponse, Status> {
    let account = context.get(&ACCOUNTS, &Pool::Community.address()).await?;
    let coins = account.map(|account| account.balances).unwrap_or_default();
    let pool = coins
        .iter()
        .map(|coin| DecCoin { denom: coin.denom.to_string(), amount: super::convert::decimal(coin.amount) });
    Ok(QueryCommunityPoolResponse { pool: pool.collect() })
}

async fn total_rewards(
    context: Context,
    request: QueryDelegationTotalRewardsRequest,
) -> Result<QueryDelegationTotalRewardsResponse, Status> {
    let reward = |validator_address| DelegationDelegatorReward { validator_address, reward: Vec::new() };
    let validators = validators_of(&context, &request.delegator_address).await?;
    let rewards = validators.into_iter().map(reward).collect();
    Ok(QueryDelegationTotalRewardsResponse { rewards, total: Vec::new() })
}

async fn rewards(
    context: Context,
    request: QueryDelegationRewardsRequest,
) -> Result<QueryDelegationRewardsResponse, Status> {
    let delegator: Address = request.delegator_address.parse()?;
    let operator = Address::from_operator(&request.validator_address)?;
    known(&context, operator).await?;
    if context.get(&DELEGATIONS, &(delegator, operator)).await?.is_none() {
        let cause = format!(
            "delegation with delegator {delegator} not found for validator {}",
            request.validator_address
        );
        return Err(Status::not_found(cause));
    }
    Ok(QueryDelegationRewardsResponse { rewards: Vec::new() })
}

async fn validators(
    context: Context,
    request: QueryDelegatorValidatorsRequest,
) -> Result<QueryDelegatorValidatorsResponse, Status> {
    let validators = validators_of(&context, &request.delegator_address).await?;
    Ok(QueryDelegatorValidatorsResponse { validators })
}

fn withdraw_address(
    _: Context,
    request: QueryDelegatorWithdrawAddressRequest,
) -> Result<QueryDelegatorWithdrawAddressResponse, Status> {
    let address: Address = request.delegator_address.parse()?;
    Ok(QueryDelegatorWithdrawAddressResponse { withdraw_address: address.to_string() })
}

async fn commission(
    context: Context,
    request: QueryValidatorCommissionRequest,
) -> Result<QueryValidatorCommissionResponse, Status> {
    known(&context, Address::from_operator(&request.validator_address)?).await?;
    Ok(QueryValidatorCommissionResponse { commission: Some(ValidatorAccumulatedCommission::default()) })
}

async fn outstanding_rewards(
    context: Context,
    request: QueryValidatorOutstandingRewardsRequest,
) -> Result<QueryValidatorOutstandingRewardsResponse, Status> {
    known(&context, Address::from_operator(&request.validator_address)?).await?;
    Ok(QueryValidatorOutstandingRewardsResponse { rewards: Some(ValidatorOutstandingRewards::default()) })
}

async fn slashes(
    context: Context,
    request: QueryValidatorSlashesRequest,
) -> Result<QueryValidatorSlashesResponse, Status> {
    known(&context, Address::from_operator(&request.validator_address)?).await?;
    let (slashes, pagination) = context.page_of(Vec::new(), request.pagination)?;
    Ok(QueryValidatorSlashesResponse { slashes, pagination: Some(pagination) })
}

/// Operators to whom an account delegates, at most a page.
async fn validators_of(context: &Context, delegator: &str) -> Result<Vec<String>, Status> {
    let list = List::Delegations { delegator: Some(delegator.parse()?), validator: None };
    let (rows, _) = context.page(&DELEGATIONS, list, None).await?;
    Ok(rows.into_iter().map(|((_, operator), _)| operator.operator()).collect())
}

async fn known(context: &Context, operator: Address) -> Result<(), Status> {
    let missing = || Status::not_found(format!("validator {} not found", operator.operator()));
    context.get(&VALIDATORS, &operator).await?.map(|_| ()).ok_or_else(missing)
}
