//! A market in memory: funded actors, registered providers, and short forms of messages.

use crate::{
    invariants,
    testing::{Harness, address},
};
use prost::Message;
use virtengine_types::{
    Address, Amount, Height,
    block::{BlockOutcome, TxResult},
    market::{BidId, CloseReason, Gpu, LeaseId, OrderId, OrderSpec, ResourceUnit, Selection},
    msg::{
        AcceptBid, AfterClose, CancelOrder, CloseLease, ConfirmLease, CreateOrder, DepositEscrow, Msg,
        RegisterProvider, ReleaseBid, SubmitBid, WithdrawBid, WithdrawEarnings,
    },
    params::Params,
    proto::{cosmos::base::abci::v1beta1::TxMsgData, virtengine::market::v1 as wire},
    provider::Attribute,
};

/// What orders of these tests deposit, in uve.
pub(crate) const DEPOSIT: u128 = 1_000_000;
/// What bids of these tests deposit, in uve.
pub(crate) const BID_DEPOSIT: u128 = 100_000;
/// Blocks after the first in which orders of these tests take bids.
pub(crate) const WINDOW: u64 = 5;

/// A chain with a tenant, a friend, a stranger, an auditor, and this many registered providers `p0`...
pub(crate) fn market(providers: usize) -> Harness {
    market_with(providers, |_| {})
}

/// The same with other parameters.
pub(crate) fn market_with(providers: usize, change: impl FnOnce(&mut Params)) -> Harness {
    let names: Vec<String> = (0..providers).map(|number| format!("p{number}")).collect();
    let mut actors = vec!["tenant", "friend", "stranger", "auditor"];
    actors.extend(names.iter().map(String::as_str));
    let mut chain = Harness::with_params(&actors, change);
    let entries: Vec<_> = names.iter().map(|name| (address(name), vec![register(name)])).collect();
    if !entries.is_empty() {
        let outcome = chain.block(&entries);
        assert!(outcome.results.iter().all(|result| result.code == 0), "{outcome:?}");
    }
    chain
}

pub(crate) fn attribute(key: &str, value: &str) -> Attribute {
    Attribute { key: key.to_owned(), value: value.to_owned() }
}

pub(crate) fn register(name: &str) -> Msg {
    Msg::RegisterProvider(RegisterProvider {
        owner: address(name),
        host_uri: format!("https://{name}.example"),
        attributes: vec![attribute("region", "eu"), attribute("tier", "gold")],
        email: String::new(),
        website: String::new(),
    })
}

pub(crate) fn spec(selection: Selection) -> OrderSpec {
    OrderSpec {
        name: "web".to_owned(),
        resources: vec![ResourceUnit {
            cpu_milli: 500,
            memory_bytes: 1 << 30,
            storage: Vec::new(),
            gpu: Gpu::default(),
            endpoints: Vec::new(),
            count: 1,
        }],
        region: "eu".to_owned(),
        attributes: vec![attribute("tier", "gold")],
        signed_by_any: Vec::new(),
        signed_by_all: Vec::new(),
        minimum_identity_tier: 0,
        max_price: Amount(1_000),
        bid_window: WINDOW,
        selection,
        manifest_hash: None,
    }
}

pub(crate) fn create(spec: OrderSpec, deposit: u128) -> Msg {
    Msg::CreateOrder(CreateOrder {
        tenant: address("tenant"),
        spec: Box::new(spec),
        deposit: Amount(deposit),
    })
}

/// Posts an order with these changes and answers with its number.
pub(crate) fn posted(
    chain: &mut Harness,
    selection: Selection,
    change: impl FnOnce(&mut OrderSpec),
) -> OrderId {
    let mut spec = spec(selection);
    change(&mut spec);
    order_id(&chain.ok(create(spec, DEPOSIT)))
}

pub(crate) fn manual(chain: &mut Harness) -> OrderId {
    posted(chain, Selection::Manual, |_| {})
}

pub(crate) fn submit(order: OrderId, name: &str, price: u128) -> Msg {
    let (provider, deposit) = (address(name), Amount(BID_DEPOSIT));
    Msg::SubmitBid(SubmitBid { provider, order, price: Amount(price), deposit })
}

/// Submits a bid and answers with its number.
pub(crate) fn offered(chain: &mut Harness, order: OrderId, name: &str, price: u128) -> BidId {
    bid_id(&chain.ok(submit(order, name, price)))
}

pub(crate) fn accept(bid: BidId) -> Msg {
    Msg::AcceptBid(AcceptBid { tenant: address("tenant"), bid })
}

/// Accepts a bid and answers with the lease's number.
pub(crate) fn accepted(chain: &mut Harness, bid: BidId) -> LeaseId {
    let response: wire::MsgAcceptBidResponse = response(&chain.ok(accept(bid)));
    LeaseId(response.lease_id)
}

/// A lease of `p0` at `price`, of a new manual order.
pub(crate) fn leased(chain: &mut Harness, price: u128) -> (OrderId, LeaseId) {
    let order = manual(chain);
    let bid = offered(chain, order, "p0", price);
    (order, accepted(chain, bid))
}

pub(crate) fn cancel(name: &str, order: OrderId) -> Msg {
    Msg::CancelOrder(CancelOrder { tenant: address(name), order })
}

pub(crate) fn withdraw_bid(name: &str, bid: BidId) -> Msg {
    Msg::WithdrawBid(WithdrawBid { provider: address(name), bid })
}

pub(crate) fn release(name: &str, bid: BidId) -> Msg {
    Msg::ReleaseBid(ReleaseBid { sender: address(name), bid })
}

pub(crate) fn confirm(name: &str, lease: LeaseId) -> Msg {
    Msg::ConfirmLease(ConfirmLease { provider: address(name), lease })
}

pub(crate) fn close(name: &str, lease: LeaseId, reason: Option<CloseReason>, order: AfterClose) -> Msg {
    Msg::CloseLease(CloseLease { sender: address(name), lease, reason, order })
}

pub(crate) fn earn(name: &str, lease: LeaseId) -> Msg {
    Msg::WithdrawEarnings(WithdrawEarnings { provider: address(name), lease })
}

pub(crate) fn deposit(depositor: Address, order: OrderId, amount: u128) -> Msg {
    Msg::DepositEscrow(DepositEscrow { depositor, order, amount: Amount(amount) })
}

pub(crate) fn order_id(result: &TxResult) -> OrderId {
    let response: wire::MsgCreateOrderResponse = response(result);
    OrderId(response.order_id)
}

pub(crate) fn bid_id(result: &TxResult) -> BidId {
    let response: wire::MsgSubmitBidResponse = response(result);
    BidId(response.bid_id)
}

/// The response of a transaction's only message.
pub(crate) fn response<T: Message + Default>(result: &TxResult) -> T {
    let data = TxMsgData::decode(result.data.clone()).unwrap();
    T::decode(data.msg_responses[0].value.as_slice()).unwrap()
}

/// Runs empty blocks until the chain is at `height`; answers with the last.
pub(crate) fn run_to(chain: &mut Harness, height: Height) -> BlockOutcome {
    let mut outcome = BlockOutcome::default();
    while chain.height < height {
        outcome = chain.apply(Vec::new());
    }
    outcome
}

/// The topics among a block's own events, in order.
pub(crate) fn topics(outcome: &BlockOutcome) -> Vec<&str> {
    outcome.events.iter().filter(|event| event.is_topic()).map(|event| event.kind.as_str()).collect()
}

/// Checks every invariant.
pub(crate) fn sound(chain: &Harness) {
    invariants::all(&chain.store).unwrap();
}
