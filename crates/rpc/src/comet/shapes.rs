//! The JSON shapes of CometBFT 0.38, each written once.
//!
//! 64-bit numbers are strings and 32-bit ones numbers; hashes and addresses are upper-case hexadecimal;
//! transactions, keys and results' data are base64. What our blocks have no counterpart for is the empty
//! value that clients accept:
//!
//! - a block has one part, whose hash is the block's;
//! - `app_hash` is the state root after the block, `last_results_hash` the root of its results;
//! - the finalization certificate is an aggregate, so commits list each validator as absent (flag 1).

use super::app::{Checked, Genesis, NodeInfo, Validator};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};
use virtengine_events::{Attributes, BlockMeta, BlockRecord, TxRecord};
use virtengine_types::block::{BlockHeader, Event, Hash, TxResult};
use virtengine_types::{Address, Height};

/// Version of CometBFT whose shapes these are; clients choose their decoder by it.
pub(super) const COMET_VERSION: &str = "0.38.25";

pub(super) fn hex(bytes: &[u8]) -> String {
    hex::encode_upper(bytes)
}

pub(super) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// Base64, or null for no bytes.
fn base64_or_null(bytes: &[u8]) -> Value {
    if bytes.is_empty() { Value::Null } else { base64(bytes).into() }
}

pub(super) fn block_id(hash: &Hash) -> Value {
    json!({"hash": hex(hash), "parts": {"total": 1, "hash": hex(hash)}})
}

/// The id of a block's parent; block 1 has none.
fn parent_id(header: &BlockHeader) -> Value {
    if header.height.0 <= 1 {
        return json!({"hash": "", "parts": {"total": 0, "hash": ""}});
    }
    block_id(&header.parent)
}

pub(super) fn header(header: &BlockHeader) -> Value {
    json!({
        "version": {"block": "11", "app": "0"},
        "chain_id": header.chain_id,
        "height": header.height.to_string(),
        "time": header.time.rfc3339(),
        "last_block_id": parent_id(header),
        "last_commit_hash": "",
        "data_hash": hex(&header.txs_root),
        "validators_hash": hex(&header.committee),
        "next_validators_hash": hex(&header.next_committee),
        "consensus_hash": "",
        "app_hash": hex(&header.state_root),
        "last_results_hash": hex(&header.results_root),
        "evidence_hash": "",
        "proposer_address": hex(&Address::of_hash(&header.proposer).0),
    })
}

/// The commit of a block.
pub(super) fn commit(height: Height, hash: &Hash, validators: usize) -> Value {
    let absent = json!({
        "block_id_flag": 1,
        "validator_address": "",
        "timestamp": "0001-01-01T00:00:00Z",
        "signature": null,
    });
    json!({
        "height": height.to_string(),
        "round": 0,
        "block_id": block_id(hash),
        "signatures": vec![absent; validators],
    })
}

/// The commit of a block's parent.
fn parent_commit(header: &BlockHeader, validators: usize) -> Value {
    let parent = Height(header.height.0.saturating_sub(1));
    if parent.0 == 0 {
        return json!({"height": "0", "round": 0, "block_id": parent_id(header), "signatures": []});
    }
    commit(parent, &header.parent, validators)
}

pub(super) fn block(record: &BlockRecord, validators: usize) -> Value {
    let meta = &record.meta;
    json!({
        "header": header(&meta.header),
        "data": {"txs": record.txs.iter().map(|tx| base64(tx)).collect::<Vec<_>>()},
        "evidence": {"evidence": []},
        "last_commit": parent_commit(&meta.header, validators),
    })
}

pub(super) fn identified_block(record: &BlockRecord, validators: usize) -> Value {
    json!({"block_id": block_id(&record.meta.hash), "block": block(record, validators)})
}

pub(super) fn block_meta(meta: &BlockMeta) -> Value {
    json!({
        "block_id": block_id(&meta.hash),
        "block_size": meta.tx_bytes.to_string(),
        "header": header(&meta.header),
        "num_txs": meta.txs.to_string(),
    })
}

pub(super) fn events(events: &[Event]) -> Value {
    let event = |event: &Event| {
        let attributes = event.attributes.iter();
        let attributes: Vec<Value> =
            attributes.map(|(key, value)| json!({"key": key, "value": value, "index": true})).collect();
        json!({"type": event.kind, "attributes": attributes})
    };
    events.iter().map(event).collect()
}

pub(super) fn tx_result(result: &TxResult) -> Value {
    json!({
        "code": result.code,
        "data": base64_or_null(&result.data),
        "log": result.log,
        "info": "",
        "gas_wanted": result.gas_wanted.to_string(),
        "gas_used": result.gas_used.to_string(),
        "events": events(&result.events),
        "codespace": result.codespace,
    })
}

