//! Accounts, balances and supply as stored.

use crate::{Address, Coins, tx::PublicKey};
use borsh::{BorshDeserialize, BorshSerialize};

/// An account: made when an address first receives coins. Its balances live in the same row, so that a
/// transfer touches two rows.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Account {
    /// Global number, which signatures commit to.
    pub number: u64,
    /// Number of transactions that the account has sent.
    pub sequence: u64,
    /// Set by the first transaction.
    pub public_key: Option<PublicKey>,
    /// What it owns and can spend.
    pub balances: Coins,
}

/// Where money can come from or go to that is not an account: totals kept by the executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Pool {
    /// Fees of transactions.
    Fees,
    /// The community pool: take fees.
    Community,
}

impl Pool {
    /// The module account that shows the pool's balance to clients.
    #[must_use]
    pub fn address(self) -> Address {
        Address::of_module(match self {
            Self::Fees => "fee_collector",
            Self::Community => "community_pool",
        })
    }
}
