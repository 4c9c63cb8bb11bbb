//! The databases on a simulated disk.

use crate::{
    BlockBatch, Config, Database, Databases, GenesisWriter, ProofError, Reader, configs,
    genesis::{PARTS, part_name},
    proof::verify,
    targets, write_genesis,
};
use bytes::Bytes;
use commonware_codec::{Decode as _, DecodeExt as _, Encode as _};
use commonware_glue::stateful::db::{DatabaseSet as _, Shared};
use commonware_runtime::{
    Runner as _, Storage as _, Strategizer as _, Supervisor as _,
    buffer::paged::{CacheRef, page_size},
    deterministic::{Context, Runner},
};
use commonware_utils::NZUsize;
use std::collections::BTreeMap;
use virtengine_state::{Key, MAX_VALUE_BYTES, MemoryStore, Partition, WriteSet};
use virtengine_types::block::{PartitionRoot, state_root};

fn config(context: &Context, prefix: &str) -> Config {
    Config {
        prefix: prefix.to_owned(),
        page_cache: CacheRef::new(page_size(4096), NZUsize!(64)),
        write_buffer: NZUsize!(4096),
        strategy: context.strategy(NZUsize!(1)),
    }
}

fn key(partition: Partition, number: u32) -> Key {
    Key::of(partition, 1, &number.to_be_bytes())
}

fn row(number: u32, size: usize) -> Bytes {
    Bytes::from([number.to_be_bytes().as_slice(), &vec![7; size]].concat())
}

/// Rows of every partition, of very different sizes.
fn rows(range: std::ops::Range<u32>) -> WriteSet {
    let places =
        Partition::ALL.into_iter().flat_map(|partition| range.clone().map(move |number| (partition, number)));
    places
        .map(|(partition, number)| (key(partition, number), Some(row(number, (number as usize * 37) % 500))))
        .collect()
}

async fn open(context: &Context, config: &Config, roots: Option<&[PartitionRoot; 5]>) -> Databases<Context> {
    let expected = roots.map(|roots| targets(roots).unwrap());
    Databases::<Context>::init(context.child("databases"), configs::<Context>(config), expected).await
}

/// Executes `writes` as a block, reading what it overwrites, and applies it.
async fn apply(databases: &Databases<Context>, writes: &WriteSet) -> [PartitionRoot; 5] {
    let batch = BlockBatch::new(databases.new_batches().await);
    let keys: Vec<Key> = writes.iter().map(|(key, _)| *key).collect();
    let (some, rest) = keys.split_at(keys.len() / 2);
    let (batch, _) = batch.load(some).await.unwrap();
    let (batch, _) = batch.load(rest).await.unwrap();
    let sealed = batch.seal(writes).await.unwrap();
    databases.apply(sealed.batches).await;
    assert!(databases.finalize().await.durable().await);
    sealed.roots
}

async fn everything(reader: &Reader<Context>) -> BTreeMap<Key, Bytes> {
    let mut found = BTreeMap::new();
    for partition in Partition::ALL {
        let visit = |key, row| assert_eq!(found.insert(key, row), None, "a row was visited twice");
        reader.scan(partition, visit).await.unwrap();
    }
    found
}

#[test]
fn the_genesis_roots_depend_on_the_rows_alone() {
    let roots_of = |seed, prefix: &'static str| {
        Runner::seeded(seed).start(|context| async move {
            let config = config(&context, prefix);
            write_genesis(&context, &config, &rows(0..50)).await.unwrap()
        })
    };
    let roots = roots_of(1, "left");
    assert_eq!(roots, roots_of(2, "right"));
}

/// Part of the chain's rules: a change makes every existing chain's genesis block another one.
#[test]
fn the_roots_of_a_known_genesis_stay_the_same() {
    Runner::default().start(|context| async move {
        let roots = write_genesis(&context, &config(&context, "node"), &rows(0..50)).await.unwrap();
        let hashed: String = state_root(&roots).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hashed, "293308e14cd80e0a3c0c1afb823b6080d6ea9ff1d86b1ffe37c2009398f1a2a7");
    });
}

