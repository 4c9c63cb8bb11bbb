//! A chain in memory for tests: genesis accounts, and blocks run through the executor.

use crate::{
    BlockContext, BlockExecutor, Executed, Genesis, Mode, Step, bank,
    genesis::{GenesisAccount, GenesisValidator},
};
use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use virtengine_crypto::{bls, node_key::Identity};
use virtengine_state::{MemoryStore, Record, Table};
use virtengine_types::{
    Address, Amount, Coin, Coins, Gas, Height, Timestamp,
    block::{BlockOutcome, TxResult},
    code::Rejection,
    ledger::Account,
    msg::Msg,
    params::Params,
    tx::{DecodedTx, Fee, PublicKey, SignMode, Signer, VerifiedSigner, VerifiedTx},
};

/// Name of the test chain.
pub(crate) const CHAIN_ID: &str = "test-1";
/// What each genesis account owns, in uve.
pub(crate) const FUNDS: u128 = 1_000_000_000_000;
/// Self-delegation of the genesis validator, in uve.
pub(crate) const STAKE: u128 = 1_000_000;

/// The key of a named actor. Its bytes need not be a curve point: signatures are checked elsewhere.
pub(crate) fn key(name: &str) -> PublicKey {
    let mut bytes = [2; 33];
    bytes[1..].copy_from_slice(&Sha256::digest(name));
    PublicKey::Secp256k1(bytes)
}

/// SHA-256 of a name, for keys and hashes that only need to differ.
pub(crate) fn hash(name: &str) -> [u8; 32] {
    Sha256::digest(name).into()
}

/// The account of a named actor.
pub(crate) fn address(name: &str) -> Address {
    key(name).address()
}

/// The ed25519 key of a named validator's node, which signs its votes.
pub(crate) fn node_secret(name: &str) -> Identity {
    Identity::from_seed(&hash(name))
}

/// Its public key.
pub(crate) fn node_key(name: &str) -> [u8; 32] {
    node_secret(name).public_key()
}

/// The BLS secret of a named validator.
pub(crate) fn bls_secret(name: &str) -> bls::SecretKey {
    let mut bytes: [u8; 32] = Sha256::digest(name).into();
    bytes[0] = 1; // below the group's order
    bls::SecretKey::decode(&bytes).unwrap()
}

/// A genesis with these funded accounts and one validator, `validator`. Transactions need no fee.
pub(crate) fn genesis(names: &[&str]) -> Genesis {
    let secret = bls_secret("validator");
    let operator = address("validator");
    let mut genesis = Genesis {
        chain_id: CHAIN_ID.to_owned(),
        genesis_time_ms: Timestamp(1_795_431_600_000),
        committee: None,
        params: Params { min_fee_per_million_gas: Amount(0), ..Params::default() },
        accounts: names
            .iter()
            .chain(&["validator"])
            .map(|name| GenesisAccount { address: address(name), coins: vec![Coin::base(Amount(FUNDS))] })
            .collect(),
        validators: vec![GenesisValidator {
            operator,
            moniker: "validator".to_owned(),
            consensus_key: node_key("validator"),
            bls_key: secret.public_key().to_bytes(),
            proof_of_possession: secret.prove_possession(&operator, CHAIN_ID).to_bytes(),
            tokens: Amount(STAKE),
        }],
    };
    genesis.sort();
    genesis
}

/// Whether the keys that messages will likely touch are loaded ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preload {
    /// As a node does.
    Hints,
    /// Each key is loaded when execution misses it.
    Nothing,
}

/// A chain in memory.
#[derive(Clone, Debug)]
pub(crate) struct Harness {
    /// Every row after the last block.
    pub(crate) store: MemoryStore,
    /// Height of the last block.
    pub(crate) height: Height,
    /// Time of the last block; each block adds a second.
    pub(crate) time: Timestamp,
    /// Gas limit of the transactions that the harness makes.
    pub(crate) gas: Gas,
    /// Epoch of the next block.
    pub(crate) epoch: u64,
    keys: BTreeMap<Address, PublicKey>,
}

impl Harness {
    /// A chain of [`genesis`] with these actors.
    pub(crate) fn new(names: &[&str]) -> Self {
        Self::of(&genesis(names), names)
    }

    /// The same with other parameters.
    pub(crate) fn with_params(names: &[&str], change: impl FnOnce(&mut Params)) -> Self {
        let mut genesis = genesis(names);
        change(&mut genesis.params);
        Self::of(&genesis, names)
    }

    /// A chain of a genesis, with the keys of these actors.
    pub(crate) fn of(genesis: &Genesis, names: &[&str]) -> Self {
        let mut store = MemoryStore::default();
        store.apply(&genesis.writes().unwrap());
        let keys = names.iter().chain(&["validator"]).map(|name| (address(name), key(name))).collect();
        let (height, time) = (Height(0), genesis.genesis_time_ms);
        Self { store, height, time, gas: Gas(20_000_000), epoch: 0, keys }
    }

    /// Reads a row.
    pub(crate) fn row<K: Record, V: Record>(&self, table: &Table<K, V>, key: &K) -> Option<V> {
        self.store.get(&table.key(key).unwrap()).map(|row| table.decode(&row).unwrap().1)
    }

