//! The loop that offers transactions and times them.

mod ledger;
#[cfg(test)]
mod tests;

use super::{
    Block, ByArrival, Errors, Hash, Signed, TxResult, Way, Work, observe,
    submit::{Answer, Item, Lanes},
};
use crate::{
    network::{Endpoint, thread_cpu_seconds},
    result::OverTime,
    statistics::Latencies,
};
use eyre::{OptionExt as _, Result};
use ledger::Ledger;
use std::{
    ops::Range,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};
use virtengine_client::Client;

/// Blocks that wait to be read before the observer does.
const WAITING_BLOCKS: usize = 256;
/// Time between two calls of `tick`.
const TICK: Duration = Duration::from_secs(1);
/// Most arrivals that are sent before the connections get their turn.
const AT_ONCE: usize = 256;
/// From the call of [`drive`] to the first arrival.
const HEAD_START: Duration = Duration::from_millis(200);

/// How a load is offered.
#[derive(Clone, Debug)]
pub struct Drive {
    /// When transactions arrive, from the start.
    pub schedule: Vec<Duration>,
    /// End of the schedule.
    pub duration: Duration,
    /// What arrives in it is measured.
    pub window: Range<Duration>,
    /// Longest wait for finality after the schedule's end.
    pub drain: Duration,
    /// The way of submission.
    pub way: Way,
    /// Connections to each node.
    pub connections: usize,
    /// Most transactions of one request.
    pub batch: usize,
    /// Most transactions without an answer; an arrival above it is an error of the generator.
    pub max_outstanding: usize,
    /// Whether the results of transactions are needed as they become final.
    pub with_results: bool,
}

/// What came of a load.
#[derive(Debug)]
pub struct Outcome {
    /// Arrivals, and transactions that followed from others.
    pub offered: u64,
    /// Of these, how many became final.
    pub committed: u64,
    /// Became final in the window.
    pub committed_in_window: u64,
    /// That window.
    pub window: Range<Duration>,
    /// From scheduled arrival to finality, of arrivals in the window.
    pub latencies: Latencies,
    /// How late arrivals were sent.
    pub send_lag: Latencies,
    /// From being told of a block to having read it, which what follows from its transactions waits for.
    pub reading: Latencies,
    /// What failed.
    pub errors: Errors,
    /// Second by second.
    pub over_time: OverTime,
    /// By the second of arrival.
    pub by_arrival: ByArrival,
    /// Blocks from the first arrival on: height, when it was told of, transactions in it.
    pub blocks: Vec<Told>,
    /// The part of a core that this thread used.
    pub cpu_share: f64,
    /// From the first arrival to the end of the drain.
    pub elapsed: Duration,
}

impl Outcome {
    /// Takes a transaction that failed in its block out of the committed ones, if nobody asked for results before.
    pub(crate) fn failed_in_block(&mut self, told: Told, result: &TxResult) {
        let kind = format!("failed in its block with {} {}", result.codespace, result.code);
        self.errors.count(&kind, &result.log);
        self.committed = self.committed.saturating_sub(1);
        if self.window.contains(&told.at) {
            self.committed_in_window = self.committed_in_window.saturating_sub(1);
        }
    }
}

/// A block as the load saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its height.
    pub height: u64,
    /// Since the first arrival; 0 if before it.
    pub at: Duration,
    /// Its transactions, also those of others.
    pub txs: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Offers a load to a network and waits until all of it is final or failed. `tick` is called each second with the time
