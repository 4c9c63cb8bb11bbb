//! JSON-RPC over HTTP.

use super::args::Args;
use super::config::CometConfig;
use super::envelope::{self, Call, RpcError};
use super::{Comet, dispatch, events_socket, socket};
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::time::Instant;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// The routes of the surface.
pub fn router(comet: Comet) -> Router {
    let config = &comet.inner.config;
    Router::new()
        .route("/", get(list).post(post))
        .route("/websocket", get(socket::upgrade))
        .route("/events", get(events_socket::upgrade))
        .route("/{method}", get(by_address).post(post))
        .fallback(axum::routing::post(post))
        .layer(DefaultBodyLimit::max(config.max_body_bytes))
        .layer(cors(config))
        .with_state(comet)
}

fn cors(config: &CometConfig) -> CorsLayer {
    let any = config.cors_origins.iter().any(|origin| origin == "*");
    let listed = config.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let origins = if any { AllowOrigin::any() } else { AllowOrigin::list(listed) };
    let headers =
        [header::CONTENT_TYPE, header::ORIGIN, header::ACCEPT, HeaderName::from_static("x-requested-with")];
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::HEAD, Method::OPTIONS])
        .allow_headers(headers)
}

/// The methods, for people who look.
async fn list() -> Json<Value> {
    Json(json!({"methods": dispatch::names().collect::<Vec<_>>(), "websockets": ["/websocket", "/events"]}))
}

/// One call or a batch. A failed call is an answer like any other; only what is no JSON has another status.
async fn post(State(comet): State<Comet>, body: Result<Bytes, BytesRejection>) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            let error = RpcError::invalid_request(rejection.body_text());
            return (rejection.status(), Json(envelope::answer(&Value::Null, Err(error)))).into_response();
        }
    };
    match serde_json::from_slice(&body) {
        Ok(Value::Array(calls)) => batch(&comet, calls).await,
        Ok(call) => match one(&comet, envelope::call(call), comet.deadline()).await {
            Some(answer) => Json(answer).into_response(),
            None => StatusCode::OK.into_response(),
        },
        Err(error) => {
            let answer = envelope::answer(&Value::Null, Err(RpcError::parse(error)));
            (StatusCode::INTERNAL_SERVER_ERROR, Json(answer)).into_response()
        }
    }
}

/// A call, or why it is none, with the id to answer to.
type Read = Result<Call, (Value, RpcError)>;

async fn one(comet: &Comet, call: Read, deadline: Instant) -> Option<Value> {
    match call {
        Ok(call) => comet.answer(call, deadline).await,
        Err((id, error)) => Some(envelope::answer(&id, Err(error))),
    }
}

async fn batch(comet: &Comet, calls: Vec<Value>) -> Response {
    let max = comet.inner.config.max_batch;
    if calls.is_empty() || calls.len() > max {
        let error = RpcError::invalid_request(format!("a batch has 1 to {max} calls, got {}", calls.len()));
        return Json(envelope::answer(&Value::Null, Err(error))).into_response();
    }
    let calls: Vec<Read> = calls.into_iter().map(envelope::call).collect();
    let deadline = comet.deadline();
    let max = comet.inner.config.max_batch_bytes;
    let mut text = String::new();
    for call in calls {
        let answer = if text.len() < max {
            one(comet, call, deadline).await
        } else {
            let cause =
                format!("a batch is answered with at most {max} bytes, those before have {}", text.len());
            refused(call, RpcError::internal(cause))
        };
        // As text an answer takes less memory.
        if let Some(answer) = answer {
            text.push(if text.is_empty() { '[' } else { ',' });
            text.push_str(&answer.to_string());
        }
    }
    if text.is_empty() {
        return StatusCode::OK.into_response();
    }
    text.push(']');
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], text).into_response()
}

/// The answer to a call that is not begun.
fn refused(call: Read, error: RpcError) -> Option<Value> {
    match call {
        Ok(call) => call.id.map(|id| envelope::answer(&id, Err(error))),
        Err((id, error)) => Some(envelope::answer(&id, Err(error))),
    }
}

/// A method by its address, with its arguments in the query.
async fn by_address(
    State(comet): State<Comet>,
    Path(method): Path<String>,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Response {
    if dispatch::arguments(&method).is_none() || dispatch::is_subscription(&method) {
        let error = envelope::answer(&json!(-1), Err(RpcError::method_not_found()));
        return (StatusCode::NOT_FOUND, Json(error)).into_response();
    }
    let result = comet.run(&method, Args::from_uri(pairs), comet.deadline()).await;
    let status = if result.is_ok() { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
    (status, Json(envelope::answer(&json!(-1), result))).into_response()
}
