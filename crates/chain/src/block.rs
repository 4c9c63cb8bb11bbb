//! A block, from its transactions to its outcome. The order of a block stands here and nowhere else.
//!
//! ```text
//! parameters -> deadlines that are due -> transactions in order -> fees to stake and pools
//! ```
//!
//! Each deadline and each transaction is one step under a savepoint. A step that reads a key which was
//! not loaded is undone, the caller loads the key, and the step runs again.

mod messages;

use crate::{
    TxContext, ante, bank,
    context::{BlockContext, Credits, first_id},
    distribution, due, execute, market,
    outcome::{Fatal, Outcome, Stop},
    params, slashing, staking,
};
use bytes::Bytes;
use std::sync::Arc;
use virtengine_state::{Key, State, WriteSet};
use virtengine_types::{
    Amount, Coin, Coins, Gas,
    block::{BlockOutcome, Event, MAX_BLOCK_EVENTS},
    code::{Rejection, SdkCode},
    escrow::MAX_DEPOSITORS,
    ledger::Pool,
    params::Params,
    tx::{MAX_MESSAGES, VerifiedTx},
};

/// Index that the block's own work has among the transactions; so a block has fewer than that.
const BLOCK_INDEX: u32 = 65_535;

/// Events of the log that one transaction or deadline may add. The most come from ending a lease, which
/// refunds every depositor, and from freeing bids, with two events each.
const MAX_STEP_EVENTS: u64 = 4_096;
const _: () = assert!((MAX_MESSAGES * (MAX_DEPOSITORS + 48)) as u64 <= MAX_STEP_EVENTS);
const _: () = assert!((2 * market::FREED_PER_ENTRY) as u64 <= MAX_STEP_EVENTS);

/// Why a block is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To propose it: transactions that are not admissible or do not fit are left out.
    Propose,
    /// To check or replay it: a transaction that is not admissible makes the block invalid.
    Verify,
    /// To estimate one transaction: limits, fee and signatures are not checked.
    Simulate,
}

/// What the caller is to do next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Load these keys with [`BlockExecutor::load`] and run again.
    Load(Vec<Key>),
    /// The block is executed.
    Done(Box<Executed>),
    /// The block breaks a rule, whoever executes it.
    Invalid(Rejection),
}

/// An executed block.
#[derive(Clone, Debug)]
pub struct Executed {
    /// Its effect on the state.
    pub writes: WriteSet,
    /// Its results and events.
    pub outcome: BlockOutcome,
    /// Indices of the given transactions that are in the block, ascending. All, unless proposing.
    pub included: Vec<usize>,
    /// Indices of the given transactions that are not admissible, with the reason. Only when proposing.
    pub refused: Vec<(usize, Rejection)>,
}

/// Executes one block over a working set.
#[derive(Debug)]
pub struct BlockExecutor {
    context: BlockContext,
    txs: Vec<VerifiedTx>,
    mode: Mode,
    state: State,
    phase: Phase,
    params: Arc<Params>,
    credits: Credits,
    outcome: BlockOutcome,
    included: Vec<usize>,
    refused: Vec<(usize, Rejection)>,
    gas_limits: u64,
    bytes: u64,
    /// Events of the log so far.
    logged: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Params,
    Due { handled: u32 },
    Txs { next: usize },
    Pools,
    Done,
}

impl BlockExecutor {
    /// Prepares a block. Nothing is read before the first [`BlockExecutor::run`].
    #[must_use]
    pub fn new(context: BlockContext, txs: Vec<VerifiedTx>, mode: Mode) -> Self {
        Self {
            context,
            txs,
            mode,
            state: State::default(),
            phase: Phase::Params,
            params: Arc::default(),
            credits: Credits::default(),
            outcome: BlockOutcome::default(),
            included: Vec::new(),
            refused: Vec::new(),
            gas_limits: 0,
            bytes: 0,
            logged: 0,
        }
    }

