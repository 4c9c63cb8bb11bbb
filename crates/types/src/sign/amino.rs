//! The JSON sign document of `SIGN_MODE_LEGACY_AMINO_JSON`, rebuilt from the protobuf transaction.
//!
//! Clients disagree on whether empty texts appear in a validator's description, and on the name of a
//! withdrawn commission, so a transaction may have two acceptable documents. Each says the same, so
//! accepting either is safe.

use crate::decimal;
use crate::proto::cosmos::{
    bank::v1beta1 as bank,
    base::v1beta1::Coin,
    crypto::ed25519,
    distribution::v1beta1 as distribution,
    slashing::v1beta1 as slashing,
    staking::v1beta1 as staking,
    tx::v1beta1::{AuthInfo, TxBody},
};
use crate::tx::DecodedTx;
use base64::{Engine, engine::general_purpose::STANDARD};
use prost::Message;
use serde_json::{Map, Value, json};
use std::fmt::Write;
use thiserror::Error;

/// Most documents that one transaction can stand for.
pub const MAX_SIGN_DOCS: usize = 2;

/// Why a transaction has no amino document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AminoError {
    /// The message is only defined for the direct mode.
    #[error("{type_url} cannot be signed in amino JSON, sign it in direct mode")]
    NoAminoName {
        /// The message's type URL.
        type_url: String,
    },
    /// Part of the transaction does not decode.
    #[error("{part} does not decode: {cause}")]
    Malformed {
        /// Which part.
        part: String,
        /// What the decoder says.
        cause: String,
    },
}

/// The documents that signers may have signed, 1 to [`MAX_SIGN_DOCS`], without duplicates.
///
/// # Errors
/// - `NoAminoName` - a message has no amino form
/// - `Malformed` - part of the transaction does not decode
pub fn amino_json(
    tx: &DecodedTx,
    chain_id: &str,
    account_number: u64,
    sequence: u64,
) -> Result<Vec<Vec<u8>>, AminoError> {
    let body: TxBody = decode("tx body", &tx.body_bytes)?;
    let auth: AuthInfo = decode("auth info", &tx.auth_info_bytes)?;
    let fee = auth.fee.unwrap_or_default();
    let mut fee_json = Map::new();
    fee_json.insert("amount".into(), coins(&fee.amount));
    fee_json.insert("gas".into(), fee.gas_limit.to_string().into());
    for (key, value) in [("granter", fee.granter), ("payer", fee.payer)] {
        if !value.is_empty() {
            fee_json.insert(key.into(), value.into());
        }
    }
    let mut docs = Vec::with_capacity(MAX_SIGN_DOCS);
    for dialect in [Dialect::Client, Dialect::Chain] {
        let messages =
            body.messages.iter().map(|any| message(any, dialect)).collect::<Result<Vec<_>, _>>()?;
        let mut doc = json!({
            "account_number": account_number.to_string(),
            "chain_id": chain_id,
            "fee": fee_json,
            "memo": body.memo,
            "msgs": messages,
            "sequence": sequence.to_string(),
        });
        if body.timeout_height > 0
            && let Some(doc) = doc.as_object_mut()
        {
            doc.insert("timeout_height".into(), body.timeout_height.to_string().into());
        }
        let mut text = String::new();
        canonical(&doc, &mut text);
        let bytes = text.into_bytes();
        if !docs.contains(&bytes) {
            docs.push(bytes);
        }
    }
    Ok(docs)
}

/// Whose form of a document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// That of CosmJS: empty texts are kept.
    Client,
    /// That of the Cosmos SDK: empty texts are left out.
    Chain,
}

fn decode<M: Message + Default>(part: &str, bytes: &[u8]) -> Result<M, AminoError> {
    M::decode(bytes)
        .map_err(|error| AminoError::Malformed { part: part.to_owned(), cause: error.to_string() })
}

