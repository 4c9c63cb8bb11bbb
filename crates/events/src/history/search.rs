//! Finding transactions and blocks by a query.
//!
//! Equalities of indexed keys and bounds of the height are answered by the index alone: the rows of one
//! term are walked in the order of heights and the other terms are looked up at each. Only a condition that
//! the index cannot answer makes the search read blocks. Work is counted and bounded.

use super::index::{BlockIndex, Domain, Term, decode_list, is_indexed, row_key, term};
use super::rows::array;
use super::{BlockRecord, Fresh, History, HistoryError, TxRecord};
use crate::query::{Query, Test};
use std::sync::Arc;

/// Direction of a result list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    #[default]
    Ascending,
    /// Newest first.
    Descending,
}

/// Which part of a result list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Items to skip.
    pub offset: u64,
    /// Items wanted; at most `max_page` of the settings are given.
    pub limit: usize,
    /// Most bytes of memory that the items may take together; one item is always given.
    pub max_bytes: u64,
}

/// A page of a result list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T> {
    /// Length of the whole list.
    pub total: u64,
    /// The page.
    pub items: Vec<T>,
}

/// Work of reading one block, in index rows.
const BLOCK_WORK: u64 = 50;

impl History {
    /// Transactions that match, ordered by height and index.
    ///
    /// # Errors
    /// - `TooBroad` - it would read more than `max_search_work`
    /// - `TooLarge` - the page would take more than its bytes; what follows is not read
    /// - `NotHeld` - all heights it asks for are below the oldest block
    /// - `Store`, `Corrupt` - the disk failed
    pub fn search_txs(
        &self,
        query: &Query,
        order: Order,
        page: Page,
    ) -> Result<Found<TxRecord>, HistoryError> {
        let mut search = Search::new(self, Domain::Tx, query, order, page)?;
        if let Some(hash) = search.plan.hash.take() {
            search.one(hash)?;
        } else {
            search.run()?;
        }
        let read = |height, index| Ok(self.block(height)?.and_then(|record| record.tx(index)));
        let items = loaded(&search.places, page.max_bytes, read, TxRecord::memory_bytes)?;
        Ok(Found { total: search.total, items })
    }

    /// Blocks that match, ordered by height.
    ///
    /// # Errors
    /// As [`History::search_txs`].
    pub fn search_blocks(
        &self,
        query: &Query,
        order: Order,
        page: Page,
    ) -> Result<Found<Arc<BlockRecord>>, HistoryError> {
        let mut search = Search::new(self, Domain::Block, query, order, page)?;
        search.run()?;
        let read = |height, _| self.block(height);
        let items = loaded(&search.places, page.max_bytes, read, |record| record.memory_bytes())?;
        Ok(Found { total: search.total, items })
    }
}

/// Reads the items of a page, until they take too many bytes.
fn loaded<T>(
    places: &[(u64, u32)],
    max: u64,
    read: impl Fn(u64, u32) -> Result<Option<T>, HistoryError>,
    bytes: impl Fn(&T) -> u64,
) -> Result<Vec<T>, HistoryError> {
    let mut items = Vec::new();
    let mut found = 0_u64;
    for (height, index) in places {
        let Some(item) = read(*height, *index)? else { continue };
        found = found.saturating_add(bytes(&item));
        if found > max && !items.is_empty() {
            return Err(HistoryError::TooLarge { max, found, items: items.len() + 1 });
        }
        items.push(item);
    }
    Ok(items)
}

/// What a query needs from the index.
struct Plan {
    /// First and last height that can match; nothing does if the first is greater.
    heights: (u64, u64),
    /// Terms that must all be there; the first is walked.
    terms: Vec<Term>,
    /// Hash of the only transaction that can match.
    hash: Option<String>,
    /// Whether a condition remains that needs the events themselves.
    residual: bool,
}

