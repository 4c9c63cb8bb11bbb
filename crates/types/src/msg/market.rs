//! Messages of the marketplace. Prices and deposits are uve.

use super::decode::{Checked, MsgError, account, payment};
use crate::{
    Address, Amount,
    market::{BidId, CloseReason, LeaseId, OrderId, OrderSpec},
    proto::virtengine::market::v1 as wire,
};

/// Posts an order and funds its escrow account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateOrder {
    /// Who posts it.
    pub tenant: Address,
    /// What is wanted.
    pub spec: Box<OrderSpec>,
    /// First funds of the escrow account; positive.
    pub deposit: Amount,
}

/// Withdraws an open order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelOrder {
    /// Whose order.
    pub tenant: Address,
    /// Which.
    pub order: OrderId,
}

/// Offers to serve an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmitBid {
    /// Who offers.
    pub provider: Address,
    /// For which order.
    pub order: OrderId,
    /// uve per block; positive.
    pub price: Amount,
    /// Locked until the bid is decided; positive.
    pub deposit: Amount,
}

/// Takes an open bid back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawBid {
    /// Whose bid.
    pub provider: Address,
    /// Which.
    pub bid: BidId,
}

/// Chooses a bid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptBid {
    /// Whose order.
    pub tenant: Address,
    /// Which bid.
    pub bid: BidId,
}

/// Says that a leased workload runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfirmLease {
    /// Who serves.
    pub provider: Address,
    /// Which lease.
    pub lease: LeaseId,
}

/// Ends a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseLease {
    /// Its tenant or its provider.
    pub sender: Address,
    /// Which lease.
    pub lease: LeaseId,
    /// Why, if said: one of `Tenant`, `Unhealthy`, `Provider`.
    pub reason: Option<CloseReason>,
    /// What becomes of the order.
    pub order: AfterClose,
}

/// What becomes of the order when its lease is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterClose {
    /// It closes too and its escrow is returned.
    Close,
    /// It opens for new bids and keeps its escrow; the tenant's right.
    Reopen,
}

/// Pays out what a lease has earned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawEarnings {
    /// Who earned it.
    pub provider: Address,
    /// By which lease.
    pub lease: LeaseId,
}

/// Frees the deposit of a bid that can no longer win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseBid {
    /// Anyone.
    pub sender: Address,
    /// Which bid.
    pub bid: BidId,
}

/// Adds funds to an order's escrow account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositEscrow {
    /// Anyone.
    pub depositor: Address,
    /// Which order.
    pub order: OrderId,
    /// How much; positive.
    pub amount: Amount,
}

/// Implements `signer` for messages by the field that names the signer.
macro_rules! signed_by {
    ($($name:ident: $field:ident),* $(,)?) => {
        $(impl $name {
            pub(super) const fn signer(&self) -> Address {
                self.$field
            }
        })*
    };
}

signed_by! {
    CreateOrder: tenant,
    CancelOrder: tenant,
    SubmitBid: provider,
    WithdrawBid: provider,
    AcceptBid: tenant,
    ConfirmLease: provider,
    CloseLease: sender,
    WithdrawEarnings: provider,
    ReleaseBid: sender,
    DepositEscrow: depositor,
}

impl Checked<wire::MsgCreateOrder> for CreateOrder {
    fn check(wire: wire::MsgCreateOrder) -> Result<Self, MsgError> {
        Ok(Self {
            tenant: account("tenant", &wire.tenant)?,
            spec: Box::new(OrderSpec::from_wire(wire.spec.as_ref())?),
            deposit: payment("deposit", wire.deposit.as_ref())?,
        })
    }
}

impl Checked<wire::MsgCancelOrder> for CancelOrder {
    fn check(wire: wire::MsgCancelOrder) -> Result<Self, MsgError> {
        Ok(Self { tenant: account("tenant", &wire.tenant)?, order: OrderId(wire.order_id) })
    }
}

impl Checked<wire::MsgSubmitBid> for SubmitBid {
    fn check(wire: wire::MsgSubmitBid) -> Result<Self, MsgError> {
        Ok(Self {
            provider: account("provider", &wire.provider)?,
            order: OrderId(wire.order_id),
            price: payment("price", wire.price.as_ref())?,
            deposit: payment("deposit", wire.deposit.as_ref())?,
        })
    }
}

impl Checked<wire::MsgWithdrawBid> for WithdrawBid {
    fn check(wire: wire::MsgWithdrawBid) -> Result<Self, MsgError> {
        Ok(Self { provider: account("provider", &wire.provider)?, bid: BidId(wire.bid_id) })
    }
}

impl Checked<wire::MsgAcceptBid> for AcceptBid {
    fn check(wire: wire::MsgAcceptBid) -> Result<Self, MsgError> {
        Ok(Self { tenant: account("tenant", &wire.tenant)?, bid: BidId(wire.bid_id) })
    }
}

impl Checked<wire::MsgConfirmLease> for ConfirmLease {
    fn check(wire: wire::MsgConfirmLease) -> Result<Self, MsgError> {
        Ok(Self { provider: account("provider", &wire.provider)?, lease: LeaseId(wire.lease_id) })
    }
}

impl Checked<wire::MsgCloseLease> for CloseLease {
    fn check(wire: wire::MsgCloseLease) -> Result<Self, MsgError> {
        let reason = match wire.reason() {
            wire::CloseReason::Unspecified if wire.reason == 0 => None,
            wire::CloseReason::Tenant => Some(CloseReason::Tenant),
            wire::CloseReason::Provider => Some(CloseReason::Provider),
            wire::CloseReason::Unhealthy => Some(CloseReason::Unhealthy),
            _ => {
                return Err(MsgError::NotAllowed { field: "reason", found: wire.reason.to_string() });
            }
        };
        Ok(Self {
            sender: account("sender", &wire.sender)?,
            lease: LeaseId(wire.lease_id),
            reason,
            order: if wire.reopen { AfterClose::Reopen } else { AfterClose::Close },
        })
    }
}

impl Checked<wire::MsgWithdrawEarnings> for WithdrawEarnings {
    fn check(wire: wire::MsgWithdrawEarnings) -> Result<Self, MsgError> {
        Ok(Self { provider: account("provider", &wire.provider)?, lease: LeaseId(wire.lease_id) })
    }
}

impl Checked<wire::MsgReleaseBid> for ReleaseBid {
    fn check(wire: wire::MsgReleaseBid) -> Result<Self, MsgError> {
        Ok(Self { sender: account("sender", &wire.sender)?, bid: BidId(wire.bid_id) })
    }
}

impl Checked<wire::MsgDepositEscrow> for DepositEscrow {
    fn check(wire: wire::MsgDepositEscrow) -> Result<Self, MsgError> {
        Ok(Self {
            depositor: account("depositor", &wire.depositor)?,
            order: OrderId(wire.order_id),
            amount: payment("amount", wire.amount.as_ref())?,
        })
    }
}
