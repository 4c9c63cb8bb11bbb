//! Passing transactions on to peers.
//!
//! A node sends what it took from its own clients to every peer, and again every
//! [`crate::Config::gossip_again_blocks`] blocks until a block takes it. What came from a peer is not passed on:
//! all validators are connected to each other.

mod codec;

pub use codec::{CodecError, MAX_BATCH, OVERHEAD_BYTES, decode, encode};

use crate::{Mempool, Origin, Refused, Ticket};
use bytes::Bytes;
use codec::LENGTH_BYTES;
use commonware_p2p::{CheckedSender as _, LimitedSender, Receiver, Recipients};
use commonware_runtime::Clock;
use futures::{StreamExt as _, stream::FuturesUnordered};
use rustc_hash::FxHashMap;
use std::{
    hash::Hash,
    time::{Duration, SystemTime},
};

/// Most peers that are remembered as muted; above, the earliest mute is forgotten.
const MAX_MUTED: usize = 1_024;
/// Most messages whose checks are awaited at a time, each held until then.
const MAX_CHECKS: usize = 64;

/// Sends and receives until the network closes the channel.
///
/// `sender` and `receiver` are the two ends of one channel whose messages may be at least
/// [`crate::Config::gossip_message_bytes`] long.
pub async fn run<C, S, R>(clock: C, mempool: Mempool, sender: S, receiver: R)
where
    C: Clock,
    S: LimitedSender,
    R: Receiver<PublicKey = S::PublicKey>,
{
    let send = send(&clock, &mempool, sender);
    let receive = receive(&clock, &mempool, receiver);
    futures::future::select(std::pin::pin!(send), std::pin::pin!(receive)).await;
}

async fn send<C: Clock, S: LimitedSender>(clock: &C, mempool: &Mempool, mut sender: S) {
    let inner = &mempool.inner;
    // One byte of each message is the version.
    let max_bytes = inner.config.gossip_message_bytes.saturating_sub(1);
    let linger = Duration::from_millis(inner.config.gossip_linger_ms);
    loop {
        inner.unsent.notified().await;
        clock.sleep(linger).await;
        while inner.pool.lock().has_unsent() {
            let checked = match sender.check(Recipients::All) {
                Ok(checked) => checked,
                Err(until) => {
                    clock.sleep_until(until).await;
                    continue;
                }
            };
            let txs = inner.pool.lock().take_unsent(max_bytes, MAX_BATCH, LENGTH_BYTES);
            if txs.is_empty() {
                break;
            }
            inner.metrics.gossip_sent.inc_by(txs.len() as u64);
            let feedback = checked.send(encode(&txs), false);
            tracing::trace!(count = txs.len(), ?feedback, "sent transactions to peers");
        }
    }
}

/// Takes messages in as they come. Their checks are awaited beside the messages that follow, so that what many
/// messages bring is checked together.
async fn receive<C: Clock, R: Receiver>(clock: &C, mempool: &Mempool, mut receiver: R) {
    let metrics = mempool.metrics();
    let mut muted = Muted::new(Duration::from_secs(mempool.inner.config.gossip_mute_seconds));
    let mut checks = FuturesUnordered::new();
    loop {
        let (peer, reason) = tokio::select! {
            // Who sent garbage is known before the next message is looked at.
            biased;
            Some((peer, verdict)) = checks.next() => match verdict {
                Ok(()) => continue,
                Err(reason) => (peer, reason),
            },
            message = receiver.recv(), if checks.len() < MAX_CHECKS => match message {
                Ok((peer, _)) if muted.contains(&peer, clock.current()) => {
                    metrics.gossip_refused.inc();
                    continue;
                }
                Ok((peer, message)) => match take(mempool, message.into()).await {
                    Ok(tickets) => {
                        checks.push(async { (peer, verdict(tickets).await) });
                        continue;
                    }
                    Err(error) => (peer, error.to_string()),
                },
                Err(error) => {
                    tracing::debug!(%error, "the network takes no more transactions");
                    return;
                }
            },
        };
        metrics.gossip_refused.inc();
        tracing::warn!(?peer, reason, "a peer sent garbage and is not listened to for a while");
        muted.insert(peer, clock.current());
    }
}

/// Queues a peer's batch, each transaction once there is a place. Fails if it is no batch.
async fn take(mempool: &Mempool, message: Bytes) -> Result<Vec<Result<Ticket, Refused>>, CodecError> {
    let txs = decode(message)?;
    mempool.metrics().gossip_received.inc_by(txs.len() as u64);
    let mut tickets = Vec::with_capacity(txs.len());
    for tx in txs {
        tickets.push(mempool.enqueue_in_turn(tx, Origin::Peer).await);
    }
    Ok(tickets)
}

/// Fails if only a faulty or hostile peer would send one of what was taken.
async fn verdict(tickets: Vec<Result<Ticket, Refused>>) -> Result<(), String> {
    let mut garbage = None;
    for ticket in tickets {
        let outcome = match ticket {
            Ok(ticket) => ticket.outcome().await,
            Err(refused) => Err(refused),
        };
        garbage = outcome.err().filter(Refused::is_garbage).map(|refused| refused.to_string()).or(garbage);
    }
    garbage.map_or(Ok(()), Err)
}

/// Peers that are not listened to.
struct Muted<P> {
    until: FxHashMap<P, SystemTime>,
    time: Duration,
}

impl<P: Clone + Eq + Hash> Muted<P> {
    /// Nobody; each will be muted for `time`.
    fn new(time: Duration) -> Self {
        Self { until: FxHashMap::default(), time }
    }

    fn contains(&mut self, peer: &P, now: SystemTime) -> bool {
        let muted = self.until.get(peer).is_some_and(|until| *until > now);
        if !muted {
            self.until.remove(peer);
        }
        muted
    }

    fn insert(&mut self, peer: P, now: SystemTime) {
        if self.until.len() >= MAX_MUTED {
            let earliest = self.until.iter().min_by_key(|(_, until)| **until);
            if let Some(peer) = earliest.map(|(peer, _)| peer.clone()) {
                self.until.remove(&peer);
            }
        }
        self.until.insert(peer, now + self.time);
    }
}

#[cfg(test)]
mod tests;
