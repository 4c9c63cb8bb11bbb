//! `cosmos.distribution.v1beta1.Query`: what delegations and validators have earned up to the latest block.

use super::convert::{decimal, decimal_of_bps};
use crate::backend::List;
use crate::{Context, Status, router::Routes};
use virtengine_chain::{
    bank::ACCOUNTS,
    distribution::{REWARDS, WITHDRAW_ADDRESSES, settle, unpaid},
    staking::{DELEGATIONS, VALIDATORS},
};
use virtengine_types::{
    Address,
    coin::BASE_DENOM,
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
            ValidatorOutstandingRewards, ValidatorSlashEvent,
        },
    },
    staking::{Rewards, Validator, ValidatorRewards},
};

pub(super) fn add(routes: &mut Routes) {
    routes.unary(
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
    routes.unary(
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

async fn params(context: Context, _: QueryParamsRequest) -> Result<QueryParamsResponse, Status> {
    let zero = || "0".to_owned();
    #[allow(deprecated)] // old clients still read them
    let params = Params {
        community_tax: decimal_of_bps(context.params().await?.community_tax_bps),
        base_proposer_reward: zero(),
        bonus_proposer_reward: zero(),
        withdraw_addr_enabled: true,
    };
    Ok(QueryParamsResponse { params: Some(params) })
}

async fn community_pool(
    context: Context,
    _: QueryCommunityPoolRequest,
) -> Result<QueryCommunityPoolResponse, Status> {
    let account = context.get(&ACCOUNTS, &Pool::Community.address()).await?;
    let coins = account.map(|account| account.balances).unwrap_or_default();
    let pool =
        coins.iter().map(|coin| DecCoin { denom: coin.denom.to_string(), amount: decimal(coin.amount) });
    Ok(QueryCommunityPoolResponse { pool: pool.collect() })
}

async fn total_rewards(
    context: Context,
    request: QueryDelegationTotalRewardsRequest,
) -> Result<QueryDelegationTotalRewardsResponse, Status> {
    let delegator: Address = request.delegator_address.parse()?;
    let operators = operators_of(&context, delegator).await?;
    let mut total = 0_u128;
    let mut rewards = Vec::with_capacity(operators.len());
    for Earned { operator, unpaid, .. } in earned(&context, Some(delegator), &operators).await? {
        // A delegation that ended since the list was read.
        let Some(unpaid) = unpaid else { continue };
        total = total.saturating_add(unpaid);
        let reward = coins(unpaid);
        rewards.push(DelegationDelegatorReward { validator_address: operator.operator(), reward });
    }
    Ok(QueryDelegationTotalRewardsResponse { rewards, total: coins(total) })
}

async fn rewards(
    context: Context,
    request: QueryDelegationRewardsRequest,
) -> Result<QueryDelegationRewardsResponse, Status> {
    let delegator: Address = request.delegator_address.parse()?;
    let operator = Address::from_operator(&request.validator_address)?;
    let missing = || {
        Status::not_found(format!(
            "delegation with delegator {delegator} not found for validator {}",
            request.validator_address
        ))
    };
    let unpaid = one(&context, Some(delegator), operator).await?.unpaid.ok_or_else(missing)?;
    Ok(QueryDelegationRewardsResponse { rewards: coins(unpaid) })
}

async fn validators(
    context: Context,
    request: QueryDelegatorValidatorsRequest,
) -> Result<QueryDelegatorValidatorsResponse, Status> {
    let operators = operators_of(&context, request.delegator_address.parse()?).await?;
    let validators = operators.iter().map(Address::operator).collect();
    Ok(QueryDelegatorValidatorsResponse { validators })
}

async fn withdraw_address(
    context: Context,
    request: QueryDelegatorWithdrawAddressRequest,
) -> Result<QueryDelegatorWithdrawAddressResponse, Status> {
    let address: Address = request.delegator_address.parse()?;
    let receiver = context.get(&WITHDRAW_ADDRESSES, &address).await?.unwrap_or(address);
    Ok(QueryDelegatorWithdrawAddressResponse { withdraw_address: receiver.to_string() })
}

async fn commission(
    context: Context,
    request: QueryValidatorCommissionRequest,
) -> Result<QueryValidatorCommissionResponse, Status> {
    let operator = Address::from_operator(&request.validator_address)?;
    let validator = one(&context, None, operator).await?.validator;
    let commission = ValidatorAccumulatedCommission { commission: coins(validator.rewards.commission) };
    Ok(QueryValidatorCommissionResponse { commission: Some(commission) })
}

async fn outstanding_rewards(
    context: Context,
    request: QueryValidatorOutstandingRewardsRequest,
) -> Result<QueryValidatorOutstandingRewardsResponse, Status> {
    let operator = Address::from_operator(&request.validator_address)?;
    let ValidatorRewards { owed, commission, .. } = one(&context, None, operator).await?.validator.rewards;
    let rewards = ValidatorOutstandingRewards { rewards: coins(owed.saturating_add(commission)) };
    Ok(QueryValidatorOutstandingRewardsResponse { rewards: Some(rewards) })
}

/// Slashes of the heights asked for; an ending height of 0 is the newest.
async fn slashes(
    context: Context,
    request: QueryValidatorSlashesRequest,
) -> Result<QueryValidatorSlashesResponse, Status> {
    let operator = Address::from_operator(&request.validator_address)?;
    let last = if request.ending_height == 0 { u64::MAX } else { request.ending_height };
    let asked = request.starting_height..=last;
    let slashes = one(&context, None, operator).await?.validator.slashes;
    let numbered = (0u64..).zip(slashes).filter(|(_, slash)| asked.contains(&slash.height.0));
    let events = numbered.map(|(validator_period, slash)| {
        let fraction = decimal_of_bps(slash.fraction_bps);
        ValidatorSlashEvent { validator_period, fraction }
    });
    let (slashes, pagination) = context.page_of(events.collect(), request.pagination)?;
    Ok(QueryValidatorSlashesResponse { slashes, pagination: Some(pagination) })
}

/// Operators to whom an account delegates, at most a page.
async fn operators_of(context: &Context, delegator: Address) -> Result<Vec<Address>, Status> {
    let list = List::Delegations { delegator: Some(delegator), validator: None };
    let (rows, _) = context.page(&DELEGATIONS, list, None).await?;
    Ok(rows.into_iter().map(|((_, operator), _)| operator).collect())
}

/// A settled validator, and what a delegation to it has earned.
struct Earned {
    operator: Address,
    validator: Validator,
    /// In units of 10^-18 uve; `None` without a delegation.
    unpaid: Option<u128>,
}

async fn one(context: &Context, delegator: Option<Address>, operator: Address) -> Result<Earned, Status> {
    let found = earned(context, delegator, &[operator]).await?.into_iter().next();
    found.ok_or_else(|| Status::not_found(format!("validator {} not found", operator.operator())))
}

/// Settles those of the validators that exist. Everything is read at once, as rows of two heights do not
/// belong together.
async fn earned(
    context: &Context,
    delegator: Option<Address>,
    operators: &[Address],
) -> Result<Vec<Earned>, Status> {
    let mut keys = vec![REWARDS.key(&0)?];
    for operator in operators {
        keys.push(VALIDATORS.key(operator)?);
    }
    if let Some(delegator) = delegator {
        for operator in operators {
            keys.push(DELEGATIONS.key(&(delegator, *operator))?);
        }
    }
    let mut rows = context.backend().get_many(keys).await?.into_iter();
    let rewards = match rows.next().flatten() {
        Some(row) => REWARDS.decode(&row)?.1,
        None => Rewards::default(),
    };
    let validators: Vec<_> = rows.by_ref().take(operators.len()).collect();
    let delegations = rows.chain(std::iter::repeat(None));
    let mut found = Vec::with_capacity(operators.len());
    for ((operator, validator), delegation) in operators.iter().zip(validators).zip(delegations) {
        let Some(row) = validator else { continue };
        let (_, mut validator) = VALIDATORS.decode(&row)?;
        settle(rewards.per_token, &mut validator).map_err(Status::internal)?;
        let unpaid = match delegation {
            Some(row) => Some(unpaid(validator.rewards.per_share, &DELEGATIONS.decode(&row)?.1)),
            None => None,
        };
        found.push(Earned { operator: *operator, validator, unpaid });
    }
    Ok(found)
}

/// Units of 10^-18 uve as a list of coins, which is empty for 0.
fn coins(units: u128) -> Vec<DecCoin> {
    let coin = DecCoin { denom: BASE_DENOM.to_owned(), amount: units.to_string() };
    if units == 0 { Vec::new() } else { vec![coin] }
}
