//! What can be listed, and pages of it.

use bytes::Bytes;
use virtengine_state::Key;
use virtengine_types::{
    Address,
    market::{BidStatus, OrderId, OrderStatus},
    staking::ValidatorStatus,
};

/// A list of rows, filtered. A filter of `None` matches everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum List {
    /// Accounts, rows of `bank::ACCOUNTS`.
    Accounts,
    /// Denominations that exist, rows of `bank::SUPPLY`, by name.
    Supply,
    /// Validators, rows of `staking::VALIDATORS`, those with most tokens first.
    Validators {
        /// Only those of this status.
        status: Option<ValidatorStatus>,
    },
    /// Delegations, rows of `staking::DELEGATIONS`.
    Delegations {
        /// Only by this account.
        delegator: Option<Address>,
        /// Only to the validator of this operator.
        validator: Option<Address>,
    },
    /// Pending undelegations, rows of `staking::UNBONDINGS`.
    Unbondings {
        /// Only by this account.
        delegator: Option<Address>,
        /// Only from the validator of this operator.
        validator: Option<Address>,
    },
    /// Pending redelegations, rows of `staking::REDELEGATIONS`.
    Redelegations {
        /// Only by this account.
        delegator: Option<Address>,
        /// Only from this operator's validator.
        source: Option<Address>,
        /// Only to this operator's validator.
        destination: Option<Address>,
    },
    /// Providers, rows of `provider::PROVIDERS`.
    Providers {
        /// Only those with this attribute, key and value.
        attribute: Option<(String, String)>,
    },
    /// Attestations of a provider, rows of `provider::ATTESTATIONS`, by auditor.
    Attestations {
        /// The provider.
        provider: Address,
    },
    /// Orders, rows of `market::ORDERS`, by number.
    Orders {
        /// Only of this tenant.
        tenant: Option<Address>,
        /// Only with this status.
        status: Option<OrderStatus>,
        /// Only for this region.
        region: Option<String>,
    },
    /// Bids, rows of `market::BIDS`, by number.
    Bids {
        /// Only for this order.
        order: Option<OrderId>,
        /// Only of this provider.
        provider: Option<Address>,
        /// Only with this status, as seen with the order's.
        status: Option<BidStatus>,
    },
    /// Leases, rows of `market::LEASES`, by number.
    Leases {
        /// Only of this tenant.
        tenant: Option<Address>,
        /// Only of this provider.
        provider: Option<Address>,
        /// Only those that run, or only those that ended.
        active: Option<bool>,
    },
}

/// Which part of a list is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPage {
    /// [`Listed::next`] of the page before; `None` for the beginning.
    pub cursor: Option<Bytes>,
    /// Rows to skip after the cursor.
    pub offset: u64,
    /// Most rows to answer, at least 1.
    pub limit: usize,
    /// Last rows first.
    pub reverse: bool,
    /// Whether the length of the whole list is wanted even if it must be counted.
    pub count: bool,
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Where the rows are, in the order of the list.
    pub keys: Vec<Key>,
    /// Cursor of the page after; `None` at the end.
    pub next: Option<Bytes>,
    /// Length of the whole list: if it was asked for, or is known without counting.
    pub total: Option<u64>,
}
