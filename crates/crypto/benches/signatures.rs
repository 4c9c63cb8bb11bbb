//! Signatures checked a second: one at a time on one core, in batches on all cores, and votes.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use virtengine_crypto::bls;
use virtengine_crypto::{KeyKind, SignatureCheck, SigningKey, verify, verify_batch};
use virtengine_types::tx::PublicKey;

/// Signatures of one batch, about those of a full block.
const BATCH: u64 = 4_096;

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

criterion_group!(benches, accounts, votes);
criterion_main!(benches);
