//! Drawing the seats of a committee.

use super::{RotationError, random::Random};
use std::collections::BTreeMap;
use virtengine_types::{Address, Amount};

/// Domain of the draw.
const SEATS: &[u8] = b"virtengine/seats";

/// The candidates' stakes, ready to be drawn from.
///
/// A candidate is named by its place. 16 bytes a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stakes {
    /// Of each candidate the sum of its tokens and all before.
    ends: Vec<u128>,
}

impl Stakes {
    /// Candidates and their tokens, by ascending operator.
    ///
    /// # Errors
    /// - `Order` - a candidate does not come after the one before
    /// - `NoTokens` - a candidate has none, so it could never be drawn
    /// - `Overflow` - the sum is 2^128 or more
    pub fn new(candidates: impl IntoIterator<Item = (Address, Amount)>) -> Result<Self, RotationError> {
        let candidates = candidates.into_iter();
        let mut ends = Vec::with_capacity(candidates.size_hint().0);
        let (mut sum, mut last) = (0_u128, None);
        for (operator, Amount(tokens)) in candidates {
            if let Some(previous) = last.filter(|previous| *previous >= operator) {
                return Err(RotationError::Order { previous, operator });
            }
            if tokens == 0 {
                return Err(RotationError::NoTokens { operator });
            }
            sum = sum.checked_add(tokens).ok_or(RotationError::Overflow { sum, operator, tokens })?;
            ends.push(sum);
            last = Some(operator);
        }
        Ok(Self { ends })
    }

    /// The places of those who get the seats, in the order in which they were drawn: each seat by stake among those who
    /// have none. So nobody has two, however much it has staked. Fewer than `seats` only if there are fewer candidates.
    ///
    /// Costs a binary search and a pass over the seats drawn for each seat.
    #[must_use]
    pub fn draw(&self, seed: &[u8; 32], epoch: u64, seats: usize) -> Vec<usize> {
        let mut random = Random::new(SEATS, seed, epoch);
        let mut left = self.ends.last().copied().unwrap_or_default();
        let mut seated = BTreeMap::new();
        let mut order = Vec::new();
        while order.len() < seats && left > 0 {
            let place = self.holder(random.below(left), &seated);
            let tokens = self.tokens(place);
            left = left.saturating_sub(tokens);
            seated.insert(place, tokens);
            order.push(place);
        }
        order
    }

    /// Whose is token number `token`, counted over those without a seat. `seated` are the others with their tokens.
    fn holder(&self, token: u128, seated: &BTreeMap<usize, u128>) -> usize {
        let mut token = token;
        for (place, tokens) in seated {
            if token < self.start(*place) {
                break;
            }
            token = token.saturating_add(*tokens); // stays below the sum of all
        }
        self.ends.partition_point(|end| *end <= token)
    }

    fn start(&self, place: usize) -> u128 {
        place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default()
    }

    fn tokens(&self, place: usize) -> u128 {
        self.ends.get(place).copied().unwrap_or_default().saturating_sub(self.start(place))
    }
}

#[cfg(test)]
mod tests;
