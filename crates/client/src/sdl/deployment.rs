//! The `deployment` and `endpoints` sections.

use super::{
    MAX_COUNT, Rule, SdlError,
    model::{Deployment, EndpointSpec},
    quantity::shown,
    read::Field,
};
use std::collections::BTreeMap;

pub(super) fn read(field: &Field<'_>) -> Result<BTreeMap<String, BTreeMap<String, Deployment>>, SdlError> {
    let mut services = BTreeMap::new();
    for (service, field) in field.entries()? {
        let placements = field.entries()?;
        if placements.is_empty() {
            return Err(field.error(Rule::Missing { field: "a placement".to_owned() }));
        }
        let mut deployments = BTreeMap::new();
        for (placement, field) in placements {
            let fields = field.fields(&["profile", "count"])?;
            let profile = fields.need("profile")?.filled("a compute profile")?.to_owned();
            let count = fields.need("count")?.integer(1, MAX_COUNT)?;
            deployments.insert(placement.to_owned(), Deployment { profile, count });
        }
        services.insert(service.to_owned(), deployments);
    }
    if services.is_empty() {
        return Err(field.error(Rule::Missing { field: "a service".to_owned() }));
    }
    Ok(services)
}

pub(super) fn read_endpoints(field: &Field<'_>) -> Result<BTreeMap<String, EndpointSpec>, SdlError> {
    let mut endpoints = BTreeMap::new();
    for (name, field) in field.entries()? {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if !begins || !(2..=64).contains(&name.len()) || !name.bytes().all(allowed) {
            let allowed = "2 to 64 lower-case letters, digits, '-' and '_', a letter first";
            return Err(field.error(Rule::Name { found: shown(name), allowed }));
        }
        let kind = field.fields(&["kind"])?.need("kind")?;
        match kind.text()? {
            "ip" => endpoints.insert(name.to_owned(), EndpointSpec::Ip),
            found => return Err(kind.error(Rule::Choice { found: shown(found), allowed: "ip" })),
        };
    }
    Ok(endpoints)
}
