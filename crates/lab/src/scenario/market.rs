//! The whole cycle of the market.

mod cycles;
mod messages;
#[cfg(test)]
mod tests;

pub(super) use messages::{GAS, acceptance, bid, creation};

use super::{
    Options, Progress, Scenario, block_on,
    perform::{Course, perform},
    session::Session,
};
use crate::result::RunResult;
use cycles::{Cycles, Mix};
use eyre::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::json;
use std::time::Duration;

/// Place of the tenants among the purposes of accounts.
pub(super) const TENANTS: usize = 0;
/// Place of the providers.
pub(super) const PROVIDERS: usize = 1;
/// Longest wait for a registration.
const PATIENCE: Duration = Duration::from_secs(60);
/// Registrations at once.
const AT_ONCE: usize = 32;

/// How many transactions of whole market cycles become final a second, and how soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Market;

impl Scenario for Market {
    fn name(&self) -> &'static str {
        "market"
    }

    fn about(&self) -> &'static str {
        "order, bids, acceptance and close, each signed once the one before is final: rate and time to finality"
    }

    fn defaults(&self, options: &mut Options) {
        options.rate = 400.0;
    }

    fn run(&self, options: &Options, progress: &Progress) -> Result<RunResult> {
        let mix =
            Mix { transfer_share: options.transfer_share, hot_share: options.hot_share, bids: options.bids };
        let course = Course {
            name: self.name(),
            purposes: &[("tenant", options.accounts), ("provider", options.providers)],
            per_arrival: mix.per_arrival(),
            with_results: true,
            settings: vec![
                ("providers", json!(options.providers)),
                ("bids", json!(options.bids)),
                ("transfer_share", json!(options.transfer_share)),
            ],
        };
        let prepare = async |session: &Session| register(session, progress).await;
        let work = async |session: &Session, _: usize, seed: u64| {
            progress.stage("asking for sequences", 0);
            let (tenants, providers) = (session.signers(TENANTS).await?, session.signers(PROVIDERS).await?);
            Ok(Cycles::new(tenants, providers, session.terms.clone(), mix, seed))
        };
        block_on(perform(&course, options, progress, prepare, work))
    }
}

/// Registers every provider account, unless it is one already.
pub(super) async fn register(session: &Session, progress: &Progress) -> Result<()> {
    let signers = session.signers(PROVIDERS).await?;
    progress.stage("registering providers", signers.len() as u64);
    let register = |(index, signer): (u32, crate::load::Signer)| async move {
        let signed = signer.sign(
            index,
            signer.sequence(),
            &[messages::registration(&signer)],
            messages::GAS,
            &session.terms,
        );
        let failed = || format!("failed to register the provider {}", signer.address());
        if session.client.provider(signer.address()).await.is_err() {
            let hash = session.client.broadcast(&signed.bytes).await.wrap_err_with(failed)?;
            session
                .client
                .wait_tx(&hash, PATIENCE)
                .await
                .and_then(|outcome| outcome.ok())
                .wrap_err_with(failed)?;
        }
        progress.advance(1);
        Ok::<_, eyre::Report>(())
    };
    futures::stream::iter((0..).zip(signers)).map(register).buffer_unordered(AT_ONCE).try_collect().await
}
