//! Protobuf messages as JSON: fields under their protobuf names in snake_case, every field present,
//! 64-bit numbers as texts, bytes in base64, `Any` with `@type`.

use prost::{Message, Name};
use prost_reflect::{DynamicMessage, SerializeOptions};
use serde_json::Value;
use thiserror::Error;
use virtengine_types::proto::pool;

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
    let message = DynamicMessage::decode(descriptor, bytes).map_err(|error| malformed(error.to_string()))?;
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .skip_default_fields(false)
        .stringify_64_bit_integers(true);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|error| malformed(error.to_string()))
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
    use virtengine_types::proto::virtengine::market::v1::{MsgAcceptBid, QueryBidResponse};

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
    fn rejects_unknown_and_malformed_messages() {
        assert_eq!(of_bytes("a.B", &[]), Err(JsonError::Unknown { name: "a.B".to_owned() }));
        let malformed = of_bytes("virtengine.market.v1.MsgAcceptBid", &[0xff]);
        assert!(matches!(malformed, Err(JsonError::Malformed { .. })));
    }
}
