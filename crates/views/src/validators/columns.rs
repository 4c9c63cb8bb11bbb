//! What is known of validators, an array each.

use super::{ValidatorEntry, ValidatorTotals};
use std::cmp::Reverse;
use virtengine_types::{
    Address, Amount,
    staking::{Standing, ValidatorStatus},
};

/// One array for each property, all of the same length: 119 bytes a validator.
#[derive(Debug, Default)]
pub(super) struct Columns {
    operators: Vec<Address>,
    tokens: Vec<Amount>,
    statuses: Vec<ValidatorStatus>,
    standings: Vec<Standing>,
    bls_keys: Vec<Option<[u8; 48]>>,
    consensus_keys: Vec<[u8; 32]>,
}

impl Columns {
    pub(super) const fn len(&self) -> usize {
        self.operators.len()
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.next()
    }

    pub(super) fn operator(&self, slot: u32) -> Address {
        self.operators[slot as usize]
    }

    pub(super) fn status(&self, slot: u32) -> ValidatorStatus {
        self.statuses[slot as usize]
    }

    /// What the order by tokens compares.
    pub(super) fn by_tokens(&self, slot: u32) -> (Reverse<Amount>, Address) {
        (Reverse(self.tokens[slot as usize]), self.operator(slot))
    }

    pub(super) fn entry(&self, slot: u32) -> ValidatorEntry {
        let slot = slot as usize;
        ValidatorEntry {
            operator: self.operators[slot],
            tokens: self.tokens[slot],
            status: self.statuses[slot],
            standing: self.standings[slot],
            bls_key: self.bls_keys[slot],
            consensus_key: self.consensus_keys[slot],
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = ValidatorEntry> {
        self.slots().map(|slot| self.entry(slot))
    }

    /// The sums over all; one property after the other, so that most of it is vectorized.
    pub(super) fn totals(&self) -> ValidatorTotals {
        let with_status = |status| self.statuses.iter().filter(|one| **one == status).count();
        let with_standing = |standing| self.standings.iter().filter(|one| **one == standing).count();
        let stakes = self.tokens.iter().zip(&self.statuses);
        let bonded =
            stakes.map(|(tokens, status)| if *status == ValidatorStatus::Bonded { tokens.0 } else { 0 });
        ValidatorTotals {
            power: Amount(bonded.sum()),
            bonded: with_status(ValidatorStatus::Bonded),
            unbonded: with_status(ValidatorStatus::Unbonded),
            jailed: with_standing(Standing::Jailed),
            tombstoned: with_standing(Standing::Tombstoned),
        }
    }

    /// Appends a validator, and answers with its slot.
    pub(super) fn push(&mut self, entry: &ValidatorEntry) -> u32 {
        let slot = self.next();
        self.operators.push(entry.operator);
        self.tokens.push(entry.tokens);
        self.statuses.push(entry.status);
        self.standings.push(entry.standing);
        self.bls_keys.push(entry.bls_key);
        self.consensus_keys.push(entry.consensus_key);
        slot
    }

    /// Overwrites all but the operator.
    pub(super) fn set(&mut self, slot: u32, entry: &ValidatorEntry) {
        let slot = slot as usize;
        self.tokens[slot] = entry.tokens;
        self.statuses[slot] = entry.status;
        self.standings[slot] = entry.standing;
        self.bls_keys[slot] = entry.bls_key;
        self.consensus_keys[slot] = entry.consensus_key;
    }

    /// The slot of the next validator.
    fn next(&self) -> u32 {
        u32::try_from(self.len()).expect("2^32 validators would take half a terabyte of memory")
    }

    pub(super) fn bytes(&self) -> usize {
        const fn of<T>(array: &Vec<T>) -> usize {
            array.capacity() * size_of::<T>()
        }
        of(&self.operators)
            + of(&self.tokens)
            + of(&self.statuses)
            + of(&self.standings)
            + of(&self.bls_keys)
            + of(&self.consensus_keys)
    }
}
