//! What operations of the market cost on one core, from a loaded working set.

use bytes::Bytes;
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use virtengine_chain::{
    BlockContext, BlockExecutor, Mode, Outcome, Step, Stop, TxContext, bank, market, provider,
};
use virtengine_state::{Key, MemoryStore, State, WriteSet};
use virtengine_types::{
    Address, Amount, Coin, Coins, Gas, Height, Timestamp,
    ledger::Account,
    market::{BidId, Gpu, OrderId, OrderSpec, ResourceUnit, Selection},
    msg::{AcceptBid, CreateOrder, Msg, RegisterProvider, SubmitBid},
    params::Params,
    provider::Attribute,
    tx::{DecodedTx, Fee, PublicKey, SignMode, Signer, VerifiedSigner, VerifiedTx},
};

const BIDS: u8 = 100;
const ORDERS_IN_BLOCK: u64 = 100;

fn actor(number: u8) -> Address {
    key(number).address()
}

fn key(number: u8) -> PublicKey {
    PublicKey::Secp256k1([number; 33])
}

fn block(height: u64) -> BlockContext {
    BlockContext {
        chain_id: "bench-1".to_owned(),
        epoch: 0,
        height: Height(height),
        time: Timestamp(height * 1_000),
    }
}

/// 120 funded accounts; the tenant is 0.
fn accounts() -> MemoryStore {
    let mut rows = WriteSet::default();
    for number in 0..120u8 {
        let mut balances = Coins::default();
        balances.add(&Coin::base(Amount(1 << 80))).unwrap();
        let account = Account { number: u64::from(number), sequence: 0, public_key: None, balances };
        let address = actor(number);
        let row = bank::ACCOUNTS.encode(&address, &account).unwrap();
        rows.insert(bank::ACCOUNTS.key(&address).unwrap(), Some(row));
    }
    let mut store = MemoryStore::default();
    store.apply(&rows);
    store
}