/// The result of checking a transaction.
pub(super) fn check_result(checked: &Checked) -> Value {
    json!({
        "code": checked.code,
        "data": null,
        "log": checked.log,
        "info": "",
        "gas_wanted": checked.gas_wanted.to_string(),
        "gas_used": checked.gas_used.to_string(),
        "events": events(&checked.events),
        "codespace": checked.codespace,
    })
}

pub(super) fn tx(record: &TxRecord) -> Value {
    json!({
        "hash": hex(&record.hash),
        "height": record.height.to_string(),
        "index": record.index,
        "tx_result": tx_result(&record.result),
        "tx": base64(&record.tx),
    })
}

pub(super) fn block_results(record: &BlockRecord) -> Value {
    let outcome = &record.outcome;
    let results: Vec<Value> = outcome.results.iter().map(tx_result).collect();
    json!({
        "height": record.height().to_string(),
        "txs_results": if results.is_empty() { Value::Null } else { results.into() },
        "finalize_block_events": events(&outcome.events),
        "validator_updates": null,
        "consensus_param_updates": null,
        "app_hash": hex(&record.meta.header.state_root),
    })
}

fn ed25519(key: &[u8; 32]) -> Value {
    json!({"type": "tendermint/PubKeyEd25519", "value": base64(key)})
}

pub(super) fn validator(validator: &Validator) -> Value {
    json!({
        "address": hex(&validator.address().0),
        "pub_key": ed25519(&validator.key),
        "voting_power": validator.power.to_string(),
        "proposer_priority": "0",
    })
}

/// The id of a node: the address of its key, lower-case.
pub(super) fn node_id(key: &[u8; 32]) -> String {
    hex::encode(Address::of_hash(key).0)
}

pub(super) fn node_info(node: &NodeInfo, chain_id: &str) -> Value {
    json!({
        "protocol_version": {"p2p": "8", "block": "11", "app": "0"},
        "id": node_id(&node.key),
        "listen_addr": node.listen_addr,
        "network": chain_id,
        "version": COMET_VERSION,
        "channels": "40",
        "moniker": node.moniker,
        "other": {"tx_index": "on", "rpc_address": node.rpc_addr},
    })
}

pub(super) fn own_validator(node: &NodeInfo) -> Value {
    json!({
        "address": hex(&Address::of_hash(&node.key).0),
        "pub_key": ed25519(&node.key),
        "voting_power": node.power.to_string(),
    })
}

pub(super) fn consensus_params(genesis: &Genesis) -> Value {
    let max_gas = genesis.max_block_gas.map_or_else(|| "-1".to_owned(), |gas| gas.to_string());
    json!({
        "block": {"max_bytes": genesis.max_block_bytes.to_string(), "max_gas": max_gas},
        "evidence": {
            "max_age_num_blocks": "100000",
            "max_age_duration": "172800000000000",
            "max_bytes": "1048576",
        },
        "validator": {"pub_key_types": ["ed25519"]},
        "version": {"app": "0"},
        "abci": {"vote_extensions_enable_height": "0"},
    })
}

/// Without `app_state`.
pub(super) fn genesis(genesis: &Genesis) -> Value {
    let validator = |validator: &Validator| {
        json!({
            "address": hex(&validator.address().0),
            "pub_key": ed25519(&validator.key),
            "power": validator.power.to_string(),
            "name": "",
        })
    };
    json!({
        "genesis_time": genesis.time.rfc3339(),
        "chain_id": genesis.chain_id,
        "initial_height": "1",
        "consensus_params": consensus_params(genesis),
        "validators": genesis.validators.iter().map(validator).collect::<Vec<_>>(),
        "app_hash": hex(&genesis.state_root),
    })
}

/// A message to a subscriber.
pub(super) fn subscription_event(query: &str, kind: &str, value: Value, attributes: &Attributes) -> Value {
    let lists: Map<String, Value> =
        attributes.iter().map(|(key, values)| (key.clone(), json!(values))).collect();
    json!({
        "query": query,
        "data": {"type": format!("tendermint/event/{kind}"), "value": value},
        "events": lists,
    })
}

pub(super) fn new_block(record: &BlockRecord, validators: usize) -> Value {
    let outcome = &record.outcome;
    json!({
        "block": block(record, validators),
        "block_id": block_id(&record.meta.hash),
        "result_finalize_block": {
            "events": events(&outcome.events),
            "tx_results": outcome.results.iter().map(tx_result).collect::<Vec<_>>(),
            "validator_updates": [],
            "consensus_param_updates": null,
            "app_hash": base64(&record.meta.header.state_root),
        },
    })
}

pub(super) fn new_tx(record: &BlockRecord, index: u32) -> Value {
    let at = index as usize;
    json!({
        "TxResult": {
            "height": record.height().to_string(),
            "index": index,
            "tx": record.txs.get(at).map(|tx| base64(tx)),
            "result": record.outcome.results.get(at).map(tx_result),
        },
    })
}
