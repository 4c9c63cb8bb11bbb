//! One pending transaction and its place in the order.

use std::cmp::Reverse;
use std::sync::Arc;
use virtengine_types::{
    Address, Amount, Denom, Height,
    tx::{DecodedTx, VerifiedTx},
};

/// Number of a transaction in order of arrival; never used twice.
pub(crate) type TxId = u64;

/// Who brought a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A client of this node: the node passes it on to its peers.
    Client,
    /// A peer, which passes it on itself.
    Peer,
    /// A client that asks whether it would be taken in, and does not want it to be.
    Question,
}

/// Place in the order: a higher fee per gas first, then the older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Priority {
    rate: Reverse<u128>,
    pub(crate) id: TxId,
}

impl Priority {
    /// Fee in uve per million gas.
    pub(crate) const fn rate(&self) -> u128 {
        self.rate.0
    }
}

/// A pending transaction.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) tx: VerifiedTx,
    pub(crate) priority: Priority,
    pub(crate) fee: u128,
    /// It is dropped once this height is committed.
    pub(crate) drop_at: Height,
    /// It is sent to peers again once this height is committed.
    pub(crate) send_at: Height,
}

impl Entry {
    pub(crate) fn decoded(&self) -> Arc<DecodedTx> {
        Arc::clone(&self.tx.tx)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.tx.tx.raw.len()
    }

    pub(crate) fn priority_of(tx: &DecodedTx, id: TxId) -> Priority {
        Priority { rate: Reverse(rate(tx)), id }
    }
}

/// Fee in base units.
pub(crate) fn fee(tx: &DecodedTx) -> u128 {
    tx.fee.amount.amount_of(&Denom::base()).0
}

/// Fee in uve per million gas, rounded down; saturates.
pub(crate) fn rate(tx: &DecodedTx) -> u128 {
    fee(tx).saturating_mul(1_000_000) / u128::from(tx.fee.gas_limit.0.max(1))
}

/// What the state says of a signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignerState {
    /// Sequence of its next transaction.
    pub sequence: u64,
    /// What it can spend, in uve.
    pub funds: Amount,
}

/// A signer's pending transactions: those of sequences `next`, `next + 1`, and so on, without a gap.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) next: u64,
    pub(crate) funds: u128,
    /// Sum of the fees that it pays for pending transactions.
    pub(crate) fees: u128,
    pub(crate) txs: std::collections::VecDeque<TxId>,
}

impl Queue {
    pub(crate) const fn new(state: SignerState) -> Self {
        Self { next: state.sequence, funds: state.funds.0, fees: 0, txs: std::collections::VecDeque::new() }
    }

    /// The sequence that follows the last pending one.
    pub(crate) fn end(&self) -> u64 {
        self.next + self.txs.len() as u64
    }

    fn index(&self, sequence: u64) -> Option<usize> {
        usize::try_from(sequence.checked_sub(self.next)?).ok()
    }

    /// The transaction of a sequence.
    pub(crate) fn at(&self, sequence: u64) -> Option<TxId> {
        self.txs.get(self.index(sequence)?).copied()
    }

    /// Puts `id` in the place of what was there.
    pub(crate) fn replace(&mut self, sequence: u64, id: TxId) {
        if let Some(slot) = self.index(sequence).and_then(|index| self.txs.get_mut(index)) {
            *slot = id;
        }
    }

    /// Takes out the transaction `id` of a sequence and all that follow it.
    pub(crate) fn cut(&mut self, sequence: u64, id: TxId) -> Vec<TxId> {
        match self.index(sequence) {
            Some(index) if self.txs.get(index) == Some(&id) => self.txs.drain(index..).collect(),
            _ => Vec::new(),
        }
    }

    /// Takes out what comes before `next`, which becomes the first sequence.
    pub(crate) fn advance(&mut self, next: u64) -> Vec<TxId> {
        let passed = usize::try_from(next.saturating_sub(self.next)).unwrap_or(usize::MAX);
        let stale = self.txs.drain(..passed.min(self.txs.len())).collect();
        self.next = self.next.max(next);
        stale
    }

    pub(crate) fn available(&self) -> u128 {
        self.funds.saturating_sub(self.fees)
    }
}

/// A pending transaction's signers with their sequences.
pub(crate) fn slots(tx: &DecodedTx) -> impl Iterator<Item = (Address, u64)> + '_ {
    tx.signers.iter().map(|signer| (signer.address, signer.sequence))
}
