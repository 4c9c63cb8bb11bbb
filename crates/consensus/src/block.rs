//! Blocks as they travel and are stored.

use crate::{Context, Digest};
use bytes::{BufMut, Bytes};
use commonware_codec::{
    Buf, Encode as _, EncodeSize, Error as CodecError, FixedSize, MaxEncodeSize, Read, ReadExt as _, Write,
};
use commonware_consensus::{
    Block as ConsensusBlock, BoundedBlock, CertifiableBlock, Epochable as _, Heightable, Viewable as _,
    types::Height,
};
use commonware_cryptography::{Digestible, Hasher, Sha256};
use virtengine_types::{
    Gas, Timestamp,
    block::{BlockHeader, Hash, PartitionRoot},
};

/// Most transactions in a block, as the chain's executor numbers them.
pub const MAX_TXS: usize = 65_535;

/// Most bytes of all transactions of a block together. The parameter `max_block_bytes` may only be lower.
///
/// Messages and buffers of the whole network are sized by it, so raising it is a coordinated change.
pub const MAX_TXS_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of a length prefix at most.
const LENGTH: usize = 5;

/// What a block commits to. Its SHA-256 is the block's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// SHA-256 of the chain's name.
    pub chain: Digest,
    /// Round, leader and parent as consensus knows them.
    pub context: Context,
    /// Hash of the parent block.
    pub parent: Digest,
    /// Height; the genesis has 0.
    pub height: Height,
    /// Milliseconds since 1970, later than the parent's.
    pub time_ms: u64,
    /// Root over the transactions.
    pub txs_root: Digest,
    /// Root over the transactions' results.
    pub results_root: Digest,
    /// Gas used by all transactions.
    pub gas_used: u64,
    /// Commitments of the five partitions after the block.
    pub partitions: [PartitionRoot; 5],
    /// Root over the partitions' canonical roots.
    pub state_root: Digest,
    /// Hash of the committee of the block's epoch.
    pub committee: Digest,
    /// Hash of the committee of the next epoch.
    pub next_committee: Digest,
}

/// A block: its header and its transactions, raw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What it commits to.
    pub header: Header,
    /// The transactions in order.
    pub txs: Vec<Bytes>,
}

impl Header {
    /// The header in plain types, for indexes and clients.
    #[must_use]
    pub fn to_plain(&self, chain_id: &str) -> BlockHeader {
        let mut proposer = Hash::default();
        proposer.copy_from_slice(&self.context.leader);
        BlockHeader {
            chain_id: chain_id.to_owned(),
            height: virtengine_types::Height(self.height.get()),
            epoch: self.context.epoch().get(),
            view: self.context.view().get(),
            time: Timestamp(self.time_ms),
            parent: self.parent.0,
            proposer,
            txs_root: self.txs_root.0,
            results_root: self.results_root.0,
            state_root: self.state_root.0,
            partitions: self.partitions,
            committee: self.committee.0,
            next_committee: self.next_committee.0,
            gas_used: Gas(self.gas_used),
        }
    }

    /// Hash of the header, which is the block's.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Sha256::hash(&[&self.encode()])
    }
}

/// Root over the transactions of a block: their hashes in order, under a domain.
#[must_use]
pub fn txs_root(txs: &[Bytes]) -> Digest {
    let mut hasher = Sha256::default();
    hasher.update(b"virtengine/txs");
    for tx in txs {
        hasher.update(&Sha256::hash(&[tx]));
    }
    hasher.finalize().1
}

impl Write for Header {
    fn write(&self, buf: &mut impl BufMut) {
        self.chain.write(buf);
        self.context.write(buf);
        self.parent.write(buf);
        self.height.write(buf);
        self.time_ms.write(buf);
        self.txs_root.write(buf);
        self.results_root.write(buf);
        self.gas_used.write(buf);
        for partition in &self.partitions {
            partition.ops_root.write(buf);
            partition.range_start.write(buf);
            partition.range_end.write(buf);
            partition.root.write(buf);
        }
        self.state_root.write(buf);
        self.committee.write(buf);
        self.next_committee.write(buf);
    }
}

/// Encoded size of everything but the context and the height.
const FIXED: usize = 7 * Digest::SIZE + 2 * u64::SIZE + 5 * (2 * Digest::SIZE + 2 * u64::SIZE);

impl EncodeSize for Header {
    fn encode_size(&self) -> usize {
        FIXED + self.context.encode_size() + self.height.encode_size()
    }
}

impl Read for Header {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        let chain = Digest::read(buf)?;
        let context = Context::read(buf)?;
        let parent = Digest::read(buf)?;
        let height = Height::read(buf)?;
        let time_ms = u64::read(buf)?;
        let txs_root = Digest::read(buf)?;
        let results_root = Digest::read(buf)?;
        let gas_used = u64::read(buf)?;
        let mut partitions = [PartitionRoot::default(); 5];
        for partition in &mut partitions {
            partition.ops_root = <Hash>::read(buf)?;
            partition.range_start = u64::read(buf)?;
            partition.range_end = u64::read(buf)?;
            partition.root = <Hash>::read(buf)?;
        }
        if virtengine_store::targets(&partitions).is_none() {
            return Err(CodecError::Invalid("Header", "a partition's range is empty or out of bounds"));
        }
        Ok(Self {
            chain,
            context,
            parent,
            height,
            time_ms,
            txs_root,
            results_root,
            gas_used,
            partitions,
            state_root: Digest::read(buf)?,
            committee: Digest::read(buf)?,
            next_committee: Digest::read(buf)?,
        })
    }
}

impl Write for Block {
    fn write(&self, buf: &mut impl BufMut) {
        self.header.write(buf);
        self.txs.write(buf);
    }
}

impl EncodeSize for Block {
    fn encode_size(&self) -> usize {
        self.header.encode_size() + self.txs.encode_size()
    }
}

impl Read for Block {
    type Cfg = ();

    fn read_cfg(buf: &mut impl Buf, (): &()) -> Result<Self, CodecError> {
        let header = Header::read(buf)?;
        let count = usize::read_cfg(buf, &(..=MAX_TXS).into())?;
        let mut txs = Vec::with_capacity(count.min(1024));
        let mut left = MAX_TXS_BYTES;
        for _ in 0..count {
            let tx = Bytes::read_cfg(buf, &(..=left).into())?;
            left -= tx.len();
            txs.push(tx);
        }
        if txs_root(&txs) != header.txs_root {
            return Err(CodecError::Invalid("Block", "the transactions do not hash to txs_root"));
        }
        Ok(Self { header, txs })
    }
}

impl Digestible for Block {
    type Digest = Digest;

    fn digest(&self) -> Digest {
        self.header.digest()
    }
}

impl Heightable for Block {
    fn height(&self) -> Height {
        self.header.height
    }
}

impl ConsensusBlock for Block {
    fn parent(&self) -> Digest {
        self.header.parent
    }
}

impl CertifiableBlock for Block {
    type Context = Context;

    fn context(&self) -> Context {
        self.header.context.clone()
    }
}

impl BoundedBlock for Block {
    fn max_encode_size((): &()) -> usize {
        FIXED + Context::MAX_ENCODE_SIZE + Height::MAX_ENCODE_SIZE + LENGTH + MAX_TXS * LENGTH + MAX_TXS_BYTES
    }
}

#[cfg(test)]
pub(crate) mod tests;