fn message(any: &prost_types::Any, dialect: Dialect) -> Result<Value, AminoError> {
    let url = any.type_url.as_str();
    let (name, value) = match url {
        "/cosmos.bank.v1beta1.MsgSend" => {
            let msg: bank::MsgSend = decode(url, &any.value)?;
            let value = json!({
                "from_address": msg.from_address,
                "to_address": msg.to_address,
                "amount": coins(&msg.amount),
            });
            ("cosmos-sdk/MsgSend", value)
        }
        "/cosmos.bank.v1beta1.MsgMultiSend" => {
            let msg: bank::MsgMultiSend = decode(url, &any.value)?;
            let side = |address: &str, list: &[Coin]| json!({ "address": address, "coins": coins(list) });
            let inputs: Vec<_> = msg.inputs.iter().map(|input| side(&input.address, &input.coins)).collect();
            let outputs: Vec<_> =
                msg.outputs.iter().map(|output| side(&output.address, &output.coins)).collect();
            ("cosmos-sdk/MsgMultiSend", json!({ "inputs": inputs, "outputs": outputs }))
        }
        "/cosmos.staking.v1beta1.MsgDelegate" => {
            let msg: staking::MsgDelegate = decode(url, &any.value)?;
            let value = stake(&msg.delegator_address, &msg.validator_address, msg.amount.as_ref());
            ("cosmos-sdk/MsgDelegate", value)
        }
        "/cosmos.staking.v1beta1.MsgUndelegate" => {
            let msg: staking::MsgUndelegate = decode(url, &any.value)?;
            let value = stake(&msg.delegator_address, &msg.validator_address, msg.amount.as_ref());
            ("cosmos-sdk/MsgUndelegate", value)
        }
        "/cosmos.staking.v1beta1.MsgBeginRedelegate" => {
            let msg: staking::MsgBeginRedelegate = decode(url, &any.value)?;
            let value = json!({
                "delegator_address": msg.delegator_address,
                "validator_src_address": msg.validator_src_address,
                "validator_dst_address": msg.validator_dst_address,
                "amount": msg.amount.as_ref().map(coin),
            });
            ("cosmos-sdk/MsgBeginRedelegate", value)
        }
        "/cosmos.staking.v1beta1.MsgCancelUnbondingDelegation" => {
            let msg: staking::MsgCancelUnbondingDelegation = decode(url, &any.value)?;
            let mut value = stake(&msg.delegator_address, &msg.validator_address, msg.amount.as_ref());
            if let Some(value) = value.as_object_mut() {
                value.insert("creation_height".into(), msg.creation_height.to_string().into());
            }
            ("cosmos-sdk/MsgCancelUnbondingDelegation", value)
        }
        "/cosmos.staking.v1beta1.MsgCreateValidator" => {
            ("cosmos-sdk/MsgCreateValidator", create_validator(decode(url, &any.value)?, dialect)?)
        }
        "/cosmos.staking.v1beta1.MsgEditValidator" => {
            ("cosmos-sdk/MsgEditValidator", edit_validator(decode(url, &any.value)?, dialect))
        }
        "/cosmos.distribution.v1beta1.MsgWithdrawDelegatorReward" => {
            let msg: distribution::MsgWithdrawDelegatorReward = decode(url, &any.value)?;
            let value = json!({
                "delegator_address": msg.delegator_address,
                "validator_address": msg.validator_address,
            });
            ("cosmos-sdk/MsgWithdrawDelegationReward", value)
        }
        "/cosmos.distribution.v1beta1.MsgWithdrawValidatorCommission" => {
            let msg: distribution::MsgWithdrawValidatorCommission = decode(url, &any.value)?;
            let name = match dialect {
                Dialect::Client => "cosmos-sdk/MsgWithdrawValidatorCommission",
                Dialect::Chain => "cosmos-sdk/MsgWithdrawValCommission",
            };
            (name, json!({ "validator_address": msg.validator_address }))
        }
        "/cosmos.distribution.v1beta1.MsgSetWithdrawAddress" => {
            let msg: distribution::MsgSetWithdrawAddress = decode(url, &any.value)?;
            let value = json!({
                "delegator_address": msg.delegator_address,
                "withdraw_address": msg.withdraw_address,
            });
            ("cosmos-sdk/MsgModifyWithdrawAddress", value)
        }
        "/cosmos.slashing.v1beta1.MsgUnjail" => {
            let msg: slashing::MsgUnjail = decode(url, &any.value)?;
            ("cosmos-sdk/MsgUnjail", json!({ "address": msg.validator_addr }))
        }
        _ => return Err(AminoError::NoAminoName { type_url: any.type_url.clone() }),
    };
    Ok(json!({ "type": name, "value": value }))
}