    /// Keys that the block will likely touch, sorted and unique, to be loaded in one read.
    #[must_use]
    pub fn hints(&self) -> Vec<Key> {
        let mut keys = due::hints(&self.context);
        keys.extend(params::PARAMS.key(&0));
        keys.extend(distribution::REWARDS.key(&0));
        keys.extend(staking::STAKE_POOL.key(&0));
        keys.extend(slashing::EPOCHS.key(&self.context.epoch));
        for pool in [Pool::Fees, Pool::Community] {
            keys.extend(bank::ACCOUNTS.key(&pool.address()));
        }
        for (index, verified) in (0u32..).zip(&self.txs) {
            keys.extend(verified.tx.signers.iter().flat_map(|signer| bank::ACCOUNTS.key(&signer.address)));
            for msg in &verified.tx.messages {
                execute::hints(msg, &mut keys);
                market::created_hints(msg, first_id(self.context.height, index), &mut keys);
            }
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Adds values to the working set; `None` says that a key is absent.
    pub fn load(&mut self, entries: impl IntoIterator<Item = (Key, Option<Bytes>)>) {
        self.state.load(entries);
    }

    /// Runs until the block is done, is invalid, or needs keys.
    ///
    /// # Errors
    /// - [`Fatal`] - this node cannot decide: its state is damaged or a bound is broken
    pub fn run(&mut self) -> Result<Step, Fatal> {
        loop {
            let savepoint = self.state.savepoint();
            let step = match self.phase {
                Phase::Params => self.read_params(),
                Phase::Due { handled } => self.handle_due(handled),
                Phase::Txs { next } => self.execute_tx(next),
                Phase::Pools => self.credit_pools(),
                Phase::Done => return Ok(Step::Done(Box::new(self.finish()))),
            };
            match step {
                Ok(next) => {
                    self.state.commit();
                    self.phase = next;
                }
                Err(Stop::NotLoaded(key)) => {
                    self.state.undo_to(savepoint);
                    return Ok(Step::Load(self.missing(key)));
                }
                Err(Stop::Invalid(rejection)) => return Ok(Step::Invalid(rejection)),
                Err(Stop::Fatal(fatal)) => return Err(fatal),
            }
        }
    }

    /// The key that a step missed and those that can be told now: what the rest of the transaction will
    /// miss, or the next deadlines.
    fn missing(&mut self, key: Key) -> Vec<Key> {
        let mut keys = vec![key];
        match self.phase {
            Phase::Due { .. } if !due::owns(&key) => {
                execute::due_hints(&mut self.state, &self.context, &mut keys);
            }
            Phase::Txs { next } => {
                let messages = self.txs.get(next).into_iter().flat_map(|verified| &verified.tx.messages);
                messages.for_each(|msg| market::named_hints(&mut self.state, msg, &mut keys));
            }
            _ => {}
        }
        keys.retain(|key| !self.state.is_loaded(key));
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn read_params(&mut self) -> Outcome<Phase> {
        self.params = Arc::new(params::params(&mut self.state)?);
        if self.mode != Mode::Simulate {
            slashing::note_epoch(&mut self.state, &self.context)?;
        }
        Ok(if self.mode == Mode::Simulate { Phase::Txs { next: 0 } } else { Phase::Due { handled: 0 } })
    }

    /// Handles one deadline that is due, until none is or the block's budget is used.
    fn handle_due(&mut self, handled: u32) -> Outcome<Phase> {
        let params = self.params.clone();
        if handled >= params.max_due_per_block || !self.log_has_room() {
            return Ok(Phase::Txs { next: 0 });
        }
        let Some(due) = due::take(&mut self.state, &self.context)? else {
            return Ok(Phase::Txs { next: 0 });
        };
        // Identifiers are numbered through all deadlines of a block: one context an entry, 255 a block
        // would clash, so handlers create no records.
        let mut ctx = TxContext::new(&self.context, &params, BLOCK_INDEX);
        let savepoint = self.state.savepoint();
        match execute::due(&mut self.state, &mut ctx, due) {
            Ok(()) => {
                let (credits, mut events) = (ctx.credits, ctx.events);
                self.credits.merge(credits)?;
                self.log(&events);
                self.outcome.events.append(&mut events);
            }
            // Its rules were checked when it was scheduled; if one is broken now, its record stays as
            // it is and everybody sees that.
            Err(Stop::Invalid(rejection)) => {
                self.state.undo_to(savepoint);
                let event = Event::new("chain.due.failed").with("due", format!("{due:?}"));
                let event = event.with("reason", rejection);
                self.log(std::slice::from_ref(&event));
                self.outcome.events.push(event);
            }
            Err(stop) => return Err(stop),
        }
        Ok(Phase::Due { handled: handled.saturating_add(1) })
    }

    fn execute_tx(&mut self, next: usize) -> Outcome<Phase> {
        let Some(verified) = self.txs.get(next).cloned() else { return Ok(Phase::Pools) };
        let after = Phase::Txs { next: next.saturating_add(1) };
        let params = self.params.clone();
        let size = verified.tx.raw.len() as u64;
        let gas_limits = self.gas_limits.saturating_add(verified.tx.fee.gas_limit.0);
        let bytes = self.bytes.saturating_add(size);
        let index = u32::try_from(self.included.len()).unwrap_or(BLOCK_INDEX);
        if self.mode != Mode::Simulate
            && (gas_limits > params.max_block_gas
                || bytes > params.max_block_bytes
                || index >= BLOCK_INDEX
                || !self.log_has_room())
        {
            if self.mode == Mode::Propose {
                return Ok(after);
            }
            let cause = format!(
                "a block has at most {} gas, {} bytes, {BLOCK_INDEX} transactions and {} events before its last, \
                 got {gas_limits}, {bytes}, {} and {}",
                params.max_block_gas,
                params.max_block_bytes,
                MAX_BLOCK_EVENTS - MAX_STEP_EVENTS,
                self.txs.len(),
                self.logged
            );
            return Err(Rejection::sdk(SdkCode::InvalidRequest, cause).into());
        }
        let savepoint = self.state.savepoint();
        let mut ctx = TxContext::new(&self.context, &params, index);
        if self.mode != Mode::Simulate {
            ctx.limit_gas(verified.tx.fee.gas_limit);
        }
        let touched = self.state.touches();
        match ante::admit(&mut self.state, &mut ctx, &verified, self.mode) {
            Ok(()) => {}
            Err(Stop::Invalid(rejection)) if self.mode == Mode::Propose => {
                self.state.undo_to(savepoint);
                self.refused.push((next, rejection));
                return Ok(after);
            }
            Err(stop) => return Err(stop),
        }
        let result = messages::run(&mut self.state, &mut ctx, &verified, touched, self.mode)?;
        let credits = ctx.credits;
        self.credits.merge(credits)?;
        self.log(&result.events);
        self.outcome.gas_used = Gas(self.outcome.gas_used.0.saturating_add(result.gas_used.0));
        self.outcome.results.push(result);
        self.included.push(next);
        self.gas_limits = gas_limits;
        self.bytes = bytes;
        Ok(after)
    }

    /// Whether whatever comes next still has sequences in the event log.
    const fn log_has_room(&self) -> bool {
        self.logged.saturating_add(MAX_STEP_EVENTS) <= MAX_BLOCK_EVENTS
    }

    fn log(&mut self, events: &[Event]) {
        let topics = events.iter().filter(|event| event.is_topic()).count();
        self.logged = self.logged.saturating_add(topics as u64);
    }

    fn credit_pools(&mut self) -> Outcome<Phase> {
        let params = self.params.clone();
        let mut ctx = TxContext::new(&self.context, &params, BLOCK_INDEX);
        let Credits { fees, community } = self.credits;
        // Without a fee nothing changes, so that an idle chain writes nothing.
        let tax = if fees.is_zero() { fees } else { distribution::reward_fees(&mut self.state, &ctx, fees)? };
        let mut credits = Credits { fees: Amount(fees.0.saturating_sub(tax.0)), community };
        credits.merge(Credits { fees: Amount::ZERO, community: tax })?;
        for (pool, amount) in [(Pool::Fees, credits.fees), (Pool::Community, credits.community)] {
            if !amount.is_zero() {
                bank::credit(&mut self.state, &mut ctx, pool.address(), &base_coins(amount)?)?;
            }
        }
        if !tax.is_zero() {
            let (from, to) = (Pool::Fees.address(), Pool::Community.address());
            ctx.events.extend(bank::spent_and_received(from, to, &Coin::base(tax).to_string()));
            self.outcome.events.append(&mut ctx.events);
        }
        Ok(Phase::Done)
    }

    fn finish(&mut self) -> Executed {
        Executed {
            writes: std::mem::take(&mut self.state).into_writes(),
            outcome: std::mem::take(&mut self.outcome),
            included: std::mem::take(&mut self.included),
            refused: std::mem::take(&mut self.refused),
        }
    }
}

fn base_coins(amount: Amount) -> Outcome<Coins> {
    let mut coins = Coins::default();
    coins
        .add(&Coin::base(amount))
        .map_err(|error| Fatal::Bounds { what: "pool credit", detail: error.to_string() })?;
    Ok(coins)
}

#[cfg(test)]
mod tests;
