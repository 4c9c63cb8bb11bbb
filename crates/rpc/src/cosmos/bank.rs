//! `cosmos.bank.v1beta1.Query`: balances and supply.

use crate::{Context, Status, backend::List, router::Routes};
use virtengine_chain::bank::{ACCOUNTS, SUPPLY};
use virtengine_types::{
    Address, Amount, Coin, Coins, Denom,
    coin::BASE_DENOM,
    proto::cosmos::bank::v1beta1::{
        DenomUnit, Metadata, Params, QueryAllBalancesRequest, QueryAllBalancesResponse, QueryBalanceRequest,
        QueryBalanceResponse, QueryDenomMetadataByQueryStringRequest,
        QueryDenomMetadataByQueryStringResponse, QueryDenomMetadataRequest, QueryDenomMetadataResponse,
        QueryDenomsMetadataRequest, QueryDenomsMetadataResponse, QueryParamsRequest, QueryParamsResponse,
        QuerySendEnabledRequest, QuerySendEnabledResponse, QuerySpendableBalanceByDenomRequest,
        QuerySpendableBalanceByDenomResponse, QuerySpendableBalancesRequest, QuerySpendableBalancesResponse,
        QuerySupplyOfRequest, QuerySupplyOfResponse, QueryTotalSupplyRequest, QueryTotalSupplyResponse,
        SendEnabled,
    },
};

pub(super) fn add(routes: &mut Routes) {
    routes.unary(
        "/cosmos.bank.v1beta1.Query/Balance",
        &["GET /cosmos/bank/v1beta1/balances/{address}/by_denom"],
        balance,
    );
    routes.unary(
        "/cosmos.bank.v1beta1.Query/AllBalances",
        &["GET /cosmos/bank/v1beta1/balances/{address}"],
        all_balances,
    );
    routes.unary(
        "/cosmos.bank.v1beta1.Query/SpendableBalances",
        &["GET /cosmos/bank/v1beta1/spendable_balances/{address}"],
        spendable_balances,
    );
    routes.unary(
        "/cosmos.bank.v1beta1.Query/SpendableBalanceByDenom",
        &["GET /cosmos/bank/v1beta1/spendable_balances/{address}/by_denom"],
        spendable_balance,
    );
    routes.unary(
        "/cosmos.bank.v1beta1.Query/TotalSupply",
        &["GET /cosmos/bank/v1beta1/supply"],
        total_supply,
    );
    routes.unary(
        "/cosmos.bank.v1beta1.Query/SupplyOf",
        &["GET /cosmos/bank/v1beta1/supply/by_denom", "GET /cosmos/bank/v1beta1/supply/{denom}"],
        supply_of,
    );
    routes.immediate("/cosmos.bank.v1beta1.Query/Params", &["GET /cosmos/bank/v1beta1/params"], params);
    routes.immediate(
        "/cosmos.bank.v1beta1.Query/DenomMetadata",
        &["GET /cosmos/bank/v1beta1/denoms_metadata/{denom}"],
        denom_metadata,
    );
    routes.immediate(
        "/cosmos.bank.v1beta1.Query/DenomMetadataByQueryString",
        &["GET /cosmos/bank/v1beta1/denoms_metadata_by_query_string"],
        denom_metadata_by_query,
    );
    routes.immediate(
        "/cosmos.bank.v1beta1.Query/DenomsMetadata",
        &["GET /cosmos/bank/v1beta1/denoms_metadata"],
        denoms_metadata,
    );
    routes.immediate(
        "/cosmos.bank.v1beta1.Query/SendEnabled",
        &["GET /cosmos/bank/v1beta1/send_enabled"],
        send_enabled,
    );
}

async fn balance(context: Context, request: QueryBalanceRequest) -> Result<QueryBalanceResponse, Status> {
    let balance = amount(&context, &request.address, &request.denom).await?;
    Ok(QueryBalanceResponse { balance: Some(balance.to_wire()) })
}

async fn spendable_balance(
    context: Context,
    request: QuerySpendableBalanceByDenomRequest,
) -> Result<QuerySpendableBalanceByDenomResponse, Status> {
    let balance = amount(&context, &request.address, &request.denom).await?;
    Ok(QuerySpendableBalanceByDenomResponse { balance: Some(balance.to_wire()) })
}

