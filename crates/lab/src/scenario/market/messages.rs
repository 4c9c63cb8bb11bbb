//! The messages of a cycle.

use crate::load::Signer;
use prost_types::Any;
use virtengine_client::sign::any;
use virtengine_types::{
    Amount, Coin,
    proto::{
        cosmos::base::v1beta1::Coin as WireCoin,
        virtengine::{
            market::v1::{
                MsgAcceptBid, MsgCloseLease, MsgCreateOrder, MsgSubmitBid, OrderSpec, ResourceUnit,
                Selection, Storage,
            },
            provider::v1::{Attribute, MsgRegisterProvider},
        },
    },
};

/// Gas of a message: some three times what the dearest uses.
pub(in super::super) const GAS: u64 = 300_000;
/// Blocks during which bids are taken.
const BID_WINDOW: u64 = 1_000;
/// Ceiling of an order, in uve a block.
const MAX_PRICE: u128 = 100;
/// Price of a bid, in uve a block.
const PRICE: u128 = 50;
/// Of an order, in uve.
const ORDER_DEPOSIT: u128 = 500_000;
/// Of a bid, in uve.
const BID_DEPOSIT: u128 = 100_000;
/// Where the providers are and the orders want to be.
const REGION: &str = "lab";

fn coin(amount: u128) -> Option<WireCoin> {
    Some(Coin::base(Amount(amount)).to_wire())
}

/// What makes an account a provider.
pub(super) fn registration(signer: &Signer) -> Any {
    any(&MsgRegisterProvider {
        owner: signer.address().to_string(),
        host_uri: "https://provider.lab.invalid:8443".to_owned(),
        attributes: vec![Attribute { key: "region".to_owned(), value: REGION.to_owned() }],
        ..Default::default()
    })
}

/// An order that takes bids for longer than a load lasts.
pub(super) fn order(signer: &Signer) -> Any {
    creation(signer, BID_WINDOW)
}

/// An order of two cores and a little storage, which takes bids for `bid_window` blocks.
pub(in super::super) fn creation(signer: &Signer, bid_window: u64) -> Any {
    let storage =
        Storage { name: "default".to_owned(), bytes: 1 << 30, class: String::new(), persistent: false };
    let unit = ResourceUnit {
        cpu_milli: 2_000,
        memory_bytes: 4 << 30,
        storage: vec![storage],
        count: 1,
        ..Default::default()
    };
    let spec = OrderSpec {
        name: "web".to_owned(),
        resources: vec![unit],
        region: REGION.to_owned(),
        max_price: coin(MAX_PRICE),
        bid_window,
        selection: Selection::Manual.into(),
        ..Default::default()
    };
    any(&MsgCreateOrder {
        tenant: signer.address().to_string(),
        spec: Some(spec),
        deposit: coin(ORDER_DEPOSIT),
    })
}

pub(in super::super) fn bid(signer: &Signer, order_id: u64) -> Any {
    let provider = signer.address().to_string();
    any(&MsgSubmitBid { provider, order_id, price: coin(PRICE), deposit: coin(BID_DEPOSIT) })
}

pub(in super::super) fn acceptance(signer: &Signer, bid_id: u64) -> Any {
    any(&MsgAcceptBid { tenant: signer.address().to_string(), bid_id })
}

pub(super) fn close(signer: &Signer, lease_id: u64) -> Any {
    any(&MsgCloseLease { sender: signer.address().to_string(), lease_id, ..Default::default() })
}
