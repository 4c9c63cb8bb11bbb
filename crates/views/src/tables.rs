//! The lists of all tables, and how rows become items.

use crate::{List, ListPage, Listed, listing::Listing, page::Page, pairs::Pairs, validators::Validators};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use thiserror::Error;
use virtengine_chain::{bank, market, provider, staking};
use virtengine_state::{Key, Record, StateError, Table};
use virtengine_types::{
    Address, Denom,
    market::{BidId, BidStatus, LeaseId, LeaseStatus, OrderId, OrderStatus},
};

/// Why an index cannot follow or answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ViewError {
    /// A row of the state does not decode.
    #[error(transparent)]
    State(#[from] StateError),
    /// The scan at start is not over.
    #[error("the node is starting: lists are being built, ask again in a moment")]
    Filling,
    /// A write names a partition that does not exist.
    #[error("partition {number} does not exist, there are 0 to 4")]
    Partition {
        /// Number found.
        number: u8,
    },
    /// The pagination key is not of this list.
    #[error("the pagination key is not one of this list: start again without it")]
    Cursor,
}

/// A property by which items are found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Property {
    Owner(Address),
    Provider(Address),
    Order(OrderId),
    Destination(Address),
    Status(OrderStatus),
    Active(bool),
    Region(String),
    Attribute(String, String),
}

type Triple = (Address, Address, Address);

/// Every list. Rows of a `Listing` that can be deleted are remembered by their key, as a deletion names only that.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    accounts: Listing<Address, Property>,
    supply: Listing<Denom, Property>,
    pub(crate) validators: Validators,
    delegations: Pairs,
    unbondings: Pairs,
    redelegations: Listing<Triple, Property>,
    providers: Listing<Address, Property>,
    attestations: Pairs,
    orders: Listing<OrderId, Property>,
    order_status: BTreeMap<OrderId, OrderStatus>,
    bids: Listing<BidId, Property>,
    bid_status: BTreeMap<BidId, (OrderId, BidStatus)>,
    leases: Listing<LeaseId, Property>,
    deletable: FxHashMap<[u8; 32], Deletable>,
}

#[derive(Clone, Debug)]
enum Deletable {
    Redelegation(Triple),
    Provider(Address),
}

impl Tables {
    /// Follows one written row; `None` deletes.
    pub(crate) fn write(&mut self, key: &Key, row: Option<&[u8]>) -> Result<(), ViewError> {
        match row {
            Some(row) => self.insert(key, row),
            None => {
                self.delete(key);
                Ok(())
            }
        }
    }

    fn insert(&mut self, key: &Key, row: &[u8]) -> Result<(), ViewError> {
        if let Some((address, _)) = bank::ACCOUNTS.decode_if(key, row)? {
            self.accounts.insert(address, Vec::new());
        } else if let Some((denom, _)) = bank::SUPPLY.decode_if(key, row)? {
            self.supply.insert(denom, Vec::new());
        } else if let Some((pair, _)) = staking::DELEGATIONS.decode_if(key, row)? {
            self.delegations.insert(key, pair);
        } else if let Some((pair, _)) = staking::UNBONDINGS.decode_if(key, row)? {
            self.unbondings.insert(key, pair);
        } else if let Some((triple, _)) = staking::REDELEGATIONS.decode_if(key, row)? {
            let (owner, source, destination) = triple;
            self.redelegations.insert(
                triple,
                vec![Property::Owner(owner), Property::Provider(source), Property::Destination(destination)],
            );
            self.deletable.insert(key.bytes, Deletable::Redelegation(triple));
        } else if let Some((operator, validator)) = staking::VALIDATORS.decode_if(key, row)? {
            self.validators.write(operator, &validator);
        } else {
            self.insert_market(key, row)?;
        }
        Ok(())
    }

    fn insert_market(&mut self, key: &Key, row: &[u8]) -> Result<(), ViewError> {
        if let Some((owner, provider)) = provider::PROVIDERS.decode_if(key, row)? {
            let attributes = provider
                .attributes
                .into_iter()
                .map(|attribute| Property::Attribute(attribute.key, attribute.value))
                .collect();
            self.providers.insert(owner, attributes);
            self.deletable.insert(key.bytes, Deletable::Provider(owner));
        } else if let Some((pair, _)) = provider::ATTESTATIONS.decode_if(key, row)? {
            self.attestations.insert(key, pair);
        } else if let Some((id, order)) = market::ORDERS.decode_if(key, row)? {
            self.order_status.insert(id, order.status);
            let mut properties = vec![Property::Owner(order.tenant), Property::Status(order.status)];
            if !order.spec.region.is_empty() {
                properties.push(Property::Region(order.spec.region));
            }
            self.orders.insert(id, properties);
        } else if let Some((id, bid)) = market::BIDS.decode_if(key, row)? {
            self.bid_status.insert(id, (bid.order, bid.status));
            self.bids.insert(id, vec![Property::Order(bid.order), Property::Provider(bid.provider)]);
        } else if let Some((id, lease)) = market::LEASES.decode_if(key, row)? {
            let active = Property::Active(lease.status == LeaseStatus::Active);
            let properties = vec![Property::Owner(lease.tenant), Property::Provider(lease.provider), active];
            self.leases.insert(id, properties);
        }
        Ok(())
    }

