//! A chain in memory: each accepted transaction is executed as a block of its own.

use crate::{
    backend::{Backend, BackendError, List, ListPage, Listed, ProvenRow, Reply},
    comet::{AppState, Genesis as CometGenesis, NodeInfo, Validator as CometValidator},
};
use bytes::Bytes;
use parking_lot::Mutex;
use prost::{Message, Name};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::watch;
use virtengine_chain::{
    BlockContext, BlockExecutor, Executed, Genesis, Mode, Step, bank,
    genesis::{GenesisAccount, GenesisValidator},
};
use virtengine_crypto::bls;
use virtengine_events::{History, Hub, HubConfig};
use virtengine_state::{Key, MemoryStore, Partition, Table};
use virtengine_types::{
    Address, Amount, Coin, Height, Timestamp,
    block::{BlockHeader, FinalizedBlock, Hash, StateWrite},
    code::Rejection,
    ledger::Account,
    params::Params,
    proto::cosmos::{
        bank::v1beta1::MsgSend,
        base::v1beta1 as base,
        tx::v1beta1::{AuthInfo, Fee, ModeInfo, SignerInfo, TxBody, TxRaw, mode_info},
    },
    tx::{DecodedTx, PublicKey, VerifiedSigner, VerifiedTx},
};
use virtengine_views::Views;

pub(super) const CHAIN_ID: &str = "test-1";
/// What each genesis account owns, in uve.
pub(super) const FUNDS: u128 = 1_000_000_000_000;

pub(super) fn key(name: &str) -> PublicKey {
    let mut bytes = [2; 33];
    bytes[1..].copy_from_slice(&Sha256::digest(name));
    PublicKey::Secp256k1(bytes)
}

pub(super) fn address(name: &str) -> Address {
    key(name).address()
}

pub(super) fn coin(amount: u128) -> base::Coin {
    Coin::base(Amount(amount)).to_wire()
}

pub(super) struct Chain {
    state: Mutex<State>,
    history: History,
    hub: Hub,
    views: Views,
    genesis: Genesis,
    behind: AtomicBool,
    listing: AtomicBool,
    /// Whether answers to many transactions are held back, and how many transactions came so.
    held: watch::Sender<bool>,
    taken: watch::Sender<usize>,
    pending: Mutex<BTreeMap<Address, u64>>,
    directory: tempfile::TempDir,
}

struct State {
    store: MemoryStore,
    height: Height,
    time: Timestamp,
    parent: Hash,
}

impl Chain {
    pub(super) fn new() -> Self {
        let genesis = genesis();
        let mut store = MemoryStore::default();
        store.apply(&genesis.writes().unwrap());
        let views = Views::default();
        for (key, row) in Partition::ALL.iter().flat_map(|partition| store.scan(*partition)) {
            views.insert(key, row).unwrap();
        }
        views.filled();
        let directory = tempfile::tempdir().unwrap();
        let history =
            History::open(directory.path(), CHAIN_ID, virtengine_events::Config::default()).unwrap();
        let hub = Hub::new(history.clone(), HubConfig::default());
        let state = State { store, height: Height(0), time: genesis.genesis_time_ms, parent: [7; 32] };
        let (behind, listing) = (AtomicBool::new(false), AtomicBool::new(true));
        let state = Mutex::new(state);
        let chain = Self {
            state,
            history,
            hub,
            views,
            genesis,
            behind,
            listing,
            held: watch::Sender::new(false),
            taken: watch::Sender::new(0),
            pending: Mutex::default(),
            directory,
        };
        chain.block(Vec::new()).unwrap();
        chain
    }

    /// Lets the mempool hold transactions of an account up to a sequence, which is the next one's.
    pub(super) fn pend(&self, name: &str, next: u64) {
        self.pending.lock().insert(address(name), next);
    }

    pub(super) fn hub(&self) -> &Hub {
        &self.hub
    }

    pub(super) fn genesis(&self) -> CometGenesis {
        let key = self.genesis.validators[0].consensus_key;
        let (path, json) = (self.directory.path().join("genesis.json"), "{}");
        std::fs::write(&path, json).unwrap();
        CometGenesis {
            chain_id: CHAIN_ID.to_owned(),
            time: self.genesis.genesis_time_ms,
            hash: [7; 32],
            state_root: [0; 32],
            validators: vec![CometValidator { key, power: 1 }],
            max_block_bytes: self.genesis.params.max_block_bytes,
            max_block_gas: None,
            app_state: AppState { path, bytes: json.len() as u64 },
        }
    }

