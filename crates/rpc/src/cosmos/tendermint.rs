//! `cosmos.base.tendermint.v1beta1.Service` and `cosmos.base.node.v1beta1.Service`: the node, its blocks
//! and validators.

use super::blocks;
use crate::{Context, Status, router::Routes};
use prost::{Message, Name};
use virtengine_types::{
    Address,
    address::CONSENSUS_PREFIX,
    proto::{
        cosmos::{
            base::{
                node::v1beta1 as node,
                query::v1beta1::{PageRequest, PageResponse},
                tendermint::v1beta1::{
                    GetBlockByHeightRequest, GetBlockByHeightResponse, GetLatestBlockRequest,
                    GetLatestBlockResponse, GetLatestValidatorSetRequest, GetLatestValidatorSetResponse,
                    GetNodeInfoRequest, GetNodeInfoResponse, GetSyncingRequest, GetSyncingResponse,
                    GetValidatorSetByHeightRequest, GetValidatorSetByHeightResponse, Validator, VersionInfo,
                },
            },
            crypto::ed25519,
        },
        tendermint::p2p::{DefaultNodeInfo, DefaultNodeInfoOther, ProtocolVersion},
    },
};

/// Version of CometBFT whose shapes the node serves; clients choose their decoder by it.
const COMET_VERSION: &str = "0.38.25";
/// Version of the Cosmos SDK whose methods the node serves; explorers choose theirs by it.
const SDK_VERSION: &str = "v0.50.9";

pub(super) fn add(routes: &mut Routes) {
    routes.immediate(
        "/cosmos.base.tendermint.v1beta1.Service/GetNodeInfo",
        &["GET /cosmos/base/tendermint/v1beta1/node_info"],
        node_info,
    );
    routes.immediate(
        "/cosmos.base.tendermint.v1beta1.Service/GetSyncing",
        &["GET /cosmos/base/tendermint/v1beta1/syncing"],
        syncing,
    );
    routes.reading(
        "/cosmos.base.tendermint.v1beta1.Service/GetLatestBlock",
        &["GET /cosmos/base/tendermint/v1beta1/blocks/latest"],
        latest_block,
    );
    routes.reading(
        "/cosmos.base.tendermint.v1beta1.Service/GetBlockByHeight",
        &["GET /cosmos/base/tendermint/v1beta1/blocks/{height}"],
        block_by_height,
    );
    routes.immediate(
        "/cosmos.base.tendermint.v1beta1.Service/GetLatestValidatorSet",
        &["GET /cosmos/base/tendermint/v1beta1/validatorsets/latest"],
        latest_validators,
    );
    routes.reading(
        "/cosmos.base.tendermint.v1beta1.Service/GetValidatorSetByHeight",
        &["GET /cosmos/base/tendermint/v1beta1/validatorsets/{height}"],
        validators_by_height,
    );
    routes.unary(
        "/cosmos.base.node.v1beta1.Service/Config",
        &["GET /cosmos/base/node/v1beta1/config"],
        node_config,
    );
    routes.immediate(
        "/cosmos.base.node.v1beta1.Service/Status",
        &["GET /cosmos/base/node/v1beta1/status"],
        node_status,
    );
}

fn node_info(context: Context, _: GetNodeInfoRequest) -> Result<GetNodeInfoResponse, Status> {
    let node = context.node();
    let info = DefaultNodeInfo {
        protocol_version: Some(ProtocolVersion { p2p: 8, block: 11, app: 0 }),
        default_node_id: hex::encode(Address::of_hash(&node.key).0),
        listen_addr: node.listen_addr.clone(),
        network: context.genesis().chain_id.clone(),
        version: COMET_VERSION.to_owned(),
        channels: bytes::Bytes::from_static(&[0x40]),
        moniker: node.moniker.clone(),
        other: Some(DefaultNodeInfoOther { tx_index: "on".to_owned(), rpc_address: node.rpc_addr.clone() }),
    };
    let version = VersionInfo {
        name: "virtengine".to_owned(),
        app_name: "virtengine".to_owned(),
        version: node.version.clone(),
        cosmos_sdk_version: SDK_VERSION.to_owned(),
        ..VersionInfo::default()
    };
    Ok(GetNodeInfoResponse { default_node_info: Some(info), application_version: Some(version) })
}

