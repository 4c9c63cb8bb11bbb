//! Why no provider bids on an order, as far as the registered providers tell.

use eyre::Result;
use std::collections::BTreeSet;
use virtengine_client::{Client, page};
use virtengine_provider::fit::{Attested, Misfit, Profile};
use virtengine_types::{
    Amount,
    market::OrderSpec,
    proto::virtengine::provider::v1::{Provider, QueryAttestationsRequest, QueryProvidersRequest},
    provider::Attribute,
};

/// Providers of one page.
const PAGE: u64 = 100;
/// Most values that are told of what providers offer instead.
const TOLD: usize = 5;

/// A provider, and why the order does not want it.
struct Candidate {
    profile: Profile,
    misfit: Option<Misfit>,
}

/// The reason in a sentence. Cost: a query for each hundred providers, and one for each that has the attributes
/// if the order names auditors.
///
/// # Errors
/// The node cannot be reached or understood.
pub(super) async fn why(client: &Client, spec: &OrderSpec) -> Result<String> {
    let mut candidates = Vec::new();
    let mut request =
        QueryProvidersRequest { pagination: Some(page(&[], PAGE)), ..QueryProvidersRequest::default() };
    loop {
        let found = client.providers(&request).await?;
        for provider in &found.items {
            candidates.push(candidate(client, spec, provider).await?);
        }
        if found.next_key.is_empty() {
            return Ok(reason(&wishes(spec), spec.max_price, &candidates));
        }
        request.pagination = Some(page(&found.next_key, PAGE));
    }
}

async fn candidate(client: &Client, spec: &OrderSpec, provider: &Provider) -> Result<Candidate> {
    let profile = Profile::from_wire(provider)?;
    let auditors: Vec<String> =
        spec.signed_by_all.iter().chain(&spec.signed_by_any).map(ToString::to_string).collect();
    let has_all = wishes(spec).iter().all(|wish| profile.has(wish));
    let mut attested = Vec::new();
    if has_all && !auditors.is_empty() {
        let owner = provider.owner.clone();
        let request = QueryAttestationsRequest { owner, auditors, pagination: None };
        attested.extend(client.attestations(&request).await?.items.iter().filter_map(Attested::from_wire));
    }
    let misfit = profile.fit(spec, &attested).err();
    Ok(Candidate { profile, misfit })
}

/// The attributes that an order demands, its region among them.
fn wishes(spec: &OrderSpec) -> Vec<Attribute> {
    let region = Attribute { key: "region".to_owned(), value: spec.region.clone() };
    let region = (!spec.region.is_empty()).then_some(region);
    region.into_iter().chain(spec.attributes.iter().cloned()).collect()
}

fn reason(wishes: &[Attribute], max_price: Amount, candidates: &[Candidate]) -> String {
    let all = candidates.len();
    if all == 0 {
        return "no provider is registered".to_owned();
    }
    let unmet: Vec<&Attribute> = wishes
        .iter()
        .filter(|wish| !candidates.iter().any(|candidate| candidate.profile.has(wish)))
        .collect();
    let fitting = candidates.iter().filter(|candidate| candidate.misfit.is_none()).count();
    let by_more = candidates
        .iter()
        .filter_map(|candidate| candidate.misfit.as_ref())
        .find(|misfit| !matches!(misfit, Misfit::Region { .. } | Misfit::Attribute { .. }));
    let told = match by_more {
        _ if !unmet.is_empty() => {
            format!("no provider offers {}{}", list(&unmet), instead(&unmet, candidates))
        }
        _ if fitting > 0 => format!(
            "{fitting} of {all} providers have what it demands, but no room for it, or not at {max_price}uve per block"
        ),
        Some(misfit) => format!("no provider fits: {misfit}"),
        None => format!("no provider offers {} together", list(&wishes.iter().collect::<Vec<_>>())),
    };
    format!("{told}; `virtengine query provider list` shows what each offers")
}

/// What the providers have under the names of the attributes that none has with the value demanded.
fn instead(unmet: &[&Attribute], candidates: &[Candidate]) -> String {
    let offered: BTreeSet<&Attribute> = candidates
        .iter()
        .flat_map(|candidate| &candidate.profile.attributes)
        .filter(|attribute| unmet.iter().any(|wish| wish.key == attribute.key))
        .collect();
    let told: Vec<&Attribute> = offered.iter().copied().take(TOLD).collect();
    let more = if offered.len() > TOLD { ", ..." } else { "" };
    if told.is_empty() { String::new() } else { format!("; providers offer {}{more}", list(&told)) }
}

fn list(attributes: &[&Attribute]) -> String {
    let texts: Vec<String> =
        attributes.iter().map(|attribute| format!("{}={}", attribute.key, attribute.value)).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use virtengine_types::Address;

    fn attribute(text: &str) -> Attribute {
        let (key, value) = text.split_once('=').unwrap();
        Attribute { key: key.to_owned(), value: value.to_owned() }
    }

    fn candidate(attributes: &[&str], misfit: Option<Misfit>) -> Candidate {
        let attributes = attributes.iter().map(|text| attribute(text)).collect();
        Candidate { profile: Profile { attributes }, misfit }
    }

    fn told(wishes: &[&str], candidates: &[Candidate]) -> String {
        let wishes: Vec<Attribute> = wishes.iter().map(|text| attribute(text)).collect();
        reason(&wishes, Amount(7), candidates)
    }

    fn lacking(wish: &str) -> Option<Misfit> {
        let Attribute { key, value: wanted } = attribute(wish);
        Some(Misfit::Attribute { key, wanted })
    }

    #[test]
    fn an_attribute_that_nobody_has_is_named_with_what_there_is() {
        let providers = [
            candidate(&["host=devnet", "region=eu"], lacking("host=akash")),
            candidate(&["host=other", "region=us"], lacking("host=akash")),
        ];
        let said = told(&["host=akash", "region=eu"], &providers);
        let expected =
            "no provider offers host=akash; providers offer host=devnet, host=other; `virtengine query";
        assert!(said.starts_with(expected), "{said}");
        let said = told(&["tier=gold"], &providers);
        assert!(said.starts_with("no provider offers tier=gold; `virtengine query"), "{said}");
        let said = told(&["host=devnet", "region=us"], &providers);
        assert!(said.starts_with("no provider offers host=devnet, region=us together; "), "{said}");
    }

    #[test]
    fn auditors_room_and_an_empty_market_are_reasons_too() {
        assert_eq!(told(&[], &[]), "no provider is registered");
        let auditor = Address([9; 20]);
        let unsigned = candidate(&["region=eu"], Some(Misfit::NotSignedByAll { auditor }));
        let said = told(&["region=eu"], &[unsigned]);
        assert!(said.starts_with("no provider fits: ") && said.contains(&auditor.to_string()), "{said}");
        let said = told(&["region=eu"], &[candidate(&["region=eu"], None)]);
        assert!(said.starts_with("1 of 1 providers have what it demands, but no room"), "{said}");
    }
}
