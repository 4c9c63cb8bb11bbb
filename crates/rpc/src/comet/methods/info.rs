//! The node, the network and the genesis.

use super::super::app::Peer;
use super::super::args::Args;
use super::super::envelope::RpcError;
use super::super::{Comet, shapes};
use super::{Window, height};
use serde_json::{Value, json};
use std::sync::Arc;
use virtengine_events::BlockMeta;

/// The newest block that subscribers may know of.
fn tip(comet: &Comet) -> Option<Arc<BlockMeta>> {
    comet.inner.hub.latest()
}

/// Before the first block the genesis stands in for it.
pub(in super::super) fn status(comet: &Comet) -> Value {
    let genesis = &comet.inner.genesis;
    let place = |meta: Option<Arc<BlockMeta>>| match meta {
        Some(meta) => {
            let header = &meta.header;
            (meta.hash, header.state_root, header.height.to_string(), header.time.rfc3339())
        }
        None => (genesis.hash, genesis.state_root, "0".to_owned(), genesis.time.rfc3339()),
    };
    let (latest_hash, latest_app, latest_height, latest_time) = place(tip(comet));
    let (earliest_hash, earliest_app, earliest_height, earliest_time) =
        place(comet.inner.hub.history().earliest());
    json!({
        "node_info": shapes::node_info(&comet.inner.node, &genesis.chain_id),
        "sync_info": {
            "latest_block_hash": shapes::hex(&latest_hash),
            "latest_app_hash": shapes::hex(&latest_app),
            "latest_block_height": latest_height,
            "latest_block_time": latest_time,
            "earliest_block_hash": shapes::hex(&earliest_hash),
            "earliest_app_hash": shapes::hex(&earliest_app),
            "earliest_block_height": earliest_height,
            "earliest_block_time": earliest_time,
            "catching_up": comet.inner.app.is_catching_up(),
        },
        "validator_info": shapes::own_validator(&comet.inner.node),
    })
}

pub(in super::super) fn abci_info(comet: &Comet) -> Value {
    let (height, root) = match tip(comet) {
        Some(meta) => (meta.height().0, meta.header.state_root),
        None => (0, comet.inner.genesis.state_root),
    };
    json!({"response": {
        "data": "virtengine",
        "version": comet.inner.node.version,
        "app_version": "0",
        "last_block_height": height.to_string(),
        "last_block_app_hash": shapes::base64(&root),
    }})
}

pub(in super::super) fn net_info(comet: &Comet) -> Value {
    let peer = |peer: &Peer| {
        let ip = peer.address.rsplit_once(':').map_or(peer.address.as_str(), |(ip, _)| ip);
        json!({
            "node_info": {"id": shapes::node_id(&peer.key), "listen_addr": peer.address},
            "is_outbound": peer.outbound,
            "remote_ip": ip,
        })
    };
    let peers: Vec<Value> = comet.inner.app.peers().iter().map(peer).collect();
    json!({
        "listening": true,
        "listeners": [comet.inner.node.listen_addr],
        "n_peers": peers.len().to_string(),
        "peers": peers,
    })
}

pub(in super::super) fn consensus_params(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let height = height(comet, args)?;
    Ok(json!({
        "block_height": height.to_string(),
        "consensus_params": shapes::consensus_params(&comet.inner.genesis),
    }))
}

pub(in super::super) fn validators(comet: &Comet, args: &Args) -> Result<Value, RpcError> {
    let height = height(comet, args)?;
    let window = Window::new(comet, args)?;
    let all = &comet.inner.genesis.validators;
    window.check(all.len() as u64)?;
    let skip = usize::try_from(window.offset()).unwrap_or(usize::MAX);
    let take = usize::try_from(window.per_page).unwrap_or(usize::MAX);
    let page: Vec<Value> = all.iter().skip(skip).take(take).map(shapes::validator).collect();
    Ok(json!({
        "block_height": height.to_string(),
        "count": page.len().to_string(),
        "total": all.len().to_string(),
        "validators": page,
    }))
}