    pub(super) fn node_info(&self) -> NodeInfo {
        NodeInfo {
            key: self.genesis.validators[0].consensus_key,
            power: 1,
            moniker: "node0".to_owned(),
            listen_addr: "tcp://127.0.0.1:26656".to_owned(),
            rpc_addr: "tcp://127.0.0.1:26657".to_owned(),
            version: "0.1.0".to_owned(),
        }
    }

    pub(super) fn account(&self, name: &str) -> Account {
        let place = bank::ACCOUNTS.key(&address(name)).unwrap();
        let row = self.state.lock().store.get(&place).unwrap();
        bank::ACCOUNTS.decode(&row).unwrap().1
    }

    /// A transaction of a named actor with its next sequence and a gas limit of 2,000,000.
    pub(super) fn tx<M: Message + Name>(&self, name: &str, msg: &M) -> Bytes {
        self.tx_with(name, msg, self.account(name).sequence)
    }

    pub(super) fn tx_with<M: Message + Name>(&self, name: &str, msg: &M, sequence: u64) -> Bytes {
        let any = prost_types::Any { type_url: format!("/{}", M::full_name()), value: msg.encode_to_vec() };
        let body = TxBody { messages: vec![any], memo: "hi".into(), ..TxBody::default() };
        let single = mode_info::Sum::Single(mode_info::Single { mode: 1 });
        let info = SignerInfo {
            public_key: Some(key(name).to_any()),
            mode_info: Some(ModeInfo { sum: Some(single) }),
            sequence,
        };
        let fee = Fee { amount: vec![coin(50_000)], gas_limit: 2_000_000, ..Fee::default() };
        let auth = AuthInfo { signer_infos: vec![info], fee: Some(fee), tip: None };
        let raw = TxRaw {
            body_bytes: body.encode_to_vec().into(),
            auth_info_bytes: auth.encode_to_vec().into(),
            signatures: vec![vec![0; 64].into()],
        };
        raw.encode_to_vec().into()
    }

    pub(super) fn send(&self, from: &str, to: &str, amount: u128) -> Bytes {
        let msg = MsgSend {
            from_address: address(from).to_string(),
            to_address: address(to).to_string(),
            amount: vec![coin(amount)],
        };
        self.tx(from, &msg)
    }

    /// Holds back the answers to transactions of streams, or lets them go.
    pub(super) fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Resolves once so many transactions came on streams.
    pub(super) async fn took(&self, count: usize) {
        self.taken.subscribe().wait_for(|taken| *taken >= count).await.unwrap();
    }

    /// Lets the node lack blocks that are final, or not.
    pub(super) fn set_behind(&self, behind: bool) {
        self.behind.store(behind, Ordering::Relaxed);
    }

    /// Lets lists be there, or still be built.
    pub(super) fn set_listing(&self, listing: bool) {
        self.listing.store(listing, Ordering::Relaxed);
    }

    /// Lets the next block have this height, as if state sync had covered those before it.
    pub(super) fn sync_to(&self, height: u64) {
        self.state.lock().height = Height(height - 1);
    }

    /// Executes transactions as the next block. Signatures are not looked at: that is the mempool's work.
    pub(super) fn block(&self, txs: Vec<DecodedTx>) -> Result<(), Rejection> {
        let mut state = self.state.lock();
        let context = BlockContext {
            chain_id: CHAIN_ID.to_owned(),
            epoch: 0,
            height: state.height.plus(1),
            time: Timestamp(state.time.0 + 1_000),
        };
        let (height, time) = (context.height, context.time);
        let txs: Vec<Arc<DecodedTx>> = txs.into_iter().map(Arc::new).collect();
        let verified = txs.iter().map(|tx| verified(&state.store, tx)).collect();
        let executed = execute(&state.store, BlockExecutor::new(context, verified, Mode::Verify))?;
        let header = BlockHeader {
            chain_id: CHAIN_ID.to_owned(),
            height,
            time,
            parent: state.parent,
            proposer: self.genesis.validators[0].consensus_key,
            results_root: executed.outcome.results_root(),
            gas_used: executed.outcome.gas_used,
            ..BlockHeader::default()
        };
        let hash: Hash = Sha256::digest(borsh_bytes(&header)).into();
        state.store.apply(&executed.writes);
        let writes = executed.writes.iter();
        let writes: Vec<StateWrite> =
            writes.map(|(key, row)| (key.partition as u8, key.bytes, row.clone())).collect();
        self.views.apply(&writes).unwrap();
        (state.height, state.time, state.parent) = (height, time, hash);
        drop(state);
        let block = FinalizedBlock {
            header,
            hash,
            txs,
            outcome: Arc::new(executed.outcome),
            writes: Arc::new(writes),
            certificate: None,
        };
        self.history.append(&block).unwrap();
        let record = self.history.block(height.0).unwrap().unwrap();
        self.hub.publish(record);
        Ok(())
    }
}

