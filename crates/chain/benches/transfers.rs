//! Executing a block of 10,000 transfers from a loaded working set, without signature checks.
//!
//! Every sender and receiver is another account, every transaction is decoded from its protobuf bytes
//! (before the clock starts) and pays a fee. Goal: at most 60 ms on one core.
#![allow(missing_docs)] // the macros of criterion

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use prost::{Message, Name};
use std::sync::Arc;
use virtengine_chain::{BlockContext, BlockExecutor, Mode, Step, bank, params};
use virtengine_state::{Key, MemoryStore};
use virtengine_types::{
    Address, Amount, Coin, Coins, Height, Timestamp,
    ledger::Account,
    params::Params,
    proto::cosmos::{
        bank::v1beta1::MsgSend,
        tx::v1beta1::{AuthInfo, Fee, ModeInfo, SignerInfo, TxBody, TxRaw, mode_info},
    },
    tx::{DecodedTx, PublicKey, VerifiedSigner, VerifiedTx},
};

const TRANSFERS: u32 = 10_000;

fn key(number: u32) -> PublicKey {
    let mut bytes = [3; 33];
    bytes[1..5].copy_from_slice(&number.to_be_bytes());
    PublicKey::Secp256k1(bytes)
}

fn transfer(number: u32) -> VerifiedTx {
    let public_key = key(number);
    let (from, to) = (public_key.address(), key(TRANSFERS + number).address());
    let amount = vec![Coin::base(Amount(1_000)).to_wire()];
    let send = MsgSend { from_address: from.to_string(), to_address: to.to_string(), amount };
    let any = prost_types::Any { type_url: MsgSend::type_url(), value: send.encode_to_vec() };
    let body = TxBody { messages: vec![any], ..TxBody::default() };
    let fee = Fee { amount: vec![Coin::base(Amount(2_500)).to_wire()], gas_limit: 100_000, ..Fee::default() };
    let single = mode_info::Sum::Single(mode_info::Single { mode: 1 });
    let signer = SignerInfo {
        public_key: Some(public_key.to_any()),
        mode_info: Some(ModeInfo { sum: Some(single) }),
        sequence: 0,
    };
    let auth = AuthInfo { signer_infos: vec![signer], fee: Some(fee), ..AuthInfo::default() };
    let raw = TxRaw {
        body_bytes: body.encode_to_vec().into(),
        auth_info_bytes: auth.encode_to_vec().into(),
        signatures: vec![vec![7; 64].into()],
    };
    let tx = DecodedTx::decode(raw.encode_to_vec().into()).unwrap();
    let signer = VerifiedSigner { address: from, account_number: u64::from(number), public_key };
    VerifiedTx { tx: Arc::new(tx), signers: Arc::new(vec![signer]) }
}

fn store() -> MemoryStore {
    let mut balances = Coins::default();
    balances.add(&Coin::base(Amount(1_000_000_000))).unwrap();
    let row = |number: u32| {
        let address: Address = key(number).address();
        let number = u64::from(number);
        let account = Account { number, sequence: 0, public_key: None, balances: balances.clone() };
        let value = bank::ACCOUNTS.encode(&address, &account).unwrap();
        (bank::ACCOUNTS.key(&address).unwrap(), Some(value))
    };
    let params = params::PARAMS.encode(&0, &Params::default()).unwrap();
    let params = (params::PARAMS.key(&0).unwrap(), Some(params));
    let mut store = MemoryStore::default();
    store.apply(&(0..2 * TRANSFERS).map(row).chain([params]).collect());
    store
}

fn load(executor: &mut BlockExecutor, store: &MemoryStore, keys: Vec<Key>) {
    executor.load(keys.into_iter().map(|key| (key, store.get(&key))));
}

fn transfers(c: &mut Criterion) {
    let store = store();
    let txs: Vec<_> = (0..TRANSFERS).map(transfer).collect();
    let context = BlockContext {
        chain_id: "bench-1".to_owned(),
        epoch: 0,
        height: Height(1),
        time: Timestamp(1_795_431_600_000),
    };
    let prepare = || {
        let mut executor = BlockExecutor::new(context.clone(), txs.clone(), Mode::Verify);
        let hints = executor.hints();
        load(&mut executor, &store, hints);
        executor
    };
    let run = |mut executor: BlockExecutor| loop {
        match executor.run().unwrap() {
            Step::Load(keys) => load(&mut executor, &store, keys),
            Step::Done(executed) => break executed,
            Step::Invalid(rejection) => panic!("{rejection}"),
        }
    };
    let executed = run(prepare());
    assert!(executed.outcome.results.iter().all(|result| result.code == 0));
    assert_eq!(executed.outcome.results.len(), TRANSFERS as usize);
    let mut group = c.benchmark_group("chain");
    group.sample_size(20).throughput(Throughput::Elements(u64::from(TRANSFERS)));
    group.bench_function("10,000 transfers", |b| b.iter_batched(prepare, run, BatchSize::PerIteration));
    group.bench_function("hints of 10,000 transfers", |b| {
        let executor = BlockExecutor::new(context.clone(), txs.clone(), Mode::Verify);
        b.iter(|| executor.hints());
    });
    group.finish();
}

criterion_group!(benches, transfers);
criterion_main!(benches);
