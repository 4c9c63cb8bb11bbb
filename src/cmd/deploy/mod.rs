//! `virtengine deploy`: from an SDL file to running leases.
//!
//! ```text
//! read and check -> write the manifest -> post one order a placement -> watch bids -> accept -> lease
//! ```

mod bids;
mod cost;
mod report;
mod unserved;

use super::{keys::confirm, output::wrong_usage, parse, sdl, tx};
use bids::{Choice, Market, Won};
use clap::Args;
use eyre::{Context as _, OptionExt as _, Result};
use prost_types::Any;
use serde_json::{Value, json};
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;
use virtengine_client::{Account, Subscription, sign::any};
use virtengine_types::{
    Amount, Coin,
    market::Selection,
    proto::virtengine::market::v1::{MsgCreateOrder, MsgCreateOrderResponse},
};

/// Funds of an order unless said otherwise, in uve; the chain's minimum if that is more.
const DEFAULT_DEPOSIT: Amount = Amount(5_000_000);

#[derive(Args)]
pub(super) struct Deploy {
    #[command(flatten)]
    source: sdl::Source,
    #[command(flatten)]
    flags: tx::Flags,
    /// First funds of each order's escrow account in uve; default 5000000, or the chain's minimum if more.
    #[arg(long, value_parser = parse::payment, allow_hyphen_values = true)]
    deposit: Option<Amount>,
    /// Blocks during which bids are taken.
    #[arg(long, default_value_t = 20, value_name = "BLOCKS")]
    bid_window: u64,
    /// Longest time to wait for bids, in seconds.
    #[arg(long, default_value_t = 120, value_name = "SECONDS")]
    wait: u64,
    /// Which bid is accepted.
    #[arg(long, value_enum, default_value = "cheapest")]
    accept: Choice,
    /// Where the manifest is written; default FILE.manifest.json.
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

impl Deploy {
    pub(super) async fn run(self) -> Result<()> {
        // Before anything is paid for.
        if self.accept == Choice::Ask && !std::io::stdin().is_terminal() {
            return Err(wrong_usage(
                "--accept ask needs a terminal to ask on: use --accept cheapest or --accept first",
            ));
        }
        if self.flags.no_wait {
            return Err(wrong_usage(
                "--no-wait: deploy follows its orders until their leases run; `virtengine tx market create-order` only posts one",
            ));
        }
        let placements = self.source.read()?;
        let sender = self.flags.sender().await?;
        let client = &sender.client;
        let minimum = client.params().await?.min_order_deposit;
        let minimum =
            minimum.as_ref().map(Coin::from_wire).transpose()?.map_or(Amount::ZERO, |coin| coin.amount);
        let deposit = self.deposit.unwrap_or(DEFAULT_DEPOSIT.max(minimum));
        let tenant = sender.address();
        let message = |placement: &sdl::Placement| -> Result<Any> {
            let spec = placement.order(self.bid_window, Selection::Manual)?;
            let (tenant, spec) = (tenant.to_string(), Some(spec.to_wire()));
            Ok(any(&MsgCreateOrder { tenant, spec, deposit: parse::uve(deposit) }))
        };
        let messages = placements.iter().map(message).collect::<Result<Vec<_>>>()?;
        tx::check(&messages)?;
        if sender.is_dry_run() {
            return sender.run(messages).await;
        }
        let path = self.manifest.unwrap_or_else(|| {
            let mut name = self.source.file.clone().into_os_string();
            name.push(".manifest.json");
            name.into()
        });
        for placement in &placements {
            let order = placement.order(self.bid_window, Selection::Manual)?;
            eprintln!(
                "order {:?}: at most {}uve per block, {}uve in escrow, bids for {} blocks",
                placement.group.name, order.max_price, deposit, self.bid_window
            );
        }
        if !sender.flags.yes {
            confirm(
                false,
                &format!("post {} order(s) as {tenant} on {}", placements.len(), sender.chain_id()),
            )?;
        }
        write_manifest(&path, &placements)?;
        let account = Account::new(client.clone(), sender.key.clone());
        let topics = ["market.bid.*", "market.order.*", "market.lease.created"].map(str::to_owned);
        let filter = [("tenant".to_owned(), tenant.to_string())].into();
        // Subscribed before the orders are posted, so that no bid comes unseen.
        let stream = client.events(Subscription { topics: topics.into(), filter, from_sequence: 0 }).await?;
        let sent = account.submit(&messages, &sender.options).await?;
        let outcome = client.wait_tx(&sent.hash, sender.wait()).await?.ok()?;
        let mut market = Market::new(&account, &sender.options, stream, sender.wait(), sender.from());
        for (index, placement) in placements.iter().enumerate() {
            let response: MsgCreateOrderResponse =
                outcome.response(index).ok_or_eyre("the chain did not say which orders it made")?;
            eprintln!(
                "order {} posted for {:?} in block {}",
                response.order_id, placement.group.name, outcome.height
            );
            market.add(response.order_id, &placement.group.name).await?;
        }
        let won = market.run(self.accept, Duration::from_secs(self.wait)).await?;
        let leases = report::leases(client, &won).await?;
        let answer = json!({
            "orders_tx": sent.hash,
            "manifest": sdl::shown(&path),
            "leases": leases,
        });
        sender.flags.output.list(&answer, "leases", report::COLUMNS)?;
        if !sender.flags.output.is_json() {
            advise(&won, sender.from());
        }
        Ok(())
    }
}

fn advise(won: &[Won], from: &str) {
    for Won { order_id, lease_id, .. } in won {
        eprintln!(
            "lease {lease_id}: `virtengine query market lease {lease_id}` shows it, \
             `virtengine tx market deposit-escrow {order_id} AMOUNT --from {from}` prolongs it, \
             `virtengine tx market close-lease {lease_id} --from {from}` ends it"
        );
    }
}

/// Writes what the providers are to run; it may hold passwords, so only this user may read it.
fn write_manifest(path: &std::path::Path, placements: &[sdl::Placement]) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let record = |placement: &sdl::Placement| -> Result<Value> {
        let manifest: Value = serde_json::from_slice(&placement.manifest.to_json()?)?;
        Ok(json!({
            "placement": placement.group.name,
            "sha256": hex::encode(placement.manifest.hash()?),
            "manifest": manifest,
        }))
    };
    let manifests = placements.iter().map(record).collect::<Result<Vec<_>>>()?;
    let failed = || format!("failed to write the manifest {}", path.display());
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .wrap_err_with(failed)?;
    let text = serde_json::to_vec_pretty(&json!({"manifests": manifests}))?;
    file.write_all(&text).and_then(|()| file.sync_all()).wrap_err_with(failed)
}
