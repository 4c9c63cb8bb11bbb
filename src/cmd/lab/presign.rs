//! `virtengine lab presign`: transactions for other load generators.

use super::{
    files,
    options::{Key, NetworkArgs},
};
use clap::Args;
use eyre::{Context as _, Result, bail};
use std::path::PathBuf;
use virtengine_lab::scenario::{self, Progress};

/// What is signed. Each transaction has an account of its own.
#[derive(Args)]
pub(super) struct Presign {
    /// Orders.
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    orders: usize,
    /// Bids on orders that are open.
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    bids: usize,
    /// Acceptances of bids that are open.
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    allocations: usize,
    /// Where they are written.
    #[arg(long, value_name = "FILE")]
    json: PathBuf,
    /// From which the accounts' keys are drawn.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Kind of the accounts' keys.
    #[arg(long, value_enum)]
    key: Option<Key>,
    #[command(flatten)]
    network: NetworkArgs,
}

impl Presign {
    pub(super) fn run(self) -> Result<()> {
        if self.network.endpoint.is_empty() {
            bail!("transactions are signed for a network that runs: name it with --endpoint");
        }
        let mut options = self.network.options()?;
        options.seed = self.seed.unwrap_or(options.seed);
        options.key = self.key.map_or(options.key, Key::kind);
        let counts =
            scenario::Presign { orders: self.orders, bids: self.bids, allocations: self.allocations };
        let signed = scenario::presign(&options, counts, &Progress::stderr())?;
        let text = serde_json::to_string(&signed).wrap_err("failed to write transactions as JSON")?;
        files::write(&self.json, &text)?;
        crate::cmd::output::line(&format!(
            "wrote {} orders, {} bids and {} allocations to {}",
            counts.orders,
            counts.bids,
            counts.allocations,
            self.json.display()
        ))
    }
}
