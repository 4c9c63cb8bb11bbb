//! Escrow accounts: funds of an order that flow to a provider block by block.

use crate::{
    Address, Amount, Coin, Height,
    market::{LeaseId, OrderId},
    proto::virtengine::escrow::v1 as wire,
};
use borsh::{BorshDeserialize, BorshSerialize};

/// Most depositors of one account.
pub const MAX_DEPOSITORS: usize = 16;

/// The funds of one order. Amounts are uve.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct EscrowAccount {
    /// Who deposited and what is left of each deposit, spent first to last. Their sum is the balance.
    pub deposits: Vec<(Address, Amount)>,
    /// The payment that flows, while a lease is active.
    pub stream: Option<Stream>,
    /// Height up to which the stream is paid.
    pub settled_height: Height,
    /// First height that the balance cannot pay for; meaningful while a stream flows.
    pub exhausted_height: Height,
}

/// A payment to a provider per block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Stream {
    /// The lease that is paid for.
    pub lease: LeaseId,
    /// Who is paid.
    pub provider: Address,
    /// uve per block.
    pub rate: Amount,
    /// Earned, with the take fee still in it, and not withdrawn.
    pub earned: Amount,
}

impl EscrowAccount {
    /// What is left of all deposits, excluding what is earned.
    #[must_use]
    pub fn balance(&self) -> Amount {
        Amount(self.deposits.iter().fold(0, |sum, (_, left)| sum.saturating_add(left.0)))
    }

    /// The wire form.
    #[must_use]
    pub fn to_wire(&self, order: OrderId) -> wire::EscrowAccount {
        wire::EscrowAccount {
            order_id: order.0,
            balance: Some(Coin::base(self.balance()).to_wire()),
            deposits: self
                .deposits
                .iter()
                .map(|(depositor, left)| wire::Deposit {
                    depositor: depositor.to_string(),
                    balance: Some(Coin::base(*left).to_wire()),
                })
                .collect(),
            stream: self.stream.as_ref().map(|stream| wire::Stream {
                lease_id: stream.lease.0,
                provider: stream.provider.to_string(),
                rate: Some(Coin::base(stream.rate).to_wire()),
                earned: Some(Coin::base(stream.earned).to_wire()),
            }),
            settled_height: self.settled_height.signed(),
            exhausted_height: self.stream.as_ref().map_or(0, |_| self.exhausted_height.signed()),
        }
    }
}