    fn delete(&mut self, key: &Key) {
        if staking::DELEGATIONS.holds(key) {
            self.delegations.remove(&staking::DELEGATIONS, key);
        } else if staking::UNBONDINGS.holds(key) {
            self.unbondings.remove(&staking::UNBONDINGS, key);
        } else if provider::ATTESTATIONS.holds(key) {
            self.attestations.remove(&provider::ATTESTATIONS, key);
        } else {
            match self.deletable.remove(&key.bytes) {
                Some(Deletable::Redelegation(triple)) => self.redelegations.remove(&triple),
                Some(Deletable::Provider(owner)) => self.providers.remove(&owner),
                None => {}
            }
        }
    }

    /// Puts in order what is ordered once, after the scan.
    pub(crate) fn order(&mut self) {
        self.validators.order();
        for pairs in [&mut self.delegations, &mut self.unbondings, &mut self.attestations] {
            pairs.order();
        }
    }

    /// Items of all lists together.
    pub(crate) fn len(&self) -> usize {
        self.accounts.len()
            + self.supply.len()
            + self.validators.len()
            + self.delegations.len()
            + self.unbondings.len()
            + self.redelegations.len()
            + self.providers.len()
            + self.attestations.len()
            + self.orders.len()
            + self.bids.len()
            + self.leases.len()
    }

    /// One page of a list.
    pub(crate) fn list(&self, list: &List, page: &ListPage) -> Result<Listed, ViewError> {
        match list {
            List::Accounts => keys(&bank::ACCOUNTS, self.accounts.page(&[], None, page)?),
            List::Supply => keys(&bank::SUPPLY, self.supply.page(&[], None, page)?),
            List::Validators { status } => keys(&staking::VALIDATORS, self.validators.page(*status, page)?),
            List::Delegations { delegator, validator } => {
                keys(&staking::DELEGATIONS, self.delegations.page(*delegator, *validator, page)?)
            }
            List::Unbondings { delegator, validator } => {
                keys(&staking::UNBONDINGS, self.unbondings.page(*delegator, *validator, page)?)
            }
            List::Redelegations { delegator, source, destination } => {
                let wanted = wanted([
                    delegator.map(Property::Owner),
                    source.map(Property::Provider),
                    destination.map(Property::Destination),
                ]);
                keys(&staking::REDELEGATIONS, self.redelegations.page(&wanted, None, page)?)
            }
            List::Providers { attribute } => {
                let attribute = attribute.clone().map(|(key, value)| Property::Attribute(key, value));
                keys(&provider::PROVIDERS, self.providers.page(&wanted([attribute]), None, page)?)
            }
            List::Attestations { provider } => {
                keys(&provider::ATTESTATIONS, self.attestations.page(Some(*provider), None, page)?)
            }
            List::Orders { tenant, status, region } => {
                let wanted = wanted([
                    tenant.map(Property::Owner),
                    status.map(Property::Status),
                    region.clone().map(Property::Region),
                ]);
                keys(&market::ORDERS, self.orders.page(&wanted, None, page)?)
            }
            List::Bids { order, provider, status } => {
                let wanted = wanted([order.map(Property::Order), provider.map(Property::Provider)]);
                let seen = status.map(|status| move |bid: &BidId| self.bid_seen(*bid) == Some(status));
                let matches = seen.as_ref().map(|seen| seen as &dyn Fn(&BidId) -> bool);
                keys(&market::BIDS, self.bids.page(&wanted, matches, page)?)
            }
            List::Leases { tenant, provider, active } => {
                let wanted = wanted([
                    tenant.map(Property::Owner),
                    provider.map(Property::Provider),
                    active.map(Property::Active),
                ]);
                keys(&market::LEASES, self.leases.page(&wanted, None, page)?)
            }
        }
    }

    /// What a bid's stored status means given where its order stands.
    fn bid_seen(&self, bid: BidId) -> Option<BidStatus> {
        let (order, status) = self.bid_status.get(&bid)?;
        Some(status.seen_with(*self.order_status.get(order)?))
    }
}

fn wanted<const N: usize>(properties: [Option<Property>; N]) -> Vec<Property> {
    properties.into_iter().flatten().collect()
}

fn keys<K: Record, V: Record>(table: &Table<K, V>, page: Page<K>) -> Result<Listed, ViewError> {
    let keys = page.items.iter().map(|item| table.key(item)).collect::<Result<_, _>>()?;
    Ok(Listed { keys, next: page.next, total: page.total })
}
