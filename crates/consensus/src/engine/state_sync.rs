//! State sync over the network: one actor a partition, serving peers and fetching from them.

use super::{EngineContext, FETCH_TIMEOUT, MAILBOX, RETRY_DELAY};
use crate::Identity;
use commonware_glue::stateful::db::p2p as sync_p2p;
use commonware_p2p::{Blocker, Provider, Receiver, Sender, utils::mux::Muxer};
use commonware_utils::NonZeroDuration;
use virtengine_store::sync;

pub(super) type Fetchers<E> =
    (sync::Fetcher<E>, sync::Fetcher<E>, sync::Fetcher<E>, sync::Fetcher<E>, sync::Fetcher<E>);

/// Starts one sync actor a partition over sub-channels of the sync channel.
pub(super) async fn fetchers<E, M, B, S, R>(
    context: &E,
    identity: &Identity,
    peers: &M,
    blocker: &B,
    channel: (S, R),
) -> Fetchers<E>
where
    E: EngineContext,
    M: Provider<PublicKey = Identity>,
    B: Blocker<PublicKey = Identity>,
    S: Sender<PublicKey = Identity>,
    R: Receiver<PublicKey = Identity>,
{
    let (mux, mut handle) = Muxer::new(context.child("sync_mux"), channel.0, channel.1);
    mux.start();
    let mut fetchers = Vec::with_capacity(5);
    for partition in virtengine_state::Partition::ALL {
        let Ok(network) = handle.register(partition as u64).await else {
            unreachable!("sub-channels of a new channel are free")
        };
        let child = context.child("sync").with_attribute("partition", partition.name());
        let (actor, mailbox) = sync::Actor::<E, Identity, M, B>::new(
            child,
            sync_p2p::Config {
                peer_provider: peers.clone(),
                blocker: blocker.clone(),
                database: None,
                mailbox_size: MAILBOX,
                me: Some(identity.clone()),
                fetch_timeout: NonZeroDuration::new_panic(FETCH_TIMEOUT),
                fetch_retry_delay: RETRY_DELAY,
                max_serve_ops: sync::MAX_OPERATIONS,
                priority_requests: false,
                priority_responses: false,
            },
        );
        actor.start(network);
        let child = context.child("fetch").with_attribute("partition", partition.name());
        fetchers.push(sync::Fetcher::new(child, mailbox));
    }
    let Ok([ledger, staking, market, identity, hpc]) = <[sync::Fetcher<E>; 5]>::try_from(fetchers) else {
        unreachable!("there are five partitions")
    };
    (ledger, staking, market, identity, hpc)
}
