//! What became of a transaction.

use crate::{ClientError, Refusal};
use base64::{Engine, prelude::BASE64_STANDARD};
use prost::{Message, Name};
use prost_types::Any;
use serde::Serialize;
use serde_json::Value;
use virtengine_types::proto::cosmos::base::abci::v1beta1::TxMsgData;

/// An event of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TxEvent {
    /// Dotted name, or one of the Cosmos names.
    pub kind: String,
    /// Keys and values in order.
    pub attributes: Vec<(String, String)>,
}

/// A transaction in a block.
#[derive(Clone, Debug, PartialEq)]
pub struct TxOutcome {
    /// Upper-case hex.
    pub hash: String,
    /// The block.
    pub height: u64,
    /// Its place in the block.
    pub index: u32,
    /// 0 for success.
    pub code: u32,
    /// Whose code it is; empty for success.
    pub codespace: String,
    /// The reason of a failure.
    pub log: String,
    /// One response a message.
    pub data: Vec<Any>,
    /// What happened, in order.
    pub events: Vec<TxEvent>,
    /// The limit.
    pub gas_wanted: u64,
    /// What was used.
    pub gas_used: u64,
    /// The transaction as it travelled.
    pub tx: Vec<u8>,
}

impl TxOutcome {
    /// Itself if it succeeded.
    ///
    /// # Errors
    /// - `Failed` - the chain's reason
    pub fn ok(self) -> Result<Self, ClientError> {
        if self.code == 0 {
            return Ok(self);
        }
        let refusal = Refusal { codespace: self.codespace, code: self.code, log: self.log };
        Err(ClientError::Failed { hash: self.hash, height: self.height, refusal })
    }

    /// The response to message `index`, if it is an `M`.
    #[must_use]
    pub fn response<M: Message + Name + Default>(&self, index: usize) -> Option<M> {
        let any = self.data.get(index)?;
        if any.type_url != M::type_url() {
            return None;
        }
        M::decode(any.value.as_slice()).ok()
    }

    /// The first value of an attribute in events of a kind.
    #[must_use]
    pub fn attribute(&self, kind: &str, key: &str) -> Option<&str> {
        let events = self.events.iter().filter(|event| event.kind == kind);
        let mut attributes = events.flat_map(|event| &event.attributes);
        attributes.find(|(found, _)| found == key).map(|(_, value)| value.as_str())
    }

    /// Reads the answer of the method `tx`.
    pub(crate) fn from_json(answer: &Value) -> Result<Self, String> {
        let result = &answer["tx_result"];
        let data = bytes(&result["data"])?;
        let data = TxMsgData::decode(data.as_slice()).map_err(|error| format!("data: {error}"))?;
        Ok(Self {
            hash: text(&answer["hash"]),
            height: number(&answer["height"])?,
            index: u32::try_from(number(&answer["index"])?).map_err(|error| error.to_string())?,
            code: u32::try_from(number(&result["code"])?).map_err(|error| error.to_string())?,
            codespace: text(&result["codespace"]),
            log: text(&result["log"]),
            data: data.msg_responses,
            events: events(&result["events"]),
            gas_wanted: number(&result["gas_wanted"])?,
            gas_used: number(&result["gas_used"])?,
            tx: bytes(&answer["tx"])?,
        })
    }
}

fn events(list: &Value) -> Vec<TxEvent> {
    let attribute = |attribute: &Value| (text(&attribute["key"]), text(&attribute["value"]));
    let event = |event: &Value| TxEvent {
        kind: text(&event["type"]),
        attributes: event["attributes"].as_array().into_iter().flatten().map(attribute).collect(),
    };
    list.as_array().into_iter().flatten().map(event).collect()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A number, or a text of one; 0 if absent.
pub(crate) fn number(value: &Value) -> Result<u64, String> {
    match value {
        Value::Null => Ok(0),
        Value::Number(number) => number.as_u64().ok_or_else(|| format!("{number} is not a whole number")),
        Value::String(text) if text.is_empty() => Ok(0),
        Value::String(text) => text.parse().map_err(|_| format!("{text:?} is not a whole number")),
        other => Err(format!("{other} is not a whole number")),
    }
}

fn bytes(value: &Value) -> Result<Vec<u8>, String> {
    BASE64_STANDARD.decode(value.as_str().unwrap_or_default()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use virtengine_types::proto::virtengine::market::v1::{MsgCreateOrderResponse, MsgSubmitBidResponse};

    fn answer() -> Value {
        let response = crate::sign::any(&MsgCreateOrderResponse { order_id: 77 });
        let data = TxMsgData { msg_responses: vec![response], ..Default::default() };
        json!({
            "hash": "AB", "height": "12", "index": 3, "tx": "AQI=",
            "tx_result": {
                "code": 0, "data": BASE64_STANDARD.encode(data.encode_to_vec()), "log": "",
                "gas_wanted": "100", "gas_used": "90", "codespace": "",
                "events": [{"type": "market.order.created", "attributes": [
                    {"key": "order_id", "value": "77", "index": true}]}],
            },
        })
    }

    #[test]
    fn accepts_an_answer_with_its_responses() {
        let outcome = TxOutcome::from_json(&answer()).unwrap().ok().unwrap();
        assert_eq!((outcome.height, outcome.index, outcome.gas_used, outcome.tx.len()), (12, 3, 90, 2));
        assert_eq!(outcome.response::<MsgCreateOrderResponse>(0).unwrap().order_id, 77);
        assert!(outcome.response::<MsgSubmitBidResponse>(0).is_none());
        assert!(outcome.response::<MsgCreateOrderResponse>(1).is_none());
        assert_eq!(outcome.attribute("market.order.created", "order_id"), Some("77"));
    }

    #[test]
    fn rejects_a_failure_with_the_reason_of_the_chain() {
        let mut answer = answer();
        answer["tx_result"]["code"] = json!(5);
        answer["tx_result"]["codespace"] = json!("market");
        answer["tx_result"]["log"] = json!("price 5 exceeds 4");
        let error = TxOutcome::from_json(&answer).unwrap().ok().unwrap_err();
        assert_eq!(error.refusal().unwrap().codespace, "market");
        assert!(error.to_string().contains("price 5 exceeds 4"), "{error}");
    }

    #[test]
    fn rejects_answers_of_another_shape() {
        for (field, value) in [("height", json!("x")), ("index", json!(-1)), ("tx", json!("*"))] {
            let mut answer = answer();
            answer[field] = value;
            assert!(TxOutcome::from_json(&answer).is_err(), "{field}");
        }
    }
}
