//! Passing transactions on to peers.
//!
//! A node sends what it took from its own clients to every peer, and again every
//! [`crate::Config::gossip_again_blocks`] blocks until a block takes it. What came from a peer is not passed on:
//! all validators are connected to each other.

mod codec;

pub use codec::{CodecError, MAX_BATCH, OVERHEAD_BYTES, decode, encode};

use crate::{Mempool, Origin, Refused};
use bytes::Bytes;
use codec::LENGTH_BYTES;
use commonware_p2p::{CheckedSender as _, LimitedSender, Receiver, Recipients};
use commonware_runtime::Clock;
use rustc_hash::FxHashMap;
use std::time::{Duration, SystemTime};

/// Most peers that are remembered as muted; above, the earliest mute is forgotten.
const MAX_MUTED: usize = 1_024;

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

async fn receive<C: Clock, R: Receiver>(clock: &C, mempool: &Mempool, mut receiver: R) {
    let metrics = mempool.metrics();
    let mute = Duration::from_secs(mempool.inner.config.gossip_mute_seconds);
    let mut muted: FxHashMap<R::PublicKey, SystemTime> = FxHashMap::default();
    loop {
        let (peer, message) = match receiver.recv().await {
            Ok(message) => message,
            Err(error) => {
                tracing::debug!(%error, "the network takes no more transactions");
                return;
            }
        };
        if muted.get(&peer).is_some_and(|until| *until > clock.current()) {
            metrics.gossip_refused.inc();
            continue;
        }
        muted.remove(&peer);
        if let Err(reason) = take(mempool, message.into()).await {
            metrics.gossip_refused.inc();
            tracing::warn!(?peer, reason, "a peer sent garbage and is not listened to for a while");
            if muted.len() >= MAX_MUTED {
                let earliest = muted.iter().min_by_key(|(_, until)| **until);
                if let Some(peer) = earliest.map(|(peer, _)| peer.clone()) {
                    muted.remove(&peer);
                }
            }
            muted.insert(peer, clock.current() + mute);
        }
    }
}

/// Takes a peer's batch in. Fails if only a faulty or hostile peer would send it.
async fn take(mempool: &Mempool, message: Bytes) -> Result<(), String> {
    let txs = decode(message).map_err(|error| error.to_string())?;
    mempool.metrics().gossip_received.inc_by(txs.len() as u64);
    let mut garbage = None;
    let mut note = |refused: Refused| {
        if refused.is_garbage() {
            garbage = Some(refused.to_string());
        }
    };
    let mut txs = txs.into_iter();
    loop {
        let part = txs.by_ref().take(mempool.inner.config.max_batch);
        // All are queued before the first answer is awaited, so that they are checked together.
        let tickets: Vec<_> = part.map(|tx| mempool.try_enqueue(tx, Origin::Peer)).collect();
        if tickets.is_empty() {
            break;
        }
        for ticket in tickets {
            match ticket {
                Ok(ticket) => {
                    if let Err(refused) = ticket.outcome().await {
                        note(refused);
                    }
                }
                Err(refused) => note(refused),
            }
        }
    }
    garbage.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests;
