//! The block before the first, and its state.

use crate::{
    Committee, Context, Digest, Identity, Member,
    application::chain_digest,
    block::{Block, Header, txs_root},
    committee::CommitteeError,
};
use commonware_codec::{Copying, DecodeExt as _};
use commonware_consensus::types::{Epoch, Height, Round, View};
use commonware_cryptography::{Digest as _, Hasher, Sha256};
use commonware_storage::metadata::{self, Metadata};
use commonware_utils::sequence::U64;
use thiserror::Error;
use virtengine_state::WriteSet;
use virtengine_store::{StoreContext, destroy, write_genesis};
use virtengine_types::block::{BlockOutcome, state_root};

/// What helps when a node's data is damaged.
pub const RESTORE: &str = "restore the home's data folder from a backup, or remove it to fetch the chain from peers \
    again; keep keys, and remove a validator's data only once the others have gone on without the votes in it";

/// What a chain starts from.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// Name of the chain.
    pub chain_id: String,
    /// Milliseconds since 1970.
    pub time_ms: u64,
    /// The first state.
    pub writes: WriteSet,
    /// The committee of the first epoch.
    pub committee: Committee,
}

/// Why a node cannot start from a genesis.
#[derive(Debug, Error)]
pub enum GenesisError {
    /// The data directory belongs to another chain, or to another genesis of a chain of this name.
    #[error(
        "the data directory was made for genesis {found}, the genesis file has {expected}: use another home or the genesis file of that chain"
    )]
    OtherChain {
        /// Hash of the genesis that the data was made for.
        found: Digest,
        /// Hash of the given one.
        expected: Digest,
    },
    /// The genesis file breaks a rule.
    #[error(transparent)]
    File(#[from] virtengine_chain::genesis::GenesisError),
    /// A validator's node key is no key.
    #[error("the consensus_key of validator {moniker} is not an ed25519 public key: {cause}")]
    Identity {
        /// Name of the validator.
        moniker: String,
        /// What is wrong with the key.
        cause: String,
    },
    /// The validators are no committee.
    #[error(transparent)]
    Committee(#[from] CommitteeError),
    /// The first state cannot be written.
    #[error("{0}: {RESTORE}")]
    Store(#[from] virtengine_store::GenesisError),
    /// The record of the genesis is gone although the databases hold the state of a block.
    #[error("the record of the genesis block is gone although the node has run: {RESTORE}")]
    Lost,
    /// The record of the genesis cannot be read or written.
    #[error("the record of the genesis block failed: {0}: {RESTORE}")]
    Record(#[from] metadata::Error),
}

/// What the databases are to hold when a node starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// The state of the genesis, or of a block after it if the node has run before.
    Genesis,
    /// What peers send, of which a part may be there.
    Sync,
    /// The state of a block: the node has run, or has synced.
    Kept,
}

/// Record: the header, the hash of its genesis, and whether the databases were filled with its state.
type Record = (Header, Digest, bool);

const KEY: U64 = U64::new(0);

impl Genesis {
    /// What the chain of a genesis file starts from; its validators are the first committee.
    ///
    /// # Errors
    /// - `File` - a rule of the genesis file is broken
    /// - `Identity` - a validator's `consensus_key` is not an ed25519 key
    /// - `Committee` - the validators are no committee
    pub fn new(file: &virtengine_chain::Genesis) -> Result<Self, GenesisError> {
        let mut members = Vec::with_capacity(file.validators.len());
        for validator in &file.validators {
            let identity = Identity::decode(Copying(&validator.consensus_key)).map_err(|error| {
                GenesisError::Identity { moniker: validator.moniker.clone(), cause: error.to_string() }
            })?;
            members.push(Member { identity, voting_key: validator.bls_key });
        }
        Ok(Self {
            chain_id: file.chain_id.clone(),
            time_ms: file.genesis_time_ms.0,
            writes: file.writes()?,
            committee: Committee::new(&members)?,
        })
    }

    /// Hash over everything that the genesis determines.
    #[must_use]
    pub fn hash(&self) -> Digest {
        let mut hasher = Sha256::default();
        hasher.update(b"virtengine/genesis");
        hasher.update(&chain_digest(&self.chain_id));
        hasher.update(&self.time_ms.to_be_bytes());
        hasher.update(&self.committee.hash());
        for (key, value) in self.writes.iter() {
            hasher.update(&[key.partition as u8]);
            hasher.update(&key.bytes);
            let value = value.as_deref().unwrap_or_default();
            hasher.update(&(value.len() as u64).to_be_bytes());
            hasher.update(value);
        }
        hasher.finalize().1
    }

    fn header(&self, partitions: [virtengine_types::block::PartitionRoot; 5]) -> Header {
        let identities = self.committee.identities();
        let Some(leader) = identities.get(0).cloned() else { unreachable!("a committee has a member") };
        Header {
            chain: chain_digest(&self.chain_id),
            context: Context {
                round: Round::new(Epoch::zero(), View::zero()),
                leader,
                parent: (View::zero(), Digest::EMPTY),
            },
            parent: Digest::EMPTY,
            height: Height::zero(),
            time_ms: self.time_ms,
            txs_root: txs_root(&[]),
            results_root: BlockOutcome::default().results_root().into(),
            gas_used: 0,
            partitions,
            state_root: state_root(&partitions).into(),
            committee: self.committee.hash(),
            next_committee: self.committee.hash(),
        }
    }

    /// The genesis block. On a new data directory its state is written, unless peers will fill the databases.
    /// Safe to cut short at any point.
    ///
    /// # Errors
    /// - `OtherChain` - the data directory has another genesis
    /// - `Lost` - the node has run, and the record of its genesis is gone
    /// - `Store`, `Record` - the disk failed
    pub(crate) async fn block<E: StoreContext>(
        &self,
        context: &E,
        prefix: &str,
        store: &virtengine_store::Config,
        contents: Contents,
    ) -> Result<Block, GenesisError> {
        let expected = self.hash();
        let config = metadata::Config { partition: format!("{prefix}-genesis"), codec_config: ((), (), ()) };
        let record: Metadata<E, U64, Record> =
            Box::pin(Metadata::init(context.child("genesis"), config)).await?;
        if let Some((header, found, filled)) = record.get(&KEY) {
            if *found != expected {
                return Err(GenesisError::OtherChain { found: *found, expected });
            }
            if *filled || contents != Contents::Genesis {
                return Ok(Block { header: header.clone(), txs: Vec::new() });
            }
        } else if contents == Contents::Kept {
            return Err(GenesisError::Lost);
        }
        let header = self.header(Box::pin(write_genesis(context, store, &self.writes)).await?);
        let filled = contents == Contents::Genesis;
        if !filled {
            Box::pin(destroy(context, store)).await?;
        }
        record.put_sync(KEY, (header.clone(), expected, filled)).await?;
        Ok(Block { header, txs: Vec::new() })
    }
}
