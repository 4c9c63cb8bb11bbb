//! Operations on providers through the executor.

use super::{MAX_PROVIDER_BYTES, PROVIDERS};
use crate::{
    invariants,
    market::tests::fixture::{attribute, leased, market, register},
    testing::{Harness, address},
};
use virtengine_types::{
    Address,
    msg::{AfterClose, AttestProvider, DeregisterProvider, Msg, RevokeAttestation, UpdateProvider},
    provider::{Attribute, MAX_ATTESTATIONS, Provider},
};

fn update(name: &str, attributes: Vec<Attribute>) -> Msg {
    Msg::UpdateProvider(UpdateProvider {
        owner: address(name),
        host_uri: "https://new.example".into(),
        attributes,
        email: "a@b.example".into(),
        website: String::new(),
    })
}

fn attest(auditor: Address, provider: &str, attributes: Vec<Attribute>) -> Msg {
    Msg::AttestProvider(AttestProvider { auditor, provider: address(provider), attributes })
}

fn revoke(auditor: &str, provider: &str) -> Msg {
    Msg::RevokeAttestation(RevokeAttestation { auditor: address(auditor), provider: address(provider) })
}

fn leave(name: &str) -> Msg {
    Msg::DeregisterProvider(DeregisterProvider { owner: address(name) })
}

fn row(chain: &Harness, name: &str) -> Provider {
    chain.row(&PROVIDERS, &address(name)).unwrap()
}

#[test]
fn accepts_a_provider_from_registration_to_deregistration() {
    let mut chain = market(0);
    let result = chain.ok(register("stranger"));
    let event = result.events.iter().find(|event| event.kind == "provider.registered").unwrap();
    assert_eq!(event.get("region"), Some("eu"));
    assert_eq!(row(&chain, "stranger").registered_height, chain.height);
    chain.ok(update("stranger", vec![attribute("region", "us")]));
    assert_eq!(row(&chain, "stranger").host_uri, "https://new.example");
    chain.ok(leave("stranger"));
    assert_eq!(chain.row(&PROVIDERS, &address("stranger")), None);
}

#[test]
fn rejects_a_second_registration_and_absent_providers() {
    let mut chain = market(1);
    let log = chain.refused(register("p0"), "provider", 3);
    assert!(log.ends_with("is already registered, since height 1"), "{log}");
    for message in [
        update("stranger", vec![]),
        leave("stranger"),
        attest(address("auditor"), "stranger", vec![attribute("region", "eu")]),
        revoke("auditor", "stranger"),
    ] {
        chain.refused(message, "provider", 2);
    }
}

#[test]
fn rejects_leaving_while_leases_run() {
    let mut chain = market(1);
    let (_, lease) = leased(&mut chain, 10);
    let log = chain.refused(leave("p0"), "provider", 4);
    assert!(log.ends_with("has 1"), "{log}");
    chain.ok(crate::market::tests::fixture::close("p0", lease, None, AfterClose::Close));
    assert_eq!(row(&chain, "p0").failed_leases, 1);
    chain.ok(leave("p0"));
}

#[test]
fn an_update_drops_what_was_attested_of_changed_attributes() {
    let mut chain = market(1);
    let both = vec![attribute("region", "eu"), attribute("tier", "gold")];
    chain.ok(attest(address("auditor"), "p0", both.clone()));
    chain.ok(attest(address("friend"), "p0", vec![attribute("tier", "gold")]));
    chain.ok(update("p0", vec![attribute("region", "eu"), attribute("tier", "silver")]));
    let left = row(&chain, "p0").attestations;
    assert_eq!(left.len(), 1);
    assert_eq!(
        (left[0].auditor, &left[0].attributes),
        (address("auditor"), &vec![attribute("region", "eu")])
    );
    chain.refused(attest(address("auditor"), "p0", both), "provider", 6);
    invariants::all(&chain.store).unwrap();
}

#[test]
fn accepts_a_new_statement_in_place_of_the_old_and_its_revocation() {
    let mut chain = market(1);
    chain.ok(attest(address("auditor"), "p0", vec![attribute("tier", "gold")]));
    chain.ok(attest(address("auditor"), "p0", vec![attribute("region", "eu")]));
    assert_eq!(row(&chain, "p0").attestations.len(), 1);
    chain.ok(revoke("auditor", "p0"));
    assert!(row(&chain, "p0").attestations.is_empty());
    chain.refused(revoke("auditor", "p0"), "provider", 8);
}

#[test]
fn rejects_statements_about_oneself_and_of_what_is_not_claimed() {
    let mut chain = market(1);
    chain.refused(attest(address("p0"), "p0", vec![attribute("tier", "gold")]), "provider", 5);
    let log = chain.refused(attest(address("auditor"), "p0", vec![attribute("tier", "lead")]), "provider", 6);
    assert!(log.contains(r#"attested as "lead" but the provider claims "gold""#), "{log}");
    let log = chain.refused(attest(address("auditor"), "p0", vec![attribute("gpu", "yes")]), "provider", 6);
    assert!(log.ends_with("claims no such attribute"), "{log}");
}

#[test]
fn rejects_more_auditors_than_fit() {
    let names: Vec<String> = (0..=MAX_ATTESTATIONS).map(|number| format!("a{number}")).collect();
    let mut actors: Vec<&str> = names.iter().map(String::as_str).collect();
    actors.push("seller");
    let mut chain = Harness::new(&actors);
    chain.ok(register("seller"));
    let claim = || vec![attribute("tier", "gold")];
    for name in &names[..MAX_ATTESTATIONS] {
        chain.ok(attest(address(name), "seller", claim()));
    }
    chain.refused(attest(address(&names[MAX_ATTESTATIONS]), "seller", claim()), "provider", 7);
    // Who is in may speak again.
    chain.ok(attest(address("a3"), "seller", vec![attribute("region", "eu")]));
    invariants::all(&chain.store).unwrap();
}

#[test]
fn rejects_a_row_that_would_be_too_large() {
    let mut chain = Harness::new(&["seller", "a0", "a1", "a2"]);
    chain.ok(register("seller"));
    let attributes: Vec<_> =
        (0..64).map(|number| attribute(&format!("{number:0>128}"), &"v".repeat(128))).collect();
    chain.ok(update("seller", attributes.clone()));
    chain.ok(attest(address("a0"), "seller", attributes.clone()));
    let log = chain.refused(attest(address("a1"), "seller", attributes), "provider", 9);
    assert!(log.ends_with(&format!("at most {MAX_PROVIDER_BYTES} are allowed")), "{log}");
}

#[test]
fn a_star_in_a_wanted_key_stands_for_any_text() {
    let mut chain = market(1);
    chain.ok(update("p0", vec![attribute("region", "eu"), attribute("gpu/nvidia/a100", "true")]));
    let provider = row(&chain, "p0");
    let wants = |key: &str| {
        let mut spec = crate::market::tests::fixture::spec(virtengine_types::market::Selection::Manual);
        spec.attributes = vec![attribute(key, "true")];
        super::fit(address("p0"), &provider, &spec).is_ok()
    };
    assert!(wants("gpu/nvidia/a100") && wants("gpu/nvidia/*") && wants("gpu/*/a100"));
    assert!(!wants("gpu/amd/*") && !wants("gpu/*/h100") && !wants("gpu/nvidia/a100/*"));
}