type Operation<'a> = &'a dyn Fn(&mut State, &mut TxContext<'_>) -> Outcome<u64>;

/// The working set that an operation needs.
fn working_set(store: &MemoryStore, context: &BlockContext, index: u32, run: Operation<'_>) -> State {
    let params = Params::default();
    let mut loaded = State::default();
    loop {
        let mut ctx = TxContext::new(context, &params, index);
        match run(&mut loaded.clone(), &mut ctx) {
            Ok(_) => return loaded,
            Err(Stop::NotLoaded(key)) => loaded.load([(key, store.get(&key))]),
            Err(stop) => panic!("{stop}"),
        }
    }
}

/// Runs an operation and keeps what it wrote; answers with the number it made.
fn apply(store: &mut MemoryStore, context: &BlockContext, index: u32, run: Operation<'_>) -> u64 {
    let params = Params::default();
    let mut state = working_set(store, context, index, run);
    let made = run(&mut state, &mut TxContext::new(context, &params, index)).unwrap();
    store.apply(&state.into_writes());
    made
}

fn spec() -> OrderSpec {
    OrderSpec {
        name: "web".to_owned(),
        resources: vec![ResourceUnit {
            cpu_milli: 500,
            memory_bytes: 1 << 30,
            storage: Vec::new(),
            gpu: Gpu::default(),
            endpoints: Vec::new(),
            count: 1,
        }],
        region: "eu".to_owned(),
        attributes: vec![Attribute { key: "tier".to_owned(), value: "gold".to_owned() }],
        signed_by_any: Vec::new(),
        signed_by_all: Vec::new(),
        minimum_identity_tier: 0,
        max_price: Amount(1_000),
        bid_window: 1_000,
        selection: Selection::Manual,
        manifest_hash: None,
    }
}

fn create() -> CreateOrder {
    CreateOrder { tenant: actor(0), spec: Box::new(spec()), deposit: Amount(1_000_000) }
}

fn bid(order: OrderId, number: u8) -> SubmitBid {
    let price = Amount(900 - u128::from(number));
    SubmitBid { provider: actor(number), order, price, deposit: Amount(100_000) }
}

/// A store with providers 1 to 110 and an order with `bids` bids of the first of them.
fn order_with_bids(bids: u8) -> (MemoryStore, OrderId, Vec<BidId>) {
    let mut store = accounts();
    for number in 1..=110u8 {
        let attribute = |key: &str, value: &str| Attribute { key: key.to_owned(), value: value.to_owned() };
        let msg = RegisterProvider {
            owner: actor(number),
            host_uri: "https://provider.example".to_owned(),
            attributes: vec![attribute("region", "eu"), attribute("tier", "gold")],
            email: String::new(),
            website: String::new(),
        };
        apply(&mut store, &block(1), 0, &|state, ctx| provider::register(state, ctx, &msg).map(|()| 0));
    }
    let msg = create();
    let order = OrderId(apply(&mut store, &block(2), 0, &|state, ctx| {
        market::create_order(state, ctx, &msg).map(|id| id.0)
    }));
    let bids = (1..=bids)
        .map(|number| {
            let msg = bid(order, number);
            let index = u32::from(number);
            BidId(apply(&mut store, &block(3), index, &|state, ctx| {
                market::submit_bid(state, ctx, &msg).map(|id| id.0)
            }))
        })
        .collect();
    (store, order, bids)
}

fn measure(c: &mut Criterion, name: &str, store: &MemoryStore, run: Operation<'_>) {
    let (context, params) = (block(4), Params::default());
    let loaded = working_set(store, &context, 0, run);
    c.bench_function(name, |bencher| {
        bencher.iter_batched_ref(
            || loaded.clone(),
            |state| black_box(run(state, &mut TxContext::new(&context, &params, 0)).unwrap()),
            BatchSize::SmallInput,
        );
    });
}

fn operations(c: &mut Criterion) {
    let (store, order, bids) = order_with_bids(BIDS);
    let msg = AcceptBid { tenant: actor(0), bid: bids[50] };
    measure(c, "accept_bid/100_bids", &store, &|state, ctx| {
        market::accept_bid(state, ctx, &msg).map(|id| id.0)
    });
    let msg = create();
    measure(c, "create_order", &store, &|state, ctx| market::create_order(state, ctx, &msg).map(|id| id.0));
    let (store, first, _) = order_with_bids(BIDS - 1);
    assert_eq!(first, order);
    let msg = bid(order, 105);
    measure(c, "submit_bid/99_bids", &store, &|state, ctx| {
        market::submit_bid(state, ctx, &msg).map(|id| id.0)
    });
}

/// A store with this many open orders, 200 a block.
fn open_orders(count: u64) -> MemoryStore {
    let mut store = accounts();
    let msg = create();
    for number in 0..count {
        let (height, index) = (1_000 + number / 200, u32::try_from(number % 200).unwrap());
        apply(&mut store, &block(height), index, &|state, ctx| {
            market::create_order(state, ctx, &msg).map(|id| id.0)
        });
    }
    store
}

/// Transactions of the tenant that post one order each.
fn orders() -> Vec<VerifiedTx> {
    (0..ORDERS_IN_BLOCK)
        .map(|sequence| {
            let raw = Bytes::from(vec![7; 300]);
            let signer = Signer {
                address: actor(0),
                public_key: Some(key(0)),
                sequence,
                mode: SignMode::Direct,
                signature: Bytes::from_static(&[7; 64]),
            };
            let mut amount = Coins::default();
            amount.add(&Coin::base(Amount(25_000))).unwrap();
            let tx = DecodedTx {
                hash: [0; 32],
                body_bytes: raw.clone(),
                auth_info_bytes: raw.clone(),
                raw,
                messages: vec![Msg::CreateOrder(create())],
                signers: vec![signer],
                fee: Fee { amount, gas_limit: Gas(1_000_000), payer: actor(0) },
                memo: String::new(),
                timeout_height: 0,
            };
            let verified = VerifiedSigner { address: actor(0), account_number: 0, public_key: key(0) };
            VerifiedTx { tx: Arc::new(tx), signers: Arc::new(vec![verified]) }
        })
        .collect()
}

fn blocks(c: &mut Criterion) {
    let mut group = c.benchmark_group("block_of_100_orders/open_orders");
    for count in [1_000u64, 100_000] {
        let store = open_orders(count);
        // The first block, at which nothing is due; the open orders have later numbers.
        let mut context = block(1);
        context.time = Timestamp(0);
        let txs = orders();
        let load = |executor: &mut BlockExecutor, keys: Vec<Key>| {
            executor.load(keys.into_iter().map(|key| (key, store.get(&key))));
        };
        let prepare = || {
            let mut executor = BlockExecutor::new(context.clone(), txs.clone(), Mode::Verify);
            let hints = executor.hints();
            load(&mut executor, hints);
            executor
        };
        let run = |mut executor: BlockExecutor| loop {
            match executor.run().unwrap() {
                Step::Load(keys) => load(&mut executor, keys),
                Step::Done(executed) => break executed,
                Step::Invalid(rejection) => panic!("{rejection}"),
            }
        };
        assert!(run(prepare()).outcome.results.iter().all(|result| result.code == 0));
        group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
            bencher.iter_batched(prepare, run, BatchSize::SmallInput);
        });
    }
    group.finish();
}

criterion_group!(benches, operations, blocks);
criterion_main!(benches);
