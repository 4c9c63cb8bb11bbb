//! Bytes of any kind for the reader.

use proptest::prelude::*;
use serde_json::json;

use super::sample;
use crate::result::RunResult;

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(RunResult::from_json(&bytes).is_err());
    }

    /// Most changes of a document leave it JSON, so that every rule is reached.
    #[test]
    fn no_change_of_a_document_makes_the_reader_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = serde_json::to_vec(&sample()).unwrap();
        for (index, byte) in changes {
            let place = index.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(result) = RunResult::from_json(&bytes) {
            let written = result.to_json().unwrap();
            let again = RunResult::from_json(written.as_bytes()).unwrap();
            prop_assert_eq!(again.to_json().unwrap(), written);
        }
    }

    #[test]
    fn no_number_makes_the_reader_panic(pointer in prop::sample::select(NUMBERS), number in any::<f64>()) {
        let mut document = serde_json::to_value(sample()).unwrap();
        *document.pointer_mut(pointer).unwrap() = json!(number);
        if let Ok(result) = RunResult::from_json(document.to_string().as_bytes()) {
            prop_assert!(result.validate().is_ok());
        }
    }
}

/// A number of every kind of entry.
const NUMBERS: &[&str] = &[
    "/seed",
    "/machine/memory_bytes",
    "/metrics/0/value",
    "/metrics/0/limit",
    "/series/0/values/0",
    "/series/1/points/1/p50_ms",
    "/series/2/points/1/offered_per_second",
    "/series/3/max_ms",
    "/series/4/points/1/value",
    "/series/4/points/1/size",
    "/series/4/growth/exponent/value",
    "/series/5/stages/0/mean_ms",
];
