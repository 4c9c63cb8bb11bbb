//! Transfers.

use super::{
    Options, Progress, Scenario, block_on,
    perform::{Course, perform},
    session::Session,
};
use crate::{
    load::{Receivers, Signer, Transfers},
    result::RunResult,
};
use eyre::{OptionExt as _, Result};

/// How many transfers a second become final, and how soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throughput;

impl Scenario for Throughput {
    fn name(&self) -> &'static str {
        "throughput"
    }

    fn about(&self) -> &'static str {
        "transfers between accounts of a large state: rate and time to finality"
    }

    fn defaults(&self, _: &mut Options) {}

    fn run(&self, options: &Options, progress: &Progress) -> Result<RunResult> {
        let course = Course {
            name: self.name(),
            purposes: &[("sender", options.accounts)],
            per_arrival: 1.0,
            with_results: false,
            settings: Vec::new(),
        };
        let work = async |session: &Session, count: usize, seed: u64| {
            sign(session, count, seed, options, progress).await
        };
        block_on(perform(&course, options, progress, async |_: &Session| Ok(()), work))
    }
}

/// Signs transfers to accounts of the whole state.
pub(super) async fn sign(
    session: &Session,
    count: usize,
    seed: u64,
    options: &Options,
    progress: &Progress,
) -> Result<Transfers> {
    progress.stage("asking for sequences", 0);
    let signers = session.signers(0).await?;
    let receivers = receivers(session, &signers, options)?;
    progress.stage("signing", count as u64);
    let signed = |count: u64| progress.advance(count);
    Ok(Transfers::sign(&signers, count, &receivers, &session.terms, seed, &signed))
}

/// Accounts that only receive, or the signers where there are none.
pub(super) fn receivers(session: &Session, signers: &[Signer], options: &Options) -> Result<Receivers> {
    let all = match session.fillers.as_slice() {
        [] => signers.iter().map(Signer::address).collect(),
        fillers => fillers.to_vec(),
    };
    let hot = *all.first().ok_or_eyre("transfers need an account that receives")?;
    Ok(Receivers { all, hot, hot_share: options.hot_share })
}
