//! Messages as JSON.

use crate::{Target, Verdict, sample};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor};
use virtengine_rpc::{from_json, to_json};
use virtengine_types::proto;

/// JSON of requests: two bytes choose the message, the rest is its JSON. What is read is written as JSON that
/// reads the same.
#[must_use]
pub fn bodies() -> Target {
    target(
        |sample| to_json(sample).ok().map(|json| json.to_string().into_bytes()),
        |descriptor, body| {
            let json = serde_json::from_slice(body).ok()?;
            let message = from_json(descriptor, &json).ok()?;
            // An `Any` of a known type with unreadable content has no JSON; read from JSON there is none.
            let written = to_json(&message).expect("what was read from JSON can be written");
            let again = from_json(descriptor, &written).expect("what was written can be read");
            assert_eq!(to_json(&again).as_ref(), Ok(&written), "{}", descriptor.full_name());
            Some(())
        },
    )
}

/// Protobuf messages that are shown as JSON: two bytes choose the message, the rest is its encoding.
#[must_use]
pub fn shown() -> Target {
    target(
        |sample| to_json(sample).is_ok().then(|| sample.encode_to_vec()),
        |descriptor, body| {
            let message = DynamicMessage::decode(descriptor.clone(), body).ok()?;
            let written = to_json(&message).ok()?;
            let text = serde_json::to_vec(&written).expect("a JSON value is always written");
            let json: serde_json::Value = serde_json::from_slice(&text).expect("what is written is JSON");
            assert_eq!(json, written, "{}", descriptor.full_name());
            Some(())
        },
    )
}

/// A target over every message of the pool. `seed` makes the body of a sample, if it has one; `check` says
/// whether a body is accepted.
fn target(
    seed: impl Fn(&DynamicMessage) -> Option<Vec<u8>>,
    check: impl Fn(&MessageDescriptor, &[u8]) -> Option<()> + 'static,
) -> Target {
    let descriptors: Vec<_> = proto::pool().all_messages().collect();
    let seeds = descriptors.iter().zip(0u16..).filter_map(|(descriptor, index)| {
        Some([index.to_le_bytes().to_vec(), seed(&sample::message(descriptor))?].concat())
    });
    Target::new(seeds.collect(), move |input| {
        let Some((chosen, body)) = input.split_first_chunk::<2>() else { return Verdict::Refused };
        let descriptor = &descriptors[usize::from(u16::from_le_bytes(*chosen)) % descriptors.len()];
        Verdict::of(&check(descriptor, body).ok_or(()))
    })
}
