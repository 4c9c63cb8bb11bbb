//! Arguments of a call, in each spelling that clients use.

use super::envelope::{Params, RpcError};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value};
use virtengine_types::block::Hash;

/// Arguments under the names of a method.
#[derive(Debug)]
pub(super) struct Args {
    named: Map<String, Value>,
    /// Whether they come from an address, where bytes are hexadecimal or literal text.
    from_uri: bool,
}

impl Args {
    /// Gives positional arguments their names. Named ones that the method does not know are ignored, and so are
    /// all of a method that there is not.
    pub(super) fn new(params: Params, names: Option<&[&str]>) -> Result<Self, RpcError> {
        let Some(names) = names else { return Ok(Self { named: Map::new(), from_uri: false }) };
        let named: Map<String, Value> = match params {
            Params::Named(named) => {
                named.into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect()
            }
            Params::Positional(list) if list.len() > names.len() => {
                let (expected, found) = (names.len(), list.len());
                return Err(RpcError::invalid_params(format!(
                    "expected at most {expected} arguments, got {found}"
                )));
            }
            Params::Positional(list) => names.iter().map(|name| (*name).to_owned()).zip(list).collect(),
        };
        let nested = |(_, value): &(&String, &Value)| value.is_array() || value.is_object();
        match named.iter().find(nested) {
            Some((name, value)) => Err(wrong(name, "a text, a number or a truth value", value)),
            None => Ok(Self { named, from_uri: false }),
        }
    }

    /// Arguments of an address: texts are in double quotes, numbers bare or quoted, bytes `0x...`.
    pub(super) fn from_uri(pairs: Vec<(String, String)>) -> Self {
        let named = pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
        Self { named, from_uri: true }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let is_absent = |value: &Value| value.is_null() || (self.from_uri && value == "");
        self.named.get(name).filter(|value| !is_absent(value))
    }

    /// A text; quotes around one from an address are taken off.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, RpcError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if self.from_uri => Ok(Some(unquoted(text))),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, "a string", other)),
        }
    }

    /// A whole number, as a number or a text.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, RpcError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let number = match value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) if text.is_empty() => return Ok(None),
            Value::String(text) => unquoted(text).parse().ok(),
            _ => None,
        };
        number.map(Some).ok_or_else(|| wrong(name, "an integer", value))
    }

    /// A truth value; false if absent.
    pub(super) fn flag(&self, name: &str) -> Result<bool, RpcError> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if unquoted(text) == "true" => Ok(true),
            Some(Value::String(text)) if unquoted(text) == "false" => Ok(false),
            Some(other) => Err(wrong(name, "a boolean", other)),
        }
    }

    /// Bytes that are base64 in JSON, such as a transaction.
    pub(super) fn bytes(&self, name: &str) -> Result<Bytes, RpcError> {
        let Some(value) = self.get(name) else {
            return Err(RpcError::invalid_params(format!("{name} is missing")));
        };
        let Value::String(text) = value else {
            return Err(wrong(name, "base64 bytes", value));
        };
        if self.from_uri {
            return uri_bytes(text)
                .ok_or_else(|| wrong(name, "0x and hexadecimal digits, or a quoted text", value));
        }
        let bytes = BASE64_STANDARD.decode(text).map_err(|_| wrong(name, "base64 bytes", value))?;
        Ok(bytes.into())
    }

    /// Bytes that are hexadecimal in JSON too, such as the data of a query; empty if absent.
    pub(super) fn hex(&self, name: &str) -> Result<Bytes, RpcError> {
        let text = self.text(name)?.unwrap_or_default();
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let bytes = hex::decode(digits);
        Ok(bytes.map_err(|_| wrong(name, "hexadecimal digits", &text.into()))?.into())
    }

    /// A SHA-256 hash: base64, or hexadecimal with or without `0x`.
    pub(super) fn hash(&self, name: &str) -> Result<Hash, RpcError> {
        let Some(text) = self.text(name)? else {
            return Err(RpcError::invalid_params(format!("{name} is missing")));
        };
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let base64 = || BASE64_STANDARD.decode(text).ok().and_then(|bytes| Hash::try_from(bytes).ok());
        let hash = hex::decode(digits).ok().and_then(|bytes| Hash::try_from(bytes).ok()).or_else(base64);
        hash.ok_or_else(|| wrong(name, "a hash of 32 bytes", &text.into()))
    }
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

