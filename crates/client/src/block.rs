//! Blocks and the node's state.

use crate::{
    Client, ClientError,
    outcome::{number, text},
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The chain.
    pub chain_id: String,
    /// The node's name.
    pub moniker: String,
    /// The newest block; 0 before the first.
    #[serde(serialize_with = "as_text")]
    pub latest_height: u64,
    /// Its time, RFC 3339.
    pub latest_time: String,
    /// Its hash, upper-case hex.
    pub latest_hash: String,
    /// The state root after it, upper-case hex.
    pub state_root: String,
    /// The oldest block that the node has.
    #[serde(serialize_with = "as_text")]
    pub earliest_height: u64,
    /// Whether the node is behind the others.
    pub catching_up: bool,
}

/// A block in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BlockInfo {
    /// Its height.
    #[serde(serialize_with = "as_text")]
    pub height: u64,
    /// Its hash, upper-case hex.
    pub hash: String,
    /// Its time, RFC 3339.
    pub time: String,
    /// The address of the proposer's key, upper-case hex.
    pub proposer: String,
    /// The state root after it, upper-case hex.
    pub state_root: String,
    /// Hashes of its transactions, upper-case hex.
    pub txs: Vec<String>,
}

impl Client {
    /// What the node says of itself.
    ///
    /// # Errors
    /// The node cannot be reached or cannot be understood.
    pub async fn status(&self) -> Result<Status, ClientError> {
        let answer = self.transport.call("status", json!({})).await?;
        let sync = &answer["sync_info"];
        let height =
            |field: &str| number(&sync[field]).map_err(|cause| self.transport.malformed("status", cause));
        let status = Status {
            chain_id: text(&answer["node_info"]["network"]),
            moniker: text(&answer["node_info"]["moniker"]),
            latest_height: height("latest_block_height")?,
            latest_time: text(&sync["latest_block_time"]),
            latest_hash: text(&sync["latest_block_hash"]),
            state_root: text(&sync["latest_app_hash"]),
            earliest_height: height("earliest_block_height")?,
            catching_up: sync["catching_up"].as_bool().unwrap_or(false),
        };
        if status.chain_id.is_empty() {
            return Err(self.transport.malformed("status", "it names no chain"));
        }
        Ok(status)
    }

    /// The block at a height, or the newest.
    ///
    /// # Errors
    /// - `Rpc` - the node does not have it
    pub async fn block(&self, height: Option<u64>) -> Result<BlockInfo, ClientError> {
        let params = height.map_or(json!({}), |height| json!({"height": height.to_string()}));
        let answer = self.transport.call("block", params).await?;
        block(&answer).map_err(|cause| self.transport.malformed("block", cause))
    }

    /// Mean milliseconds from block to block over the last `blocks`; `None` with fewer than two blocks.
    ///
    /// # Errors
    /// As [`Client::block`].
    pub async fn block_time_ms(&self, blocks: u64) -> Result<Option<f64>, ClientError> {
        let status = self.status().await?;
        let first = status.latest_height.saturating_sub(blocks).max(status.earliest_height).max(1);
        if first >= status.latest_height {
            return Ok(None);
        }
        let earlier = self.block(Some(first)).await?;
        let span = parse_rfc3339_ms(&status.latest_time)
            .zip(parse_rfc3339_ms(&earlier.time))
            .and_then(|(latest, earlier)| latest.checked_sub(earlier));
        #[allow(clippy::cast_precision_loss)] // spans and counts are far below 2^53
        Ok(span.map(|span| span as f64 / (status.latest_height - first) as f64))
    }
}

/// Programs read 64-bit numbers as texts, as those of JSON may lose digits.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes fields so
fn as_text<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

fn block(answer: &Value) -> Result<BlockInfo, String> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use sha2::{Digest, Sha256};
    let header = &answer["block"]["header"];
    let tx = |tx: &Value| {
        let bytes = BASE64_STANDARD.decode(tx.as_str().unwrap_or_default());
        bytes.map(|bytes| hex::encode_upper(Sha256::digest(bytes))).map_err(|error| error.to_string())
    };
    Ok(BlockInfo {
        height: number(&header["height"])?,
        hash: text(&answer["block_id"]["hash"]),
        time: text(&header["time"]),
        proposer: text(&header["proposer_address"]),
        state_root: text(&header["app_hash"]),
        txs: answer["block"]["data"]["txs"]
            .as_array()
            .into_iter()
            .flatten()
            .map(tx)
            .collect::<Result<_, _>>()?,
    })
}

/// Milliseconds since 1970 of an RFC 3339 time.
#[must_use]
pub fn parse_rfc3339_ms(text: &str) -> Option<u64> {
    let time: prost_types::Timestamp = text.parse().ok()?;
    let millis = u64::try_from(time.nanos).ok()? / 1_000_000;
    u64::try_from(time.seconds).ok()?.checked_mul(1000)?.checked_add(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_a_block_and_hashes_its_transactions() {
        let answer = json!({
            "block_id": {"hash": "AA"},
            "block": {
                "header": {"height": "5", "time": "2026-11-23T11:00:00.123Z", "app_hash": "BB", "proposer_address": "CC"},
                "data": {"txs": ["YWJj"]},
            },
        });
        let block = block(&answer).unwrap();
        assert_eq!((block.height, block.hash.as_str()), (5, "AA"));
        assert_eq!(serde_json::to_value(&block).unwrap()["height"], "5");
        assert_eq!(block.txs, ["BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"]);
    }

    #[test]
    fn times_are_read_to_the_millisecond() {
        assert_eq!(parse_rfc3339_ms("2026-11-23T11:00:00.123Z"), Some(1_795_431_600_123));
        assert_eq!(parse_rfc3339_ms("yesterday"), None);
    }
}
