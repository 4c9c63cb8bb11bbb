//! The running daemon: one loop that owns the desk and its journal, and tasks around it that talk to the
//! chain.
//!
//! ```text
//! event streams -> bounded queues -> loop: desk -> journal (fsync) -> chores -> reports -> loop
//! ```
//!
//! The loop takes new orders only while fewer than `max_concurrent` are being decided or bid on; the queue
//! then fills, its reader stops, and the node keeps the events.

mod feed;
mod reconcile;
#[cfg(test)]
mod tests;
mod window;
mod work;

use crate::{
    Config, ConfigError,
    chain::{Chain, register},
    desk::Desk,
    fit::Profile,
    journal::{Journal, JournalError},
    metrics::Metrics,
    status,
};
use std::pin::Pin;
use std::{net::SocketAddr, sync::Arc};
use thiserror::Error;
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinSet},
};
use virtengine_client::{Account, Client, ClientError, until_available};
use virtengine_crypto::SigningKey;
use virtengine_types::{Amount, Coin, provider::AttributeError};
use work::Work;

/// Why a daemon stops otherwise than when asked to.
#[derive(Debug, Error)]
pub enum RunError {
    /// The configuration breaks a rule.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The node or the chain refuses what the daemon cannot do without.
    #[error("failed to {verb}: {cause}")]
    Chain {
        /// What was tried.
        verb: &'static str,
        /// The client's error.
        cause: ClientError,
    },
    /// The position cannot be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The chain's row of this provider cannot be read.
    #[error("the provider's attributes on the chain: {0}")]
    Profile(#[from] AttributeError),
    /// The deposit is too small for the chain.
    #[error("bidding.deposit = {found} must be at least {min}, the chain's min_bid_deposit")]
    Deposit {
        /// Configured.
        found: Amount,
        /// The chain's.
        min: Amount,
    },
    /// The status page's address is taken or not allowed.
    #[error("failed to listen on status = {address}: {cause}; stop who uses it or choose another port")]
    Status {
        /// Configured.
        address: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A part of the daemon failed by a mistake of this program.
    #[error("a task of the provider daemon failed: {0}; its position is kept, so start it again")]
    Task(JoinError),
}

/// Sells what `config` offers with the account of `key`, until `shutdown` completes; then stops taking
/// orders, keeps its position and returns.
///
/// Registers the provider, or updates its row, first. A node that cannot be reached or is starting is waited
/// for as long as it takes, which is said once. Needs tokio's multi-threaded runtime: the journal
/// blocks its thread while the disk works.
///
/// # Errors
/// - `Config` - the configuration breaks a rule
/// - `Chain` - the node refuses the registration or a subscription
/// - `Deposit` - `bidding.deposit` is below the chain's minimum
/// - `Journal` - the position is another's, locked, damaged, or cannot be written
/// - `Profile` - the chain's row cannot be read
/// - `Status` - the status page's address cannot be listened on
/// - `Task` - a task of the daemon panicked
pub fn run(config: Config, key: SigningKey, shutdown: Shutdown) -> Running {
    Box::pin(follow(config, key, shutdown))
}

/// Resolves when the daemon is to stop.
pub type Shutdown = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A running daemon: resolves when it has stopped.
pub type Running = Pin<Box<dyn Future<Output = Result<(), RunError>> + Send>>;

async fn follow(config: Config, key: SigningKey, shutdown: Shutdown) -> Result<(), RunError> {
    config.validate()?;
    let provider = key.address();
    tokio::select! {
        ended = sell(config, key) => ended,
        () = shutdown => {
            tracing::info!(%provider, "the provider daemon stops; its position is kept");
            Ok(())
        }
    }
}

async fn sell(config: Config, key: SigningKey) -> Result<(), RunError> {
    let provider = key.address();
    let client =
        Client::new(&config.node).map_err(|cause| RunError::Chain { verb: "use the node", cause })?;
    let chain_id = available("ask for the chain", || client.chain_id()).await?;
    let (journal, position) = Journal::open(&config.home, chain_id, provider)?;
    let listener = TcpListener::bind(config.status)
        .await
        .map_err(|cause| RunError::Status { address: config.status, cause })?;
    let deposit = deposit(&client, &config).await?;
    let chain = Chain { account: Account::new(client, key), deposit };
    let row = available("register the provider", || register(&chain, &config)).await?;
    let desk = Desk::new(&config, Profile::from_wire(&row)?, position);
    let metrics = Arc::new(Metrics::new());
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%provider, node = config.node, status = %address, "the provider daemon runs");
    }
    // Dropping the tasks ends them.
    let mut tasks = JoinSet::new();
    let questions = status::serve(listener, Arc::clone(&metrics), &mut tasks);
    Work::new(config, Arc::new(chain), desk, journal, metrics, tasks).run(questions).await
}

/// Asks the node until it is available, and says once what for.
async fn available<T, F>(verb: &'static str, ask: impl FnMut() -> F) -> Result<T, RunError>
where
    F: Future<Output = Result<T, ClientError>>,
{
    let told = |cause: &ClientError| {
        tracing::warn!(%cause, "the node is not available: waiting for it to {verb}");
    };
    until_available(ask, told).await.map_err(|cause| RunError::Chain { verb, cause })
}

/// What to lock for each bid.
async fn deposit(client: &Client, config: &Config) -> Result<Amount, RunError> {
    let params = available("ask for the parameters", || client.params()).await?;
    let min = params.min_bid_deposit.as_ref().and_then(|coin| Coin::from_wire(coin).ok());
    let min = min.map_or(Amount::ZERO, |coin| coin.amount);
    match config.bidding.deposit {
        Some(found) if found < min => Err(RunError::Deposit { found, min }),
        Some(deposit) => Ok(deposit),
        None => Ok(min.max(Amount(1))),
    }
}
