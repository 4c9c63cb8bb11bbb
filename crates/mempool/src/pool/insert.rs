//! Taking transactions in, and what keeps them out.

use super::{Entry, Origin, Pool, Queue, SignerState, TxId, fee, rate, slots};
use crate::Refused;
use std::sync::Arc;
use virtengine_chain::ante::AnteInvalid;
use virtengine_types::{
    Address, Amount,
    tx::{DecodedTx, VerifiedTx},
};

/// A replacement pays at least this much of what it replaces, in percent.
const REPLACE_PERCENT: u128 = 110;

/// What taking a transaction in changed besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inserted {
    /// Transactions that left for lack of room.
    pub evicted: usize,
    /// Whether it took the place of one with the same signers and sequences.
    pub replaced: bool,
}

impl Pool {
    /// Refuses what cannot get in, before its signatures are checked. `states` are those of the signers in
    /// their order; `ahead` transactions that are checked together with it may come before it.
    ///
    /// # Errors
    /// - `Duplicate`, `Ante` with `NoAccount` or `Sequence`, `NoPayer`, `Funds`, `Full` - the rule of that
    ///   name is broken
    pub fn precheck(
        &self,
        tx: &DecodedTx,
        states: &[Option<SignerState>],
        ahead: u64,
        origin: Origin,
    ) -> Result<(), Refused> {
        if self.knows(&tx.hash) {
            return Err(Refused::Duplicate);
        }
        for (index, (address, sequence)) in slots(tx).enumerate() {
            let Some(state) = states.get(index).copied().flatten() else {
                return Err(missing(tx, address));
            };
            let queue = self.queues.get(&address);
            let next = queue.map_or(state.sequence, |queue| queue.next.max(state.sequence));
            let end = queue.map_or(next, |queue| queue.end().max(next));
            if address == tx.fee.payer && state.funds.0 < fee(tx) {
                return Err(Refused::Funds { available: state.funds, needed: Amount(fee(tx)) });
            }
            if sequence < next || sequence > end.saturating_add(ahead) {
                return Err(AnteInvalid::Sequence { expected: end, got: sequence }.into());
            }
        }
        self.outbids(tx, origin)
    }

    /// Takes a transaction in, if need be for others that pay less.
    ///
    /// `states` are those of the signers, in their order, read at the pool's height or later.
    ///
    /// # Errors
    /// - `Duplicate` - the same bytes are pending or were included lately
    /// - `NoPayer`, `Ante(NoAccount)` - an account does not exist
    /// - `Funds` - the payer cannot pay
    /// - `Ante(Sequence)` - a sequence is not the next one, and it is no replacement that pays enough
    /// - `AccountFull`, `Full` - there is no room
    pub fn insert(
        &mut self,
        tx: VerifiedTx,
        states: &[Option<SignerState>],
        origin: Origin,
    ) -> Result<Inserted, Refused> {
        let decoded = Arc::clone(&tx.tx);
        if self.knows(&decoded.hash) {
            return Err(Refused::Duplicate);
        }
        for (index, (address, _)) in slots(&decoded).enumerate() {
            let Some(state) = states.get(index).copied().flatten() else {
                return Err(missing(&decoded, address));
            };
            self.refresh(address, state);
        }
        let outcome = self.place(tx, states, origin);
        if outcome.is_err() {
            // A refused transaction leaves no empty queue behind.
            self.settle(slots(&decoded).map(|(address, _)| address));
        }
        outcome
    }

    fn place(
        &mut self,
        tx: VerifiedTx,
        states: &[Option<SignerState>],
        origin: Origin,
    ) -> Result<Inserted, Refused> {
        let decoded = Arc::clone(&tx.tx);
        for ((address, _), state) in slots(&decoded).zip(states) {
            if let Some(state) = *state {
                self.queues.entry(address).or_insert_with(|| Queue::new(state));
            }
        }
        let replaced = self.occupant(&decoded)?;
        self.check_funds(&decoded, replaced)?;
        let evicted = if let Some(old) = replaced {
            self.make_room(&decoded, origin, self.entries.get(&old).map_or(0, Entry::bytes), 1)?
        } else {
            self.check_account_room(&decoded)?;
            self.make_room(&decoded, origin, 0, 0)?
        };
        match replaced {
            Some(old) => self.swap(old, tx, origin),
            None => self.append(tx, origin),
        }
        Ok(Inserted { evicted, replaced: replaced.is_some() })
    }

    /// The pending transaction that this one would replace; `None` if it follows all others.
    fn occupant(&self, tx: &DecodedTx) -> Result<Option<TxId>, Refused> {
        let mut found: Option<Option<TxId>> = None;
        for (address, sequence) in slots(tx) {
            let Some(queue) = self.queues.get(&address) else { continue };
            let refused = || AnteInvalid::Sequence { expected: queue.end(), got: sequence };
            let here = queue.at(sequence);
            let fits = here.is_some() || sequence == queue.end();
            // All signers have to agree on what is replaced, or the others' sequences would break.
            if !fits || found.is_some_and(|other| other != here) {
                return Err(refused().into());
            }
            found = Some(here);
            if let Some(old) = here.and_then(|id| self.entries.get(&id)) {
                let same = old.tx.tx.signers.len() == tx.signers.len();
                let more =
                    |new: u128, old: u128| new.saturating_mul(100) >= old.saturating_mul(REPLACE_PERCENT);
                let outbid = more(fee(tx), old.fee) && more(rate(tx), old.priority.rate());
                if !same || !outbid {
                    return Err(refused().into());
                }
            }
        }
        Ok(found.flatten())
    }

    fn check_funds(&self, tx: &DecodedTx, replaced: Option<TxId>) -> Result<(), Refused> {
        let payer = tx.fee.payer;
        let Some(queue) = self.queues.get(&payer) else {
            return Err(Refused::NoPayer { address: payer });
        };
        let back = replaced
            .and_then(|id| self.entries.get(&id))
            .filter(|old| old.tx.tx.fee.payer == payer)
            .map_or(0, |old| old.fee);
        let available = queue.available().saturating_add(back);
        if available < fee(tx) {
            return Err(Refused::Funds { available: Amount(available), needed: Amount(fee(tx)) });
        }
        Ok(())
    }

    fn check_account_room(&self, tx: &DecodedTx) -> Result<(), Refused> {
        let max = self.config.max_per_account;
        for (address, _) in slots(tx) {
            let count = self.queues.get(&address).map_or(0, |queue| queue.txs.len());
            if count >= max {
                return Err(Refused::AccountFull { address, count, max });
            }
        }
        Ok(())
    }
}

fn missing(tx: &DecodedTx, address: Address) -> Refused {
    if address == tx.fee.payer {
        Refused::NoPayer { address }
    } else {
        AnteInvalid::NoAccount { address }.into()
    }
}
