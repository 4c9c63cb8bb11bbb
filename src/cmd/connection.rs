//! Which node is asked.

use super::output::GLOBAL;
use clap::Args;
use eyre::Result;
use virtengine_client::Client;

/// The node's address.
#[derive(Args)]
pub(super) struct Connection {
    /// RPC address of a node.
    #[arg(
        long,
        global = true,
        help_heading = GLOBAL,
        env = "VIRTENGINE_NODE",
        default_value = "http://127.0.0.1:26657",
        value_name = "URL"
    )]
    node: String,
}

impl Connection {
    pub(super) fn client(&self) -> Result<Client> {
        Ok(Client::new(&self.node)?)
    }
}
