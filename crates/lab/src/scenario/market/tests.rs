use super::cycles::{Cycles, Mix};
use crate::load::{Signed, Signer, Terms, TxResult, Work as _, keys};
use prost::{Message, Name};
use virtengine_client::{BaseAccount, Refusal};
use virtengine_crypto::KeyKind;
use virtengine_types::{
    proto::cosmos::bank::v1beta1::MsgSend,
    proto::virtengine::market::v1::{
        MsgAcceptBid, MsgAcceptBidResponse, MsgCloseLease, MsgCreateOrder, MsgCreateOrderResponse,
        MsgSubmitBid, MsgSubmitBidResponse,
    },
    tx::DecodedTx,
};

fn signers(purpose: &str, count: usize) -> Vec<Signer> {
    (0..)
        .zip(keys(KeyKind::Ed25519, purpose, 1, count))
        .map(|(account_number, key)| {
            let address = key.address();
            Signer::new(key, BaseAccount { address, account_number, sequence: 0 })
        })
        .collect()
}

const CYCLES: Mix = Mix { transfer_share: 0.0, hot_share: 0.0, bids: 1 };

fn cycles(tenants: usize, mix: Mix) -> Cycles {
    let terms = Terms { chain_id: "lab-1".into(), gas_price: 25_000 };
    Cycles::new(signers("tenant", tenants), signers("provider", 2), terms, mix, 1)
}

/// What follows from a transaction that succeeded.
fn follow<M: Message + Name>(work: &mut Cycles, of: &Signed, response: &M) -> Vec<Signed> {
    work.included(of.account, of.sequence, Some(&result(response)))
}

/// The same of one from which one follows.
fn next<M: Message + Name>(work: &mut Cycles, of: &Signed, response: &M) -> Signed {
    let [next] = follow(work, of, response).try_into().unwrap();
    next
}

fn result<M: Message + Name>(response: &M) -> TxResult {
    TxResult { responses: vec![(M::type_url(), response.encode_to_vec())], ..TxResult::default() }
}

/// The message of a transaction, if it is an `M`.
fn message<M: Message + Name + Default>(signed: &Signed) -> Option<M> {
    let tx = virtengine_types::proto::cosmos::tx::v1beta1::TxRaw::decode(signed.bytes.clone()).unwrap();
    let body = virtengine_types::proto::cosmos::tx::v1beta1::TxBody::decode(tx.body_bytes).unwrap();
    let any = body.messages.first()?;
    (any.type_url == M::type_url()).then(|| M::decode(any.value.as_slice()).unwrap())
}

#[test]
fn a_cycle_goes_from_order_to_close_with_the_numbers_of_the_results() {
    let mut work = cycles(1, CYCLES);
    let order = work.arrive().unwrap();
    assert!(message::<MsgCreateOrder>(&order).is_some());
    DecodedTx::decode(order.bytes.clone()).unwrap();
    let bid = next(&mut work, &order, &MsgCreateOrderResponse { order_id: 7 });
    assert_eq!(message::<MsgSubmitBid>(&bid).unwrap().order_id, 7);
    let accept = next(&mut work, &bid, &MsgSubmitBidResponse { bid_id: 8 });
    assert_eq!(message::<MsgAcceptBid>(&accept).unwrap().bid_id, 8);
    assert_eq!((accept.account, accept.sequence), (order.account, 1));
    let close = next(&mut work, &accept, &MsgAcceptBidResponse { lease_id: 9 });
    assert_eq!(message::<MsgCloseLease>(&close).unwrap().lease_id, 9);
    assert_eq!(work.included(close.account, close.sequence, Some(&TxResult::default())), []);
    assert_eq!(work.arrive().unwrap().sequence, 3);
}

#[test]
fn an_arrival_waits_for_no_cycle_that_is_under_way() {
    let mut work = cycles(2, CYCLES);
    let orders: Vec<Signed> = (0..5).map(|_| work.arrive().unwrap()).collect();
    let places: Vec<_> = orders.iter().map(|order| (order.account, order.sequence)).collect();
    assert_eq!(places, [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2)]);
}

