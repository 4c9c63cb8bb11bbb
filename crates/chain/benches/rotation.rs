//! Drawing the seats of an epoch, and dividing its endorsers, with a million bonded validators.
//!
//! `seat_draw` is what a change of epoch waits for if nothing was prepared; goal: at most 100 ms with everything else.
#![allow(missing_docs)] // the macros of criterion

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use virtengine_chain::rotation::{Shards, Stakes};
use virtengine_types::{Address, Amount};

const VALIDATORS: u32 = 1_000_000;
const SEATS: usize = 64;

/// Ascending operators, whose stakes differ by up to a million times.
fn candidates() -> Vec<(Address, Amount)> {
    let candidate = |number: u32| {
        let mut operator = [0; 20];
        operator[..4].copy_from_slice(&number.to_be_bytes());
        let tokens = u128::from(number.wrapping_mul(2_654_435_761) % 1_000_000 + 1);
        (Address(operator), Amount(tokens * 1_000_000))
    };
    (0..VALIDATORS).map(candidate).collect()
}

fn rotation(c: &mut Criterion) {
    let candidates = candidates();
    let stakes = Stakes::new(candidates.iter().copied()).unwrap();
    let seed = [7; 32];
    assert_eq!(stakes.draw(&seed, 1, SEATS).len(), SEATS);
    let mut group = c.benchmark_group("1,000,000 validators");
    group.sample_size(20);
    group.bench_function("seat_draw", |b| {
        b.iter(|| Stakes::new(candidates.iter().copied()).unwrap().draw(black_box(&seed), 1, SEATS));
    });
    group.bench_function("seat_draw from sums", |b| b.iter(|| stakes.draw(black_box(&seed), 1, SEATS)));
    group.bench_function("shards", |b| b.iter(|| Shards::new(VALIDATORS, black_box(&seed), 1)));
    let shards = Shards::new(VALIDATORS, &seed, 1);
    group.bench_function("a member's shard", |b| b.iter(|| shards.place(black_box(VALIDATORS / 3))));
    group.finish();
}

criterion_group!(benches, rotation);
criterion_main!(benches);
