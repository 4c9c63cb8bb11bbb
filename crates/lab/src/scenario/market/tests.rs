use super::cycles::Cycles;
use crate::load::{Signed, Signer, Terms, TxResult, Work as _, keys};
use prost::{Message, Name};
use virtengine_client::{BaseAccount, Refusal};
use virtengine_crypto::KeyKind;
use virtengine_types::{
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

fn cycles(tenants: usize) -> Cycles {
    let terms = Terms { chain_id: "lab-1".into(), gas_price: 25_000 };
    Cycles::new(signers("tenant", tenants), signers("provider", 2), terms)
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
    let mut work = cycles(1);
    let order = work.arrive().unwrap();
    assert!(message::<MsgCreateOrder>(&order).is_some());
    DecodedTx::decode(order.bytes.clone()).unwrap();
    let bid = work
        .included(order.account, order.sequence, Some(&result(&MsgCreateOrderResponse { order_id: 7 })))
        .unwrap();
    assert_eq!(message::<MsgSubmitBid>(&bid).unwrap().order_id, 7);
    let accept =
        work.included(bid.account, bid.sequence, Some(&result(&MsgSubmitBidResponse { bid_id: 8 }))).unwrap();
    assert_eq!(message::<MsgAcceptBid>(&accept).unwrap().bid_id, 8);
    assert_eq!((accept.account, accept.sequence), (order.account, 1));
    let close = work
        .included(accept.account, accept.sequence, Some(&result(&MsgAcceptBidResponse { lease_id: 9 })))
        .unwrap();
    assert_eq!(message::<MsgCloseLease>(&close).unwrap().lease_id, 9);
    assert!(work.arrive().is_err(), "the only tenant has a cycle under way");
    assert_eq!(work.included(close.account, close.sequence, Some(&TxResult::default())), None);
    assert_eq!(work.arrive().unwrap().sequence, 3);
}

#[test]
fn a_step_that_fails_ends_its_cycle_and_frees_the_tenant() {
    let mut work = cycles(1);
    let order = work.arrive().unwrap();
    let failed = TxResult { code: 4, codespace: "market".into(), ..TxResult::default() };
    assert_eq!(work.included(order.account, order.sequence, Some(&failed)), None);
    let next = work.arrive().unwrap();
    assert_eq!(next.sequence, order.sequence + 1, "the fee was paid and the sequence used");
}

#[test]
fn a_refused_step_gives_its_sequence_back() {
    let mut work = cycles(1);
    let order = work.arrive().unwrap();
    work.refused(order.account, order.sequence, None);
    assert_eq!(work.arrive().unwrap().sequence, order.sequence);
    let log = "account sequence mismatch, expected 5, got 0: incorrect account sequence".to_owned();
    work.refused(order.account, order.sequence, Some(&Refusal { codespace: "sdk".into(), code: 32, log }));
    assert_eq!(work.arrive().unwrap().sequence, 5);
}

#[test]
fn providers_take_turns() {
    let mut work = cycles(4);
    let mut bid = |id| {
        let order = work.arrive().unwrap();
        work.included(order.account, order.sequence, Some(&result(&MsgCreateOrderResponse { order_id: id })))
            .unwrap()
            .account
    };
    let turns: Vec<u32> = (0..4).map(&mut bid).collect();
    assert_eq!((turns[0], turns[1]), (turns[2], turns[3]));
    assert_ne!(turns[0], turns[1]);
}