impl Plan {
    fn new(history: &History, domain: Domain, query: &Query) -> Result<Self, HistoryError> {
        let (height_key, event) = match domain {
            Domain::Tx => ("tx.height", "Tx"),
            Domain::Block => ("block.height", "NewBlock"),
        };
        let latest = history.latest().map_or(0, |latest| latest.height().0);
        let mut plan = Self { heights: (1, latest), terms: Vec::new(), hash: None, residual: false };
        // Every block has a module's or an action's rows, so they are the worst to walk.
        let mut common = Vec::new();
        for condition in &query.conditions {
            let key = condition.key.as_str();
            match &condition.test {
                Test::Equals(text) if key == "tm.event" => {
                    if text != event {
                        plan.heights = (1, 0);
                    }
                }
                Test::Equals(text) if key == "tx.hash" && domain == Domain::Tx => {
                    plan.hash = Some(text.clone());
                }
                Test::Equals(text) if is_indexed(&history.inner.config, key) => {
                    let list = if key == "message.module" || key == "message.action" {
                        &mut common
                    } else {
                        &mut plan.terms
                    };
                    list.push(term(domain, key, text));
                }
                test if key == height_key => plan.bound(test),
                _ => plan.residual = true,
            }
        }
        plan.terms.append(&mut common);
        let (first, last) = plan.heights;
        if first <= last {
            history.check_held(last)?;
            let earliest = history.earliest().map_or(1, |earliest| earliest.height().0);
            plan.heights.0 = first.max(earliest);
        }
        Ok(plan)
    }

    /// Narrows the heights.
    fn bound(&mut self, test: &Test) {
        let clamp = |bound: i128| u64::try_from(bound.max(0)).unwrap_or(u64::MAX);
        let (first, last) = match test {
            Test::Equals(text) => match text.parse::<u64>() {
                Ok(height) if height.to_string() == *text => (height, height),
                _ => (1, 0),
            },
            Test::Less(bound) if bound.is_whole() => match bound.floor() {
                ..=0 => (1, 0),
                bound => (0, clamp(bound - 1)),
            },
            Test::Less(bound) | Test::AtMost(bound) => match bound.floor() {
                ..=-1 => (1, 0),
                bound => (0, clamp(bound)),
            },
            Test::AtLeast(bound) if bound.is_whole() => (clamp(bound.floor()), u64::MAX),
            Test::Greater(bound) | Test::AtLeast(bound) => (clamp(bound.floor().saturating_add(1)), u64::MAX),
            Test::Contains(_) => {
                self.residual = true;
                return;
            }
            Test::Exists => return,
        };
        self.heights = (self.heights.0.max(first), self.heights.1.min(last));
    }
}

/// A running search.
struct Search<'a> {
    history: &'a History,
    domain: Domain,
    query: &'a Query,
    order: Order,
    plan: Plan,
    /// The rows that were in memory when the search began.
    fresh: Fresh,
    skip: u64,
    limit: usize,
    work: u64,
    total: u64,
    places: Vec<(u64, u32)>,
}

impl<'a> Search<'a> {
    fn new(
        history: &'a History,
        domain: Domain,
        query: &'a Query,
        order: Order,
        page: Page,
    ) -> Result<Self, HistoryError> {
        Ok(Self {
            history,
            domain,
            query,
            order,
            plan: Plan::new(history, domain, query)?,
            fresh: history.inner.head.read().fresh.clone(),
            skip: page.offset,
            limit: page.limit.min(history.inner.config.max_page),
            work: 0,
            total: 0,
            places: Vec::new(),
        })
    }

    fn spend(&mut self, work: u64) -> Result<(), HistoryError> {
        let limit = self.history.inner.config.max_search_work;
        self.work += work;
        if self.work > limit { Err(HistoryError::TooBroad { limit }) } else { Ok(()) }
    }

