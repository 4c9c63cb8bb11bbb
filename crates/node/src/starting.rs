//! What a node does until its engine runs: it says why it waits, to whoever calls and in its log.

use crate::servers::Listeners;
use axum::{Router, http::StatusCode, routing::get};
use std::time::Duration;
use tokio::{sync::watch, task::JoinSet};
use virtengine_rpc::server::{self, Limits};

/// Time after which a node that still waits says so again.
const REMINDER: Duration = Duration::from_secs(30);

/// Waits for `engine`. Meanwhile every call is answered with 503 and the reason; only `/health` is 200.
///
/// # Errors
/// A listener cannot be shared.
pub(crate) async fn answer_until<T>(
    engine: impl Future<Output = T>,
    listeners: &Listeners,
    limits: Limits,
    reason: &str,
) -> std::io::Result<T> {
    let (stop, stopping) = watch::channel(false);
    let mut servers = JoinSet::new();
    let text = format!("{reason}\n");
    let waiting = Router::new().fallback(move || async move { (StatusCode::SERVICE_UNAVAILABLE, text) });
    let telemetry = waiting.clone().route("/health", get(|| async { "ok\n" }));
    let shared = listeners.share()?;
    let apps = [waiting.clone(), waiting.clone(), waiting, telemetry];
    for (listener, app) in shared.into_iter().zip(apps) {
        let mut stopping = stopping.clone();
        let stopped = async move {
            // An error means that nobody waits any more.
            drop(stopping.wait_for(|stop| *stop).await);
        };
        servers.spawn(server::serve(listener, app, limits, stopped));
    }
    let mut reminder = tokio::time::interval_at(tokio::time::Instant::now() + REMINDER, REMINDER);
    let mut engine = std::pin::pin!(engine);
    let outcome = loop {
        tokio::select! {
            outcome = &mut engine => break outcome,
            _ = reminder.tick() => tracing::warn!("{reason}"),
        }
    };
    stop.send_replace(true);
    while servers.join_next().await.is_some() {}
    Ok(outcome)
}
