//! Proofs of state.

use crate::{Target, Verdict, memory::bounded};
use bytes::Bytes;
use commonware_glue::stateful::db::DatabaseSet as _;
use commonware_runtime::{
    Runner as _, Strategizer as _, Supervisor as _,
    buffer::paged::{CacheRef, page_size},
    deterministic::{Context, Runner},
};
use commonware_utils::NZUsize;
use virtengine_state::{Key, Partition, WriteSet};
use virtengine_store::{Config, Databases, Proven, Reader, configs, proof::verify, targets, write_genesis};
use virtengine_types::block::{Hash, PartitionRoot, state_root};

/// Rows of each partition.
const ROWS: u32 = 40;

/// Proofs against one state. An input is `partition (1 byte) || key (32) || length of value (2, little
/// endian) || value || proof`; only the rows of that state are accepted.
#[must_use]
pub fn proofs() -> Target {
    let (root, roots, proven) = prove();
    let seed = |(key, row): &(Key, Proven)| {
        let length = u16::try_from(row.value.len()).unwrap_or(u16::MAX).to_le_bytes();
        [&[key.partition as u8], &key.bytes[..], &length, &row.value, &row.proof].concat()
    };
    let seeds = proven.iter().map(seed).collect();
    Target::new(seeds, move |input| {
        let Some((key, value, proof)) = split(input) else { return Verdict::Refused };
        let verdict = bounded(input, 64, || verify(&root, &roots, &key, &value, proof));
        let genuine = proven.iter().any(|(known, row)| *known == key && row.value == value);
        assert!(verdict.is_err() || genuine, "a proof of a row that is not in the state");
        assert!(verify(&[0; 32], &roots, &key, &value, proof).is_err(), "another state root");
        Verdict::of(&verdict)
    })
}

fn split(input: &[u8]) -> Option<(Key, Bytes, &[u8])> {
    let (partition, rest) = input.split_first()?;
    let partition = *Partition::ALL.get(usize::from(*partition))?;
    let (bytes, rest) = rest.split_first_chunk::<32>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (value, proof) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    Some((Key { partition, bytes: *bytes }, Bytes::copy_from_slice(value), proof))
}

/// A state on a simulated disk: its root, the partitions' roots, and a few proven rows of each.
fn prove() -> (Hash, [Hash; 5], Vec<(Key, Proven)>) {
    Runner::default().start(|context| async move {
        let config = Config {
            prefix: "fuzz".to_owned(),
            page_cache: CacheRef::new(page_size(4096), NZUsize!(64)),
            write_buffer: NZUsize!(4096),
            strategy: context.strategy(NZUsize!(1)),
        };
        let genesis = write_genesis(&context, &config, &rows()).await.expect("the simulated disk works");
        let sync = Some(targets(&genesis).expect("the roots are of databases"));
        let databases =
            Databases::<Context>::init(context.child("databases"), configs::<Context>(&config), sync).await;
        let reader = Reader::new(databases);
        let mut proven = Vec::new();
        for (key, _) in rows().iter().step_by(9) {
            let row = reader.prove(key).await.expect("the simulated disk works").expect("it was written");
            proven.push((*key, row));
        }
        let roots = genesis.map(|PartitionRoot { root, .. }| root);
        (state_root(&genesis), roots, proven)
    })
}

fn rows() -> WriteSet {
    let row = |partition: Partition, number: u32| {
        let value = Bytes::from(vec![partition as u8; number as usize * 7 % 200]);
        (Key::of(partition, 1, &number.to_be_bytes()), Some(value))
    };
    Partition::ALL
        .into_iter()
        .flat_map(|partition| (0..ROWS).map(move |number| row(partition, number)))
        .collect()
}