fn borsh_bytes(header: &BlockHeader) -> Vec<u8> {
    let table: Table<u8, BlockHeader> = Table::new(Partition::Hpc, 99, "headers");
    table.encode(&0, header).unwrap().to_vec()
}

fn genesis() -> Genesis {
    let mut bytes: [u8; 32] = Sha256::digest("validator").into();
    bytes[0] = 1; // below the group's order
    let secret = bls::SecretKey::decode(&bytes).unwrap();
    let operator = address("validator");
    let account = |name: &&str| GenesisAccount {
        address: address(name),
        coins: vec![Coin { denom: "atom".parse().unwrap(), amount: Amount(9) }, Coin::base(Amount(FUNDS))],
    };
    let mut genesis = Genesis {
        chain_id: CHAIN_ID.to_owned(),
        genesis_time_ms: Timestamp(1_795_431_600_000),
        params: Params::default(),
        committee: None,
        accounts: ["tenant", "provider", "validator"].iter().map(account).collect(),
        validators: vec![GenesisValidator {
            operator,
            moniker: "validator".to_owned(),
            consensus_key: Sha256::digest("validator node").into(),
            bls_key: secret.public_key().to_bytes(),
            proof_of_possession: secret.prove_possession(&operator, CHAIN_ID).to_bytes(),
            tokens: Amount(1_000_000),
        }],
    };
    genesis.sort();
    genesis
}

fn verified(store: &MemoryStore, tx: &Arc<DecodedTx>) -> VerifiedTx {
    let signer = |signer: &virtengine_types::tx::Signer| {
        let row = store.get(&bank::ACCOUNTS.key(&signer.address).unwrap());
        let account = row.map(|row| bank::ACCOUNTS.decode(&row).unwrap().1);
        VerifiedSigner {
            address: signer.address,
            account_number: account.map_or(0, |account| account.number),
            public_key: signer.public_key.clone().unwrap(),
        }
    };
    VerifiedTx { tx: tx.clone(), signers: Arc::new(tx.signers.iter().map(signer).collect()) }
}

fn execute(store: &MemoryStore, mut executor: BlockExecutor) -> Result<Box<Executed>, Rejection> {
    let mut wanted = executor.hints();
    loop {
        executor.load(wanted.iter().map(|key| (*key, store.get(key))).collect::<Vec<_>>());
        match executor.run().unwrap() {
            Step::Load(keys) => wanted = keys,
            Step::Done(executed) => return Ok(executed),
            Step::Invalid(rejection) => return Err(rejection),
        }
    }
}

impl Backend for Chain {
    fn get_many(&self, keys: Vec<Key>) -> Reply<Result<Vec<Option<Bytes>>, BackendError>> {
        let state = self.state.lock();
        let rows = keys.iter().map(|key| state.store.get(key)).collect();
        Box::pin(std::future::ready(Ok(rows)))
    }

    fn prove(&self, key: Key) -> Reply<Result<Option<ProvenRow>, BackendError>> {
        let row = self.state.lock().store.get(&key);
        let answer = match row {
            Some(_) => Err(BackendError::Failed("a state in memory has no proofs".to_owned())),
            None => Ok(None),
        };
        Box::pin(std::future::ready(answer))
    }

    fn list(&self, list: List, page: ListPage) -> Reply<Result<Listed, BackendError>> {
        let listed = if self.listing.load(Ordering::Relaxed) {
            self.views.list(&list, &page).map_err(BackendError::from)
        } else {
            Err(BackendError::Unavailable("the lists are being built".to_owned()))
        };
        Box::pin(std::future::ready(listed))
    }

    fn broadcast(&self, tx: Bytes) -> Reply<Result<Hash, Rejection>> {
        let answer = DecodedTx::decode(tx).map_err(|error| error.rejection()).and_then(|tx| {
            let hash = tx.hash;
            self.block(vec![tx])?;
            Ok(hash)
        });
        Box::pin(std::future::ready(answer))
    }

    fn broadcast_all(&self, txs: Vec<Bytes>) -> Reply<Vec<Reply<Result<Hash, Rejection>>>> {
        self.taken.send_modify(|taken| *taken += txs.len());
        let reply = |tx| -> Reply<_> {
            let (answer, mut held) = (self.broadcast(tx), self.held.subscribe());
            Box::pin(async move {
                held.wait_for(|held| !held).await.unwrap();
                answer.await
            })
        };
        let replies = txs.into_iter().map(reply).collect();
        Box::pin(std::future::ready(replies))
    }

    fn next_sequence(&self, address: &Address) -> Option<u64> {
        self.pending.lock().get(address).copied()
    }

    fn is_catching_up(&self) -> bool {
        self.behind.load(Ordering::Relaxed)
    }
}
