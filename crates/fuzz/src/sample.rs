//! A plausible value of any protobuf message, from its field names.

use bytes::Bytes;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use virtengine_types::{Address, proto};

/// Deepest nesting; messages below are left out.
const MAX_DEPTH: usize = 6;

/// The account of samples.
pub const ACCOUNT: Address = Address([7; 20]);

/// A value of the message with every field set.
#[must_use]
pub fn message(descriptor: &MessageDescriptor) -> DynamicMessage {
    filled(descriptor, MAX_DEPTH)
}

/// A value of the message that a type URL names.
///
/// # Panics
/// If there is no such message.
#[must_use]
pub fn of_type_url(type_url: &str) -> DynamicMessage {
    let name = type_url.trim_start_matches('/');
    let mut sample =
        message(&proto::pool().get_message_by_name(name).expect("every message has a descriptor"));
    // Evidence is of votes that differ.
    if let Some(Value::Message(second)) = sample.get_field_by_name_mut("second") {
        second.set_field_by_name("parent", Value::U64(2));
    }
    sample
}

fn filled(descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    if descriptor.full_name() == "google.protobuf.Any" {
        message.set_field_by_name("type_url", Value::String("/cosmos.crypto.ed25519.PubKey".to_owned()));
        // Field 1 of a key, 32 bytes.
        let key = [&[0x0a, 32][..], &[9; 32]].concat();
        message.set_field_by_name("value", Value::Bytes(Bytes::from(key)));
        return message;
    }
    for field in descriptor.fields() {
        // A service's answer may contain itself; a map is left empty.
        let nested = matches!(field.kind(), Kind::Message(_));
        if field.is_map() || (nested && depth == 0) {
            continue;
        }
        let value = value(&field, depth);
        let value = if field.is_list() { Value::List(vec![value]) } else { value };
        message.set_field(&field, value);
    }
    message
}

fn value(field: &FieldDescriptor, depth: usize) -> Value {
    match field.kind() {
        Kind::String => Value::String(text(field)),
        Kind::Bytes => Value::Bytes(Bytes::from(vec![b'5'; width(field.name())])),
        Kind::Bool => Value::Bool(true),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(1),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(1),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(1),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(1),
        Kind::Float => Value::F32(0.5),
        Kind::Double => Value::F64(0.5),
        Kind::Enum(kind) => Value::EnumNumber(kind.values().nth(1).map_or(0, |second| second.number())),
        Kind::Message(inner) => Value::Message(filled(&inner, depth - 1)),
    }
}

fn text(field: &FieldDescriptor) -> String {
    let other = Address([8; 20]);
    match field.name() {
        "validator_dst_address" => other.operator(),
        name if name.starts_with("validator_") && name.contains("addr") => ACCOUNT.operator(),
        "submitter" | "tenant" | "provider" | "owner" | "sender" | "depositor" | "auditor" | "address"
        | "signed_by_any" | "signed_by_all" => ACCOUNT.account(),
        name if name.ends_with("_address") => ACCOUNT.account(),
        "denom" => "uve".to_owned(),
        "amount" | "min_self_delegation" => "5".to_owned(),
        "rate" | "max_rate" | "max_change_rate" | "commission_rate" => "1".to_owned(),
        name if name.ends_with("uri") => "https://a.example".to_owned(),
        _ => "1".to_owned(),
    }
}

fn width(name: &str) -> usize {
    match name {
        "bls_public_key" => 48,
        "proof_of_possession" => 96,
        "signature" => 64,
        _ => 32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message as _;

    #[test]
    fn a_sample_survives_its_encoding() {
        for descriptor in proto::pool().all_messages() {
            let sample = message(&descriptor);
            let again =
                DynamicMessage::decode(descriptor.clone(), sample.encode_to_vec().as_slice()).unwrap();
            assert_eq!(again, sample, "{}", descriptor.full_name());
        }
    }
}
