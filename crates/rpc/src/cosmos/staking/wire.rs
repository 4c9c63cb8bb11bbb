//! Staking rows in their wire form.

use crate::cosmos::convert::{decimal, second};
use prost::{Message, Name};
use virtengine_types::{
    Address, Coin,
    proto::cosmos::{crypto::ed25519, staking::v1beta1 as wire},
    staking::{Delegation, Redelegation, Standing, Unbonding, Validator, ValidatorStatus},
};

pub(super) fn validator(operator: Address, row: &Validator) -> wire::Validator {
    let key = ed25519::PubKey { key: row.consensus_key.to_vec().into() };
    let status = match row.status {
        ValidatorStatus::Bonded => wire::BondStatus::Bonded,
        ValidatorStatus::Unbonded => wire::BondStatus::Unbonded,
    };
    wire::Validator {
        operator_address: operator.operator(),
        consensus_pubkey: Some(prost_types::Any {
            type_url: format!("/{}", ed25519::PubKey::full_name()),
            value: key.encode_to_vec(),
        }),
        jailed: row.standing != Standing::Free,
        status: status.into(),
        tokens: row.tokens.to_string(),
        delegator_shares: decimal(row.shares),
        description: Some(wire::Description {
            moniker: row.description.moniker.clone(),
            identity: row.description.identity.clone(),
            website: row.description.website.clone(),
            security_contact: row.description.security_contact.clone(),
            details: row.description.details.clone(),
        }),
        unbonding_height: 0,
        unbonding_time: Some(second(0)),
        commission: Some(wire::Commission {
            commission_rates: Some(wire::CommissionRates {
                rate: row.commission.rate.to_string(),
                max_rate: row.commission.max_rate.to_string(),
                max_change_rate: row.commission.max_change_rate.to_string(),
            }),
            update_time: Some(row.commission.updated.to_proto()),
        }),
        min_self_delegation: row.min_self_delegation.to_string(),
        unbonding_on_hold_ref_count: 0,
        unbonding_ids: Vec::new(),
    }
}

pub(super) fn delegation(
    key: (Address, Address),
    row: &Delegation,
    validator: &Validator,
) -> wire::DelegationResponse {
    let (delegator, operator) = key;
    wire::DelegationResponse {
        delegation: Some(wire::Delegation {
            delegator_address: delegator.to_string(),
            validator_address: operator.operator(),
            shares: decimal(row.shares),
        }),
        balance: Some(Coin::base(validator.worth(row.shares)).to_wire()),
    }
}

/// What slashes of the validator took is not shown.
pub(super) fn unbonding(
    key: (Address, Address),
    row: &Unbonding,
    validator: &Validator,
) -> wire::UnbondingDelegation {
    let (delegator, operator) = key;
    let entries = row.entries.iter().map(|entry| wire::UnbondingDelegationEntry {
        creation_height: entry.created_height.signed(),
        completion_time: Some(second(entry.completes)),
        initial_balance: entry.initial.to_string(),
        balance: entry.left(&validator.slashes).to_string(),
        unbonding_id: 0,
        unbonding_on_hold_ref_count: 0,
    });
    wire::UnbondingDelegation {
        delegator_address: delegator.to_string(),
        validator_address: operator.operator(),
        entries: entries.collect(),
    }
}

/// What slashes of the source took is not shown.
pub(super) fn redelegation(
    key: (Address, Address, Address),
    row: &Redelegation,
    from: &Validator,
) -> wire::RedelegationResponse {
    let (delegator, source, destination) = key;
    let entries = row.entries.iter().map(|entry| wire::RedelegationEntryResponse {
        redelegation_entry: Some(wire::RedelegationEntry {
            creation_height: entry.created_height.signed(),
            completion_time: Some(second(entry.completes)),
            initial_balance: entry.initial.to_string(),
            shares_dst: decimal(entry.left(&from.slashes)),
            unbonding_id: 0,
            unbonding_on_hold_ref_count: 0,
        }),
        balance: entry.left(&from.slashes).to_string(),
    });
    wire::RedelegationResponse {
        redelegation: Some(wire::Redelegation {
            delegator_address: delegator.to_string(),
            validator_src_address: source.operator(),
            validator_dst_address: destination.operator(),
            entries: Vec::new(),
        }),
        entries: entries.collect(),
    }
}
