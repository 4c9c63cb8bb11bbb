//! `cosmos.auth.v1beta1.Query`: accounts by address.

use crate::{Context, Status, backend::List, router::Routes};
use prost::Name;
use prost_types::Any;
use virtengine_chain::bank::ACCOUNTS;
use virtengine_types::{
    Address,
    address::{ACCOUNT_PREFIX, AddressError},
    ledger::{Account, Pool},
    proto::cosmos::auth::v1beta1::{
        AddressBytesToStringRequest, AddressBytesToStringResponse, AddressStringToBytesRequest,
        AddressStringToBytesResponse, BaseAccount, Bech32PrefixRequest, Bech32PrefixResponse, ModuleAccount,
        Params, QueryAccountInfoRequest, QueryAccountInfoResponse, QueryAccountRequest, QueryAccountResponse,
        QueryAccountsRequest, QueryAccountsResponse, QueryModuleAccountByNameRequest,
        QueryModuleAccountByNameResponse, QueryModuleAccountsRequest, QueryModuleAccountsResponse,
        QueryParamsRequest, QueryParamsResponse,
    },
};

/// The accounts of modules, by name.
const MODULES: [(&str, Pool); 2] = [("community_pool", Pool::Community), ("fee_collector", Pool::Fees)];

pub(super) fn add(routes: &mut Routes) {
    routes.unary(
        "/cosmos.auth.v1beta1.Query/Account",
        &["GET /cosmos/auth/v1beta1/accounts/{address}"],
        account,
    );
    routes.unary(
        "/cosmos.auth.v1beta1.Query/AccountInfo",
        &["GET /cosmos/auth/v1beta1/account_info/{address}"],
        account_info,
    );
    routes.unary("/cosmos.auth.v1beta1.Query/Accounts", &["GET /cosmos/auth/v1beta1/accounts"], accounts);
    routes.unary("/cosmos.auth.v1beta1.Query/Params", &["GET /cosmos/auth/v1beta1/params"], params);
    routes.unary(
        "/cosmos.auth.v1beta1.Query/ModuleAccounts",
        &["GET /cosmos/auth/v1beta1/module_accounts"],
        module_accounts,
    );
    routes.unary(
        "/cosmos.auth.v1beta1.Query/ModuleAccountByName",
        &["GET /cosmos/auth/v1beta1/module_accounts/{name}"],
        module_account_by_name,
    );
    routes.immediate(
        "/cosmos.auth.v1beta1.Query/Bech32Prefix",
        &["GET /cosmos/auth/v1beta1/bech32"],
        bech32_prefix,
    );
    routes.immediate(
        "/cosmos.auth.v1beta1.Query/AddressBytesToString",
        &["GET /cosmos/auth/v1beta1/bech32/{address_bytes}"],
        address_to_text,
    );
    routes.immediate("/cosmos.auth.v1beta1.Query/AddressStringToBytes", &[], address_to_bytes);
}

async fn account(context: Context, request: QueryAccountRequest) -> Result<QueryAccountResponse, Status> {
    let account = find(&context, &request.address).await?;
    Ok(QueryAccountResponse { account: Some(any(&account)) })
}

async fn account_info(
    context: Context,
    request: QueryAccountInfoRequest,
) -> Result<QueryAccountInfoResponse, Status> {
    Ok(QueryAccountInfoResponse { info: Some(find(&context, &request.address).await?) })
}

async fn accounts(context: Context, request: QueryAccountsRequest) -> Result<QueryAccountsResponse, Status> {
    let (rows, pagination) = context.page(&ACCOUNTS, List::Accounts, request.pagination).await?;
    let accounts = rows.into_iter().map(|(address, account)| any(&base_account(address, &account)));
    Ok(QueryAccountsResponse { accounts: accounts.collect(), pagination: Some(pagination) })
}

async fn params(context: Context, _: QueryParamsRequest) -> Result<QueryParamsResponse, Status> {
    let params = context.params().await?;
    let params = Params {
        max_memo_characters: params.max_memo_bytes.into(),
        tx_sig_limit: params.max_signatures.into(),
        tx_size_cost_per_byte: params.gas_per_byte,
        sig_verify_cost_ed25519: params.gas_per_signature,
        sig_verify_cost_secp256k1: params.gas_per_signature,
    };
    Ok(QueryParamsResponse { params: Some(params) })
}

async fn module_accounts(
    context: Context,
    _: QueryModuleAccountsRequest,
) -> Result<QueryModuleAccountsResponse, Status> {
    let mut accounts = Vec::new();
    for (name, pool) in MODULES {
        accounts.extend(module_account(&context, name, pool).await?);
    }
    Ok(QueryModuleAccountsResponse { accounts })
}

async fn module_account_by_name(
    context: Context,
    request: QueryModuleAccountByNameRequest,
) -> Result<QueryModuleAccountByNameResponse, Status> {
    let missing = || Status::not_found(format!("account {} not found", request.name));
    let (name, pool) = MODULES.into_iter().find(|(name, _)| *name == request.name).ok_or_else(missing)?;
    let account = module_account(&context, name, pool).await?.ok_or_else(missing)?;
    Ok(QueryModuleAccountByNameResponse { account: Some(account) })
}

async fn module_account(context: &Context, name: &str, pool: Pool) -> Result<Option<Any>, Status> {
    let address = pool.address();
    let Some(account) = context.get(&ACCOUNTS, &address).await? else { return Ok(None) };
    let account = ModuleAccount {
        base_account: Some(base_account(address, &account)),
        name: name.to_owned(),
        permissions: Vec::new(),
    };
    Ok(Some(any(&account)))
}

fn bech32_prefix(_: Context, _: Bech32PrefixRequest) -> Result<Bech32PrefixResponse, Status> {
    Ok(Bech32PrefixResponse { bech32_prefix: ACCOUNT_PREFIX.to_owned() })
}

fn address_to_text(
    _: Context,
    request: AddressBytesToStringRequest,
) -> Result<AddressBytesToStringResponse, Status> {
    let found = request.address_bytes.len();
    let bytes = <[u8; 20]>::try_from(request.address_bytes.as_ref());
    let bytes = bytes.map_err(|_| AddressError::Length { found })?;
    Ok(AddressBytesToStringResponse { address_string: Address(bytes).to_string() })
}

fn address_to_bytes(
    _: Context,
    request: AddressStringToBytesRequest,
) -> Result<AddressStringToBytesResponse, Status> {
    let address: Address = request.address_string.parse()?;
    Ok(AddressStringToBytesResponse { address_bytes: address.0.to_vec().into() })
}

async fn find(context: &Context, text: &str) -> Result<BaseAccount, Status> {
    if text.is_empty() {
        return Err(Status::invalid("Address cannot be empty"));
    }
    let address: Address = text.parse()?;
    let account = context.get(&ACCOUNTS, &address).await?;
    let missing = || Status::not_found(format!("account {address} not found"));
    Ok(base_account(address, &account.ok_or_else(missing)?))
}

fn base_account(address: Address, account: &Account) -> BaseAccount {
    BaseAccount {
        address: address.to_string(),
        pub_key: account.public_key.as_ref().map(|key| key.to_any()),
        account_number: account.number,
        sequence: account.sequence,
    }
}

fn any<M: Name>(message: &M) -> Any {
    Any { type_url: format!("/{}", M::full_name()), value: message.encode_to_vec() }
}
