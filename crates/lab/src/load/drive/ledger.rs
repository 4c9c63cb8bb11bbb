//! What is under way, and what came of the rest.

use super::{Drive, NotTaken, Outcome, Pending, Sent, Told};
use crate::{
    load::{
        ByArrival, Errors, Hash, TxResult,
        submit::{Answer, Fault},
        timeline::Timeline,
    },
    statistics::Latencies,
};
use std::{ops::Range, time::Duration};

/// The counts of a load and its transactions under way.
pub(super) struct Ledger {
    name: &'static str,
    window: Range<Duration>,
    drain: Duration,
    pending: Pending,
    next_id: u64,
    unanswered: usize,
    pub(super) committed: u64,
    offered: u64,
    in_window: u64,
    latencies: Latencies,
    send_lag: Latencies,
    reading: Latencies,
    errors: Errors,
    timeline: Timeline,
    by_arrival: ByArrival,
    blocks: Vec<Told>,
}

/// A transaction under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Op {
    id: u64,
    account: u32,
    sequence: u64,
    due: Duration,
}

impl Ledger {
    pub(super) fn new(drive: &Drive) -> Self {
        Self {
            name: drive.way.describe(),
            window: drive.window.clone(),
            drain: drive.drain,
            pending: Pending::default(),
            next_id: 0,
            unanswered: 0,
            committed: 0,
            offered: 0,
            in_window: 0,
            latencies: Latencies::new(),
            send_lag: Latencies::new(),
            reading: Latencies::new(),
            errors: Errors::default(),
            timeline: Timeline::default(),
            by_arrival: ByArrival::default(),
            blocks: Vec::new(),
        }
    }

    /// Sent and not answered yet.
    pub(super) fn outstanding(&self) -> usize {
        self.unanswered
    }

    /// Whether nothing is under way.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_empty() && self.unanswered == 0
    }

    /// Counts an arrival that was due at `due` and is sent at `now`.
    pub(super) fn arrived(&mut self, due: Duration, now: Duration) {
        self.offered(due);
        self.send_lag.record(now.saturating_sub(due));
    }

    /// Counts a transaction that follows from another one.
    pub(super) fn offered(&mut self, due: Duration) {
        self.offered += 1;
        self.timeline.offered(due);
    }

    /// Notes a transaction as under way; gives it a number.
    pub(super) fn sent(&mut self, hash: Hash, account: u32, sequence: u64, due: Duration) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.unanswered += 1;
        if self.pending.insert(hash, Op { id, account, sequence, due }).is_some() {
            // Sent again before anybody knew what became of the first attempt: one of the two is all that can come.
            self.failed("sent twice", "a transaction was sent again before it was answered", due);
        }
        id
    }

    /// What a node has taken, if it is not final already.
    pub(super) fn accepted(&self, answer: &Answer) -> Option<Sent> {
        let op = self.pending.get(&answer.hash).filter(|op| op.id == answer.id && answer.outcome.is_ok())?;
        Some(Sent { account: op.account, sequence: op.sequence })
    }

    /// Notes a node's answer; gives what was refused or lost.
    pub(super) fn answered(&mut self, answer: &Answer, now: Duration) -> Option<NotTaken> {
        self.unanswered = self.unanswered.saturating_sub(1);
        let fault = answer.outcome.as_ref().err()?;
        // Of what is final already, or was sent again, the answer no longer matters.
        let Op { account, sequence, due, .. } =
            *self.pending.get(&answer.hash).filter(|op| op.id == answer.id)?;
        self.pending.remove(&answer.hash);
        self.by_arrival.lost(due);
        let refusal = match fault {
            Fault::Refused(refusal) => {
                let kind = format!("refused with {} {}", refusal.codespace, refusal.code);
                self.failed(&kind, &refusal.log, now);
                Some(refusal.clone())
            }
            Fault::Lost { kind, cause } => {
                self.failed(kind, cause, now);
                None
            }
        };
        Some(NotTaken { account, sequence, refusal })
    }

    /// Notes that a transaction is in a block; gives what it was sent as, if it is one of this load's.
    pub(super) fn included(&mut self, hash: &Hash, result: Option<&TxResult>, at: Duration) -> Option<Sent> {
        let Op { account, sequence, due, .. } = self.pending.remove(hash)?;
        match result {
            Some(TxResult { code, codespace, log, .. }) if *code != 0 => {
                self.by_arrival.lost(due);
                self.failed(&format!("failed in its block with {codespace} {code}"), log, at);
            }
            _ => self.commit(due, at),
        }
        Some(Sent { account, sequence })
    }

    fn commit(&mut self, due: Duration, at: Duration) {
        self.committed += 1;
        let latency = at.saturating_sub(due);
        self.timeline.committed(at, latency);
        self.by_arrival.committed(due, latency);
        if self.window.contains(&due) {
            self.latencies.record(latency);
        }
        if self.window.contains(&at) {
            self.in_window += 1;
        }
    }

    /// Counts the loss of what arrived at `due`.
    pub(super) fn lost(&mut self, kind: &str, sample: &str, due: Duration, at: Duration) {
        self.by_arrival.lost(due);
        self.failed(kind, sample, at);
    }

    /// Counts an error.
    pub(super) fn failed(&mut self, kind: &str, sample: &str, at: Duration) {
        self.errors.count(kind, sample);
        self.timeline.failed(at);
    }

    /// Notes how long it took to read a block.
    pub(super) fn read(&mut self, took: Duration) {
        self.reading.record(took);
    }

    /// Notes a block.
    pub(super) fn block(&mut self, told: Told) {
        self.blocks.push(told);
    }

    /// What came of all; what is still under way has failed.
    pub(super) fn conclude(mut self, elapsed: Duration, cpu_share: f64) -> Outcome {
        let kind = format!("not final {:.0} s after the load", self.drain.as_secs_f64());
        for op in std::mem::take(&mut self.pending).into_values() {
            self.lost(&kind, "", op.due, elapsed);
        }
        Outcome {
            offered: self.offered,
            committed: self.committed,
            committed_in_window: self.in_window,
            window: self.window,
            latencies: self.latencies,
            send_lag: self.send_lag,
            reading: self.reading,
            errors: self.errors,
            over_time: self.timeline.series(self.name),
            by_arrival: self.by_arrival,
            blocks: self.blocks,
            cpu_share,
            elapsed,
        }
    }
}
