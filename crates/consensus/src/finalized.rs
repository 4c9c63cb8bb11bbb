//! Handing finalized blocks to the rest of the node.

use commonware_utils::channel::{fallible::OneshotExt as _, mpsc, oneshot};
use std::time::Duration;
use virtengine_types::block::FinalizedBlock;

/// Time that this node spent on each part of deciding a block, in the order in which they happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageTimes {
    /// Decoding transactions and reading their signers' accounts; none for a block of this node's own.
    pub decode: Duration,
    /// Checking signatures that no earlier check covers; none for a block of this node's own.
    pub signatures: Duration,
    /// Reading rows from the databases.
    pub load: Duration,
    /// Executing, on one thread.
    pub execute: Duration,
    /// Hashing the writes into the roots of the partitions.
    pub merkleize: Duration,
}

impl StageTimes {
    /// Each with its name, as metrics label it.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, Duration); 5] {
        let Self { decode, signatures, load, execute, merkleize } = *self;
        [
            ("decode", decode),
            ("signatures", signatures),
            ("load", load),
            ("execute", execute),
            ("merkleize", merkleize),
        ]
    }

    /// All together.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.named().iter().map(|(_, time)| *time).sum()
    }
}

/// A finalized block on its way to the indexes.
///
/// The engine counts the block as processed only after [`Delivery::acknowledge`], which says that
/// everything derived from it is durable. After a crash before that it is delivered again, so handling a
/// block twice must be harmless. Heights ascend; they skip only what state sync covered.
#[derive(Debug)]
pub struct Delivery {
    /// The block.
    pub block: FinalizedBlock,
    /// Time in which this node verified, executed and merkleized it.
    pub times: StageTimes,
    done: oneshot::Sender<()>,
}

impl Delivery {
    /// Says that the block is durably handled.
    pub fn acknowledge(self) {
        // If it fails, the engine has stopped and nobody waits any more.
        self.done.send_lossy(());
    }
}

/// The engine's end of the channel.
#[derive(Clone, Debug)]
pub(crate) struct Outlet(mpsc::Sender<Delivery>);

impl Outlet {
    /// A channel that holds at most `capacity` blocks.
    pub(crate) fn new(capacity: usize) -> (Self, mpsc::Receiver<Delivery>) {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        (Self(sender), receiver)
    }

    /// Delivers a block and waits until it is acknowledged; `false` if nobody will.
    pub(crate) async fn deliver(&self, block: FinalizedBlock, times: StageTimes) -> bool {
        let (done, acknowledged) = oneshot::channel();
        self.0.send(Delivery { block, times, done }).await.is_ok() && acknowledged.await.is_ok()
    }
}