fn uri_bytes(text: &str) -> Option<Bytes> {
    match text.strip_prefix("0x") {
        Some(digits) => hex::decode(digits).ok().map(Into::into),
        None => {
            let literal = text.strip_prefix('"')?.strip_suffix('"')?;
            Some(Bytes::copy_from_slice(literal.as_bytes()))
        }
    }
}

fn wrong(name: &str, expected: &str, found: &Value) -> RpcError {
    let found: String = match found {
        Value::Array(list) if list.len() > 8 => format!("a list of {}", list.len()),
        Value::Object(fields) if fields.len() > 8 => format!("an object of {} fields", fields.len()),
        found => found.to_string().chars().take(128).collect(),
    };
    RpcError::invalid_params(format!("{name}: expected {expected}, got {found}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn named(value: Value) -> Args {
        let Value::Object(named) = value else { panic!("an object") };
        Args::new(Params::Named(named), Some(&["height", "hash", "tx", "data"])).unwrap()
    }

    fn uri(name: &str, value: &str) -> Args {
        Args::from_uri(vec![(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn accepts_numbers_in_each_spelling() {
        assert_eq!(named(json!({"height": 5})).integer("height"), Ok(Some(5)));
        assert_eq!(named(json!({"height": "5"})).integer("height"), Ok(Some(5)));
        assert_eq!(named(json!({"height": null})).integer("height"), Ok(None));
        assert_eq!(uri("height", "5").integer("height"), Ok(Some(5)));
        assert_eq!(uri("height", "\"5\"").integer("height"), Ok(Some(5)));
        assert_eq!(uri("height", "").integer("height"), Ok(None));
        assert!(named(json!({"height": "x"})).integer("height").is_err());
        assert!(named(json!({"height": 5.5})).integer("height").is_err());
    }

    #[test]
    fn accepts_hashes_in_each_spelling() {
        let hash = [0xAB; 32];
        let base64 = BASE64_STANDARD.encode(hash);
        for text in [base64, hex::encode(hash), hex::encode_upper(hash), format!("0x{}", hex::encode(hash))] {
            assert_eq!(named(json!({"hash": text})).hash("hash"), Ok(hash), "{text}");
            assert_eq!(uri("hash", &text).hash("hash"), Ok(hash), "{text}");
        }
        assert!(named(json!({"hash": "AB"})).hash("hash").is_err());
        assert!(named(json!({})).hash("hash").is_err());
    }

    #[test]
    fn accepts_bytes_in_each_spelling() {
        assert_eq!(named(json!({"tx": "YWI="})).bytes("tx"), Ok(Bytes::from("ab")));
        assert_eq!(uri("tx", "0x6162").bytes("tx"), Ok(Bytes::from("ab")));
        assert_eq!(uri("tx", "\"ab\"").bytes("tx"), Ok(Bytes::from("ab")));
        assert!(uri("tx", "ab").bytes("tx").is_err());
        assert!(named(json!({"tx": "***"})).bytes("tx").is_err());
        assert_eq!(named(json!({"data": "6162"})).hex("data"), Ok(Bytes::from("ab")));
        assert_eq!(named(json!({})).hex("data"), Ok(Bytes::new()));
    }

    #[test]
    fn positional_arguments_get_their_names() {
        let args =
            Args::new(Params::Positional(vec![json!("a=1"), json!("2")]), Some(&["query", "page"])).unwrap();
        assert_eq!(args.text("query"), Ok(Some("a=1")));
        assert_eq!(args.integer("page"), Ok(Some(2)));
        assert!(Args::new(Params::Positional(vec![json!(1), json!(2)]), Some(&["height"])).is_err());
    }

    #[test]
    fn keeps_nothing_that_the_method_does_not_ask_for() {
        let given = json!({"height": 5, "other": [1, 2], "more": {"a": "b"}});
        let Value::Object(named) = given.clone() else { panic!("an object") };
        assert_eq!(
            Args::new(Params::Named(named), Some(&["height"])).unwrap().named,
            *json!({"height": 5}).as_object().unwrap()
        );
        let Value::Object(named) = given.clone() else { panic!("an object") };
        assert!(Args::new(Params::Named(named), None).unwrap().named.is_empty());
        let Value::Object(named) = given else { panic!("an object") };
        let refused = Args::new(Params::Named(named), Some(&["more"])).unwrap_err();
        assert_eq!(refused.data, r#"more: expected a text, a number or a truth value, got {"a":"b"}"#);
    }
}
