//! Blocks in the wire form of CometBFT.
//!
//! As on the JSON-RPC surface: a block has one part whose hash is the block's, and commits list each
//! validator as absent, because the certificate is an aggregate.

use crate::{Context, Status};
use std::sync::Arc;
use virtengine_events::{BlockRecord, History};
use virtengine_types::{
    Address,
    address::CONSENSUS_PREFIX,
    block::{BlockHeader, Hash},
    proto::{
        cosmos::base::tendermint::v1beta1 as sdk,
        tendermint::{types as wire, version::Consensus},
    },
};

/// The block at a height.
pub(super) async fn at(context: &Context, height: i64) -> Result<Arc<BlockRecord>, Status> {
    let latest = context.height();
    let wanted = match u64::try_from(height) {
        Ok(wanted) if wanted > 0 => wanted,
        _ => return Err(Status::invalid(format!("height must be greater than 0, got {height}"))),
    };
    if wanted > latest {
        let cause =
            format!("height {wanted} must be less than or equal to the current blockchain height {latest}");
        return Err(Status::invalid(cause));
    }
    let read = move |history: &History| {
        history.check_held(wanted)?;
        Ok(history.block(wanted)?)
    };
    let block = context.history(read).await?;
    block.ok_or_else(|| Status::not_found(format!("block {wanted} is not kept by this node")))
}

pub(super) fn id(hash: &Hash) -> wire::BlockId {
    let hash = bytes::Bytes::copy_from_slice(hash);
    let part_set_header = Some(wire::PartSetHeader { total: 1, hash: hash.clone() });
    wire::BlockId { hash, part_set_header }
}

fn parent_id(header: &BlockHeader) -> wire::BlockId {
    if header.height.0 <= 1 {
        let part_set_header = Some(wire::PartSetHeader::default());
        return wire::BlockId { part_set_header, ..wire::BlockId::default() };
    }
    id(&header.parent)
}

pub(super) fn block(record: &BlockRecord, validators: usize) -> wire::Block {
    let header = &record.meta.header;
    wire::Block {
        header: Some(self::header(header)),
        data: Some(wire::Data { txs: record.txs.clone() }),
        evidence: Some(wire::EvidenceList::default()),
        last_commit: Some(parent_commit(header, validators)),
    }
}

/// The block with its proposer in bech32.
pub(super) fn sdk_block(record: &BlockRecord, validators: usize) -> sdk::Block {
    let proposer = Address::of_hash(&record.meta.header.proposer);
    let wire::Block { header, data, evidence, last_commit } = block(record, validators);
    let header = header.map(|header| sdk::Header {
        version: header.version,
        chain_id: header.chain_id,
        height: header.height,
        time: header.time,
        last_block_id: header.last_block_id,
        last_commit_hash: header.last_commit_hash,
        data_hash: header.data_hash,
        validators_hash: header.validators_hash,
        next_validators_hash: header.next_validators_hash,
        consensus_hash: header.consensus_hash,
        app_hash: header.app_hash,
        last_results_hash: header.last_results_hash,
        evidence_hash: header.evidence_hash,
        proposer_address: proposer.to_bech32(CONSENSUS_PREFIX),
    });
    sdk::Block { header, data, evidence, last_commit }
}

fn header(header: &BlockHeader) -> wire::Header {
    let bytes = |hash: &Hash| bytes::Bytes::copy_from_slice(hash);
    wire::Header {
        version: Some(Consensus { block: 11, app: 0 }),
        chain_id: header.chain_id.clone(),
        height: header.height.signed(),
        time: Some(header.time.to_proto()),
        last_block_id: Some(parent_id(header)),
        data_hash: bytes(&header.txs_root),
        validators_hash: bytes(&header.committee),
        next_validators_hash: bytes(&header.next_committee),
        app_hash: bytes(&header.state_root),
        last_results_hash: bytes(&header.results_root),
        proposer_address: bytes::Bytes::copy_from_slice(&Address::of_hash(&header.proposer).0),
        ..wire::Header::default()
    }
}

fn parent_commit(header: &BlockHeader, validators: usize) -> wire::Commit {
    let height = header.height.signed().saturating_sub(1);
    let absent = wire::CommitSig {
        block_id_flag: wire::BlockIdFlag::Absent.into(),
        // Go's zero time, which clients expect of an absent validator.
        timestamp: Some(prost_types::Timestamp { seconds: -62_135_596_800, nanos: 0 }),
        ..wire::CommitSig::default()
    };
    let signatures = if height == 0 { Vec::new() } else { vec![absent; validators] };
    wire::Commit { height, round: 0, block_id: Some(parent_id(header)), signatures }
}