    /// All rows of a table, in the order of their keys.
    pub(crate) fn rows<K: Record, V: Record>(&self, table: &Table<K, V>) -> Vec<(K, V)> {
        let rows = self.store.scan(table.partition());
        rows.filter_map(|(key, row)| table.decode_if(key, row).unwrap()).collect()
    }

    /// An account's row.
    pub(crate) fn account(&self, address: Address) -> Account {
        self.row(&bank::ACCOUNTS, &address).unwrap()
    }

    /// What an account owns of uve; 0 without an account.
    pub(crate) fn balance(&self, address: Address) -> u128 {
        let account = self.row(&bank::ACCOUNTS, &address);
        account.map_or(0, |account| account.balances.amount_of(&Coin::base(Amount(0)).denom).0)
    }

    /// One transaction of `signer` with the sequence `ahead` of the account's next one, without a fee.
    pub(crate) fn tx(&self, signer: Address, ahead: u64, messages: Vec<Msg>) -> DecodedTx {
        let sequence = self.row(&bank::ACCOUNTS, &signer).map_or(0, |account| account.sequence) + ahead;
        let raw = Bytes::from(format!("{signer}/{sequence}/{messages:?}"));
        DecodedTx {
            hash: Sha256::digest(&raw).into(),
            body_bytes: raw.clone(),
            auth_info_bytes: raw.clone(),
            raw,
            messages,
            signers: vec![Signer {
                address: signer,
                public_key: self.keys.get(&signer).cloned(),
                sequence,
                mode: SignMode::Direct,
                signature: Bytes::from_static(&[7; 64]),
            }],
            fee: Fee { amount: Coins::default(), gas_limit: self.gas, payer: signer },
            memo: String::new(),
            timeout_height: 0,
        }
    }

    /// The transaction as if its signatures had been checked under the accounts' numbers and keys.
    pub(crate) fn verified(&self, tx: DecodedTx) -> VerifiedTx {
        let signers = tx.signers.iter().map(|signer| VerifiedSigner {
            address: signer.address,
            account_number: self.row(&bank::ACCOUNTS, &signer.address).map_or(0, |account| account.number),
            public_key: self.keys.get(&signer.address).cloned().unwrap_or_else(|| key("unknown")),
        });
        VerifiedTx { signers: Arc::new(signers.collect()), tx: Arc::new(tx) }
    }

    /// Executes the next block without keeping what it did.
    pub(crate) fn execute(
        &self,
        txs: Vec<VerifiedTx>,
        mode: Mode,
        preload: Preload,
    ) -> Result<Executed, Rejection> {
        let context = BlockContext {
            chain_id: CHAIN_ID.to_owned(),
            epoch: self.epoch,
            height: self.height.plus(1),
            time: Timestamp(self.time.0 + 1_000),
        };
        let mut executor = BlockExecutor::new(context, txs, mode);
        let load = |executor: &mut BlockExecutor, keys: Vec<virtengine_state::Key>| {
            executor.load(keys.into_iter().map(|key| (key, self.store.get(&key))));
        };
        if preload == Preload::Hints {
            let hints = executor.hints();
            load(&mut executor, hints);
        }
        loop {
            match executor.run().unwrap() {
                Step::Load(keys) => load(&mut executor, keys),
                Step::Done(executed) => return Ok(*executed),
                Step::Invalid(rejection) => return Err(rejection),
            }
        }
    }

    /// Executes the next block and keeps what it did; the block must be valid.
    pub(crate) fn apply(&mut self, txs: Vec<VerifiedTx>) -> BlockOutcome {
        let executed = self.execute(txs, Mode::Verify, Preload::Hints).unwrap();
        self.store.apply(&executed.writes);
        self.height = self.height.plus(1);
        self.time = Timestamp(self.time.0 + 1_000);
        executed.outcome
    }

    /// Runs a block with one transaction for each entry; an account may occur several times.
    pub(crate) fn block(&mut self, entries: &[(Address, Vec<Msg>)]) -> BlockOutcome {
        let mut sent: BTreeMap<Address, u64> = BTreeMap::new();
        let mut txs = Vec::new();
        for (signer, messages) in entries {
            let ahead = sent.entry(*signer).or_default();
            txs.push(self.verified(self.tx(*signer, *ahead, messages.clone())));
            *ahead += 1;
        }
        self.apply(txs)
    }

    /// Runs a block with one transaction of one message.
    pub(crate) fn send(&mut self, message: Msg) -> TxResult {
        self.block(&[(message.signer(), vec![message])]).results.remove(0)
    }

    /// As [`Harness::send`]; the message must succeed.
    pub(crate) fn ok(&mut self, message: Msg) -> TxResult {
        let result = self.send(message);
        assert_eq!((result.code, result.log.as_str()), (0, ""), "{result:?}");
        result
    }

    /// As [`Harness::send`]; the message must be refused with this codespace and code. Answers with the
    /// log.
    pub(crate) fn refused(&mut self, message: Msg, codespace: &str, code: u32) -> String {
        let result = self.send(message);
        assert_eq!((result.codespace.as_str(), result.code), (codespace, code), "{}", result.log);
        result.log
    }

    /// Runs empty blocks.
    pub(crate) fn empty_blocks(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.apply(Vec::new());
        }
    }
}
