//! From JSON and query parameters to messages.

use super::{ANY, DURATION, JsonError, MAX_DEPTH, TIMESTAMP, resolve};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use prost::Message;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value as Field};
use serde_json::{Map, Value};
use std::collections::HashMap;
use virtengine_types::decimal;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

pub(super) fn message(
    descriptor: &MessageDescriptor,
    json: &Value,
    depth: usize,
) -> Result<DynamicMessage, JsonError> {
    let Some(depth) = depth.checked_sub(1) else { return Err(JsonError::TooDeep { max: MAX_DEPTH }) };
    match (descriptor.full_name(), json) {
        (ANY, Value::Object(object)) => any(descriptor, object, depth),
        (TIMESTAMP, Value::String(text)) => timestamp(descriptor, text),
        (DURATION, Value::String(text)) => duration(descriptor, text),
        (_, Value::Object(object)) => fields(descriptor, object.iter(), depth),
        (name, other) => Err(mismatch(name, "an object", other)),
    }
}

fn fields<'a>(
    descriptor: &MessageDescriptor,
    entries: impl Iterator<Item = (&'a String, &'a Value)>,
    depth: usize,
) -> Result<DynamicMessage, JsonError> {
    let mut message = DynamicMessage::new(descriptor.clone());
    for (name, json) in entries {
        let field = find(descriptor, name)?;
        if !json.is_null() {
            let value = field_value(&field, json, depth)?;
            message.set_field(&field, value);
        }
    }
    Ok(message)
}

fn find(descriptor: &MessageDescriptor, name: &str) -> Result<FieldDescriptor, JsonError> {
    let field = descriptor.get_field_by_name(name).or_else(|| descriptor.get_field_by_json_name(name));
    field.ok_or_else(|| JsonError::UnknownField {
        message: descriptor.full_name().to_owned(),
        field: name.chars().take(64).collect(),
    })
}

fn field_value(field: &FieldDescriptor, json: &Value, depth: usize) -> Result<Field, JsonError> {
    if field.is_map() {
        return map(field, json, depth);
    }
    if !field.is_list() {
        return single(field, json, depth);
    }
    match json {
        Value::Array(list) => {
            let list = list.iter().map(|item| single(field, item, depth));
            Ok(Field::List(list.collect::<Result<_, _>>()?))
        }
        other => Err(mismatch(field.full_name(), "a list", other)),
    }
}

/// Maps with text keys; no message has others.
fn map(field: &FieldDescriptor, json: &Value, depth: usize) -> Result<Field, JsonError> {
    let (Kind::Message(entry), Value::Object(object)) = (field.kind(), json) else {
        return Err(mismatch(field.full_name(), "an object", json));
    };
    let mut entries = HashMap::new();
    for (key, item) in object {
        entries.insert(MapKey::String(key.clone()), single(&entry.map_entry_value_field(), item, depth)?);
    }
    Ok(Field::Map(entries))
}

fn single(field: &FieldDescriptor, json: &Value, depth: usize) -> Result<Field, JsonError> {
    let name = field.full_name();
    let bad = |expected| mismatch(name, expected, json);
    Ok(match field.kind() {
        Kind::Message(descriptor) => Field::Message(message(&descriptor, json, depth)?),
        Kind::Enum(kind) => {
            let number = match json {
                Value::String(text) => match kind.get_value_by_name(text) {
                    Some(value) => Some(value.number()),
                    None => text.parse().ok(),
                },
                other => integer(other),
            };
            Field::EnumNumber(number.ok_or_else(|| bad("a name or number of the enum"))?)
        }
        Kind::String => match json {
            Value::String(text) if decimal::is_decimal(name) && !text.is_empty() => {
                Field::String(decimal::from_text(text).ok_or_else(|| bad("a decimal"))?)
            }
            Value::String(text) => Field::String(text.clone()),
            _ => return Err(bad("a text")),
        },
        Kind::Bytes => match json {
            Value::String(text) if decimal::is_decimal(name) && !text.is_empty() => {
                Field::Bytes(decimal::from_text(text).ok_or_else(|| bad("a decimal"))?.into())
            }
            Value::String(text) => Field::Bytes(bytes(text).ok_or_else(|| bad("base64"))?),
            _ => return Err(bad("base64")),
        },
        Kind::Bool => match json {
            Value::Bool(flag) => Field::Bool(*flag),
            Value::String(text) => match text.as_str() {
                "true" | "1" => Field::Bool(true),
                "false" | "0" => Field::Bool(false),
                _ => return Err(bad("true or false")),
            },
            _ => return Err(bad("true or false")),
        },
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            Field::I32(integer(json).ok_or_else(|| bad("a 32-bit integer"))?)
        }
        Kind::Uint32 | Kind::Fixed32 => {
            Field::U32(integer(json).ok_or_else(|| bad("a 32-bit unsigned integer"))?)
        }
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            Field::I64(integer(json).ok_or_else(|| bad("a 64-bit integer"))?)
        }
        Kind::Uint64 | Kind::Fixed64 => {
            Field::U64(integer(json).ok_or_else(|| bad("a 64-bit unsigned integer"))?)
        }
        Kind::Float | Kind::Double => return Err(bad("a field of this surface")),
    })
}

