//! Messages as the JSON of Cosmos REST gateways.
//!
//! Out: snake_case names, every field present (`null` for unset messages, `[]`, `""`), 64-bit numbers as
//! strings, bytes as base64, enums by name, `Any` as `{"@type": "/...", ...}`, decimals with 18 digits after
//! the point. In: also camelCase names, enum numbers, numbers as numbers or strings, base64 of either
//! alphabet with or without padding; absent and `null` fields are left unset.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use read::set_parameter;

use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage};
use serde_json::Value;
use thiserror::Error;
use virtengine_types::proto;

/// Deepest nesting of messages, `Any` contents included.
const MAX_DEPTH: usize = 48;

/// Why JSON and a message do not correspond.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JsonError {
    /// The message has no such field.
    #[error("unknown field {field:?} in {message}")]
    UnknownField {
        /// Full name of the message.
        message: String,
        /// The name given.
        field: String,
    },
    /// A value of another kind than the field's.
    #[error("field {field}: expected {expected}, got {found}")]
    Value {
        /// Full name of the field.
        field: String,
        /// What may stand there.
        expected: &'static str,
        /// What stands there, at most 64 characters.
        found: String,
    },
    /// An `Any` of a type that this node does not know.
    #[error("unable to resolve type URL {type_url}")]
    UnknownType {
        /// The URL given.
        type_url: String,
    },
    /// The content of an `Any` is not the message that its URL names.
    #[error("{type_url}: {cause}")]
    Malformed {
        /// The URL.
        type_url: String,
        /// What the decoder says.
        cause: String,
    },
    /// Messages within messages beyond the limit.
    #[error("messages are nested deeper than {max}")]
    TooDeep {
        /// The limit.
        max: usize,
    },
}

/// The JSON of a message.
///
/// # Errors
/// - `UnknownType`, `Malformed` - an `Any` within cannot be shown
/// - `TooDeep` - it is nested too deep
pub fn to_json(message: &DynamicMessage) -> Result<Value, JsonError> {
    write::message(message, MAX_DEPTH)
}

/// The message of JSON.
///
/// # Errors
/// - `UnknownField`, `Value`, `UnknownType` - the JSON does not fit the message
/// - `TooDeep` - it is nested too deep
pub fn from_json(descriptor: &MessageDescriptor, json: &Value) -> Result<DynamicMessage, JsonError> {
    read::message(descriptor, json, MAX_DEPTH)
}

/// The descriptor that a type URL names.
fn resolve(type_url: &str) -> Result<MessageDescriptor, JsonError> {
    let name = type_url.rsplit('/').next().unwrap_or_default();
    proto::pool()
        .get_message_by_name(name)
        .ok_or_else(|| JsonError::UnknownType { type_url: type_url.chars().take(256).collect() })
}

/// An `Any` as its descriptor's two fields.
fn any_parts(any: &DynamicMessage) -> (String, bytes::Bytes) {
    let text = any.get_field_by_number(1).and_then(|value| value.as_str().map(str::to_owned));
    let bytes = any.get_field_by_number(2).and_then(|value| value.as_bytes().cloned());
    (text.unwrap_or_default(), bytes.unwrap_or_default())
}

fn is_any(message: &impl ReflectMessage) -> bool {
    message.descriptor().full_name() == ANY
}

const ANY: &str = "google.protobuf.Any";
const TIMESTAMP: &str = "google.protobuf.Timestamp";
const DURATION: &str = "google.protobuf.Duration";
