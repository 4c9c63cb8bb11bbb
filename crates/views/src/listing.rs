//! One list: its items in order, and the items of each property.

use borsh::{BorshDeserialize, BorshSerialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::{
    ListPage, ViewError,
    page::{Page, decode_cursor, encode_cursor},
};

/// Items in order, each with the properties by which it can be found.
#[derive(Debug)]
pub(crate) struct Listing<I, P> {
    items: BTreeMap<I, Vec<P>>,
    by: BTreeMap<P, BTreeSet<I>>,
}

impl<I, P> Default for Listing<I, P> {
    fn default() -> Self {
        Self { items: BTreeMap::new(), by: BTreeMap::new() }
    }
}

impl<I, P> Listing<I, P>
where
    I: Ord + Clone + BorshSerialize + BorshDeserialize,
    P: Ord + Clone,
{
    /// Sets the properties of an item.
    pub(crate) fn insert(&mut self, item: I, properties: Vec<P>) {
        if self.items.get(&item).is_some_and(|known| *known == properties) {
            return;
        }
        self.remove(&item);
        for property in &properties {
            self.by.entry(property.clone()).or_default().insert(item.clone());
        }
        self.items.insert(item, properties);
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn remove(&mut self, item: &I) {
        for property in self.items.remove(item).unwrap_or_default() {
            if let Some(items) = self.by.get_mut(&property) {
                items.remove(item);
                if items.is_empty() {
                    self.by.remove(&property);
                }
            }
        }
    }

    /// A page of the items that have all of `wanted` and pass `matches`, if there is such a test.
    pub(crate) fn page(
        &self,
        wanted: &[P],
        matches: Option<&dyn Fn(&I) -> bool>,
        page: &ListPage,
    ) -> Result<Page<I>, ViewError> {
        let after = page.cursor.as_ref().map(decode_cursor::<I>).transpose()?;
        let empty = BTreeSet::new();
        let smallest = wanted
            .iter()
            .map(|property| self.by.get(property).unwrap_or(&empty))
            .min_by_key(|items| items.len());
        let passes = |item: &&I| {
            let properties = self.items.get(*item);
            wanted.iter().all(|property| properties.is_some_and(|known| known.contains(property)))
                && matches.is_none_or(|matches| matches(item))
        };
        let range = match (after, page.reverse) {
            (None, _) => (Bound::Unbounded, Bound::Unbounded),
            (Some(cursor), false) => (Bound::Included(cursor), Bound::Unbounded),
            (Some(cursor), true) => (Bound::Unbounded, Bound::Included(cursor)),
        };
        let found: Box<dyn Iterator<Item = &I>> = match (smallest, page.reverse) {
            (Some(items), false) => Box::new(items.range(range)),
            (Some(items), true) => Box::new(items.range(range).rev()),
            (None, false) => Box::new(self.items.range(range).map(|(item, _)| item)),
            (None, true) => Box::new(self.items.range(range).rev().map(|(item, _)| item)),
        };
        let skip = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let mut found = found.filter(passes).skip(skip);
        let items: Vec<I> = found.by_ref().take(page.limit).cloned().collect();
        let next = found.next().map(encode_cursor).transpose()?;
        let total = match smallest {
            // What is found by at most one property is as long as its set.
            Some(known) if wanted.len() == 1 && matches.is_none() => Some(known.len() as u64),
            None if matches.is_none() => Some(self.items.len() as u64),
            // The only page holds all there is.
            _ if page.cursor.is_none() && page.offset == 0 && next.is_none() => Some(items.len() as u64),
            Some(known) if page.count => Some(known.iter().filter(passes).count() as u64),
            None if page.count => Some(self.items.keys().filter(passes).count() as u64),
            _ => None,
        };
        Ok(Page { items, next, total })
    }
}
