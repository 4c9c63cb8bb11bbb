//! `virtengine query tx` and `virtengine query header`.

use super::Asker;
use eyre::Result;
use prost::Message as _;
use serde_json::{Value, json};
use std::time::Duration;
use virtengine_client::json as proto_json;
use virtengine_types::{
    Coins,
    proto::cosmos::tx::v1beta1::{AuthInfo, TxBody, TxRaw},
};

pub(super) async fn tx(asker: &Asker, hash: &str, wait_seconds: u64) -> Result<()> {
    let outcome = match wait_seconds {
        0 => asker.client.tx(hash).await?,
        seconds => asker.client.wait_tx(hash, Duration::from_secs(seconds)).await?,
    };
    let raw = TxRaw::decode(outcome.tx.as_slice())?;
    let auth = AuthInfo::decode(raw.auth_info_bytes)?;
    let body = TxBody::decode(raw.body_bytes)?;
    let fee = Coins::from_wire(&auth.fee.unwrap_or_default().amount)?;
    let mut answer = super::super::tx::outcome_json(&outcome, &fee);
    answer["memo"] = Value::from(body.memo);
    answer["messages"] = body.messages.iter().map(proto_json::of_any).collect::<Result<_, _>>()?;
    let event = |event: &virtengine_client::TxEvent| {
        let attributes =
            event.attributes.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
        json!({"type": event.kind, "attributes": attributes.collect::<serde_json::Map<_, _>>()})
    };
    answer["events"] = outcome.events.iter().map(event).collect();
    asker.output.record(&answer)
}

/// Roots and hashes are upper-case hexadecimal, as everywhere else.
pub(super) async fn header(asker: &Asker, height: u64) -> Result<()> {
    let answer = asker.client.header(height).await?;
    let header = answer.header.unwrap_or_default();
    let partition = |partition: &virtengine_types::proto::virtengine::chain::v1::PartitionRoot| {
        json!({
            "name": partition.name,
            "root": hex::encode_upper(&partition.root),
            "ops_root": hex::encode_upper(&partition.ops_root),
            "range_start": partition.range_start.to_string(),
            "range_end": partition.range_end.to_string(),
        })
    };
    asker.output.record(&json!({
        "chain_id": header.chain_id,
        "height": header.height.to_string(),
        "epoch": header.epoch.to_string(),
        "view": header.view.to_string(),
        "hash": hex::encode_upper(&header.hash),
        "parent": hex::encode_upper(&header.parent),
        "time": virtengine_types::Timestamp(header.time_ms).rfc3339(),
        "proposer": hex::encode_upper(&header.proposer),
        "txs_root": hex::encode_upper(&header.txs_root),
        "results_root": hex::encode_upper(&header.results_root),
        "state_root": hex::encode_upper(&header.state_root),
        "partitions": header.partitions.iter().map(partition).collect::<Vec<_>>(),
        "committee": hex::encode_upper(&header.committee),
        "next_committee": hex::encode_upper(&header.next_committee),
        "gas_used": header.gas_used.to_string(),
        "certificate": hex::encode_upper(&answer.certificate),
    }))
}
