//! Which foreign denominations stand for the base one.

use std::{collections::BTreeSet, str::FromStr};
use thiserror::Error;

/// The denomination of market payments.
pub(super) const BASE_DENOM: &str = "uve";

/// Denominations that are read as `uve`, one for one. The base denomination itself always is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DenomMap(BTreeSet<String>);

/// Why a mapping is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DenomMapError {
    /// Not `from=to`.
    #[error("{found:?} is not a mapping such as uact={BASE_DENOM}")]
    Malformed {
        /// As given.
        found: String,
    },
    /// Mapped to something that the market does not take.
    #[error("{from:?} is mapped to {found:?}, the market takes {BASE_DENOM:?}")]
    Target {
        /// What is mapped.
        from: String,
        /// What it is mapped to.
        found: String,
    },
}

impl DenomMap {
    /// Adds one mapping, written `from=to`.
    ///
    /// # Errors
    /// - `Malformed` - not of that form
    /// - `Target` - `to` is not `uve`
    pub fn insert(&mut self, mapping: &str) -> Result<(), DenomMapError> {
        let (from, to) = mapping
            .split_once('=')
            .map(|(from, to)| (from.trim(), to.trim()))
            .filter(|(from, to)| !from.is_empty() && !to.is_empty() && !to.contains('='))
            .ok_or_else(|| DenomMapError::Malformed { found: mapping.to_owned() })?;
        if to != BASE_DENOM {
            return Err(DenomMapError::Target { from: from.to_owned(), found: to.to_owned() });
        }
        self.0.insert(from.to_owned());
        Ok(())
    }

    /// Whether amounts in `denom` are amounts of the base denomination.
    #[must_use]
    pub fn accepts(&self, denom: &str) -> bool {
        denom == BASE_DENOM || self.0.contains(denom)
    }
}

impl FromStr for DenomMap {
    type Err = DenomMapError;

    /// Mappings separated by commas.
    fn from_str(text: &str) -> Result<Self, DenomMapError> {
        let mut map = Self::default();
        text.split(',').try_for_each(|mapping| map.insert(mapping))?;
        Ok(map)
    }
}