/// since the first arrival and how many are final.
///
/// The first endpoint tells of finality.
///
/// # Errors
/// A node cannot be reached, or the subscription to blocks is lost for good.
pub async fn drive(
    work: &mut impl Work,
    drive: &Drive,
    endpoints: &[Endpoint],
    tick: &mut dyn FnMut(Duration, u64),
) -> Result<Outcome> {
    let observed = endpoints.first().ok_or_eyre("a load needs at least one node")?;
    let first = Client::new(&observed.rpc)?.status().await?.latest_height + 1;
    let (answers, mut answered) = mpsc::unbounded_channel();
    let lanes = Lanes::open(drive.way, endpoints, drive.connections, drive.batch, &answers).await?;
    let (told, mut blocks) = mpsc::channel(WAITING_BLOCKS);
    let (subscribed, ready) = oneshot::channel();
    let following = observe::follow(
        observed.rpc.clone(),
        observed.channel().await?,
        first,
        drive.with_results,
        subscribed,
        told,
    );
    let mut following = tokio::spawn(following);
    if ready.await.is_err() {
        return Err((&mut following).await?.err().unwrap_or_else(|| eyre::eyre!("the subscription ended")));
    }

    let start = Instant::now() + HEAD_START;
    let cpu = thread_cpu_seconds()?;
    let mut run = Run { start, drive, lanes, work, ledger: Ledger::new(drive) };
    let mut arrivals = drive.schedule.iter().copied().peekable();
    let deadline = start + drive.duration + drive.drain;
    let mut ticks = tokio::time::interval(TICK);
    loop {
        let now = Instant::now();
        let mut sent = 0;
        while sent < AT_ONCE
            && let Some(due) = arrivals.next_if(|due| start + *due <= now)
        {
            run.arrive(due);
            sent += 1;
        }
        if sent == AT_ONCE {
            // Far behind the schedule; the connections share this thread and must go on.
            tokio::task::yield_now().await;
        }
        let next = arrivals.peek().map(|due| start + *due);
        if now >= deadline || (next.is_none() && run.ledger.is_settled()) {
            break;
        }
        tokio::select! {
            biased;
            answer = answered.recv() => run.answered(answer.unwrap_or_default()),
            block = blocks.recv() => match block {
                Some(block) => run.included(&block),
                None => return Err((&mut following).await?.err().unwrap_or_else(|| eyre::eyre!("the subscription ended"))),
            },
            _ = ticks.tick() => tick(start.elapsed(), run.ledger.committed),
            () = tokio::time::sleep_until(next.unwrap_or(deadline).into()) => {}
        }
    }
    following.abort();
    let elapsed = start.elapsed();
    let cpu_share = (thread_cpu_seconds()? - cpu) / (elapsed + HEAD_START).as_secs_f64();
    Ok(run.ledger.conclude(elapsed, cpu_share))
}

struct Run<'a, W> {
    start: Instant,
    drive: &'a Drive,
    lanes: Lanes,
    work: &'a mut W,
    ledger: Ledger,
}

impl<W: Work> Run<'_, W> {
    fn arrive(&mut self, due: Duration) {
        self.ledger.arrived(due, self.start.elapsed());
        match self.work.arrive() {
            Ok(signed) => self.send(signed, due),
            Err(why) => self.ledger.lost("generator", why, due, self.start.elapsed()),
        }
    }

    fn send(&mut self, Signed { account, sequence, bytes, hash }: Signed, due: Duration) {
        let outstanding = self.ledger.outstanding();
        if outstanding >= self.drive.max_outstanding {
            self.work.refused(account, sequence, None);
            let sample = format!("generator: {outstanding} outstanding");
            self.ledger.lost("generator: too many outstanding", &sample, due, self.start.elapsed());
            return;
        }
        let id = self.ledger.sent(hash, account, sequence, due);
        if !self.lanes.send(account, Item { hash, id, bytes }) {
            let fault =
                super::submit::Fault::Lost { kind: "lane".to_owned(), cause: "its task ended".to_owned() };
            self.answered(vec![Answer { hash, id, outcome: Err(fault) }]);
        }
    }

    fn answered(&mut self, answers: Vec<Answer>) {
        let now = self.start.elapsed();
        for answer in answers {
            if let Some(Sent { account, sequence }) = self.ledger.accepted(&answer) {
                self.work.accepted(account, sequence);
            }
            if let Some(refused) = self.ledger.answered(&answer, now) {
                self.work.refused(refused.account, refused.sequence, refused.refusal.as_ref());
            }
        }
    }

    fn included(&mut self, block: &Block) {
        let at = block.at.saturating_duration_since(self.start);
        let read = self.start.elapsed();
        self.ledger.read(read.saturating_sub(at));
        self.ledger.block(Told {
            height: block.height,
            at,
            txs: block.hashes.len() as u64,
            bytes: block.bytes,
        });
        for (index, hash) in block.hashes.iter().enumerate() {
            let result = block.results.as_ref().and_then(|results| results.get(index));
            let Some(sent) = self.ledger.included(hash, result, at) else { continue };
            for next in self.work.included(sent.account, sent.sequence, result) {
                // What follows is due once it can be signed. How long that took is told apart.
                self.ledger.offered(read);
                self.send(next, read);
            }
        }
    }
}

/// What a transaction in a block was sent as.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    account: u32,
    sequence: u64,
}

/// A transaction that did not come through.
#[derive(Clone, Debug, PartialEq, Eq)]
struct NotTaken {
    account: u32,
    sequence: u64,
    refusal: Option<virtengine_client::Refusal>,
}

/// The key of what is pending.
type Pending = rustc_hash::FxHashMap<Hash, ledger::Op>;
