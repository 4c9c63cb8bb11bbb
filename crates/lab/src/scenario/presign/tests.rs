use super::*;
use crate::load::keys;
use prost::bytes::Bytes;
use std::collections::BTreeSet;
use virtengine_client::BaseAccount;
use virtengine_crypto::KeyKind;
use virtengine_types::{msg::Msg, tx::DecodedTx};

/// Accounts that have sent three transactions each.
fn signers(purpose: &str, count: usize) -> Vec<Signer> {
    let signer = |(account_number, key): (u64, virtengine_crypto::SigningKey)| {
        let address = key.address();
        Signer::new(key, BaseAccount { address, account_number, sequence: 3 })
    };
    (0..).zip(keys(KeyKind::Ed25519, purpose, 1, count)).map(signer).collect()
}

fn traders(counts: Presign) -> Traders {
    Traders {
        counts,
        tenants: signers("tenant", counts.tenants()),
        providers: signers("provider", counts.providers()),
        terms: Terms { chain_id: "lab-1".into(), gas_price: 25_000 },
        window: 77,
    }
}

/// The transaction of an entry, which must be as the entry says.
fn decoded(entry: &Value) -> DecodedTx {
    let bytes = BASE64_STANDARD.decode(entry["tx_bytes"].as_str().unwrap()).unwrap();
    let tx = DecodedTx::decode(Bytes::from(bytes)).unwrap();
    assert_eq!(hex::encode_upper(tx.hash), entry["hash"].as_str().unwrap());
    assert_eq!(tx.signers[0].sequence, entry["sequence"].as_u64().unwrap());
    tx
}

fn placed(step: &Step<'_>) -> DecodedTx {
    DecodedTx::decode(step.sign(&Terms { chain_id: "lab-1".into(), gas_price: 25_000 }).bytes).unwrap()
}

#[test]
fn every_signed_transaction_has_an_account_of_its_own_and_answers_to_what_was_placed() {
    let traders = traders(Presign { orders: 4, bids: 12, allocations: 5 });
    let at = Placed { owned: vec![1, 2, 3, 4, 5], offers: vec![11, 12, 13, 14, 15], on_sale: vec![6, 7] };
    let [orders, bids, allocations] = traders.signed(&at);
    assert_eq!([orders.len(), bids.len(), allocations.len()], [4, 12, 5]);
    let all = orders.iter().chain(&bids).chain(&allocations);
    let accounts: BTreeSet<_> = all.map(|entry| entry["account"].as_str().unwrap()).collect();
    assert_eq!(accounts.len(), 21);
    for entry in &orders {
        let tx = decoded(entry);
        let Msg::CreateOrder(msg) = &tx.messages[0] else { panic!("{:?}", tx.messages) };
        assert_eq!((msg.spec.bid_window, tx.signers[0].sequence), (77, 3));
    }
    for (place, entry) in bids.iter().enumerate() {
        let tx = decoded(entry);
        let Msg::SubmitBid(msg) = &tx.messages[0] else { panic!("{:?}", tx.messages) };
        assert_eq!(msg.order.0, if place < 10 { 6 } else { 7 });
        assert_eq!(entry["order_id"], msg.order.0.to_string());
    }
    for (place, entry) in (0..).zip(&allocations) {
        let tx = decoded(entry);
        let Msg::AcceptBid(msg) = &tx.messages[0] else { panic!("{:?}", tx.messages) };
        assert_eq!((msg.bid.0, tx.signers[0].sequence), (11 + place, 4));
        assert_eq!(entry["order_id"], (1 + place).to_string());
        assert_eq!(entry["bid_id"], msg.bid.0.to_string());
    }
}

#[test]
fn sellers_bid_in_turn_with_rising_sequences() {
    let traders = traders(Presign { orders: 0, bids: 2, allocations: 250 });
    let owned: Vec<u64> = (1..=250).collect();
    let rounds: Vec<Vec<Step<'_>>> = traders.offers(&owned).collect();
    assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    let bidders: BTreeSet<_> = traders.bidders().iter().map(Signer::address).collect();
    let mut order = 0;
    for (round, steps) in (0..).zip(&rounds) {
        let sellers: BTreeSet<_> = steps.iter().map(|step| step.signer.address()).collect();
        assert_eq!(sellers.len(), steps.len());
        assert!(sellers.is_disjoint(&bidders));
        for step in steps {
            order += 1;
            let tx = placed(step);
            let Msg::SubmitBid(msg) = &tx.messages[0] else { panic!("{:?}", tx.messages) };
            assert_eq!((msg.order.0, tx.signers[0].sequence), (order, 3 + round));
        }
    }
    assert_eq!(order, 250);
    // Ten signed bids fit on one order.
    assert_eq!(traders.orders(traders.hosts()).len(), 1);
}
