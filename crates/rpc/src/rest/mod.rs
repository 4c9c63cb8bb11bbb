//! REST: the router's methods as JSON, and the write routes.

mod pattern;

pub(crate) use pattern::Pattern;

use crate::{
    Code, Router, Status, from_json,
    json::set_parameter,
    json::{JsonError, to_json},
    router::{Answer, Route},
    virtengine::write,
};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use pattern::{Captures, Matched};
use percent_encoding::percent_decode_str;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use serde_json::{Value, json};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

/// Height of the state wanted in a request, and answered from in a response.
const HEIGHT_HEADERS: [&str; 2] = ["x-cosmos-block-height", "grpc-metadata-x-cosmos-block-height"];

/// The REST application over a router: serve it with [`crate::server::serve`].
pub fn rest_app(router: Router) -> axum::Router {
    let origins = &router.context().config().cors_origins;
    let origin = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let cors = CorsLayer::new()
        .allow_origin(origin)
        .allow_methods([Method::GET, Method::POST, Method::HEAD, Method::OPTIONS])
        .allow_headers(Any)
        .expose_headers(Any);
    axum::Router::new().fallback(answer).layer(cors).with_state(router)
}

async fn answer(State(router): State<Router>, request: Request) -> Response {
    match respond(&router, request).await {
        Ok(response) => response,
        Err(status) => refusal(&status),
    }
}

async fn respond(router: &Router, request: Request) -> Result<Response, Status> {
    let (parts, body) = request.into_parts();
    let config = router.context().config();
    let uri_bytes = parts.uri.path().len() + parts.uri.query().map_or(0, str::len);
    if uri_bytes > config.max_uri_bytes {
        let cause =
            format!("a path with its query has at most {} bytes, got {uri_bytes}", config.max_uri_bytes);
        return Err(Status::new(Code::ResourceExhausted, cause));
    }
    let method = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
    let segments = segments(parts.uri.path())?;
    if let Some(write) = write::Write::find(method, &segments) {
        let body = json_body(body, config.max_body_bytes).await?;
        let (status, value) = write.answer(router, &body).await?;
        return Ok(answered(status, value.to_string(), None));
    }
    let Matched { route, captures } = pattern::find(router.routes(), method, &segments)
        .ok_or_else(|| Status::new(Code::Unimplemented, "Not Implemented"))?;
    let mut message = if *method == Method::POST {
        from_json(&route.input, &json_body(body, config.max_body_bytes).await?)?
    } else {
        from_parameters(route, parts.uri.query().unwrap_or_default())?
    };
    set_captures(&mut message, captures)?;
    let height = wanted_height(&parts.headers)?;
    let answer = router.query(route.path, message.encode_to_vec().into(), height).await?;
    let Answer { value, height, turn } = answer;
    let output = route.output.clone();
    let text = match turn {
        None => written(output, value)?,
        // It may be large.
        Some(turn) => {
            let written = tokio::task::spawn_blocking(move || {
                let text = written(output, value);
                drop(turn);
                text
            });
            written.await.map_err(Status::internal)??
        }
    };
    Ok(answered(StatusCode::OK, text, Some(height)))
}

/// The JSON of an encoded message. Each form is dropped as soon as the next is there.
fn written(descriptor: MessageDescriptor, value: Bytes) -> Result<String, Status> {
    let message = DynamicMessage::decode(descriptor, value).map_err(Status::internal)?;
    let json = to_json(&message).map_err(Status::internal)?;
    drop(message);
    Ok(json.to_string())
}

fn segments(path: &str) -> Result<Vec<String>, Status> {
    let decode = |part: &str| {
        let text = percent_decode_str(part).decode_utf8().map(|text| text.into_owned());
        text.map_err(|_| Status::invalid(format!("path part {part:?} is not UTF-8")))
    };
    path.trim_matches('/').split('/').map(decode).collect()
}

/// Reads `a=b&c=d`. Names that the message does not have are left out, as gateways do.
fn from_parameters(route: &Route, query: &str) -> Result<DynamicMessage, Status> {
    let mut message = DynamicMessage::new(route.input.clone());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |part: &str| {
            let spaced = part.replace('+', " ");
            let text = percent_decode_str(&spaced).decode_utf8().map(|text| text.into_owned());
            text.map_err(|_| Status::invalid(format!("query part {part:?} is not UTF-8")))
        };
        let (name, mut value) = (decode(name)?, decode(value)?);
        if name.ends_with("key") {
            // A base64 `+` that was sent without its escape.
            value = value.replace(' ', "+");
        }
        match set_parameter(&mut message, &name, &value) {
            Ok(()) | Err(JsonError::UnknownField { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(message)
}

fn set_captures(message: &mut DynamicMessage, captures: Captures) -> Result<(), Status> {
    for (name, value) in captures {
        set_parameter(message, name, &value)?;
    }
    Ok(())
}

fn wanted_height(headers: &axum::http::HeaderMap) -> Result<i64, Status> {
    let Some(value) = HEIGHT_HEADERS.iter().find_map(|name| headers.get(*name)) else { return Ok(0) };
    let text = value.to_str().unwrap_or_default();
    text.parse().map_err(|_| Status::invalid(format!("x-cosmos-block-height: {text:?} is not a height")))
}

async fn json_body(body: Body, max: usize) -> Result<Value, Status> {
    let bytes: Bytes = axum::body::to_bytes(body, max).await.map_err(|error| {
        Status::invalid(format!("the body could not be read or exceeds {max} bytes: {error}"))
    })?;
    serde_json::from_slice(&bytes).map_err(|error| Status::invalid(format!("the body is not JSON: {error}")))
}

fn answered(status: StatusCode, text: String, height: Option<u64>) -> Response {
    let content = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut response = (status, [content], text).into_response();
    if let Some(height) = height {
        response.headers_mut().insert(HEIGHT_HEADERS[1], height.into());
    }
    response
}

fn refusal(status: &Status) -> Response {
    let http = StatusCode::from_u16(status.code.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let value = json!({"code": status.code as u8, "message": status.message, "details": []});
    answered(http, value.to_string(), None)
}

impl From<JsonError> for Status {
    fn from(error: JsonError) -> Self {
        Self::invalid(error)
    }
}