#[test]
fn the_first_of_many_bids_is_accepted_after_the_last() {
    let mut work = cycles(1, Mix { bids: 2, ..CYCLES });
    let order = work.arrive().unwrap();
    let bids = follow(&mut work, &order, &MsgCreateOrderResponse { order_id: 7 });
    assert_ne!(bids[0].account, bids[1].account);
    assert_eq!(follow(&mut work, &bids[1], &MsgSubmitBidResponse { bid_id: 11 }), []);
    let accept = next(&mut work, &bids[0], &MsgSubmitBidResponse { bid_id: 12 });
    assert_eq!(message::<MsgAcceptBid>(&accept).unwrap().bid_id, 11);
}

#[test]
fn a_step_that_fails_ends_its_cycle() {
    let mut work = cycles(1, Mix { bids: 2, ..CYCLES });
    let order = work.arrive().unwrap();
    let failed = TxResult { code: 4, codespace: "market".into(), ..TxResult::default() };
    assert_eq!(work.included(order.account, order.sequence, Some(&failed)), []);
    let order = work.arrive().unwrap();
    assert_eq!(order.sequence, 1, "the fee was paid and the sequence used");
    let bids = follow(&mut work, &order, &MsgCreateOrderResponse { order_id: 7 });
    assert_eq!(work.included(bids[0].account, bids[0].sequence, Some(&failed)), []);
    let accept = next(&mut work, &bids[1], &MsgSubmitBidResponse { bid_id: 12 });
    assert_eq!(message::<MsgAcceptBid>(&accept).unwrap().bid_id, 12, "of the bids that are left");
}

#[test]
fn a_refused_step_gives_its_sequence_back() {
    let mut work = cycles(1, CYCLES);
    let order = work.arrive().unwrap();
    work.refused(order.account, order.sequence, None);
    assert_eq!(work.arrive().unwrap().sequence, order.sequence);
    let log = "account sequence mismatch, expected 5, got 0: incorrect account sequence".to_owned();
    work.refused(order.account, order.sequence, Some(&Refusal { codespace: "sdk".into(), code: 32, log }));
    assert_eq!(work.arrive().unwrap().sequence, 5);
}

#[test]
fn a_refused_bid_ends_its_cycle() {
    let mut work = cycles(1, Mix { bids: 2, ..CYCLES });
    let order = work.arrive().unwrap();
    let bids = follow(&mut work, &order, &MsgCreateOrderResponse { order_id: 7 });
    work.refused(bids[0].account, bids[0].sequence, None);
    assert_eq!(follow(&mut work, &bids[1], &MsgSubmitBidResponse { bid_id: 12 }), []);
}

#[test]
fn providers_take_turns() {
    let mut work = cycles(4, CYCLES);
    let mut bid = |id| {
        let order = work.arrive().unwrap();
        next(&mut work, &order, &MsgCreateOrderResponse { order_id: id }).account
    };
    let turns: Vec<u32> = (0..4).map(&mut bid).collect();
    assert_eq!((turns[0], turns[1]), (turns[2], turns[3]));
    assert_ne!(turns[0], turns[1]);
}

#[test]
fn hot_cycles_are_of_one_tenant_and_one_provider() {
    let mut work = cycles(4, Mix { hot_share: 1.0, ..CYCLES });
    for id in 0..4 {
        let order = work.arrive().unwrap();
        let bid = next(&mut work, &order, &MsgCreateOrderResponse { order_id: id });
        assert_eq!((order.account, order.sequence), (0, id));
        assert_eq!((bid.account, bid.sequence), (4, id));
    }
}

#[test]
fn the_share_of_transfers_is_of_the_transactions() {
    let mix = Mix { transfer_share: 0.5, ..CYCLES };
    // Of five transactions four are of one cycle, so of five arrivals four are transfers.
    assert!((mix.per_arrival() - 1.6).abs() < 1e-9);
    let mut work = cycles(4, mix);
    let arrivals: Vec<Signed> = (0..1_000).map(|_| work.arrive().unwrap()).collect();
    let transfers = arrivals.iter().filter(|tx| message::<MsgSend>(tx).is_some()).count();
    assert!((760..840).contains(&transfers), "{transfers}");
    let again: Vec<Signed> = (0..1_000)
        .map({
            let mut work = cycles(4, mix);
            move |_| work.arrive().unwrap()
        })
        .collect();
    assert_eq!(arrivals, again);
}
