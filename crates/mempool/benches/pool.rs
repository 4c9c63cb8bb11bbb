//! Cost of the pool itself: no signatures, no state.

use bytes::Bytes;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::{collections::HashSet, hint::black_box, sync::Arc};
use virtengine_mempool::{BlockSpace, Config, Origin, Pool, SignerState};
use virtengine_types::{
    Address, Amount, Coin, Coins, Gas, Height,
    tx::{DecodedTx, Fee, SignMode, Signer, VerifiedTx},
};

const TXS: u32 = 10_000;
const ACCOUNTS: u32 = 1_000;
const SPACE: BlockSpace = BlockSpace { bytes: usize::MAX, gas: u64::MAX, count: usize::MAX };

/// Transaction `index`: ten of each account, fees that differ.
fn tx(index: u32) -> VerifiedTx {
    let mut address = [0; 20];
    address[..4].copy_from_slice(&(index % ACCOUNTS).to_be_bytes());
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&index.to_be_bytes());
    let mut amount = Coins::default();
    let fee = Amount(5_000 + u128::from(index.wrapping_mul(2_654_435_761) % 5_000));
    assert!(amount.add(&Coin::base(fee)).is_ok());
    let signer = Signer {
        address: Address(address),
        public_key: None,
        sequence: u64::from(index / ACCOUNTS),
        mode: SignMode::Direct,
        signature: Bytes::new(),
    };
    let tx = DecodedTx {
        hash,
        raw: Bytes::from(vec![0; 320]),
        body_bytes: Bytes::new(),
        auth_info_bytes: Bytes::new(),
        messages: Vec::new(),
        signers: vec![signer],
        fee: Fee { amount, gas_limit: Gas(100_000), payer: Address(address) },
        memo: String::new(),
        timeout_height: 0,
    };
    VerifiedTx { tx: Arc::new(tx), signers: Arc::default() }
}

fn fill(txs: &[VerifiedTx]) -> Pool {
    let mut pool = Pool::new(Config::default(), Height(1));
    let state = [Some(SignerState { sequence: 0, funds: Amount(u128::MAX) })];
    for tx in txs {
        assert!(pool.insert(tx.clone(), &state, Origin::Client).is_ok());
    }
    pool
}

fn benches(criterion: &mut Criterion) {
    let txs: Vec<VerifiedTx> = (0..TXS).map(tx).collect();
    criterion.bench_function("insert and propose 10,000", |bench| {
        bench.iter(|| {
            let chosen = fill(&txs).propose(SPACE, &HashSet::new());
            assert_eq!(chosen.len(), txs.len());
            black_box(chosen)
        });
    });
    let full = fill(&txs);
    criterion.bench_function("propose 10,000", |bench| {
        bench.iter(|| black_box(full.propose(SPACE, &HashSet::new())));
    });
    let few = BlockSpace { count: 100, ..SPACE };
    criterion.bench_function("propose 100 of 10,000", |bench| {
        bench.iter(|| black_box(full.propose(few, &HashSet::new())));
    });
    criterion.bench_function("commit 10,000", |bench| {
        bench.iter_batched(
            || fill(&txs),
            |mut pool| {
                let outcome = pool.committed(Height(2), txs.iter().map(|tx| tx.tx.as_ref()), []);
                assert_eq!(outcome.included, txs.len());
            },
            BatchSize::LargeInput,
        );
    });
}

criterion_group!(group, benches);
criterion_main!(group);