    /// Checks the only transaction that can match.
    fn one(&mut self, hash: String) -> Result<(), HistoryError> {
        let mut bytes = [0; 32];
        if hex::decode_to_slice(hash, &mut bytes).is_err() {
            return Ok(());
        }
        let Some((height, index)) = self.history.place(&bytes)? else {
            return Ok(());
        };
        if let Some(record) = self.history.block(height)?
            && self.query.matches(&record.tx_attributes(index))
        {
            self.take(height, index);
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), HistoryError> {
        let (first, last) = self.plan.heights;
        if first > last {
            return Ok(());
        }
        match self.plan.terms.first().copied() {
            Some(term) => self.walk_term(term, first, last),
            None => match self.order {
                Order::Ascending => (first..=last).try_for_each(|height| self.whole_block(height)),
                Order::Descending => (first..=last).rev().try_for_each(|height| self.whole_block(height)),
            },
        }
    }

    /// Walks the heights that have a term, of a range that is not empty.
    fn walk_term(&mut self, term: Term, first: u64, last: u64) -> Result<(), HistoryError> {
        match self.order {
            Order::Ascending => {
                self.walk_disk(term, first, last)?;
                self.walk_fresh(term, self.fresh.blocks(first..=last).into_iter())
            }
            Order::Descending => {
                self.walk_fresh(term, self.fresh.blocks(first..=last).into_iter().rev())?;
                self.walk_disk(term, first, last)
            }
        }
    }

    fn walk_disk(&mut self, term: Term, first: u64, last: u64) -> Result<(), HistoryError> {
        let last = last.min(self.fresh.on_disk);
        if first > last {
            return Ok(());
        }
        let history = self.history;
        let mut rows = history.inner.rows.index.range(row_key(term, first)..=row_key(term, last));
        loop {
            let row = match self.order {
                Order::Ascending => rows.next(),
                Order::Descending => rows.next_back(),
            };
            let Some(row) = row else {
                return Ok(());
            };
            let (key, list) = row.into_inner()?;
            let key: [u8; 24] = array(&key, "index")?;
            let height = u64::from_be_bytes(array(&key[16..], "index")?);
            self.spend(1)?;
            self.intersect(height, decode_list(&list))?;
        }
    }

    fn walk_fresh(
        &mut self,
        term: Term,
        blocks: impl Iterator<Item = Arc<BlockIndex>>,
    ) -> Result<(), HistoryError> {
        for index in blocks {
            if let Some(list) = index.list(term) {
                self.spend(1)?;
                self.intersect(index.height, list)?;
            }
        }
        Ok(())
    }

    /// Keeps the candidates of a height that have the other terms too.
    fn intersect(&mut self, height: u64, mut list: Vec<u32>) -> Result<(), HistoryError> {
        for index in 1..self.plan.terms.len() {
            self.spend(1)?;
            let Some(other) = self.list(self.plan.terms[index], height)? else {
                return Ok(());
            };
            list.retain(|index| other.binary_search(index).is_ok());
        }
        self.candidates(height, list)
    }

    /// The transactions of a height that have a term.
    fn list(&self, term: Term, height: u64) -> Result<Option<Vec<u32>>, HistoryError> {
        if height > self.fresh.on_disk {
            return Ok(self.fresh.list(term, height));
        }
        let row = self.history.inner.rows.index.get(row_key(term, height))?;
        Ok(row.map(|row| decode_list(&row)))
    }

    fn whole_block(&mut self, height: u64) -> Result<(), HistoryError> {
        self.spend(1)?;
        let txs = self.history.header(height)?.map_or(0, |meta| meta.txs);
        self.candidates(height, (0..txs).collect())
    }

    /// Counts the candidates of a height that match; the height itself when blocks are searched.
    fn candidates(&mut self, height: u64, mut list: Vec<u32>) -> Result<(), HistoryError> {
        if self.domain == Domain::Block {
            list = vec![0];
        }
        if self.plan.residual && !list.is_empty() {
            self.spend(BLOCK_WORK)?;
            let Some(record) = self.history.load(height)? else {
                return Ok(());
            };
            match self.domain {
                Domain::Tx => list.retain(|index| self.query.matches(&record.tx_attributes(*index))),
                Domain::Block => {
                    let mut attributes = record.block_attributes();
                    attributes.insert("tm.event".to_owned(), vec!["NewBlock".to_owned()]);
                    list.retain(|_| self.query.matches(&attributes));
                }
            }
        }
        if self.order == Order::Descending {
            list.reverse();
        }
        for index in list {
            self.take(height, index);
        }
        Ok(())
    }

    fn take(&mut self, height: u64, index: u32) {
        if self.total >= self.skip && self.places.len() < self.limit {
            self.places.push((height, index));
        }
        self.total += 1;
    }
}
