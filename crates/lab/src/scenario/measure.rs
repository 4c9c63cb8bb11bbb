//! One load on a network, with what the nodes used for it.

use super::{
    Options, Progress,
    held::{Samples, sample_tasks},
    session::Session,
};
use crate::{
    load::{Arrivals, Drive, Hash, Outcome, Work, block_results, drive, http::Connection, schedule},
    network::{Breakdown, Endpoint, LocalNetwork, Metrics, Usage},
    result::Held,
};
use eyre::Result;
use futures::future::try_join_all;
use std::{
    ops::Range,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// What a load came to, and what it cost.
#[derive(Debug)]
pub(super) struct Measured {
    /// Arrivals a second that were asked for, of transactions.
    pub(super) rate: f64,
    pub(super) outcome: Outcome,
    /// Of each node that the lab started.
    pub(super) nodes: Vec<Used>,
    /// Memory and tasks of each node that the lab started.
    pub(super) held: Vec<Held>,
    /// Whether growth of memory is told, or why not.
    pub(super) memory_trend: String,
    /// Growth of the first node's data, if the lab started it.
    pub(super) disk_bytes: Option<u64>,
    /// Part of the time in which the disk of the nodes had something to do, if the lab started them.
    pub(super) disk_busy: Option<f64>,
    /// Of the nodes in the window, if they can be asked.
    pub(super) breakdown: Breakdown,
    /// Of the transactions that were signed ahead, if all were.
    pub(super) transactions: Option<Hash>,
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
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Offer {
    /// Transactions a second and for how long, one after the other.
    pub(super) steps: Vec<(f64, Duration)>,
    /// Of which the figures are; it begins where a step's rate is [`Self::rate`].
    pub(super) window: Range<Duration>,
    /// Transactions that follow from one arrival, itself included.
    pub(super) per_arrival: f64,
    pub(super) seed: u64,
}

impl Offer {
    /// One rate all the time, measured after the warm-up.
    pub(super) fn even(
        rate: f64,
        per_arrival: f64,
        duration: Duration,
        warm_up: Duration,
        seed: u64,
    ) -> Self {
        Self { steps: vec![(rate, duration)], window: warm_up..duration, per_arrival, seed }
    }

    /// The rate at which the window begins.
    pub(super) fn rate(&self) -> f64 {
        let mut end = Duration::ZERO;
        let inside = self.steps.iter().find(|(_, duration)| {
            end += *duration;
            end > self.window.start
        });
        inside.map_or(0.0, |(rate, _)| *rate)
    }

    fn duration(&self) -> Duration {
        self.steps.iter().map(|(_, duration)| *duration).sum()
    }

    /// When transactions arrive; each step draws its own numbers.
    fn schedule(&self, arrivals: Arrivals) -> Vec<Duration> {
        let mut start = Duration::ZERO;
        let mut all = Vec::new();
        for (place, (rate, duration)) in (0..).zip(&self.steps) {
            let seed = self.seed ^ (place << 48);
            let step = schedule(arrivals, rate / self.per_arrival, *duration, seed);
            all.extend(step.into_iter().map(|due| start + due));
            start += *duration;
        }
        all
    }
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
    let (arrivals, duration) = (offer.schedule(options.arrivals), offer.duration());
    let mut work = work(session, arrivals.len()).await?;
    let transactions = work.fingerprint();
    let load = Drive {
        schedule: arrivals,
        duration,
        window: offer.window.clone(),
        drain: options.drain,
        way: options.way,
        connections: options.connections(),
        batch: options.batch(),
        max_outstanding: options.max_outstanding,
        // Whose transactions fail is known exactly only by their results; on a network of its own the lab's are all.
        with_results: with_results || session.network.is_none(),
    };
    let failed_before = failed(session).await?;
    let before = usage(session)?;
    let disk = session.network.as_ref().map(|network| (network.disk_bytes(), network.disk_busy_seconds()));
    let rates: Vec<String> = offer.steps.iter().map(|(rate, _)| format!("{rate:.0}")).collect();
    let what = format!("offering {} tx/s for {:.0} s", rates.join(", then "), duration.as_secs_f64());
    progress.stage(&what, 0);
    let endpoints = session.endpoints.clone();
    let mut samples = Samples::of(session.network.as_ref().map(LocalNetwork::names).unwrap_or_default());
    let (window, edges) = mpsc::unbounded_channel();
    let watching = tokio::spawn(watch(metrics_of(&endpoints), edges));
    let (counted, mut counts) = mpsc::unbounded_channel();
    let counting = tokio::spawn(sample_tasks(metrics_of(&endpoints), counted));
    let mut outcome = {
        let mut edges = [offer.window.start, offer.window.end].into_iter().peekable();
        let mut tick = |at: Duration, committed: u64| {
            progress.tell(&format!("{what}: {:.0} s, {committed} final", at.as_secs_f64()));
            if edges.next_if(|edge| at >= *edge).is_some() {
                // Who watches has ended only with an error, which is told afterwards.
                window.send(()).unwrap_or_default();
            }
            // A node that has ended is found after the load, with its reason.
            samples.memory(at, &usage(session).unwrap_or_default());
        };
        drive(&mut work, &load, &endpoints, &mut tick).await?
    };
    drop(window);
    counting.abort();
    while let Ok((at, tasks)) = counts.try_recv() {
        samples.tasks(at, &tasks);
    }
    let breakdown = watching.await??;
    let after = usage(session)?;
    if !load.with_results && failed(session).await? > failed_before {
        count_failed(session, &mut outcome).await?;
    }
    let used = |((before, after), most): ((&Usage, &Usage), u64)| Used {
        peak_rss_bytes: after.peak_rss_bytes,
        load_rss_bytes: most.max(after.rss_bytes),
        cpu_seconds: after.cpu_seconds - before.cpu_seconds,
        written_bytes: after.written_bytes.saturating_sub(before.written_bytes),
        write_calls: after.write_calls.saturating_sub(before.write_calls),
    };
    let most: Vec<u64> = samples.most().collect();
    let (held, memory_trend) = samples.conclude(duration);
    let disk = session.network.as_ref().zip(disk);
    let disk_busy = disk.as_ref().and_then(|(network, (_, earlier))| {
        Some((network.disk_busy_seconds()? - (*earlier)?) / outcome.elapsed.as_secs_f64())
    });
    Ok(Measured {
        rate: offer.rate(),
        nodes: before.iter().zip(&after).zip(most).map(used).collect(),
        held,
        memory_trend,
        disk_bytes: disk.map(|(network, (earlier, _))| network.disk_bytes().saturating_sub(earlier)),
        disk_busy: disk_busy.map(|part| part.clamp(0.0, 1.0)),
        breakdown,
        transactions,
        outcome,
    })
}

/// Where the nodes that have counters tell them.
fn metrics_of(endpoints: &[Endpoint]) -> Vec<String> {
    endpoints.iter().filter_map(|endpoint| endpoint.metrics.clone()).collect()
}

/// Transactions that failed in their blocks, by the first node's count.
async fn failed(session: &Session) -> Result<f64> {
    let Some(url) = session.endpoints.first().and_then(|endpoint| endpoint.metrics.as_ref()) else {
        return Ok(0.0);
    };
    Ok(Metrics::scrape(url).await?.get("virtengine_failed_txs_total").unwrap_or(0.0))
}

/// Reads the counters of nodes at two moments, of each of which it is told, and at once when nobody tells any more.
async fn watch(urls: Vec<String>, mut edges: mpsc::UnboundedReceiver<()>) -> Result<Breakdown> {
    let counters = async || try_join_all(urls.iter().map(|url| Metrics::scrape(url))).await;
    edges.recv().await;
    let (earlier, began) = (counters().await?, Instant::now());
    edges.recv().await;
    let (later, ended) = (counters().await?, Instant::now());
    Ok(Breakdown::between(&earlier, &later, (ended - began).as_secs_f64()))
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
