//! Finalized blocks and their certificates on disk, as the engine keeps them for peers that lag.

use super::{BLOCKS_PER_FILE, EngineContext, REPLAY_BUFFER, StartError};
use crate::{Block, Digest, Finalization, network::MAX_COMMITTEE};
use commonware_runtime::buffer::paged::CacheRef;
use commonware_storage::{archive::prunable, translator::FourCap};
use futures::{FutureExt as _, future::BoxFuture};
use std::{num::NonZeroUsize, sync::Arc};

type Archive<E, V> = prunable::Archive<FourCap, E, Digest, V>;

/// What both archives are opened with.
pub(super) struct Archives<'a> {
    pub(super) prefix: &'a str,
    pub(super) page_cache: &'a CacheRef,
    pub(super) write_buffer: NonZeroUsize,
}

impl Archives<'_> {
    /// Opens the certificates.
    ///
    /// # Errors
    /// - `Archive` - the disk fails or holds something else
    pub(super) fn certificates<E: EngineContext>(
        &self,
        context: E,
    ) -> BoxFuture<'static, Result<Archive<E, Finalization>, StartError>> {
        let name = "finalizations";
        let opening = Archive::init(context, self.config(name, MAX_COMMITTEE as usize));
        async move { opening.await.map_err(|error| failed(name, &error)) }.boxed()
    }

    /// Opens the blocks.
    ///
    /// # Errors
    /// - `Archive` - the disk fails or holds something else
    pub(super) fn blocks<E: EngineContext>(
        &self,
        context: E,
    ) -> BoxFuture<'static, Result<Archive<E, Arc<Block>>, StartError>> {
        let name = "blocks";
        let opening = Archive::init(context, self.config(name, ()));
        async move { opening.await.map_err(|error| failed(name, &error)) }.boxed()
    }

    fn config<C>(&self, name: &str, codec_config: C) -> prunable::Config<FourCap, C> {
        let Self { prefix, page_cache, write_buffer } = self;
        prunable::Config {
            translator: FourCap,
            metadata_partition: format!("{prefix}-{name}-meta"),
            key_partition: format!("{prefix}-{name}-keys"),
            key_page_cache: (*page_cache).clone(),
            value_partition: format!("{prefix}-{name}-values"),
            compression: None,
            codec_config,
            items_per_section: BLOCKS_PER_FILE,
            key_write_buffer: *write_buffer,
            value_write_buffer: *write_buffer,
            replay_buffer: REPLAY_BUFFER,
        }
    }
}

fn failed(name: &'static str, error: &commonware_storage::archive::Error) -> StartError {
    StartError::Archive { name, cause: error.to_string() }
}
