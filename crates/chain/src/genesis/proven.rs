//! Validators whose proofs of possession were checked.

use super::{GenesisError, GenesisValidator, ItemError};
use virtengine_crypto::bls::{Claim, check_possessions};

/// A validator whose proof of possession holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenValidator(GenesisValidator);

impl ProvenValidator {
    /// Checks all proofs at once, on this thread; the first of these validators has position `first` in its list.
    /// Takes less time than single checks.
    ///
    /// # Errors
    /// - `ProofOfPossession` - the first that does not hold
    pub fn check_all(
        validators: Vec<GenesisValidator>,
        first: u64,
        chain_id: &str,
    ) -> Result<Vec<Self>, GenesisError> {
        let claims: Vec<Claim<'_>> = validators.iter().map(claim).collect();
        let Err(at) = check_possessions(&claims, chain_id) else {
            return Ok(validators.into_iter().map(Self).collect());
        };
        let refused = |one: &GenesisValidator| ItemError::ProofOfPossession {
            operator: one.operator,
            key: hex::encode(one.bls_key),
            chain_id: chain_id.to_owned(),
        };
        let position = first.saturating_add(at as u64);
        match validators.get(at).map(refused) {
            Some(cause) => Err(GenesisError::item("validators", position, cause)),
            None => Ok(Vec::new()),
        }
    }

    /// A validator of a file that was checked before: of which a file with the same SHA-256 passed
    /// [`ProvenValidator::check_all`].
    #[must_use]
    pub const fn of_checked_file(validator: GenesisValidator) -> Self {
        Self(validator)
    }

    /// The validator.
    #[must_use]
    pub const fn get(&self) -> &GenesisValidator {
        &self.0
    }
}

const fn claim(validator: &GenesisValidator) -> Claim<'_> {
    Claim { key: &validator.bls_key, operator: &validator.operator, proof: &validator.proof_of_possession }
}
