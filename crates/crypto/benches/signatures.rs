//! Signatures checked a second: one at a time on one core, in batches on all cores, and votes.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use virtengine_crypto::bls;
use virtengine_crypto::{KeyKind, SignatureCheck, SigningKey, verify, verify_batch};
use virtengine_types::{Address, tx::PublicKey};

/// Signatures of one batch, about those of a full block.
const BATCH: u64 = 4_096;

/// Proofs of possession of the largest batch.
const PROOFS: usize = 1_024;

fn check(kind: KeyKind, number: u64) -> SignatureCheck {
    let key = SigningKey::generate(kind);
    // As long as a transfer's document.
    let message = [number.to_be_bytes(); 40].concat();
    let signature = key.sign(&message);
    match key.public_key() {
        PublicKey::Secp256k1(bytes) => SignatureCheck::secp256k1(*bytes, &message, signature),
        PublicKey::Ed25519(bytes) => SignatureCheck::ed25519(*bytes, message, signature),
        PublicKey::Multisig(key) => unreachable!("{key:?} does not sign"),
    }
}

fn accounts(criterion: &mut Criterion) {
    for kind in [KeyKind::Secp256k1, KeyKind::Ed25519] {
        let checks: Vec<_> = (0..BATCH).map(|number| check(kind, number)).collect();
        assert!(verify_batch(&checks).iter().all(Result::is_ok), "what is measured must hold");
        let mut group = criterion.benchmark_group(kind.to_string());
        group.throughput(Throughput::Elements(1));
        group.bench_function("single", |bench| bench.iter(|| verify(black_box(&checks[0]))));
        group.throughput(Throughput::Elements(BATCH));
        group.bench_function("batch", |bench| bench.iter(|| verify_batch(black_box(&checks))));
        group.finish();
    }
}

fn votes(criterion: &mut Criterion) {
    let key = bls::SecretKey::generate();
    let (public, signature) = (key.public_key(), key.sign(b"vote", b"block"));
    let mut group = criterion.benchmark_group("bls12381");
    group.throughput(Throughput::Elements(1));
    group.bench_function("verify", |bench| {
        bench.iter(|| public.verify(black_box(b"vote"), b"block", &signature));
    });
    group.finish();
}

/// Proofs of possession on one core: one after the other, and as a genesis of many validators is checked.
fn possessions(criterion: &mut Criterion) {
    const CHAIN: &str = "bench-1";
    let operator = Address([7; 20]);
    let one = |_| {
        let key = bls::SecretKey::generate();
        (key.public_key().to_bytes(), key.prove_possession(&operator, CHAIN).to_bytes())
    };
    let made: Vec<_> = (0..PROOFS).map(one).collect();
    let claims = made.iter().map(|(key, proof)| bls::Claim { key, operator: &operator, proof });
    let claims: Vec<_> = claims.collect();
    let mut group = criterion.benchmark_group("possession");
    group.throughput(Throughput::Elements(1));
    group.bench_function("prove", |bench| {
        let key = bls::SecretKey::generate();
        bench.iter(|| key.prove_possession(black_box(&operator), CHAIN));
    });
    group.bench_function("single", |bench| {
        bench.iter(|| {
            let key = bls::PublicKey::decode(black_box(claims[0].key)).unwrap();
            let proof = bls::Signature::decode(claims[0].proof).unwrap();
            key.verify_possession(&operator, CHAIN, &proof).unwrap();
        });
    });
    for count in [16, 64, 256, 1024] {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("batch of {count}"), |bench| {
            bench.iter(|| bls::check_possessions(black_box(&claims[..count]), CHAIN).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, accounts, votes, possessions);
criterion_main!(benches);
