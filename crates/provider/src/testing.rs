//! Orders for tests.

use virtengine_types::{
    Amount,
    market::{Gpu, OrderSpec, ResourceUnit, Selection, Storage},
    provider::Attribute,
};

pub(crate) fn attribute(key: &str, value: &str) -> Attribute {
    Attribute { key: key.to_owned(), value: value.to_owned() }
}

/// Half a core, 512 MiB and 1 GiB of default storage, anywhere.
pub(crate) fn order_spec() -> OrderSpec {
    OrderSpec {
        name: "web".into(),
        resources: vec![ResourceUnit {
            cpu_milli: 500,
            memory_bytes: 1 << 29,
            storage: vec![Storage {
                name: "data".into(),
                bytes: 1 << 30,
                class: String::new(),
                persistent: true,
            }],
            gpu: Gpu::default(),
            endpoints: vec![],
            count: 1,
        }],
        region: String::new(),
        attributes: vec![],
        signed_by_any: vec![],
        signed_by_all: vec![],
        minimum_identity_tier: 0,
        max_price: Amount(1_000),
        bid_window: 10,
        selection: Selection::Manual,
        manifest_hash: None,
    }
}
