//! What a million validators and their delegations take of memory, and how quickly they are answered from it.

use criterion::{BatchSize, Criterion, criterion_group};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};
use virtengine_chain::staking::{DELEGATIONS, VALIDATORS};
use virtengine_state::{Key, Record, Table};
use virtengine_types::{
    Address, Amount, Height,
    block::StateWrite,
    staking::{Commission, Delegation, Description, Standing, Validator, ValidatorRewards, ValidatorStatus},
};
use virtengine_views::{List, ListPage, Views};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const VALIDATORS_IN_ALL: u64 = 1_000_000;

/// Uniform, as addresses and keys are.
fn random(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn bytes<const N: usize>(number: u64) -> [u8; N] {
    let mut bytes = [0; N];
    for (chunk, place) in bytes.chunks_mut(8).zip(0..) {
        chunk.copy_from_slice(&random(number ^ (place << 56)).to_le_bytes()[..chunk.len()]);
    }
    bytes
}

fn operator(number: u64) -> Address {
    Address(bytes(number))
}

/// One in a hundred has left.
fn validator(number: u64, tokens: u64) -> Validator {
    let free = !number.is_multiple_of(100);
    Validator {
        consensus_key: bytes(number),
        bls_key: Some(bytes(number)),
        tokens: Amount(tokens.into()),
        shares: Amount(tokens.into()),
        self_shares: Amount(1),
        min_self_delegation: Amount(1),
        description: Description { moniker: format!("validator-{number}"), ..Description::default() },
        commission: Commission::default(),
        status: if free { ValidatorStatus::Bonded } else { ValidatorStatus::Unbonded },
        standing: if free { Standing::Free } else { Standing::Jailed },
        created_height: Height(1),
        rewards: ValidatorRewards::default(),
        slashes: Vec::new(),
    }
}

fn write<K: Record, V: Record>(table: &Table<K, V>, key: &K, value: &V) -> StateWrite {
    let row = table.encode(key, value).unwrap();
    (table.partition() as u8, table.key(key).unwrap().bytes, Some(row))
}

fn stake(number: u64) -> u64 {
    random(number) >> 24
}

fn validator_write(number: u64, tokens: u64) -> StateWrite {
    write(&VALIDATORS, &operator(number), &validator(number, tokens))
}

fn delegation_write(number: u64) -> StateWrite {
    let delegation = Delegation { shares: Amount(1), paid_per_share: 0 };
    write(&DELEGATIONS, &(operator(number), operator(number)), &delegation)
}

/// Bytes given out by the allocator, and bytes that it holds of the machine's memory.
fn memory() -> [usize; 2] {
    tikv_jemalloc_ctl::epoch::advance().unwrap();
    [
        tikv_jemalloc_ctl::stats::allocated::read().unwrap(),
        tikv_jemalloc_ctl::stats::resident::read().unwrap(),
    ]
}

/// Fills views from rows that are made on the way, and says what that took.
fn filled(what: &str, row: impl Fn(u64) -> StateWrite) -> Views {
    let before = memory();
    let views = Views::default();
    let partition = VALIDATORS.partition();
    let mut inserting = Duration::ZERO;
    for first in (0..VALIDATORS_IN_ALL).step_by(1_000) {
        let rows: Vec<_> = (first..first + 1_000).map(&row).collect();
        let began = Instant::now();
        for (_, key, row) in rows {
            views.insert(&Key { partition, bytes: key }, &row.unwrap()).unwrap();
        }
        inserting += began.elapsed();
    }
    let began = Instant::now();
    views.filled();
    let (ordering, after) = (began.elapsed(), memory());
    let [allocated, resident] =
        [0, 1].map(|which| after[which].saturating_sub(before[which]) as u64 / VALIDATORS_IN_ALL);
    println!(
        "{what}: filled in {inserting:?}, ordered in {ordering:?}, {allocated} B allocated and {resident} B resident each"
    );
    views
}

/// What a single call takes, clock included.
fn percentiles(what: &str, mut call: impl FnMut(u64)) {
    let mut times: Vec<Duration> = (0..200_000)
        .map(|number| {
            let began = Instant::now();
            call(number);
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |part: usize| times[times.len() * part / 1_000];
    println!("{what}: p50 {:?}, p99 {:?}, p99.9 {:?}", at(500), at(990), at(999));
}

fn some(number: u64) -> u64 {
    random(!number) % VALIDATORS_IN_ALL
}

fn validators(criterion: &mut Criterion) {
    let views = filled("validators", |number| validator_write(number, stake(number)));
    println!(
        "validators: arrays and indexes have {} B each",
        views.validators().unwrap().bytes() as u64 / VALIDATORS_IN_ALL
    );
    percentiles("lookup", |number| {
        black_box(views.validators().unwrap().lookup(&operator(some(number))));
    });
    let list = |status, offset, reverse| {
        let page = ListPage { offset, limit: 100, reverse, ..ListPage::default() };
        views.list(&List::Validators { status }, &page).unwrap()
    };
    percentiles("a page of 100 anywhere", |number| {
        black_box(list(None, some(number), false));
    });
    let mut group = criterion.benchmark_group("1M validators");
    group.sample_size(20);
    group.bench_function("first page of 100", |bencher| bencher.iter(|| list(None, 0, false)));
    group.bench_function("last page of 100", |bencher| bencher.iter(|| list(None, 0, true)));
    group.bench_function("page of 100 unbonded", |bencher| {
        bencher.iter(|| list(Some(ValidatorStatus::Unbonded), 5_000, false));
    });
    group.bench_function("totals", |bencher| bencher.iter(|| views.validators().unwrap().totals()));
    group.bench_function("recount", |bencher| {
        let validators = views.validators().unwrap();
        bencher.iter(|| assert_eq!(validators.recount(), validators.totals()));
    });
    group.bench_function("iterate", |bencher| {
        bencher.iter(|| {
            views
                .validators()
                .unwrap()
                .iter()
                .map(|one| one.tokens.0 + u128::from(one.consensus_key[0]))
                .sum::<u128>()
        });
    });
    group.bench_function("iterate by tokens", |bencher| {
        bencher.iter(|| views.validators().unwrap().by_tokens(None).map(|one| one.tokens.0).sum::<u128>());
    });
    let mut round = 0;
    group.bench_function("1,000 changes of tokens", |bencher| {
        let block = || {
            round += 1_000;
            (round..round + 1_000)
                .map(|number| validator_write(some(number), stake(number)))
                .collect::<Vec<_>>()
        };
        bencher.iter_batched(block, |block| views.apply(&block).unwrap(), BatchSize::LargeInput);
    });
    group.finish();
    println!(
        "validators: arrays and indexes have {} B each after random changes",
        views.validators().unwrap().bytes() as u64 / VALIDATORS_IN_ALL
    );
}

fn delegations(criterion: &mut Criterion) {
    let views = filled("delegations", delegation_write);
    let list = |delegator, validator| {
        let page = ListPage { limit: 100, ..ListPage::default() };
        views.list(&List::Delegations { delegator, validator }, &page).unwrap()
    };
    percentiles("delegations of one", |number| {
        black_box(list(Some(operator(some(number))), None));
    });
    let mut group = criterion.benchmark_group("1M delegations");
    group.sample_size(20);
    group.bench_function("first page of 100", |bencher| bencher.iter(|| list(None, None)));
    let mut round = VALIDATORS_IN_ALL;
    group.bench_function("1,000 come and go", |bencher| {
        let blocks = || {
            round += 1_000;
            let come: Vec<_> = (round..round + 1_000).map(delegation_write).collect();
            let go: Vec<_> = come.iter().map(|(partition, key, _)| (*partition, *key, None)).collect();
            [come, go]
        };
        bencher.iter_batched(
            blocks,
            |blocks| blocks.iter().for_each(|block| views.apply(block).unwrap()),
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, validators, delegations);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
}
