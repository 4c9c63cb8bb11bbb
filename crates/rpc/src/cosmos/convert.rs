//! Wire forms that several services share.

use crate::Status;
use prost::{Message, Name};
use prost_types::{Any, Timestamp};
use virtengine_events::TxRecord;
use virtengine_types::{
    Amount,
    block::Event,
    code::Rejection,
    proto::{
        cosmos::{
            base::abci::v1beta1::TxResponse,
            tx::v1beta1::{AuthInfo, Tx, TxBody, TxRaw},
        },
        tendermint::abci,
    },
};

/// An amount as a decimal in units of 10^-18.
pub(super) fn decimal(amount: Amount) -> String {
    if amount.is_zero() { "0".to_owned() } else { format!("{amount}000000000000000000") }
}

/// Hundredths of a percent as a decimal in units of 10^-18.
pub(super) fn decimal_of_bps(bps: u32) -> String {
    if bps == 0 { "0".to_owned() } else { format!("{bps}00000000000000") }
}

/// A second since 1970 as a timestamp.
pub(super) fn second(second: u64) -> Timestamp {
    Timestamp { seconds: i64::try_from(second).unwrap_or(i64::MAX), nanos: 0 }
}

/// A transaction with its parts decoded.
pub(super) fn tx(raw: &[u8]) -> Result<Tx, Status> {
    let malformed = |error: prost::DecodeError| Status::invalid(format!("tx parse error: {error}"));
    let raw = TxRaw::decode(raw).map_err(malformed)?;
    Ok(Tx {
        body: Some(TxBody::decode(raw.body_bytes).map_err(malformed)?),
        auth_info: Some(AuthInfo::decode(raw.auth_info_bytes).map_err(malformed)?),
        signatures: raw.signatures,
    })
}

/// The bytes of a transaction whose parts are decoded.
pub(super) fn raw(tx: Tx) -> Vec<u8> {
    let raw = TxRaw {
        body_bytes: tx.body.unwrap_or_default().encode_to_vec().into(),
        auth_info_bytes: tx.auth_info.unwrap_or_default().encode_to_vec().into(),
        signatures: tx.signatures,
    };
    raw.encode_to_vec()
}

pub(super) fn events(events: &[Event]) -> Vec<abci::Event> {
    let attribute = |(key, value)| abci::EventAttribute { key, value, index: true };
    let event = |event: &Event| abci::Event {
        r#type: event.kind.to_string(),
        attributes: event.pairs().into_iter().map(attribute).collect(),
    };
    events.iter().map(event).collect()
}

/// What became of a transaction of a block, with the transaction in it.
pub(crate) fn tx_response(record: &TxRecord) -> Result<TxResponse, Status> {
    Ok(response(record, &tx(&record.tx)?))
}

pub(super) fn response(record: &TxRecord, tx: &Tx) -> TxResponse {
    let result = &record.result;
    let signed = |gas: virtengine_types::Gas| i64::try_from(gas.0).unwrap_or(i64::MAX);
    TxResponse {
        height: record.height.signed(),
        txhash: hex::encode_upper(record.hash),
        codespace: result.codespace.clone(),
        code: result.code,
        data: hex::encode_upper(&result.data),
        raw_log: result.log.clone(),
        logs: Vec::new(),
        info: String::new(),
        gas_wanted: signed(result.gas_wanted),
        gas_used: signed(result.gas_used),
        tx: Some(Any { type_url: format!("/{}", Tx::full_name()), value: tx.encode_to_vec() }),
        timestamp: record.time.rfc3339(),
        events: events(&result.events),
    }
}

/// What the mempool said of a transaction.
pub(super) fn checked(hash: &[u8; 32], refusal: Option<Rejection>) -> TxResponse {
    let txhash = hex::encode_upper(hash);
    match refusal {
        None => TxResponse { txhash, ..TxResponse::default() },
        Some(Rejection { codespace, code, log }) => TxResponse {
            txhash,
            codespace: codespace.to_owned(),
            code,
            raw_log: log,
            ..TxResponse::default()
        },
    }
}
