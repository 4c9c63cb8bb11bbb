//! Operations on providers through the executor.

use super::{ATTESTATIONS, PROVIDERS};
use crate::{
    invariants,
    market::tests::fixture::{attribute, leased, market, offered, posted, register, spec, submit},
    testing::{Harness, address},
};
use virtengine_state::State;
use virtengine_types::{
    Address,
    market::Selection,
    msg::{AfterClose, AttestProvider, DeregisterProvider, Msg, RevokeAttestation, UpdateProvider},
    provider::{Attestation, Attribute, MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES, MAX_TEXT_BYTES, Provider},
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

/// What an actor says of `p0`.
fn said(chain: &Harness, auditor: &str) -> Option<Attestation> {
    chain.row(&ATTESTATIONS, &(address("p0"), address(auditor)))
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
    ] {
        chain.refused(message, "provider", 2);
    }
}

#[test]
fn rejects_leaving_while_leases_run() {
    let mut chain = market(1);
    let (_, lease) = leased(&mut chain, 10);
    let log = chain.refused(leave("p0"), "provider", 4);
    assert!(log.contains("has 1 active leases"), "{log}");
    chain.ok(crate::market::tests::fixture::close("p0", lease, None, AfterClose::Close));
    assert_eq!(row(&chain, "p0").failed_leases, 1);
    chain.ok(leave("p0"));
}

#[test]
fn an_update_voids_what_was_attested_of_changed_attributes() {
    let mut chain = market(1);
    let both = vec![attribute("region", "eu"), attribute("tier", "gold")];
    chain.ok(attest(address("auditor"), "p0", both.clone()));
    chain.ok(update("p0", vec![attribute("region", "eu"), attribute("tier", "silver")]));
    let valid = |chain: &Harness| said(chain, "auditor").unwrap().valid(&row(chain, "p0")).len();
    assert_eq!(valid(&chain), 1);
    chain.refused(attest(address("auditor"), "p0", both.clone()), "provider", 6);
    chain.ok(update("p0", both));
    assert_eq!(valid(&chain), 2);
    invariants::all(&chain.store).unwrap();
}

#[test]
fn accepts_a_new_statement_in_place_of_the_old_and_its_revocation() {
    let mut chain = market(1);
    chain.ok(attest(address("auditor"), "p0", vec![attribute("tier", "gold")]));
    chain.ok(attest(address("auditor"), "p0", vec![attribute("region", "eu")]));
    assert_eq!(said(&chain, "auditor").unwrap().attributes, [attribute("region", "eu")]);
    chain.ok(revoke("auditor", "p0"));
    assert_eq!(said(&chain, "auditor"), None);
    let log = chain.refused(revoke("auditor", "p0"), "provider", 8);
    assert!(log.contains("has not attested provider"), "{log}");
}

#[test]
fn nobody_takes_the_place_of_an_auditor() {
    let names: Vec<String> = (0..40).map(|number| format!("a{number}")).collect();
    let mut actors: Vec<&str> = names.iter().map(String::as_str).collect();
    actors.extend(["tenant", "seller", "auditor"]);
    let mut chain = Harness::new(&actors);
    chain.ok(register("seller"));
    let claim = || vec![attribute("region", "eu"), attribute("tier", "gold")];
    let crowd: Vec<_> =
        names.iter().map(|name| (address(name), vec![attest(address(name), "seller", claim())])).collect();
    assert!(chain.block(&crowd).results.iter().all(|result| result.code == 0));
    chain.ok(attest(address("auditor"), "seller", claim()));
    let order = posted(&mut chain, Selection::Manual, |spec| spec.signed_by_all = vec![address("auditor")]);
    offered(&mut chain, order, "seller", 5);
    assert_eq!(chain.rows(&ATTESTATIONS).len(), 41);
    invariants::all(&chain.store).unwrap();
}

#[test]
fn a_provider_that_registers_again_starts_without_attestations() {
    let mut chain = market(1);
    let claim = || vec![attribute("region", "eu"), attribute("tier", "gold")];
    chain.ok(attest(address("auditor"), "p0", claim()));
    let order = posted(&mut chain, Selection::Manual, |spec| {
        spec.signed_by_all = vec![address("auditor")];
        spec.bid_window = 50;
    });
    chain.ok(leave("p0"));
    chain.ok(register("p0"));
    chain.refused(submit(order, "p0", 5), "provider", 12);
    invariants::all(&chain.store).unwrap();
    chain.ok(attest(address("auditor"), "p0", claim()));
    offered(&mut chain, order, "p0", 5);
    // What is said of a provider that left can still be taken back.
    chain.ok(leave("p0"));
    chain.ok(revoke("auditor", "p0"));
    assert_eq!(chain.rows(&ATTESTATIONS), []);
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
fn accepts_the_largest_provider_and_the_largest_attestation() {
    let mut chain = Harness::new(&["seller", "a0"]);
    chain.ok(register("seller"));
    let attributes: Vec<_> = (0..MAX_ATTRIBUTES)
        .map(|number| {
            attribute(&format!("{number:0>MAX_ATTRIBUTE_BYTES$}"), &"v".repeat(MAX_ATTRIBUTE_BYTES))
        })
        .collect();
    let text = |start: &str| format!("{start:x<MAX_TEXT_BYTES$}");
    chain.ok(Msg::UpdateProvider(UpdateProvider {
        owner: address("seller"),
        host_uri: text("https://"),
        attributes: attributes.clone(),
        email: text(""),
        website: text(""),
    }));
    chain.ok(attest(address("a0"), "seller", attributes));
}

#[test]
fn a_star_in_a_wanted_key_stands_for_any_text() {
    let mut chain = market(1);
    chain.ok(update("p0", vec![attribute("region", "eu"), attribute("gpu/nvidia/a100", "true")]));
    let provider = row(&chain, "p0");
    let wants = |key: &str| {
        let mut spec = spec(Selection::Manual);
        spec.attributes = vec![attribute(key, "true")];
        super::fit(&mut State::default(), address("p0"), &provider, &spec).is_ok()
    };
    assert!(wants("gpu/nvidia/a100") && wants("gpu/nvidia/*") && wants("gpu/*/a100"));
    assert!(!wants("gpu/amd/*") && !wants("gpu/*/h100") && !wants("gpu/nvidia/a100/*"));
}
