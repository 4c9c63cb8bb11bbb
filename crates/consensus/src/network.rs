//! Channels between nodes, their sizes and rates, and a guard against oversized messages.

use crate::{Block, Digest, Identity, Scheme};
use commonware_actor::{Feedback, Unreliable};
use commonware_consensus::{marshal, marshal::standard::Standard, simplex};
use commonware_glue::stateful::probe;
use commonware_p2p::{
    CheckedSender, LimitedSender, Receiver, Recipients, Sender, max_message_size, utils::mux::prefixed,
};
use commonware_runtime::{IoBufs, Quota};
use commonware_utils::NZU32;
use std::time::SystemTime;
use tracing::error;
use virtengine_store::sync;

/// Largest message of the transaction gossip in bytes.
pub const MAX_GOSSIP_BYTES: usize = 1024 * 1024;

/// Largest committee that messages are sized for: what the chain allows.
pub const MAX_COMMITTEE: u32 = virtengine_chain::genesis::MAX_COMMITTEE as u32;

/// Number and rate, in messages a second from each peer, of every channel.
///
/// Channels of large messages have low rates: peers x rate x largest message bounds what a node buffers.
pub const CHANNELS: [(u64, Quota); 8] = [
    (0, Quota::per_second(NZU32!(512))), // votes
    (1, Quota::per_second(NZU32!(512))), // certificates
    (2, Quota::per_second(NZU32!(256))), // certificates asked for
    (3, Quota::per_second(NZU32!(64))),  // blocks asked for
    (4, Quota::per_second(NZU32!(64))),  // blocks proposed
    (5, Quota::per_second(NZU32!(128))), // state sync
    (6, Quota::per_second(NZU32!(8))),   // latest finalization
    (7, Quota::per_second(NZU32!(512))), // transactions
];

/// Largest message on any channel in bytes. Equal on all nodes.
#[must_use]
pub fn max_message_bytes() -> u32 {
    max_message_size(&[
        prefixed(simplex::max_payload_size::<Scheme, Digest>(MAX_COMMITTEE)),
        marshal::max_payload_size::<Standard<Block>, Scheme>(MAX_COMMITTEE, &()),
        prefixed(sync::max_message_bytes()),
        probe::max_payload_size::<Standard<Block>, Scheme>(MAX_COMMITTEE),
        MAX_GOSSIP_BYTES,
    ])
}

/// The ends of all channels, as registered with a network under the numbers of [`CHANNELS`].
pub struct Channels<S: Sender, R: Receiver> {
    pub(crate) votes: (Guarded<S>, R),
    pub(crate) certificates: (Guarded<S>, R),
    pub(crate) resolver: (Guarded<S>, R),
    pub(crate) backfill: (Guarded<S>, R),
    pub(crate) blocks: (Guarded<S>, R),
    pub(crate) sync: (Guarded<S>, R),
    pub(crate) probe: (Guarded<S>, R),
    /// Transaction gossip, for the mempool.
    pub gossip: (Guarded<S>, R),
}

impl<S: Sender<PublicKey = Identity>, R: Receiver<PublicKey = Identity>> Channels<S, R> {
    /// Registers every channel of [`CHANNELS`] through `register`.
    pub fn register(mut register: impl FnMut(u64, Quota) -> (S, R)) -> Self {
        let [votes, certificates, resolver, backfill, blocks, sync, probe, gossip] =
            CHANNELS.map(|(number, quota)| {
                let (sender, receiver) = register(number, quota);
                (Guarded { sender, number, limit: max_message_bytes() as usize }, receiver)
            });
        Self { votes, certificates, resolver, backfill, blocks, sync, probe, gossip }
    }
}

/// A sender that drops and reports messages over the network's limit, on which the network panics.
#[derive(Clone, Debug)]
pub struct Guarded<S> {
    sender: S,
    number: u64,
    limit: usize,
}

/// A [`Guarded`] sender after the check of rates.
pub struct GuardedChecked<C> {
    checked: C,
    number: u64,
    limit: usize,
}

impl<S: LimitedSender> LimitedSender for Guarded<S> {
    type PublicKey = S::PublicKey;
    type Checked<'a> = GuardedChecked<S::Checked<'a>>;

    fn check(&mut self, recipients: Recipients<S::PublicKey>) -> Result<Self::Checked<'_>, SystemTime> {
        let (number, limit) = (self.number, self.limit);
        self.sender.check(recipients).map(|checked| GuardedChecked { checked, number, limit })
    }
}

impl<C: CheckedSender> CheckedSender for GuardedChecked<C> {
    type PublicKey = C::PublicKey;

    fn recipients(&self) -> Vec<C::PublicKey> {
        self.checked.recipients()
    }

    fn send(self, message: impl Into<IoBufs> + Send, priority: bool) -> Unreliable<Feedback> {
        let message = message.into();
        if message.len() > self.limit {
            error!(
                channel = self.number,
                bytes = message.len(),
                limit = self.limit,
                "dropped an oversized message"
            );
            return Unreliable::rejected();
        }
        self.checked.send(message, priority)
    }
}
