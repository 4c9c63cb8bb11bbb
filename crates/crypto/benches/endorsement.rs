//! A million endorsements in 1,024 shards, checked on all cores.
//!
//! `cargo bench -p virtengine-crypto --bench endorsement` prints one JSON line. `key_sum_limit_ms` is the time of adding
//! all keys, each once, and nothing else; `ratio` is this limit divided by the time of the whole check, so above 1 the
//! check takes less than that sum. Times are medians. Goal: `check_ms` at most 500 and `ratio` at least 0.5.

use blst::{MultiPoint as _, blst_p1, min_pk, p1_affines};
use rayon::prelude::*;
use serde_json::json;
use std::{hint::black_box, time::Instant};
use virtengine_crypto::{
    bls::{CheckedKey, SecretKey, Signature},
    endorsement::{
        Bitfield, Checkpoint, Endorsement, EndorsementError, ShardKeys, verify, verify_signatures,
    },
};
use virtengine_types::Height;

const MEMBERS: usize = 1_000_000;
const SHARDS: usize = 1_024;
/// Percent of members that endorse.
const PRESENT: [usize; 4] = [100, 99, 67, 50];
/// Times that each measurement is repeated.
const RUNS: usize = 9;
/// Keys that a thread adds at a time: as many as the library takes in one pass.
const PASS: usize = 1_024;

fn main() {
    let test = std::env::args().any(|argument| argument == "--test");
    let (members, runs) = if test { (MEMBERS / 64, 1) } else { (MEMBERS, RUNS) };
    let bytes = encoded_keys(members);
    let decoding = Instant::now();
    let keys: Vec<_> = bytes.par_iter().map(|key| CheckedKey::of_registered(key).unwrap()).collect();
    let decode_ms = milliseconds(decoding);
    drop(bytes);
    let make_shards = || -> Vec<_> {
        (0..SHARDS)
            .into_par_iter()
            .map(|shard| ShardKeys::new(keys[range(shard, members)].to_vec()))
            .collect()
    };
    let totals_ms = median(runs, || make_shards().len());
    let shards = make_shards();
    let raw = points(members);
    let limit_ms = median(runs, || {
        let sums = raw.par_chunks(PASS).map(|keys| keys.add());
        let add = |mut sum: min_pk::AggregatePublicKey, other: min_pk::AggregatePublicKey| {
            sum.add_aggregate(&other);
            sum
        };
        sums.reduce(|| blst_p1::default().into(), add).to_public_key()
    });
    drop(raw);

    let checkpoint = checkpoint();
    let check = |percent: usize| {
        let endorsements = endorse(&checkpoint, members, percent);
        let endorsers: usize = endorsements.iter().map(|one| count(&one.bitfield)).sum();
        assert_eq!(verify(&checkpoint, &shards, &endorsements), vec![Ok(()); SHARDS]);
        let check_ms = median(runs, || verify(&checkpoint, &shards, &endorsements));
        let ratio = limit_ms / check_ms;
        json!({ "percent": percent, "endorsers": endorsers, "check_ms": check_ms, "ratio": ratio })
    };
    let checks: Vec<_> = PRESENT.into_iter().map(check).collect();

    let mut endorsements = endorse(&checkpoint, members, 67);
    let other = endorse(&Checkpoint { epoch: 8, ..checkpoint.clone() }, members, 67);
    endorsements[SHARDS / 3].signature = other[SHARDS / 3].signature;
    assert_eq!(mismatches(&verify(&checkpoint, &shards, &endorsements)), 1);
    assert_eq!(mismatches(&verify(&checkpoint, &shards, &other)), SHARDS);
    let one_forged_ms = median(runs, || verify(&checkpoint, &shards, &endorsements));
    let all_forged_ms = median(1, || verify(&checkpoint, &shards, &other));

    let singles = singles(&checkpoint, members);
    let singles_ms = median(runs, || verify_signatures(&checkpoint, 0, &shards[0], &singles));
    assert_eq!(mismatches(&verify_signatures(&checkpoint, 0, &shards[0], &singles)), 0);
    let result = json!({
        "bench": "endorsement", "members": members, "shards": SHARDS, "threads": rayon::current_num_threads(),
        "key_sum_limit_ms": limit_ms, "checks": checks,
        "one_forged_ms": one_forged_ms, "all_forged_ms": all_forged_ms,
        "singles": singles.len(), "singles_ms": singles_ms,
        "decode_all_keys_ms": decode_ms, "sum_all_shards_ms": totals_ms,
        "bytes_a_member": size_of::<CheckedKey>(),
    });
    println!("{result}");
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        chain_id: "bench-1".to_owned(),
        epoch: 7,
        height: Height(8_000),
        state_root: [1; 32],
        next_committee: [2; 32],
    }
}

