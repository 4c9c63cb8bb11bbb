//! Which validator a text names.

use super::keyring::{KeyringArgs, mistyped};
use eyre::{Result, bail, eyre};
use virtengine_client::{Client, page};
use virtengine_types::{
    Address,
    proto::cosmos::staking::v1beta1::{QueryValidatorsRequest, Validator},
};

/// Validators of one page.
const PAGE: u64 = 100;

/// A validator by its operator address, its account, the name of its operator's key or its moniker; the
/// first of these that fits. Cost: for a moniker, one query for each hundred validators.
pub(super) async fn find(client: &Client, keyring: &KeyringArgs, text: &str) -> Result<Address> {
    if let Ok(operator) = Address::from_operator(text).or_else(|_| text.parse()) {
        return Ok(operator);
    }
    if let Ok(account) = keyring.address(text) {
        return Ok(account);
    }
    let mut named = Vec::new();
    let mut key = Vec::new();
    loop {
        let request = QueryValidatorsRequest { pagination: Some(page(&key, PAGE)), ..Default::default() };
        let found = client.validators(&request).await?;
        named.extend(found.items.into_iter().filter(|validator| has_moniker(validator, text)));
        key = found.next_key;
        if key.is_empty() {
            return only(text, &named);
        }
    }
}

fn has_moniker(validator: &Validator, text: &str) -> bool {
    validator.description.as_ref().is_some_and(|description| description.moniker == text)
}

/// The operator of the only validator of a name: anybody may take a moniker that another has.
fn only(text: &str, named: &[Validator]) -> Result<Address> {
    match named {
        [validator] => Ok(Address::from_operator(&validator.operator_address)?),
        [] => Err(mistyped(text).unwrap_or_else(|| {
            eyre!(
                "{text:?} is no validator's operator address, account, key or moniker; \
                 `virtengine query staking validators` lists them"
            )
        })),
        several => {
            let operators: Vec<&str> =
                several.iter().map(|validator| validator.operator_address.as_str()).collect();
            bail!(
                "{} validators have the moniker {text:?}: write the operator address, {}",
                several.len(),
                operators.join(" or ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use virtengine_types::proto::cosmos::staking::v1beta1::Description;

    fn validator(byte: u8, moniker: &str) -> Validator {
        let description = Description { moniker: moniker.to_owned(), ..Default::default() };
        Validator {
            operator_address: Address([byte; 20]).operator(),
            description: Some(description),
            ..Default::default()
        }
    }

    #[test]
    fn accepts_a_moniker_that_one_validator_has() {
        assert!(has_moniker(&validator(7, "node0"), "node0") && !has_moniker(&validator(7, "node0"), "node"));
        assert_eq!(only("node0", &[validator(7, "node0")]).unwrap(), Address([7; 20]));
    }

    #[test]
    fn rejects_a_moniker_that_several_have_or_none() {
        let error = only("node0", &[validator(7, "node0"), validator(8, "node0")]).unwrap_err().to_string();
        assert!(error.contains(&Address([7; 20]).operator()), "{error}");
        assert!(error.contains(&Address([8; 20]).operator()), "{error}");
        let error = only("cosmos1x", &[]).unwrap_err().to_string();
        assert!(error.contains("cosmos1x") && error.contains("query staking validators"), "{error}");
    }
}
