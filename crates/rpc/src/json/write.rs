//! From messages to JSON.

use super::{DURATION, JsonError, MAX_DEPTH, TIMESTAMP, any_parts, is_any, resolve};
use base64::{Engine, engine::general_purpose::STANDARD};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage, Value as Field};
use serde_json::{Map, Value};
use virtengine_types::decimal;

/// The key of the next page, which gateways write as `null` after the last: clients loop until then.
const NEXT_KEY: &str = "cosmos.base.query.v1beta1.PageResponse.next_key";

pub(super) fn message(message: &DynamicMessage, depth: usize) -> Result<Value, JsonError> {
    let Some(depth) = depth.checked_sub(1) else { return Err(JsonError::TooDeep { max: MAX_DEPTH }) };
    let descriptor = message.descriptor();
    match descriptor.full_name() {
        TIMESTAMP => return Ok(timestamp(message).into()),
        DURATION => return Ok(duration(message).into()),
        _ if is_any(message) => return any(message, depth),
        _ => {}
    }
    let mut object = Map::new();
    for field in descriptor.fields() {
        let is_set = message.has_field(&field);
        // Of a choice only the chosen member is shown.
        if field.containing_oneof().is_some() && !is_set {
            continue;
        }
        let is_message = matches!(field.kind(), Kind::Message(_)) && !field.is_list() && !field.is_map();
        let json = if is_message && !is_set {
            Value::Null
        } else {
            value(&field, &message.get_field(&field), depth)?
        };
        object.insert(field.name().to_owned(), json);
    }
    Ok(Value::Object(object))
}

fn value(field: &FieldDescriptor, value: &Field, depth: usize) -> Result<Value, JsonError> {
    Ok(match value {
        Field::List(list) => {
            let list = list.iter().map(|item| self::value(field, item, depth));
            Value::Array(list.collect::<Result<_, _>>()?)
        }
        Field::Map(entries) => {
            let mut object = Map::new();
            for (key, item) in entries {
                object.insert(map_key(key), self::value(field, item, depth)?);
            }
            Value::Object(object)
        }
        Field::Message(inner) => message(inner, depth)?,
        Field::EnumNumber(number) => match field.kind() {
            Kind::Enum(kind) => match kind.get_value(*number) {
                Some(value) => value.name().into(),
                None => (*number).into(),
            },
            _ => (*number).into(),
        },
        Field::String(text) if decimal::is_decimal(field.full_name()) => decimal::to_text(text).into(),
        Field::String(text) => text.as_str().into(),
        Field::Bytes(bytes) if bytes.is_empty() && field.full_name() == NEXT_KEY => Value::Null,
        Field::Bytes(bytes) if decimal::is_decimal(field.full_name()) => match std::str::from_utf8(bytes) {
            Ok(units) => decimal::to_text(units).into(),
            Err(_) => STANDARD.encode(bytes).into(),
        },
        Field::Bytes(bytes) => STANDARD.encode(bytes).into(),
        Field::Bool(flag) => (*flag).into(),
        Field::I32(number) => (*number).into(),
        Field::U32(number) => (*number).into(),
        Field::I64(number) => number.to_string().into(),
        Field::U64(number) => number.to_string().into(),
        Field::F32(number) => (*number).into(),
        Field::F64(number) => (*number).into(),
    })
}

fn map_key(key: &MapKey) -> String {
    match key {
        MapKey::Bool(key) => key.to_string(),
        MapKey::I32(key) => key.to_string(),
        MapKey::I64(key) => key.to_string(),
        MapKey::U32(key) => key.to_string(),
        MapKey::U64(key) => key.to_string(),
        MapKey::String(key) => key.clone(),
    }
}

fn any(any: &DynamicMessage, depth: usize) -> Result<Value, JsonError> {
    let (type_url, bytes) = any_parts(any);
    let descriptor = resolve(&type_url)?;
    let inner = DynamicMessage::decode(descriptor, bytes)
        .map_err(|error| JsonError::Malformed { type_url: type_url.clone(), cause: error.to_string() })?;
    let mut object = match message(&inner, depth)? {
        Value::Object(object) => object,
        other => Map::from_iter([("value".to_owned(), other)]),
    };
    object.insert("@type".to_owned(), type_url.into());
    Ok(Value::Object(object))
}

fn seconds_and_nanos(message: &DynamicMessage) -> (i64, i32) {
    let seconds = message.get_field_by_number(1).and_then(|value| value.as_i64());
    let nanos = message.get_field_by_number(2).and_then(|value| value.as_i32());
    (seconds.unwrap_or_default(), nanos.unwrap_or_default())
}

fn timestamp(message: &DynamicMessage) -> String {
    let (seconds, nanos) = seconds_and_nanos(message);
    prost_types::Timestamp { seconds, nanos: nanos.clamp(0, 999_999_999) }.to_string()
}

fn duration(message: &DynamicMessage) -> String {
    let (seconds, nanos) = seconds_and_nanos(message);
    if nanos == 0 {
        return format!("{seconds}s");
    }
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let fraction = format!("{:09}", nanos.unsigned_abs());
    format!("{sign}{}.{}s", seconds.unsigned_abs(), fraction.trim_end_matches('0'))
}
