//! Reads of a running node.

use super::EngineContext;
use crate::{Block, Finalization, Scheme, application::Application};
use commonware_consensus::{
    marshal::{Identifier, core::Mailbox as MarshalMailbox, standard::Standard},
    types::Height,
};
use commonware_glue::stateful;
use virtengine_store::Reader;

/// Reads of a running node's blocks and state. Cheap to clone.
pub struct Chain<E: EngineContext> {
    pub(super) marshal: MarshalMailbox<Scheme, Standard<Block>>,
    pub(super) stateful: stateful::Mailbox<E, Application>,
    pub(super) genesis: Block,
}

impl<E: EngineContext> Clone for Chain<E> {
    fn clone(&self) -> Self {
        Self { marshal: self.marshal.clone(), stateful: self.stateful.clone(), genesis: self.genesis.clone() }
    }
}

impl<E: EngineContext> Chain<E> {
    /// A reader of the state. Waits until the databases are open, which is after state sync.
    pub async fn reader(&self) -> Reader<E> {
        Reader::new(self.stateful.subscribe_databases().await)
    }

    /// Height of the last block that was finalized, applied and acknowledged here.
    pub async fn processed(&self) -> u64 {
        self.marshal.get_processed().await.map_or(0, |processed| processed.height().get())
    }

    /// The finalized block at `height`, if this node still has it.
    pub async fn block(&self, height: u64) -> Option<Block> {
        let block = self.marshal.get_block(Identifier::Height(Height::new(height))).await?;
        Some(block.inner().clone())
    }

    /// A certificate of the block at `height`. Only some heights have their own; others are covered by a
    /// later one.
    pub async fn finalization(&self, height: u64) -> Option<Finalization> {
        self.marshal.get_finalization(Height::new(height)).await
    }

    /// The block before the first.
    #[must_use]
    pub const fn genesis(&self) -> &Block {
        &self.genesis
    }
}
