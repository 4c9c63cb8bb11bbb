//! The `profiles.placement` section.

use super::{
    MAX_ITEMS, Rule, SdlError,
    model::{Placement, Pricing, SignedBy},
    quantity,
    quantity::shown,
    read::Field,
};
use std::collections::BTreeMap;

/// Most attributes of a placement.
const MAX_ATTRIBUTES: usize = 64;
/// Longest attribute key or value in bytes.
const MAX_ATTRIBUTE_BYTES: usize = 128;

pub(super) fn read(field: &Field<'_>) -> Result<BTreeMap<String, Placement>, SdlError> {
    field
        .entries()?
        .into_iter()
        .map(|(name, field)| Ok((field.name(name)?, read_placement(&field)?)))
        .collect()
}

fn read_placement(field: &Field<'_>) -> Result<Placement, SdlError> {
    let fields = field.fields(&["attributes", "signedBy", "pricing"])?;
    let attributes = fields.get("attributes").map(|field| read_attributes(&field)).transpose()?;
    let signed_by = fields.get("signedBy").map(|field| read_signed_by(&field)).transpose()?;
    let pricing = fields.need("pricing")?;
    Ok(Placement {
        attributes: attributes.unwrap_or_default(),
        signed_by: signed_by.unwrap_or_default(),
        pricing: pricing
            .entries()?
            .into_iter()
            .map(|(profile, field)| Ok((profile.to_owned(), read_price(&field)?)))
            .collect::<Result<_, SdlError>>()?,
    })
}

fn read_attributes(field: &Field<'_>) -> Result<BTreeMap<String, String>, SdlError> {
    let entries = field.entries()?;
    if entries.len() > MAX_ATTRIBUTES {
        return Err(field.error(Rule::TooMany { found: entries.len(), max: MAX_ATTRIBUTES }));
    }
    let mut attributes = BTreeMap::new();
    for (key, field) in entries {
        let value = field.filled("a value")?;
        let fits = |text: &str| {
            text.len() <= MAX_ATTRIBUTE_BYTES && !text.chars().any(char::is_control) && !text.is_empty()
        };
        for text in [key, value] {
            if !fits(text) {
                let allowed = "1 to 128 bytes without control characters";
                return Err(field.error(Rule::Name { found: shown(text), allowed }));
            }
        }
        attributes.insert(key.to_owned(), value.to_owned());
    }
    Ok(attributes)
}

fn read_signed_by(field: &Field<'_>) -> Result<SignedBy, SdlError> {
    let fields = field.fields(&["anyOf", "allOf"])?;
    let addresses = |name| -> Result<Vec<String>, SdlError> {
        let Some(field) = fields.get(name) else { return Ok(Vec::new()) };
        let items = field.list(MAX_ITEMS)?;
        items.iter().map(|item| item.filled("an address").map(str::to_owned)).collect()
    };
    Ok(SignedBy { any_of: addresses("anyOf")?, all_of: addresses("allOf")? })
}

fn read_price(field: &Field<'_>) -> Result<Pricing, SdlError> {
    let fields = field.fields(&["denom", "amount"])?;
    let denom = fields.need("denom")?.filled("a denomination")?.to_owned();
    Ok(Pricing { denom, amount: fields.need("amount")?.quantity(quantity::price)? })
}
