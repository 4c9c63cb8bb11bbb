//! What shards say of a checkpoint.

use crate::{Target, Verdict, memory::bounded};
use virtengine_crypto::{
    bls::SecretKey,
    endorsement::{Aggregate, Checkpoint, Endorsement},
};
use virtengine_types::Height;

/// Bytes before the bitfield: the number of members, and the signature.
const HEAD: usize = 2 + 96;

/// Sums of signatures with their bitfields: there is one encoding of a sum. The number of members, which a node knows,
/// is taken from the input too.
#[must_use]
pub fn sums() -> Target {
    let seeds = [(1, vec![0]), (10, vec![0, 3, 9]), (16, vec![15]), (977, vec![0, 500, 976])];
    Target::new(seeds.iter().map(|(members, endorsers)| sample(*members, endorsers)).collect(), |input| {
        let Some((head, bitfield)) = input.split_first_chunk::<HEAD>() else { return Verdict::Refused };
        let members = u16::from_be_bytes([head[0], head[1]]).into();
        let mut signature = [0; 96];
        signature.copy_from_slice(&head[2..]);
        let given = Endorsement { shard: 7, bitfield: bitfield.to_vec(), signature };
        let decoded = bounded(input, 2, || Aggregate::decode(&given, members));
        if let Ok(sum) = &decoded {
            assert_eq!(sum.finish().as_ref(), Ok(&given), "a sum has one encoding");
            assert!((0..members).any(|index| sum.endorsed().has(index)), "somebody endorsed");
        }
        Verdict::of(&decoded)
    })
}

fn sample(members: u16, endorsers: &[usize]) -> Vec<u8> {
    let checkpoint = Checkpoint {
        chain_id: "chain".to_owned(),
        epoch: 2,
        height: Height(70_000),
        state_root: [3; 32],
        next_committee: [4; 32],
    };
    let mut sum = Aggregate::new(7, members.into());
    for &index in endorsers {
        let secret = SecretKey::decode(&[(index % 100) as u8 + 1; 32]).expect("it is below the order");
        sum.add(index, &checkpoint.sign(&secret)).expect("each is a member, once");
    }
    let Endorsement { bitfield, signature, .. } = sum.finish().expect("there are endorsers");
    [&members.to_be_bytes()[..], &signature, &bitfield].concat()
}
