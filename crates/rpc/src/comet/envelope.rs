//! JSON-RPC 2.0 calls and answers.

use super::args::Args;
use super::dispatch;
use serde_json::{Map, Value, json};

/// Longest id of a call in bytes.
const MAX_ID_BYTES: usize = 256;

/// Why a call failed, as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RpcError {
    pub(super) code: i32,
    pub(super) message: &'static str,
    pub(super) data: String,
}

impl RpcError {
    pub(super) fn parse(data: impl ToString) -> Self {
        Self { code: -32700, message: "Parse error. Invalid JSON", data: data.to_string() }
    }

    pub(super) fn invalid_request(data: impl ToString) -> Self {
        Self { code: -32600, message: "Invalid Request", data: data.to_string() }
    }

    pub(super) fn method_not_found() -> Self {
        Self { code: -32601, message: "Method not found", data: String::new() }
    }

    pub(super) fn invalid_params(data: impl ToString) -> Self {
        Self { code: -32602, message: "Invalid params", data: data.to_string() }
    }

    /// This node cannot answer now.
    pub(super) fn unavailable(data: impl ToString) -> Self {
        Self { code: -32000, message: "Server error", data: data.to_string() }
    }

    /// The method itself failed.
    pub(super) fn internal(data: impl ToString) -> Self {
        Self { code: -32603, message: "Internal error", data: data.to_string() }
    }
}

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    /// Echoed with its type; `None` for a notification, which gets no answer.
    pub(super) id: Option<Value>,
    pub(super) method: String,
    pub(super) args: Args,
}

/// Arguments by name or by position.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Params {
    Named(Map<String, Value>),
    Positional(Vec<Value>),
}

/// Reads one call. It keeps nothing but what its method asks for, as it may wait for its turn: small JSON can
/// take a hundred times its bytes of memory.
///
/// The error comes with the id to answer it to.
pub(super) fn call(value: Value) -> Result<Call, (Value, RpcError)> {
    let Value::Object(mut fields) = value else {
        return Err((Value::Null, RpcError::invalid_request("a call must be a JSON object")));
    };
    let id = match fields.remove("id") {
        Some(id @ (Value::Object(_) | Value::Array(_) | Value::Bool(_))) => {
            let error = RpcError::invalid_request(format!("id must be a string or a number, got {id}"));
            return Err((Value::Null, error));
        }
        // It is kept until the answer, as often as a client may call at once.
        Some(Value::String(text)) if text.len() > MAX_ID_BYTES => {
            let cause = format!("id must have at most {MAX_ID_BYTES} bytes, got {}", text.len());
            return Err((Value::Null, RpcError::invalid_request(cause)));
        }
        id => id,
    };
    let fail = |error| Err((id.clone().unwrap_or(Value::Null), error));
    let Some(Value::String(method)) = fields.remove("method") else {
        return fail(RpcError::invalid_request("method must be a string"));
    };
    let params = match fields.remove("params") {
        None | Some(Value::Null) => Params::Named(Map::new()),
        Some(Value::Object(named)) => Params::Named(named),
        Some(Value::Array(positional)) => Params::Positional(positional),
        Some(_) => return fail(RpcError::invalid_params("params must be an object or an array")),
    };
    match Args::new(params, dispatch::arguments(&method)) {
        Ok(args) => Ok(Call { id, method, args }),
        Err(error) => fail(error),
    }
}

/// The answer to a call.
pub(super) fn answer(id: &Value, result: Result<Value, RpcError>) -> Value {
    match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(RpcError { code, message, data }) => {
            json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message, "data": data}})
        }
    }
}
