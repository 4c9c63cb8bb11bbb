//! All validators in memory, as dense arrays.

mod columns;

use crate::{
    ListPage, ViewError,
    page::{Page, decode_cursor, encode_cursor},
    ranks::Ranks,
};
use columns::Columns;
use hashbrown::HashTable;
use std::{
    cmp::Reverse,
    hash::{BuildHasher as _, RandomState},
};
use virtengine_types::{
    Address, Amount,
    staking::{Standing, Validator, ValidatorStatus},
};

/// What is known of a validator without reading its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidatorEntry {
    /// Account that runs it.
    pub operator: Address,
    /// Stake of all delegations together, in uve.
    pub tokens: Amount,
    /// Whether its stake counts.
    pub status: ValidatorStatus,
    /// Whether it may.
    pub standing: Standing,
    /// BLS12-381 key, whose signatures can be summed over all validators, once set.
    pub bls_key: Option<[u8; 48]>,
    /// Ed25519 key of its node.
    pub consensus_key: [u8; 32],
}

impl ValidatorEntry {
    const fn new(operator: Address, row: &Validator) -> Self {
        let Validator { tokens, status, standing, bls_key, consensus_key, .. } = *row;
        Self { operator, tokens, status, standing, bls_key, consensus_key }
    }
}

/// Sums over all validators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValidatorTotals {
    /// Stake that counts: tokens of the bonded validators, in uve.
    pub power: Amount,
    /// Validators whose stake counts.
    pub bonded: usize,
    /// The others.
    pub unbonded: usize,
    /// Validators that broke their promise.
    pub jailed: usize,
    /// Validators that never return.
    pub tombstoned: usize,
}

impl ValidatorTotals {
    fn add(&mut self, tokens: Amount, status: ValidatorStatus, standing: Standing) {
        match status {
            ValidatorStatus::Bonded => {
                self.power.0 += tokens.0;
                self.bonded += 1;
            }
            ValidatorStatus::Unbonded => self.unbonded += 1,
        }
        match standing {
            Standing::Free => {}
            Standing::Jailed => self.jailed += 1,
            Standing::Tombstoned => self.tombstoned += 1,
        }
    }

    fn take(&mut self, tokens: Amount, status: ValidatorStatus, standing: Standing) {
        match status {
            ValidatorStatus::Bonded => {
                self.power.0 -= tokens.0;
                self.bonded -= 1;
            }
            ValidatorStatus::Unbonded => self.unbonded -= 1,
        }
        match standing {
            Standing::Free => {}
            Standing::Jailed => self.jailed -= 1,
            Standing::Tombstoned => self.tombstoned -= 1,
        }
    }
}

/// Every validator. Each has a slot, its place in all arrays, for ever, as validators are never removed.
#[derive(Debug, Default)]
pub struct Validators {
    columns: Columns,
    totals: ValidatorTotals,
    slots: HashTable<u32>,
    /// Seeded at random, so that nobody can choose addresses that collide.
    hasher: RandomState,
    /// Whether there are orders: after the fill, which sorts once.
    ordered: bool,
    by_tokens: Ranks,
    bonded: Ranks,
    unbonded: Ranks,
    by_operator: Ranks,
}

impl Validators {
    /// The validator of an operator.
    #[must_use]
    pub fn lookup(&self, operator: &Address) -> Option<ValidatorEntry> {
        self.slot(operator).map(|slot| self.columns.entry(slot))
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sums, which every change keeps up.
    #[must_use]
    pub const fn totals(&self) -> ValidatorTotals {
        self.totals
    }

    /// The sums, taken anew over all validators.
    #[must_use]
    pub fn recount(&self) -> ValidatorTotals {
        self.columns.totals()
    }

    /// All of them, in no order that means anything; the quickest way to see all.
    pub fn iter(&self) -> impl Iterator<Item = ValidatorEntry> {
        self.columns.iter()
    }

    /// All of them, or those of one status; most tokens first, then by operator.
    pub fn by_tokens(&self, status: Option<ValidatorStatus>) -> impl Iterator<Item = ValidatorEntry> {
        self.ranked(status).iter().map(|slot| self.columns.entry(slot))
    }

    /// Those from this operator on, by operator.
    pub fn by_operator(&self, from: &Address) -> impl Iterator<Item = ValidatorEntry> {
        let start = self.by_operator.range(|slot| self.columns.operator(slot).cmp(from)).start;
        self.by_operator.slots(start..self.len()).map(|slot| self.columns.entry(slot))
    }

    /// Bytes of memory that the arrays and indexes have, their spare room included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let orders = [&self.by_tokens, &self.bonded, &self.unbonded, &self.by_operator];
        let orders: usize = orders.into_iter().map(Ranks::bytes).sum();
        self.columns.bytes() + self.slots.allocation_size() + orders
    }