#[test]
fn a_genesis_cut_short_is_written_again() {
    Runner::default().start(|context| async move {
        let config = config(&context, "node");
        write_genesis(&context, &config, &rows(0..9)).await.unwrap();
        let again = write_genesis(&context, &config, &rows(0..50)).await.unwrap();
        let databases = open(&context, &config, Some(&again)).await;
        assert_eq!(everything(&Reader::new(databases)).await.len(), 250);
    });
}

/// Writes batches one after the other.
async fn write(context: &Context, config: &Config, batches: &[WriteSet]) -> GenesisWriter<Context> {
    let mut writer = GenesisWriter::begin(context, config).await.unwrap();
    for batch in batches {
        writer = writer.write(batch).await.unwrap();
    }
    writer
}

#[test]
fn a_genesis_of_many_batches_holds_the_rows_of_all() {
    Runner::default().start(|context| async move {
        let config = config(&context, "node");
        let batches = [rows(0..30), rows(30..31), rows(31..50)];
        let roots = write(&context, &config, &batches).await.finish();
        let databases = open(&context, &config, Some(&roots)).await;
        let expected: BTreeMap<_, _> =
            rows(0..50).iter().map(|(key, row)| (*key, row.clone().unwrap())).collect();
        assert_eq!(everything(&Reader::new(databases)).await, expected);
    });
}

#[test]
fn a_batch_without_rows_of_a_partition_leaves_it_as_it_is() {
    Runner::default().start(|context| async move {
        let ledger = |range| -> WriteSet {
            let rows: WriteSet = rows(range);
            rows.partition(Partition::Ledger).map(|(key, row)| (*key, row.clone())).collect()
        };
        let one = write(&context, &config(&context, "one"), &[ledger(0..9)]).await.finish();
        let two = write(&context, &config(&context, "two"), &[ledger(0..9), ledger(9..20)]).await.finish();
        assert_ne!(one[0], two[0]);
        assert_eq!(one[1..], two[1..]);
    });
}

#[test]
fn a_genesis_cut_short_between_batches_is_begun_again() {
    for done in 0..=3 {
        Runner::default().start(|context| async move {
            let config = config(&context, "node");
            let batches = [rows(0..30), rows(30..31), rows(31..50)];
            let expected = write(&context, &config, &batches).await.finish();
            drop(write(&context, &config, &batches[..done]).await);
            let again = write(&context, &config, &batches).await.finish();
            assert_eq!(again, expected);
            let databases = open(&context, &config, Some(&again)).await;
            assert_eq!(everything(&Reader::new(databases)).await.len(), 250);
        });
    }
}

#[test]
fn a_genesis_is_written_again_whatever_part_of_the_databases_is_gone() {
    for gone in 1..=PARTS.len() {
        for first in [true, false] {
            Runner::default().start(|context| async move {
                let config = config(&context, "node");
                write_genesis(&context, &config, &rows(0..9)).await.unwrap();
                let parts = if first { &PARTS[..gone] } else { &PARTS[PARTS.len() - gone..] };
                for part in parts {
                    let name = part_name(&config, Partition::Ledger, part);
                    context.remove(&name, None).await.unwrap();
                }
                let again = write_genesis(&context, &config, &rows(0..50)).await.unwrap();
                let databases = open(&context, &config, Some(&again)).await;
                assert_eq!(everything(&Reader::new(databases)).await.len(), 250);
            });
        }
    }
}

#[test]
fn blocks_read_their_parents_and_commit_to_what_is_applied() {
    Runner::default().start(|context| async move {
        let config = config(&context, "node");
        let genesis = write_genesis(&context, &config, &rows(0..20)).await.unwrap();
        let databases = open(&context, &config, Some(&genesis)).await;
        let parent = BlockBatch::new(databases.new_batches().await);
        let writes: WriteSet =
            [(key(Partition::Market, 3), None), (key(Partition::Ledger, 99), Some(row(99, 1)))]
                .into_iter()
                .collect();
        let sealed = parent.seal(&writes).await.unwrap();
        let child = BlockBatch::new(Databases::<Context>::fork_batches(&sealed.batches));
        let wanted = [key(Partition::Market, 3), key(Partition::Market, 4), key(Partition::Ledger, 99)];
        let (_, found) = child.load(&wanted).await.unwrap();
        let found: BTreeMap<Key, Option<Bytes>> = found.into_iter().collect();
        assert_eq!(found[&wanted[0]], None);
        assert_eq!(found[&wanted[1]], Some(row(4, 148)));
        assert_eq!(found[&wanted[2]], Some(row(99, 1)));
        databases.apply(sealed.batches).await;
        assert_eq!(Reader::new(databases).roots().await, sealed.roots);
    });
}