async fn all_balances(
    context: Context,
    request: QueryAllBalancesRequest,
) -> Result<QueryAllBalancesResponse, Status> {
    let balances = coins(&context, &request.address).await?.to_wire();
    let (balances, pagination) = context.page_of(balances, request.pagination)?;
    Ok(QueryAllBalancesResponse { balances, pagination: Some(pagination) })
}

async fn spendable_balances(
    context: Context,
    request: QuerySpendableBalancesRequest,
) -> Result<QuerySpendableBalancesResponse, Status> {
    let balances = coins(&context, &request.address).await?.to_wire();
    let (balances, pagination) = context.page_of(balances, request.pagination)?;
    Ok(QuerySpendableBalancesResponse { balances, pagination: Some(pagination) })
}

async fn total_supply(
    context: Context,
    request: QueryTotalSupplyRequest,
) -> Result<QueryTotalSupplyResponse, Status> {
    let (rows, pagination) = context.page(&SUPPLY, List::Supply, request.pagination).await?;
    let supply = rows.into_iter().map(|(denom, amount)| Coin { denom, amount }.to_wire()).collect();
    Ok(QueryTotalSupplyResponse { supply, pagination: Some(pagination) })
}

async fn supply_of(context: Context, request: QuerySupplyOfRequest) -> Result<QuerySupplyOfResponse, Status> {
    let denom = denom(&request.denom)?;
    let amount = context.get(&SUPPLY, &denom).await?.unwrap_or_default();
    Ok(QuerySupplyOfResponse { amount: Some(Coin { denom, amount }.to_wire()) })
}

fn params(_: Context, _: QueryParamsRequest) -> Result<QueryParamsResponse, Status> {
    let params = Params { send_enabled: Vec::new(), default_send_enabled: true };
    Ok(QueryParamsResponse { params: Some(params) })
}

fn denoms_metadata(
    context: Context,
    request: QueryDenomsMetadataRequest,
) -> Result<QueryDenomsMetadataResponse, Status> {
    let (metadatas, pagination) = context.page_of(vec![base_metadata()], request.pagination)?;
    Ok(QueryDenomsMetadataResponse { metadatas, pagination: Some(pagination) })
}

fn denom_metadata(
    _: Context,
    request: QueryDenomMetadataRequest,
) -> Result<QueryDenomMetadataResponse, Status> {
    Ok(QueryDenomMetadataResponse { metadata: Some(metadata(&request.denom)?) })
}

fn denom_metadata_by_query(
    _: Context,
    request: QueryDenomMetadataByQueryStringRequest,
) -> Result<QueryDenomMetadataByQueryStringResponse, Status> {
    Ok(QueryDenomMetadataByQueryStringResponse { metadata: Some(metadata(&request.denom)?) })
}

fn send_enabled(
    context: Context,
    request: QuerySendEnabledRequest,
) -> Result<QuerySendEnabledResponse, Status> {
    let named = request.denoms.into_iter().map(|denom| SendEnabled { denom, enabled: true }).collect();
    let (send_enabled, pagination) = context.page_of(named, request.pagination)?;
    Ok(QuerySendEnabledResponse { send_enabled, pagination: Some(pagination) })
}

async fn coins(context: &Context, text: &str) -> Result<Coins, Status> {
    let address: Address = text.parse()?;
    Ok(context.get(&ACCOUNTS, &address).await?.map(|account| account.balances).unwrap_or_default())
}

async fn amount(context: &Context, address: &str, text: &str) -> Result<Coin, Status> {
    let denom = denom(text)?;
    let amount: Amount = coins(context, address).await?.amount_of(&denom);
    Ok(Coin { denom, amount })
}

fn denom(text: &str) -> Result<Denom, Status> {
    text.parse().map_err(Status::invalid)
}

fn metadata(denom: &str) -> Result<Metadata, Status> {
    if denom == BASE_DENOM {
        return Ok(base_metadata());
    }
    Err(Status::not_found(format!("client metadata for denom {denom} not found")))
}

/// How wallets show the base denomination.
fn base_metadata() -> Metadata {
    let unit = |denom: &str, exponent| DenomUnit { denom: denom.to_owned(), exponent, aliases: Vec::new() };
    Metadata {
        description: "The coin of fees, stake and market payments".to_owned(),
        denom_units: vec![unit(BASE_DENOM, 0), unit("ve", 6)],
        base: BASE_DENOM.to_owned(),
        display: "ve".to_owned(),
        name: "VirtEngine".to_owned(),
        symbol: "VE".to_owned(),
        ..Metadata::default()
    }
}
