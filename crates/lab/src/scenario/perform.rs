//! The course of a run, which scenarios share.

use super::{
    Options, Progress,
    document::{self, Run},
    measure::{Measured, Offer, measure},
    saturation::search,
    session::Session,
};
use crate::{
    load::{Work, signature_limit},
    result::{RunResult, Timestamp},
};
use eyre::{OptionExt as _, Result};

/// What tells one scenario from another.
pub(super) struct Course<'a> {
    pub(super) name: &'static str,
    /// Accounts that sign, by their purpose.
    pub(super) purposes: &'a [(&'static str, usize)],
    /// Transactions that follow from one arrival, itself included.
    pub(super) per_arrival: f64,
    /// Whether what follows needs the results of what came before.
    pub(super) with_results: bool,
    /// Settings of its own, as the document names them.
    pub(super) settings: Vec<(&'static str, serde_json::Value)>,
}

/// Opens the network, prepares it, measures what the machine can do, offers the load once, several times or until it
/// breaks, and writes down what came of it. `work` makes the transactions of so many arrivals from a seed.
///
/// # Errors
/// The network cannot be started or reached, or a node ends.
pub(super) async fn perform<W: Work>(
    course: &Course<'_>,
    options: &Options,
    progress: &Progress,
    prepare: impl AsyncFnOnce(&Session) -> Result<()>,
    work: impl AsyncFn(&Session, usize, u64) -> Result<W>,
) -> Result<RunResult> {
    let started_at = Timestamp::now();
    let mut session = Session::open(options, course.purposes, progress).await?;
    prepare(&session).await?;
    let limit = || {
        progress.stage("measuring signature checks", 0);
        signature_limit(options.key, options.limit_time)
    };
    let limit_before = limit()?;
    let mut one = async |rate: f64, seed: u64| {
        let offer = Offer::even(rate, course.per_arrival, options.duration, options.warm_up, seed);
        let work = async |session: &Session, count: usize| work(session, count, seed).await;
        let measured = measure(&mut session, options, offer, progress, course.with_results, work).await?;
        progress.say(&measured.line());
        Ok::<_, eyre::Report>(measured)
    };
    let mut runs: Vec<Measured> = Vec::new();
    let mut by_load = None;
    if options.saturate {
        let tried = search(options.rate, options, &mut one).await?;
        by_load = Some(tried.by_load(options, limit_before / nodes(&session, options)));
        runs.extend(tried.best());
    } else {
        for repetition in 0..options.repeat {
            runs.push(one(options.rate, options.seed.wrapping_add(u64::from(repetition))).await?);
        }
    }
    session.settle().await?;
    let limit_after = limit()?;
    let nodes = nodes(&session, options);
    progress.stage("stopping the network", 0);
    drop(session);
    progress.done();
    let run = Run { course, options, started_at, runs, by_load, limits: [limit_before, limit_after], nodes };
    run.runs.first().ok_or_eyre("nothing was measured")?;
    document::write(run)
}

/// How many nodes share this machine's cores: each checks every signature.
pub(super) fn nodes(session: &Session, options: &Options) -> f64 {
    if session.network.is_some() { f64::from(options.validators) } else { 1.0 }
}
