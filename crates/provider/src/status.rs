//! The status page and the metrics, over HTTP on a loopback address.

use crate::{allocation::Allocation, desk::Desk, metrics::Metrics, position::Position};
use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use std::sync::Arc;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    task::JoinSet,
};

/// Questions about the status that may wait at the same time.
const WAITING: usize = 16;
/// Content type of metrics.
const EXPOSITION: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where a daemon stands, as `/status` answers.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    height: u64,
    offered: Allocation,
    position: Position,
    chores: usize,
}

impl Status {
    pub(crate) fn of(desk: &Desk) -> Self {
        Self {
            height: desk.height().0,
            offered: desk.offered().clone(),
            position: desk.position().clone(),
            chores: desk.busy(),
        }
    }
}

/// A question that the daemon answers.
pub(crate) type Question = oneshot::Sender<Status>;

#[derive(Clone)]
struct Page {
    metrics: Arc<Metrics>,
    questions: mpsc::Sender<Question>,
}

/// Serves `/status`, `/metrics` and `/health` as one of `tasks`; the questions come out of the receiver.
pub(crate) fn serve(
    listener: TcpListener,
    metrics: Arc<Metrics>,
    tasks: &mut JoinSet<()>,
) -> mpsc::Receiver<Question> {
    let (questions, receiver) = mpsc::channel(WAITING);
    let router = Router::new()
        .route("/status", get(status))
        .route("/metrics", get(exposition))
        .route("/health", get(health))
        .with_state(Page { metrics, questions });
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "failed to serve the provider's status");
        }
    });
    receiver
}

async fn ask(page: &Page) -> Option<Status> {
    let (sender, answer) = oneshot::channel();
    page.questions.try_send(sender).ok()?;
    answer.await.ok()
}

async fn status(State(page): State<Page>) -> Response {
    match ask(&page).await {
        Some(status) => Json(status).into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "the provider daemon is busy or stopping").into_response(),
    }
}

async fn health(State(page): State<Page>) -> Response {
    match ask(&page).await {
        Some(_) => "ok".into_response(),
        None => (StatusCode::SERVICE_UNAVAILABLE, "the provider daemon is busy or stopping").into_response(),
    }
}

async fn exposition(State(page): State<Page>) -> Response {
    match page.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, EXPOSITION)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
