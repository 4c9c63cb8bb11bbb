//! What an operation may know besides the state.

use crate::outcome::{Fatal, Outcome};
use smol_str::SmolStr;
use virtengine_types::{
    Address, Amount, Gas, Height, Timestamp,
    block::Event,
    code::{Rejection, SdkCode},
    params::Params,
};

/// Added to heights in identifiers, so that none lies between 2^31 and 2^32: the JavaScript wallets'
/// protobuf writer encodes such numbers wrongly, and the accounts that bear them could never sign.
const ID_HEIGHT_OFFSET: u64 = 256;
/// Most identifiers that one transaction may create.
const MAX_IDS: u32 = 255;

/// Texts of addresses that a transaction keeps: a sender's, a receiver's and a fee payer's are enough for most.
const KEPT_NAMES: usize = 4;

/// The block that is being executed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// Name of the chain.
    pub chain_id: String,
    /// Epoch of the committee that decides it.
    pub epoch: u64,
    /// Height of the block.
    pub height: Height,
    /// Time of the block.
    pub time: Timestamp,
}

/// One transaction, or the block's own work, in execution.
#[derive(Debug)]
pub struct TxContext<'a> {
    /// The block.
    pub block: &'a BlockContext,
    /// The chain's parameters at this block.
    pub params: &'a Params,
    /// What happened so far.
    pub events: Vec<Event>,
    /// Amounts for the pools, added to their accounts at the end of the block.
    pub credits: Credits,
    names: Vec<(Address, SmolStr)>,
    index: u32,
    ids: u32,
    extra_gas: u64,
    gas_limit: Gas,
}

/// What a block owes to the pools. Kept aside so that transactions do not contend for two rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credits {
    /// Fees of transactions in uve, for the fee collector.
    pub fees: Amount,
    /// Take fees in uve, for the community pool.
    pub community: Amount,
}

impl<'a> TxContext<'a> {
    /// A context for transaction `index` of the block; the block's own work uses index 65,535.
    #[must_use]
    pub fn new(block: &'a BlockContext, params: &'a Params, index: u32) -> Self {
        let credits = Credits::default();
        let gas_limit = Gas(u64::MAX);
        let (events, names) = (Vec::with_capacity(16), Vec::new());
        Self { block, params, events, credits, names, index, ids: 0, extra_gas: 0, gas_limit }
    }

    /// Bounds what [`TxContext::charge`] may charge.
    pub(crate) const fn limit_gas(&mut self, limit: Gas) {
        self.gas_limit = limit;
    }

    /// Height of the block.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.block.height
    }

    /// Tells what happened.
    pub fn emit(&mut self, event: Event) {
        self.events.push(event);
    }

    /// The text of an address. That of the first few is kept, as events repeat them.
    pub(crate) fn name(&mut self, address: Address) -> SmolStr {
        if let Some((_, name)) = self.names.iter().find(|(known, _)| *known == address) {
            return name.clone();
        }
        let name = SmolStr::from(address.account());
        if self.names.len() < KEPT_NAMES {
            self.names.push((address, name.clone()));
        }
        name
    }

    /// A number that no other record of the chain has: height, transaction, position.
    ///
    /// # Errors
    /// - `sdk` 18 - the transaction creates more than 255 records
    pub fn next_id(&mut self) -> Outcome<u64> {
        if self.ids >= MAX_IDS {
            let cause = format!("a transaction may create {MAX_IDS} records, this one needs more");
            return Err(Rejection::sdk(SdkCode::InvalidRequest, cause).into());
        }
        let id = first_id(self.block.height, self.index) | u64::from(self.ids);
        self.ids = self.ids.saturating_add(1);
        Ok(id)
    }

    /// Charges work that reads and writes do not show, such as a pairing check, before it is done.
    ///
    /// # Errors
    /// - `sdk` 11 - the charges alone exceed the transaction's gas limit
    pub fn charge(&mut self, gas: u64) -> Outcome<()> {
        self.extra_gas = self.extra_gas.saturating_add(gas);
        if self.extra_gas > self.gas_limit.0 {
            let (wanted, used) = (self.gas_limit, self.extra_gas);
            let cause = format!("out of gas in location: charge; gasWanted: {wanted}, gasUsed: {used}");
            return Err(Rejection::sdk(SdkCode::OutOfGas, cause).into());
        }
        Ok(())
    }

    /// Gas charged by [`TxContext::charge`].
    #[must_use]
    pub const fn charged(&self) -> Gas {
        Gas(self.extra_gas)
    }
}

/// The first number that transaction `index` of a block gives to what it creates.
pub(crate) fn first_id(height: Height, index: u32) -> u64 {
    (height.0.saturating_add(ID_HEIGHT_OFFSET) << 24) | (u64::from(index) << 8)
}

impl Credits {
    /// Adds what another part of the block owes.
    ///
    /// # Errors
    /// - `Fatal::Bounds` - the sum does not fit, which the supply rules out
    pub fn merge(&mut self, other: Self) -> Outcome<()> {
        let sum = |left: Amount, right: Amount| {
            left.plus(right).map_err(|error| Fatal::Bounds { what: "pool credit", detail: error.to_string() })
        };
        self.fees = sum(self.fees, other.fees)?;
        self.community = sum(self.community, other.community)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_identifier_lies_where_wallets_encode_numbers_wrongly() {
        for height in [1, 127, 128, 255, 256, 1 << 28] {
            let id = first_id(Height(height), 65_535) | u64::from(MAX_IDS);
            assert!(id >= 1 << 32, "height {height} gives {id}");
            assert!(id < 1 << 53, "height {height} gives {id}, which JavaScript cannot hold");
        }
    }
}
