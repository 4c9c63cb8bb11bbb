//! Messages of transactions.

use crate::{Target, Verdict, memory::bounded, sample};
use prost::Message as _;
use virtengine_types::msg::Msg;

/// Every message: the first byte of an input chooses it, the rest is its protobuf encoding.
///
/// # Panics
/// If there are more messages than fit in a byte.
#[must_use]
pub fn messages() -> Target {
    let seed = |(index, type_url): (usize, &&str)| {
        let chosen = u8::try_from(index).expect("there are few messages");
        [vec![chosen], sample::of_type_url(type_url).encode_to_vec()].concat()
    };
    let seeds = Msg::TYPE_URLS.iter().enumerate().map(seed).collect();
    Target::new(seeds, |input| {
        let Some((chosen, value)) = input.split_first() else { return Verdict::Refused };
        let type_url = Msg::TYPE_URLS[usize::from(*chosen) % Msg::TYPE_URLS.len()];
        // An empty resource unit is two bytes on the wire and about 150 in memory, in a list that doubles.
        let decoded = bounded(value, 512, || Msg::decode(type_url, value));
        match &decoded {
            Ok(msg) => {
                assert_eq!(msg.type_url(), type_url);
                assert_eq!(Msg::decode(type_url, value).as_ref(), Ok(msg), "decoding is a function");
            }
            Err(error) => assert_ne!(error.rejection().code, 0, "{error}"),
        }
        Verdict::of(&decoded)
    })
}
