//! `virtengine.chain.v1.Query`: native headers, values with proofs, and the sequence to sign with.

use crate::{Context, Status, backend::ProvenRow, router::Routes};
use bytes::Bytes;
use virtengine_chain::bank::ACCOUNTS;
use virtengine_state::{Key, Partition};
use virtengine_types::{
    Address,
    block::{BlockHeader, Hash, PartitionRoot, state_root},
    proto::virtengine::chain::v1::{
        self as wire, QueryHeaderRequest, QueryHeaderResponse, QueryNextSequenceRequest,
        QueryNextSequenceResponse, QueryProofRequest, QueryProofResponse,
    },
};

pub(super) fn add(routes: &mut Routes) {
    routes.unary(
        "/virtengine.chain.v1.Query/Header",
        &["GET /virtengine/chain/v1/headers/latest", "GET /virtengine/chain/v1/headers/{height}"],
        header,
    );
    routes.unary("/virtengine.chain.v1.Query/Proof", &["GET /virtengine/chain/v1/proof"], proof);
    routes.unary(
        "/virtengine.chain.v1.Query/NextSequence",
        &["GET /virtengine/chain/v1/next_sequence/{address}"],
        next_sequence,
    );
}

async fn header(context: Context, request: QueryHeaderRequest) -> Result<QueryHeaderResponse, Status> {
    let height = match request.height {
        0 => context.latest()?.height().0,
        height => height,
    };
    let block = context.history(move |history| Ok(history.block(height)?)).await?;
    let block = block.ok_or_else(|| Status::not_found(format!("block {height} not found")))?;
    Ok(QueryHeaderResponse {
        header: Some(header_to_wire(&block.meta.header, &block.meta.hash)),
        certificate: block.certificate.clone().unwrap_or_default(),
    })
}

async fn proof(context: Context, request: QueryProofRequest) -> Result<QueryProofResponse, Status> {
    let named = |partition: &Partition| partition.name() == request.partition;
    let unknown = || Status::invalid(format!("partition {:?} is not known", request.partition));
    let partition = Partition::ALL.into_iter().find(named).ok_or_else(unknown)?;
    let found = request.key.len();
    let bytes = <[u8; 32]>::try_from(request.key.as_ref());
    let bytes = bytes.map_err(|_| Status::invalid(format!("a key has 32 bytes, got {found}")))?;
    let key = Key { partition, bytes };
    let missing = || Status::not_found(format!("no row of {} has this key", partition.name()));
    let ProvenRow { height, value, proof, partitions } =
        context.backend().prove(key).await?.ok_or_else(missing)?;
    Ok(QueryProofResponse {
        height,
        state_root: bytes_of(&state_root(&partitions)),
        partitions: roots_to_wire(&partitions),
        value,
        proof,
    })
}

async fn next_sequence(
    context: Context,
    request: QueryNextSequenceRequest,
) -> Result<QueryNextSequenceResponse, Status> {
    let address: Address = request.address.parse()?;
    // Asked first: what leaves the mempool in between is counted by the account.
    let pending = context.backend().next_sequence(&address);
    let account = context.get(&ACCOUNTS, &address).await?;
    let missing = || Status::not_found(format!("account {address} not found"));
    let committed = account.ok_or_else(missing)?.sequence;
    Ok(QueryNextSequenceResponse { sequence: pending.map_or(committed, |pending| pending.max(committed)) })
}

fn bytes_of(hash: &Hash) -> Bytes {
    Bytes::copy_from_slice(hash)
}

fn roots_to_wire(partitions: &[PartitionRoot; 5]) -> Vec<wire::PartitionRoot> {
    let root = |(partition, root): (&Partition, &PartitionRoot)| wire::PartitionRoot {
        name: partition.name().to_owned(),
        ops_root: bytes_of(&root.ops_root),
        range_start: root.range_start,
        range_end: root.range_end,
        root: bytes_of(&root.root),
    };
    Partition::ALL.iter().zip(partitions).map(root).collect()
}

fn header_to_wire(header: &BlockHeader, hash: &Hash) -> wire::Header {
    wire::Header {
        chain_id: header.chain_id.clone(),
        height: header.height.0,
        epoch: header.epoch,
        view: header.view,
        hash: bytes_of(hash),
        parent: bytes_of(&header.parent),
        time_ms: header.time.0,
        proposer: bytes_of(&header.proposer),
        txs_root: bytes_of(&header.txs_root),
        results_root: bytes_of(&header.results_root),
        state_root: bytes_of(&header.state_root),
        partitions: roots_to_wire(&header.partitions),
        committee: bytes_of(&header.committee),
        next_committee: bytes_of(&header.next_committee),
        gas_used: header.gas_used.0,
    }
}
