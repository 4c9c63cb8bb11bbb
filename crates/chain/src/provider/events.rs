//! What is told of providers.

use virtengine_types::{Address, block::Event, provider::Attribute};

pub(super) fn registered(owner: Address, host_uri: &str, attributes: &[Attribute]) -> Event {
    described("provider.registered", owner, host_uri, attributes)
}

pub(super) fn updated(owner: Address, host_uri: &str, attributes: &[Attribute]) -> Event {
    described("provider.updated", owner, host_uri, attributes)
}

pub(super) fn deregistered(owner: Address) -> Event {
    Event::new("provider.deregistered").with("provider", owner)
}

pub(super) fn attested(owner: Address, auditor: Address, attributes: usize) -> Event {
    let event = Event::new("provider.attested").with("provider", owner);
    event.with("auditor", auditor).with("attributes", attributes)
}

pub(super) fn revoked(owner: Address, auditor: Address) -> Event {
    Event::new("provider.revoked").with("provider", owner).with("auditor", auditor)
}

fn described(topic: &'static str, owner: Address, host_uri: &str, attributes: &[Attribute]) -> Event {
    let region = attributes.iter().find(|attribute| attribute.key == "region");
    Event::new(topic)
        .with("provider", owner)
        .with("host_uri", host_uri)
        .with("region", region.map_or("", |attribute| attribute.value.as_str()))
}
