//! One load on a network, with what the nodes used for it.

use super::{Options, Progress, session::Session};
use crate::{
    load::{Drive, Outcome, Work, block_results, drive, http::Connection, schedule},
    network::{Metrics, Usage},
    result::Stages,
};
use eyre::Result;
use std::time::Duration;

/// What a load came to, and what it cost.
#[derive(Debug)]
pub(super) struct Measured {
    /// Arrivals a second that were asked for, of transactions.
    pub(super) rate: f64,
    pub(super) outcome: Outcome,
    /// Of each node that the lab started.
    pub(super) nodes: Vec<Used>,
    /// Growth of the first node's data, if the lab started it.
    pub(super) disk_bytes: Option<u64>,
    /// Of the first node, if it can be asked.
    pub(super) stages: Option<Stages>,
}

/// What a node used for a load.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Used {
    /// The most memory since it began, its reading of the genesis included.
    pub(super) peak_rss_bytes: u64,
    /// The most memory in the load, from samples a second apart.
    pub(super) load_rss_bytes: u64,
    pub(super) cpu_seconds: f64,
    pub(super) written_bytes: u64,
    pub(super) write_calls: u64,
}

/// How much is offered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Offer {
    /// Transactions a second.
    pub(super) rate: f64,
    /// Transactions that follow from one arrival, itself included.
    pub(super) per_arrival: f64,
    pub(super) duration: Duration,
    pub(super) warm_up: Duration,
    pub(super) seed: u64,
}

/// Offers a load. `signed` makes the work for so many arrivals.
///
/// # Errors
/// A node ends or cannot be reached.
pub(super) async fn measure<W: Work>(
    session: &mut Session,
    options: &Options,
    offer: Offer,
    progress: &Progress,
    with_results: bool,
    work: impl AsyncFnOnce(&Session, usize) -> Result<W>,
) -> Result<Measured> {
    session.settle().await?;
    let arrivals = schedule(options.arrivals, offer.rate / offer.per_arrival, offer.duration, offer.seed);
    let mut work = work(session, arrivals.len()).await?;
    let load = Drive {
        schedule: arrivals,
        duration: offer.duration,
        warm_up: offer.warm_up,
        drain: options.drain,
        way: options.way,
        connections: options.connections(),
        batch: options.batch(),
        max_outstanding: options.max_outstanding,
        // Whose transactions fail is known exactly only by their results; on a network of its own the lab's are all.
        with_results: with_results || session.network.is_none(),
    };
    let metrics = session.endpoints.first().and_then(|endpoint| endpoint.metrics.clone());
    let scrape = async || match &metrics {
        Some(url) => Metrics::scrape(url).await.map(Some),
        None => Ok(None),
    };
    let earlier = scrape().await?;
    let before = usage(session)?;
    let disk = session.network.as_ref().map(|network| network.disk_bytes());
    let what = format!("offering {:.0} tx/s for {:.0} s", offer.rate, offer.duration.as_secs_f64());
    progress.stage(&what, 0);
    let endpoints = session.endpoints.clone();
    let mut samples: Vec<u64> = vec![0; before.len()];
    let mut outcome = {
        let mut tick = |at: Duration, committed: u64| {
            progress.tell(&format!("{what}: {:.0} s, {committed} final", at.as_secs_f64()));
            // A node that has ended is found after the load, with its reason.
            for (sample, used) in samples.iter_mut().zip(usage(session).unwrap_or_default()) {
                *sample = used.rss_bytes.max(*sample);
            }
        };
        drive(&mut work, &load, &endpoints, &mut tick).await?
    };
    let after = usage(session)?;
    let later = scrape().await?;
    let seconds = outcome.elapsed.as_secs_f64();
    let both = earlier.zip(later);
    if !load.with_results {
        let failed = |metrics: &Metrics| metrics.get("virtengine_failed_txs_total").unwrap_or(0.0);
        let grown = both.as_ref().map_or(0.0, |(earlier, later)| failed(later) - failed(earlier));
        if grown > 0.0 {
            count_failed(session, &mut outcome).await?;
        }
    }
    let used = |((before, after), sample): ((&Usage, &Usage), &u64)| Used {
        peak_rss_bytes: after.peak_rss_bytes,
        load_rss_bytes: (*sample).max(after.rss_bytes),
        cpu_seconds: after.cpu_seconds - before.cpu_seconds,
        written_bytes: after.written_bytes.saturating_sub(before.written_bytes),
        write_calls: after.write_calls.saturating_sub(before.write_calls),
    };
    Ok(Measured {
        rate: offer.rate,
        nodes: before.iter().zip(&after).zip(&samples).map(used).collect(),
        disk_bytes: session
            .network
            .as_ref()
            .zip(disk)
            .map(|(network, disk)| network.disk_bytes().saturating_sub(disk)),
        stages: both.map(|(earlier, later)| later.stages(&earlier, seconds)),
        outcome,
    })
}

fn usage(session: &mut Session) -> Result<Vec<Usage>> {
    session.network.as_mut().map_or_else(|| Ok(Vec::new()), |network| network.usage())
}

/// Takes transactions that failed in their blocks out of the committed ones.
async fn count_failed(session: &Session, outcome: &mut Outcome) -> Result<()> {
    let Some(endpoint) = session.endpoints.first() else { return Ok(()) };
    let mut connection = Connection::open(&endpoint.rpc).await?;
    for told in outcome.blocks.clone() {
        let results = block_results(&mut connection, told.height).await?;
        for result in results.iter().filter(|result| result.code != 0) {
            outcome.failed_in_block(told, result);
        }
    }
    Ok(())
}
