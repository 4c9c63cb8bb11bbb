//! Reading the genesis file beside the runtime.

use super::CheckedGenesis;
use crate::{home::Home, run::RunError};
use std::time::Instant;

/// Reads and checks the genesis file on a thread of its own, which nobody waits for when the node is to stop.
pub(crate) async fn read_aside(home: Home) -> Result<CheckedGenesis, RunError> {
    let (sender, answer) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Nobody waits for the answer of a node that is to stop.
        drop(sender.send(home.genesis()));
    });
    let started = Instant::now();
    let genesis = answer.await.map_err(|_| RunError::GenesisUnread)??;
    let (validators, accounts) = (genesis.summary.validators, genesis.summary.accounts);
    tracing::info!(validators, accounts, ms = started.elapsed().as_millis(), "read the genesis file");
    Ok(genesis)
}