#[test]
fn staged_and_plain_writes_give_the_same_roots() {
    Runner::default().start(|context| async move {
        let config = config(&context, "node");
        let genesis = write_genesis(&context, &config, &rows(0..20)).await.unwrap();
        let databases = open(&context, &config, Some(&genesis)).await;
        let mut writes = rows(10..30);
        writes.insert(key(Partition::Hpc, 2), None);
        let plain = BlockBatch::new(databases.new_batches().await).seal(&writes).await.unwrap();
        assert_eq!(plain.roots, apply(&databases, &writes).await);
    });
}

#[test]
fn a_scan_returns_exactly_the_live_rows() {
    Runner::default().start(|context| async move {
        let config = config(&context, "node");
        let genesis = write_genesis(&context, &config, &rows(0..700)).await.unwrap();
        let databases = open(&context, &config, Some(&genesis)).await;
        let mut model = MemoryStore::default();
        model.apply(&rows(0..700));
        for step in 0..8u32 {
            let mut writes = rows(step * 60..step * 60 + 90);
            for number in (step * 100)..(step * 100 + 40) {
                writes.insert(key(Partition::Market, number), None);
            }
            writes.insert(key(Partition::Hpc, 1_000 + step), Some(row(step, 20_000)));
            apply(&databases, &writes).await;
            model.apply(&writes);
        }
        let found = everything(&Reader::new(databases)).await;
        let expected: BTreeMap<Key, Bytes> = Partition::ALL
            .into_iter()
            .flat_map(|partition| {
                model.scan(partition).map(|(key, row)| (*key, row.clone())).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(found, expected);
    });
}

#[test]
fn reopened_databases_continue_at_the_given_block() {
    Runner::default().start(|context| async move {
        let config = config(&context, "node");
        let genesis = write_genesis(&context, &config, &rows(0..20)).await.unwrap();
        let databases = open(&context, &config, Some(&genesis)).await;
        let first = apply(&databases, &rows(5..25)).await;
        apply(&databases, &rows(7..40)).await;
        drop(databases);
        // The second block was not acknowledged: the databases go back to the first.
        let databases = open(&context, &config, Some(&first)).await;
        let reader = Reader::new(databases);
        assert_eq!(reader.roots().await, first);
        assert_eq!(everything(&reader).await.len(), 125);
    });
}

#[test]
fn proofs_hold_for_their_value_only() {
    Runner::default().start(|context| async move {
        let config = config(&context, "node");
        let genesis = write_genesis(&context, &config, &rows(0..300)).await.unwrap();
        let databases = open(&context, &config, Some(&genesis)).await;
        // One row more, or staking would equal market and prove the same rows.
        let mut writes = rows(100..400);
        writes.insert(key(Partition::Staking, 1_000), Some(row(1_000, 3)));
        let roots = apply(&databases, &writes).await;
        let reader = Reader::new(databases);
        let state_root = state_root(&roots);
        for number in [0, 99, 100, 399] {
            let place = key(Partition::Market, number);
            let proven = reader.prove(&place).await.unwrap().unwrap();
            assert_eq!(proven.roots, roots.map(|root| root.root));
            let check = |place: &Key, value: &Bytes, proof: &[u8]| {
                verify(&state_root, &proven.roots, place, value, proof)
            };
            assert_eq!(check(&place, &proven.value, &proven.proof), Ok(()));

            let mismatch = Err(ProofError::Mismatch { partition: "market" });
            assert_eq!(check(&place, &row(number, 1_000), &proven.proof), mismatch);
            assert_eq!(check(&key(Partition::Market, number + 1), &proven.value, &proven.proof), mismatch);
            let other = key(Partition::Staking, number);
            assert_eq!(
                check(&other, &proven.value, &proven.proof),
                Err(ProofError::Mismatch { partition: "staking" })
            );
            for place_in_proof in 0..proven.proof.len() {
                let mut tampered = proven.proof.to_vec();
                tampered[place_in_proof] ^= 1;
                assert!(
                    check(&place, &proven.value, &tampered).is_err(),
                    "byte {place_in_proof} is not covered"
                );
            }
            assert!(matches!(
                check(&place, &proven.value, &proven.proof[1..]),
                Err(ProofError::Malformed(_) | ProofError::Mismatch { .. })
            ));
        }
        assert_eq!(reader.prove(&key(Partition::Market, 9_999)).await.unwrap(), None);
    });
}

#[test]
fn rejects_roots_of_another_state_and_oversized_values() {
    let roots = [[1; 32]; 5];
    let root = state_root(&roots.map(|root| PartitionRoot { root, ..Default::default() }));
    let place = key(Partition::Ledger, 1);
    let expected = ProofError::StateRoot { found: root, expected: [9; 32] };
    assert_eq!(verify(&[9; 32], &roots, &place, &Bytes::new(), &[]), Err(expected));
    let large = Bytes::from(vec![0; MAX_VALUE_BYTES + 1]);
    assert!(matches!(verify(&root, &roots, &place, &large, &[]), Err(ProofError::TooLarge { .. })));
    assert!(matches!(verify(&root, &roots, &place, &Bytes::new(), &[1, 2]), Err(ProofError::Malformed(_))));
}

#[test]
fn readers_find_rows_in_the_order_asked() {
    Runner::default().start(|context| async move {
        let config = config(&context, "node");
        let genesis = write_genesis(&context, &config, &rows(0..20)).await.unwrap();
        let reader = Reader::new(open(&context, &config, Some(&genesis)).await);
        let wanted = [
            key(Partition::Hpc, 3),
            key(Partition::Ledger, 5),
            key(Partition::Ledger, 77),
            key(Partition::Hpc, 1),
        ];
        let found = reader.get_many(&wanted).await.unwrap();
        assert_eq!(found, [Some(row(3, 111)), Some(row(5, 185)), None, Some(row(1, 37))]);
    });
}

#[test]
fn a_peer_serves_as_many_operations_as_a_response_holds() {
    use crate::sync::{MAX_OPERATIONS, MAX_RESPONSE_BYTES, Server, WireOperation, max_message_bytes};
    use commonware_storage::qmdb::sync::{Request, Response, Source as _};
    Runner::default().start(|context| async move {
        let config = config(&context, "node");
        let large: WriteSet = (0..30)
            .map(|number| (key(Partition::Ledger, number), Some(row(number, MAX_VALUE_BYTES - 4))))
            .collect();
        let genesis = write_genesis(&context, &config, &large).await.unwrap();
        let ledger: Shared<Database<Context>> = open(&context, &config, Some(&genesis)).await.0;
        let size = crate::database::Location::new(genesis[0].range_end);
        let start = crate::database::Location::new(genesis[0].range_start);
        let request = Request::Operations { size, start, max_ops: MAX_OPERATIONS };
        let (response, _) = Server::new(ledger).serve(request).await.unwrap();
        let encoded = response.encode();
        assert!(encoded.len() <= max_message_bytes());
        let config = (MAX_OPERATIONS.get() as usize, ());
        let decoded =
            Response::<crate::database::Family, WireOperation, crate::database::Digest>::decode_cfg(
                encoded, &config,
            )
            .unwrap();
        let Response::Operations { operations, .. } = decoded else { panic!("a response of another kind") };
        let bytes: usize = operations.iter().map(commonware_codec::EncodeSize::encode_size).sum();
        assert!(
            operations.len() > 1 && bytes <= MAX_RESPONSE_BYTES,
            "{} operations, {bytes} bytes",
            operations.len()
        );
        let mut oversized = vec![0xd3];
        oversized.extend_from_slice(&[0; 32]);
        assert!(WireOperation::decode(oversized).is_err());
    });
}
