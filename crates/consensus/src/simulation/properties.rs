//! What must hold at the end of every simulation.

use super::{
    transfers::{ACCOUNTS, FUNDS},
    world::Node,
};
use crate::Identity;
use commonware_glue::simulate::{property::Property, tracker::ProgressTracker};
use parking_lot::Mutex;
use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};
use virtengine_chain::bank;
use virtengine_state::Partition;
use virtengine_types::{
    Denom,
    block::{Hash, state_root},
};

type Verdict<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// Finalized blocks of equal height have equal hashes, wherever they were delivered, and every node got
/// its heights without gaps.
#[derive(Clone)]
pub(crate) struct AgreedBlocks;

impl Property<Identity, Node> for AgreedBlocks {
    fn name(&self) -> &'static str {
        "agreed_blocks"
    }

    fn check<'a>(&'a self, _: &'a ProgressTracker<Identity>, nodes: &'a [&'a Node]) -> Verdict<'a> {
        Box::pin(async move {
            let mut agreed = BTreeMap::new();
            for node in nodes {
                let delivered = node.delivered.lock().clone();
                if let (Some((first, _)), Some((last, _))) =
                    (delivered.first_key_value(), delivered.last_key_value())
                    && last - first + 1 != delivered.len() as u64
                {
                    return Err(format!("a node got {} of the heights {first} to {last}", delivered.len()));
                }
                for (height, hash) in delivered {
                    if *agreed.entry(height).or_insert(hash) != hash {
                        return Err(format!("two blocks are final at height {height}"));
                    }
                }
            }
            if agreed.is_empty() { Err("no block was delivered".to_owned()) } else { Ok(()) }
        })
    }
}

/// Every node's databases hash to the state root of a block that it has just processed.
#[derive(Clone)]
pub(crate) struct MatchingRoots;

impl Property<Identity, Node> for MatchingRoots {
    fn name(&self) -> &'static str {
        "matching_roots"
    }

    fn check<'a>(&'a self, _: &'a ProgressTracker<Identity>, nodes: &'a [&'a Node]) -> Verdict<'a> {
        Box::pin(async move {
            for node in nodes {
                let found = state_root(&node.chain.reader().await.roots().await);
                let processed = node.chain.processed().await;
                // Blocks that wait for their acknowledgement are applied already.
                let mut matches = false;
                for height in processed..=processed + 8 {
                    let Some(block) = node.chain.block(height).await else { break };
                    matches |= block.header.state_root.0 == found;
                }
                if !matches {
                    return Err(format!("the databases match no block from height {processed} on"));
                }
            }
            Ok(())
        })
    }
}

/// The balances of all accounts sum to what the genesis gave them, fees included.
#[derive(Clone)]
pub(crate) struct ConservedSupply;

impl Property<Identity, Node> for ConservedSupply {
    fn name(&self) -> &'static str {
        "conserved_supply"
    }

    fn check<'a>(&'a self, _: &'a ProgressTracker<Identity>, nodes: &'a [&'a Node]) -> Verdict<'a> {
        Box::pin(async move {
            for node in nodes {
                let (mut sum, mut sent) = (0, 0);
                let reader = node.chain.reader().await;
                let visit = |key, row: bytes::Bytes| {
                    if let Some((_, account)) = bank::ACCOUNTS.decode_if(&key, &row).unwrap() {
                        sum += account.balances.amount_of(&Denom::base()).0;
                        sent += account.sequence;
                    }
                };
                reader.scan(Partition::Ledger, visit).await.map_err(|error| error.to_string())?;
                let expected = FUNDS.0 * u128::from(ACCOUNTS);
                if sum != expected {
                    return Err(format!("the accounts own {sum} uve, the genesis gave {expected}"));
                }
                if sent == 0 {
                    return Err("no transfer was executed".to_owned());
                }
            }
            Ok(())
        })
    }
}

/// The node without a seat joined by state sync, so it never executed the first blocks, and delivered
/// everything after.
#[derive(Clone)]
pub(crate) struct SyncedInsteadOfReplayed;

impl Property<Identity, Node> for SyncedInsteadOfReplayed {
    fn name(&self) -> &'static str {
        "synced_instead_of_replayed"
    }

    fn check<'a>(&'a self, _: &'a ProgressTracker<Identity>, nodes: &'a [&'a Node]) -> Verdict<'a> {
        Box::pin(async move {
            let observer = nodes.iter().find(|node| !node.votes).ok_or("the fifth node is not there")?;
            let delivered = observer.delivered.lock().clone();
            match delivered.first_key_value() {
                Some((first, _)) if *first > 20 => Ok(()),
                Some((first, _)) => Err(format!("the node executed from height {first} on")),
                None => Err("the node got no block".to_owned()),
            }
        })
    }
}

/// Notes the state root of every block that a node still has, to be compared with those of another run.
#[derive(Clone, Default)]
pub(crate) struct NotedRoots(Arc<Mutex<BTreeMap<u64, Hash>>>);

impl NotedRoots {
    pub(crate) fn take(&self) -> BTreeMap<u64, Hash> {
        std::mem::take(&mut self.0.lock())
    }
}

impl Property<Identity, Node> for NotedRoots {
    fn name(&self) -> &'static str {
        "noted_roots"
    }

    fn check<'a>(&'a self, _: &'a ProgressTracker<Identity>, nodes: &'a [&'a Node]) -> Verdict<'a> {
        Box::pin(async move {
            for node in nodes {
                for height in 1..=node.chain.processed().await {
                    let Some(block) = node.chain.block(height).await else { continue };
                    self.0.lock().insert(height, block.header.state_root.0);
                }
            }
            Ok(())
        })
    }
}