/// The secret of member `i` is `i + 1`, so that the sum of many is one number.
fn secret(sum: usize) -> SecretKey {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&(sum as u64).to_be_bytes());
    SecretKey::decode(&bytes).unwrap()
}

/// Members of a shard.
fn range(shard: usize, members: usize) -> std::ops::Range<usize> {
    shard * members / SHARDS..(shard + 1) * members / SHARDS
}

/// The keys of all members: the generator added again and again.
fn points(members: usize) -> Vec<min_pk::PublicKey> {
    let point = |sum| min_pk::PublicKey::uncompress(&secret(sum).public_key().to_bytes()).unwrap();
    let generator = point(1);
    let part = |first: usize| {
        let mut sum = min_pk::AggregatePublicKey::from_public_key(&point(first + 1));
        let sums: Vec<blst_p1> = (first..members.min(first + PASS))
            .map(|_| {
                let this = sum;
                sum.add_public_key(&generator, false).unwrap();
                this.into()
            })
            .collect();
        let affine = p1_affines::from(&sums);
        affine.as_slice().iter().map(|point| min_pk::PublicKey::from(*point)).collect::<Vec<_>>()
    };
    let parts: Vec<_> = (0..members).into_par_iter().step_by(PASS).map(part).collect();
    parts.concat()
}

fn encoded_keys(members: usize) -> Vec<[u8; 48]> {
    points(members).par_iter().map(min_pk::PublicKey::compress).collect()
}

/// What every shard says if `percent` of the members, spread over all, endorse.
fn endorse(checkpoint: &Checkpoint, members: usize, percent: usize) -> Vec<Endorsement> {
    let endorse = |shard: usize| {
        let range = range(shard, members);
        let mut endorsed = Bitfield::new(shard as u32, range.len());
        let mut sum = 0;
        for (index, member) in range.enumerate() {
            // A fixed mixture, as the pattern of the absent must not help.
            if member.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32) % 100 < percent {
                endorsed.insert(index).unwrap();
                sum += member + 1;
            }
        }
        let signature = checkpoint.sign(&secret(sum)).to_bytes();
        Endorsement { shard: shard as u32, bitfield: endorsed.as_bytes().to_vec(), signature }
    };
    (0..SHARDS).into_par_iter().map(endorse).collect()
}

/// The signatures of all members of the first shard.
fn singles(checkpoint: &Checkpoint, members: usize) -> Vec<(usize, Signature)> {
    range(0, members).into_par_iter().map(|member| (member, checkpoint.sign(&secret(member + 1)))).collect()
}

fn count(bitfield: &[u8]) -> usize {
    bitfield.iter().map(|byte| byte.count_ones() as usize).sum()
}

fn mismatches(verdicts: &[Result<(), EndorsementError>]) -> usize {
    verdicts.iter().filter(|verdict| matches!(verdict, Err(EndorsementError::Mismatch { .. }))).count()
}

fn median<T>(runs: usize, mut run: impl FnMut() -> T) -> f64 {
    let time = |_| {
        let start = Instant::now();
        black_box(run());
        milliseconds(start)
    };
    let mut times: Vec<_> = (0..runs).map(time).collect();
    times.sort_by(f64::total_cmp);
    times[runs / 2]
}

fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1_000.0
}
