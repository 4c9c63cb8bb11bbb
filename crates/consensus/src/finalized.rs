//! Handing finalized blocks to the rest of the node.

use commonware_utils::channel::{fallible::OneshotExt as _, mpsc, oneshot};
use std::time::Duration;
use virtengine_types::block::FinalizedBlock;

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
    pub processed_in: Duration,
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
    pub(crate) async fn deliver(&self, block: FinalizedBlock, processed_in: Duration) -> bool {
        let (done, acknowledged) = oneshot::channel();
        self.0.send(Delivery { block, processed_in, done }).await.is_ok() && acknowledged.await.is_ok()
    }
}
