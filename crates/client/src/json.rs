//! Protobuf messages as JSON: fields under their protobuf names in snake_case, every field present,
//! 64-bit numbers as texts, bytes in base64, `Any` with `@type`, decimals with 18 digits behind the point, the
//! key of a page that does not exist `null`: as the node's REST does.

use prost::{Message, Name};
use prost_reflect::{DynamicMessage, FieldDescriptor, SerializeOptions, Value as Field};
use serde_json::Value;
use thiserror::Error;
use virtengine_types::{decimal, proto::pool};

/// Why bytes cannot be printed as a message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JsonError {
    /// No such message is known.
    #[error("message {name:?} is not known")]
    Unknown {
        /// Its full name.
        name: String,
    },
    /// The bytes are not that message, or hold a message that is not known.
    #[error("{name} cannot be printed: {cause}")]
    Malformed {
        /// Its full name.
        name: String,
        /// What is wrong.
        cause: String,
    },
}

/// A message as JSON.
///
/// # Errors
/// - `Malformed` - it holds an `Any` of an unknown message
pub fn of<M: Message + Name>(message: &M) -> Result<Value, JsonError> {
    of_bytes(&M::full_name(), &message.encode_to_vec())
}

/// An encoded message, by its full name such as `virtengine.market.v1.Order`, as JSON.
///
/// # Errors
/// - `Unknown` - no such message
/// - `Malformed` - the bytes are not that message
pub fn of_bytes(name: &str, bytes: &[u8]) -> Result<Value, JsonError> {
    let descriptor =
        pool().get_message_by_name(name).ok_or_else(|| JsonError::Unknown { name: name.to_owned() })?;
    let malformed = |cause: String| JsonError::Malformed { name: name.to_owned(), cause };
    let mut message =
        DynamicMessage::decode(descriptor, bytes).map_err(|error| malformed(error.to_string()))?;
    show_decimals(&mut message);
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .skip_default_fields(false)
        .stringify_64_bit_integers(true);
    let mut json = message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|error| malformed(error.to_string()))?;
    if let Some(key) = json.pointer_mut("/pagination/next_key").filter(|key| *key == "") {
        *key = Value::Null;
    }
    Ok(json)
}

/// Writes the decimals of a message, and of those in it, with their point.
fn show_decimals(message: &mut DynamicMessage) {
    for (field, value) in message.fields_mut() {
        show_decimal(&field, value);
    }
}

fn show_decimal(field: &FieldDescriptor, value: &mut Field) {
    match value {
        Field::String(text) if decimal::is_decimal(field.full_name()) => *text = decimal::to_text(text),
        Field::Message(message) => show_decimals(message),
        Field::List(list) => list.iter_mut().for_each(|value| show_decimal(field, value)),
        _ => {}
    }
}

/// A packed message as JSON with its `@type`.
///
/// # Errors
/// As [`of_bytes`].
pub fn of_any(any: &prost_types::Any) -> Result<Value, JsonError> {
    let value = of_bytes(any.type_url.trim_start_matches('/'), &any.value)?;
    let mut fields = serde_json::Map::new();
    fields.insert("@type".to_owned(), Value::from(any.type_url.as_str()));
    if let Value::Object(rest) = value {
        fields.extend(rest);
    }
    Ok(Value::Object(fields))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use virtengine_types::proto::{
        cosmos::{
            base::query::v1beta1::PageResponse,
            staking::v1beta1::{Commission, CommissionRates, QueryValidatorsResponse, Validator},
        },
        virtengine::market::v1::{MsgAcceptBid, QueryBidResponse},
    };

    #[test]
    fn every_field_is_printed_under_its_protobuf_name() {
        let message = MsgAcceptBid { tenant: "virtengine1x".to_owned(), bid_id: 1 << 60 };
        let expected = json!({"tenant": "virtengine1x", "bid_id": "1152921504606846976"});
        assert_eq!(of(&message), Ok(expected));
        assert_eq!(of(&QueryBidResponse { bid: None }), Ok(json!({})));
        let any = of_any(&crate::sign::any(&message)).unwrap();
        assert_eq!(any["@type"], "/virtengine.market.v1.MsgAcceptBid");
        assert_eq!(any["tenant"], "virtengine1x");
    }

    #[test]
    fn decimals_have_their_point() {
        let commission = CommissionRates { rate: "50000000000000000".to_owned(), ..Default::default() };
        let commission = Some(Commission { commission_rates: Some(commission), ..Default::default() });
        let shares = "1500000000000000000".to_owned();
        let validator = Validator { commission, delegator_shares: shares, ..Default::default() };
        let answer = of(&QueryValidatorsResponse { validators: vec![validator], pagination: None }).unwrap();
        let validator = &answer["validators"][0];
        assert_eq!(validator["commission"]["commission_rates"]["rate"], "0.050000000000000000");
        assert_eq!(validator["delegator_shares"], "1.500000000000000000");
    }

    #[test]
    fn a_page_that_does_not_exist_has_no_key() {
        let page = |next_key: &'static [u8]| {
            let pagination = Some(PageResponse { next_key: next_key.into(), total: 7 });
            of(&QueryValidatorsResponse { validators: Vec::new(), pagination }).unwrap()
        };
        assert_eq!(page(b"")["pagination"], json!({"next_key": null, "total": "7"}));
        assert_eq!(page(b"\x07")["pagination"]["next_key"], "Bw==");
    }

    #[test]
    fn rejects_unknown_and_malformed_messages() {
        assert_eq!(of_bytes("a.B", &[]), Err(JsonError::Unknown { name: "a.B".to_owned() }));
        let malformed = of_bytes("virtengine.market.v1.MsgAcceptBid", &[0xff]);
        assert!(matches!(malformed, Err(JsonError::Malformed { .. })));
    }
}