    /// Operators by tokens, one page.
    pub(crate) fn page(
        &self,
        status: Option<ValidatorStatus>,
        page: &ListPage,
    ) -> Result<Page<Address>, ViewError> {
        let ranks = self.ranked(status);
        let cursor = page.cursor.as_ref().map(decode_cursor::<(Amount, Address)>).transpose()?;
        let cursor = cursor.map(|(tokens, operator)| {
            ranks.range(|slot| self.columns.by_tokens(slot).cmp(&(Reverse(tokens), operator)))
        });
        let (slots, next) = ranks.page(0..ranks.len(), cursor, page);
        let next = next.map(|slot| self.columns.by_tokens(slot));
        Ok(Page {
            items: slots.into_iter().map(|slot| self.columns.operator(slot)).collect(),
            next: next.map(|(Reverse(tokens), operator)| encode_cursor(&(tokens, operator))).transpose()?,
            total: Some(ranks.len() as u64),
        })
    }

    /// Takes in a row.
    pub(crate) fn write(&mut self, operator: Address, row: &Validator) {
        let after = ValidatorEntry::new(operator, row);
        self.totals.add(after.tokens, after.status, after.standing);
        let slot = match self.slot(&operator) {
            Some(slot) => {
                let before = self.columns.entry(slot);
                self.totals.take(before.tokens, before.status, before.standing);
                if (before.tokens, before.status) == (after.tokens, after.status) {
                    self.columns.set(slot, &after);
                    return;
                }
                self.leave_orders(slot, before.status);
                self.columns.set(slot, &after);
                slot
            }
            None => self.add(&after),
        };
        self.enter_orders(slot, after.status);
    }

    /// Sorts all slots; from now on every write keeps the orders up.
    pub(crate) fn order(&mut self) {
        let Self { columns, .. } = self;
        let all: Vec<u32> = columns.slots().collect();
        self.by_operator = Ranks::sorted(all.clone(), |slot| columns.operator(slot));
        self.by_tokens = Ranks::sorted(all, |slot| columns.by_tokens(slot));
        let (bonded, unbonded): (Vec<u32>, Vec<u32>) =
            self.by_tokens.iter().partition(|slot| columns.status(*slot) == ValidatorStatus::Bonded);
        self.bonded = Ranks::of_sorted(&bonded);
        self.unbonded = Ranks::of_sorted(&unbonded);
        self.ordered = true;
    }

    fn slot(&self, operator: &Address) -> Option<u32> {
        let hash = self.hasher.hash_one(operator);
        self.slots.find(hash, |slot| self.columns.operator(*slot) == *operator).copied()
    }

    /// Gives a slot to a validator that has none.
    fn add(&mut self, entry: &ValidatorEntry) -> u32 {
        let Self { columns, slots, hasher, by_operator, .. } = self;
        let slot = columns.push(entry);
        let hash = |slot: &u32| hasher.hash_one(columns.operator(*slot));
        slots.insert_unique(hash(&slot), slot, hash);
        if self.ordered {
            by_operator.insert(slot, |other| columns.operator(other).cmp(&entry.operator));
        }
        slot
    }

    fn enter_orders(&mut self, slot: u32, status: ValidatorStatus) {
        if !self.ordered {
            return;
        }
        let Self { columns, by_tokens, bonded, unbonded, .. } = self;
        let place = columns.by_tokens(slot);
        let compare = |other| columns.by_tokens(other).cmp(&place);
        by_tokens.insert(slot, compare);
        of(status, bonded, unbonded).insert(slot, compare);
    }

    /// To be called before the slot's tokens change.
    fn leave_orders(&mut self, slot: u32, status: ValidatorStatus) {
        if !self.ordered {
            return;
        }
        let Self { columns, by_tokens, bonded, unbonded, .. } = self;
        let place = columns.by_tokens(slot);
        let compare = |other| columns.by_tokens(other).cmp(&place);
        by_tokens.remove(compare);
        of(status, bonded, unbonded).remove(compare);
    }

    const fn ranked(&self, status: Option<ValidatorStatus>) -> &Ranks {
        match status {
            None => &self.by_tokens,
            Some(ValidatorStatus::Bonded) => &self.bonded,
            Some(ValidatorStatus::Unbonded) => &self.unbonded,
        }
    }
}

const fn of<'a>(status: ValidatorStatus, bonded: &'a mut Ranks, unbonded: &'a mut Ranks) -> &'a mut Ranks {
    match status {
        ValidatorStatus::Bonded => bonded,
        ValidatorStatus::Unbonded => unbonded,
    }
}

#[cfg(test)]
mod tests;