fn syncing(context: Context, _: GetSyncingRequest) -> Result<GetSyncingResponse, Status> {
    Ok(GetSyncingResponse { syncing: context.backend().is_catching_up() })
}

async fn latest_block(context: Context, _: GetLatestBlockRequest) -> Result<GetLatestBlockResponse, Status> {
    let record = blocks::at(&context, context.latest()?.height().signed()).await?;
    let validators = context.genesis().validators.len();
    Ok(GetLatestBlockResponse {
        block_id: Some(blocks::id(&record.meta.hash)),
        block: Some(blocks::block(&record, validators)),
        sdk_block: Some(blocks::sdk_block(&record, validators)),
    })
}

async fn block_by_height(
    context: Context,
    request: GetBlockByHeightRequest,
) -> Result<GetBlockByHeightResponse, Status> {
    let record = blocks::at(&context, request.height).await?;
    let validators = context.genesis().validators.len();
    Ok(GetBlockByHeightResponse {
        block_id: Some(blocks::id(&record.meta.hash)),
        block: Some(blocks::block(&record, validators)),
        sdk_block: Some(blocks::sdk_block(&record, validators)),
    })
}

fn latest_validators(
    context: Context,
    request: GetLatestValidatorSetRequest,
) -> Result<GetLatestValidatorSetResponse, Status> {
    let block_height = context.latest()?.height().signed();
    let (validators, pagination) = validators(&context, request.pagination)?;
    Ok(GetLatestValidatorSetResponse { block_height, validators, pagination: Some(pagination) })
}

async fn validators_by_height(
    context: Context,
    request: GetValidatorSetByHeightRequest,
) -> Result<GetValidatorSetByHeightResponse, Status> {
    let block = blocks::at(&context, request.height).await?;
    let (validators, pagination) = validators(&context, request.pagination)?;
    Ok(GetValidatorSetByHeightResponse {
        block_height: block.height().signed(),
        validators,
        pagination: Some(pagination),
    })
}

/// The committee: the genesis validators in every epoch.
fn validators(
    context: &Context,
    page: Option<PageRequest>,
) -> Result<(Vec<Validator>, PageResponse), Status> {
    let wire = |validator: &crate::comet::Validator| {
        let key = ed25519::PubKey { key: validator.key.to_vec().into() };
        Validator {
            address: validator.address().to_bech32(CONSENSUS_PREFIX),
            pub_key: Some(prost_types::Any {
                type_url: format!("/{}", ed25519::PubKey::full_name()),
                value: key.encode_to_vec(),
            }),
            voting_power: i64::try_from(validator.power).unwrap_or(i64::MAX),
            proposer_priority: 0,
        }
    };
    context.page_of(context.genesis().validators.iter().map(wire).collect(), page)
}

async fn node_config(context: Context, _: node::ConfigRequest) -> Result<node::ConfigResponse, Status> {
    let minimum_gas_price = context.params().await?.gas_price_text();
    let keep = context.hub().history().config().retain_blocks.unwrap_or_default();
    Ok(node::ConfigResponse {
        minimum_gas_price,
        pruning_keep_recent: keep.to_string(),
        pruning_interval: "1".to_owned(),
        halt_height: 0,
    })
}

fn node_status(context: Context, _: node::StatusRequest) -> Result<node::StatusResponse, Status> {
    let latest = context.latest()?;
    let header = &latest.header;
    Ok(node::StatusResponse {
        earliest_store_height: header.height.0,
        height: header.height.0,
        timestamp: Some(header.time.to_proto()),
        app_hash: header.state_root.to_vec().into(),
        validator_hash: header.committee.to_vec().into(),
    })
}
