//! Fields that are not of the message that they are in.

use crate::proto::pool;
use prost::{Message, Name};
use prost_reflect::{DynamicMessage, Value};

/// First field, at any depth, that its message does not define; `None` if all are known.
///
/// What is packed in an `Any` is not looked into. Those fields of the outermost message that `skipped` names are
/// passed over.
///
/// # Errors
/// What the decoder says.
pub(crate) fn unknown<M: Message + Name>(
    message: &M,
    bytes: &[u8],
    skipped: fn(u32) -> bool,
) -> Result<Option<u32>, String> {
    // Clients encode as this does, and then nothing else can be in the bytes.
    if message.encode_to_vec() == bytes {
        return Ok(None);
    }
    let message = reflected(&M::full_name(), bytes)?;
    let outermost = message.unknown_fields().map(prost_reflect::UnknownField::number);
    Ok(outermost.filter(|number| !skipped(*number)).min().or_else(|| nested(&message)))
}

/// The message's only encoding in the order of fields, without what its decoder ignores.
///
/// # Errors
/// What the decoder says; `name` is not a message.
pub(crate) fn canonical(name: &str, bytes: &[u8]) -> Result<Vec<u8>, String> {
    Ok(reflected(name, bytes)?.encode_to_vec())
}

fn reflected(name: &str, bytes: &[u8]) -> Result<DynamicMessage, String> {
    let descriptor = pool().get_message_by_name(name).ok_or_else(|| format!("no message is named {name}"))?;
    DynamicMessage::decode(descriptor, bytes).map_err(|error| error.to_string())
}

fn nested(message: &DynamicMessage) -> Option<u32> {
    message.fields().find_map(|(_, value)| match value {
        Value::Message(inner) => anywhere(inner),
        Value::List(values) => values.iter().filter_map(Value::as_message).find_map(anywhere),
        Value::Map(values) => values.values().filter_map(Value::as_message).find_map(anywhere),
        _ => None,
    })
}

fn anywhere(message: &DynamicMessage) -> Option<u32> {
    message.unknown_fields().map(prost_reflect::UnknownField::number).min().or_else(|| nested(message))
}