fn integer<T: std::str::FromStr>(json: &Value) -> Option<T> {
    match json {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn bytes(text: &str) -> Option<Bytes> {
    let decoded = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text));
    decoded.ok().map(Bytes::from)
}

fn any(
    descriptor: &MessageDescriptor,
    object: &Map<String, Value>,
    depth: usize,
) -> Result<DynamicMessage, JsonError> {
    let type_url = match object.get("@type") {
        Some(Value::String(text)) => text.clone(),
        other => {
            return Err(mismatch("google.protobuf.Any.@type", "a type URL", other.unwrap_or(&Value::Null)));
        }
    };
    let inner = resolve(&type_url)?;
    let inner = match inner.full_name() {
        ANY | TIMESTAMP | DURATION => message(&inner, object.get("value").unwrap_or(&Value::Null), depth)?,
        _ => {
            let content = object.iter().filter(|(name, _)| *name != "@type");
            let depth = depth.checked_sub(1).ok_or(JsonError::TooDeep { max: MAX_DEPTH })?;
            fields(&inner, content, depth)?
        }
    };
    let mut any = DynamicMessage::new(descriptor.clone());
    any.set_field_by_number(1, Field::String(type_url));
    any.set_field_by_number(2, Field::Bytes(inner.encode_to_vec().into()));
    Ok(any)
}

fn timestamp(descriptor: &MessageDescriptor, text: &str) -> Result<DynamicMessage, JsonError> {
    let time: prost_types::Timestamp =
        text.parse().map_err(|_| mismatch(TIMESTAMP, "an RFC 3339 time", &text.into()))?;
    Ok(timed(descriptor, time.seconds, time.nanos))
}

fn duration(descriptor: &MessageDescriptor, text: &str) -> Result<DynamicMessage, JsonError> {
    let bad = || mismatch(DURATION, "seconds such as 1.5s", &text.into());
    let digits = text.strip_suffix('s').ok_or_else(bad)?;
    let (sign, digits) = digits.strip_prefix('-').map_or((1, digits), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.len() > 9 || !is_number(whole) || !is_number(fraction) {
        return Err(bad());
    }
    let seconds: i64 = whole.parse().map_err(|_| bad())?;
    let nanos: i32 = format!("{fraction:0<9}").parse().map_err(|_| bad())?;
    Ok(timed(descriptor, sign * seconds, if sign < 0 { -nanos } else { nanos }))
}

fn timed(descriptor: &MessageDescriptor, seconds: i64, nanos: i32) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    message.set_field_by_number(1, Field::I64(seconds));
    message.set_field_by_number(2, Field::I32(nanos));
    message
}

/// Sets the field that a dotted path names, such as `pagination.limit`; lists are appended to.
///
/// # Errors
/// - `UnknownField`, `Value` - there is no such field or it does not hold such a value
pub(crate) fn set_parameter(message: &mut DynamicMessage, path: &str, text: &str) -> Result<(), JsonError> {
    use prost_reflect::ReflectMessage;
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let field = find(&message.descriptor(), name)?;
    let json = Value::String(text.to_owned());
    let is_message = matches!(field.kind(), Kind::Message(_));
    match rest {
        Some(rest) if is_message && !field.is_list() && !field.is_map() => {
            match message.get_field_mut(&field) {
                Field::Message(inner) => set_parameter(inner, rest, text),
                _ => Err(mismatch(field.full_name(), "a message", &json)),
            }
        }
        None if field.is_list() && !is_message => {
            let value = single(&field, &json, MAX_DEPTH)?;
            if let Field::List(list) = message.get_field_mut(&field) {
                list.push(value);
            }
            Ok(())
        }
        None if !field.is_list() && !field.is_map() => {
            let value = single(&field, &json, MAX_DEPTH)?;
            message.set_field(&field, value);
            Ok(())
        }
        _ => Err(mismatch(field.full_name(), "a field that a parameter can set", &json)),
    }
}

fn mismatch(field: &str, expected: &'static str, found: &Value) -> JsonError {
    let found = match found {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => other.to_string().chars().take(64).collect(),
    };
    JsonError::Value { field: field.to_owned(), expected, found }
}