fn stake(delegator: &str, validator: &str, amount: Option<&Coin>) -> Value {
    json!({
        "delegator_address": delegator,
        "validator_address": validator,
        "amount": amount.map(coin),
    })
}

#[allow(deprecated)] // old clients still sign delegator_address
fn create_validator(msg: staking::MsgCreateValidator, dialect: Dialect) -> Result<Value, AminoError> {
    let rates = msg.commission.unwrap_or_default();
    let any = msg.pubkey.unwrap_or_default();
    let key: ed25519::PubKey = decode("pubkey", &any.value)?;
    let mut value = json!({
        "description": description(msg.description.unwrap_or_default(), dialect),
        "commission": {
            "rate": decimal::to_text(&rates.rate),
            "max_rate": decimal::to_text(&rates.max_rate),
            "max_change_rate": decimal::to_text(&rates.max_change_rate),
        },
        "min_self_delegation": msg.min_self_delegation,
        "validator_address": msg.validator_address,
        "pubkey": { "type": "tendermint/PubKeyEd25519", "value": STANDARD.encode(&key.key) },
        "value": msg.value.as_ref().map(coin),
    });
    if let Some(value) = value.as_object_mut() {
        insert_text(value, "delegator_address", msg.delegator_address, dialect);
    }
    Ok(value)
}

fn edit_validator(msg: staking::MsgEditValidator, dialect: Dialect) -> Value {
    let mut value = json!({
        "description": description(msg.description.unwrap_or_default(), dialect),
        "validator_address": msg.validator_address,
    });
    if let Some(value) = value.as_object_mut() {
        if !msg.commission_rate.is_empty() {
            value.insert("commission_rate".into(), decimal::to_text(&msg.commission_rate).into());
        }
        if !msg.min_self_delegation.is_empty() {
            value.insert("min_self_delegation".into(), msg.min_self_delegation.into());
        }
    }
    value
}

fn description(description: staking::Description, dialect: Dialect) -> Value {
    let mut value = Map::new();
    for (key, text) in [
        ("moniker", description.moniker),
        ("identity", description.identity),
        ("website", description.website),
        ("security_contact", description.security_contact),
        ("details", description.details),
    ] {
        insert_text(&mut value, key, text, dialect);
    }
    Value::Object(value)
}

fn insert_text(value: &mut Map<String, Value>, key: &str, text: String, dialect: Dialect) {
    if dialect == Dialect::Client || !text.is_empty() {
        value.insert(key.to_owned(), text.into());
    }
}

fn coin(coin: &Coin) -> Value {
    json!({ "denom": coin.denom, "amount": coin.amount })
}

fn coins(list: &[Coin]) -> Value {
    Value::Array(list.iter().map(coin).collect())
}

/// Compact JSON with sorted keys, and `&`, `<`, `>` escaped as Go's encoder does.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|left, right| left.0.cmp(right.0));
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                string(key, out);
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for (index, value) in list.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                canonical(value, out);
            }
            out.push(']');
        }
        Value::String(text) => string(text, out),
        other => out.push_str(&other.to_string()),
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '&' | '<' | '>' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing to a String cannot fail.
                write!(out, "\\u{:04x}", u32::from(character)).unwrap_or_default();
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_sorted_compact_and_escaped() {
        let mut text = String::new();
        canonical(&json!({ "b": [1, "a&<>\n"], "a": {} }), &mut text);
        assert_eq!(text, r#"{"a":{},"b":[1,"a\u0026\u003c\u003e\n"]}"#);
    }
}
