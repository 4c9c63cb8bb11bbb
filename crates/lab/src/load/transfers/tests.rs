use super::*;
use crate::load::keys;
use virtengine_client::BaseAccount;
use virtengine_crypto::KeyKind;
use virtengine_types::tx::DecodedTx;

fn transfers(senders: usize, count: usize, hot_share: f64) -> Transfers {
    drawn_from(5, senders, count, hot_share)
}

fn drawn_from(seed: u64, senders: usize, count: usize, hot_share: f64) -> Transfers {
    let signers: Vec<Signer> = (0..)
        .zip(keys(KeyKind::Ed25519, "sender", 1, senders))
        .map(|(account_number, key)| {
            let address = key.address();
            Signer::new(key, BaseAccount { address, account_number, sequence: 10 })
        })
        .collect();
    let receivers =
        Receivers { all: vec![Address([1; 20]), Address([2; 20])], hot: Address([9; 20]), hot_share };
    let terms = Terms { chain_id: "lab-1".into(), gas_price: 25_000 };
    Transfers::sign(&signers, count, &receivers, &terms, seed, &|_| {})
}

fn all(work: &mut Transfers, count: usize) -> Vec<Signed> {
    (0..count).map(|_| work.arrive().unwrap()).collect()
}

#[test]
fn sequences_of_a_sender_rise_by_one_and_a_seed_gives_the_same_transfers() {
    let sent = all(&mut transfers(3, 60, 0.0), 60);
    for account in 0..3 {
        let sequences: Vec<u64> =
            sent.iter().filter(|tx| tx.account == account).map(|tx| tx.sequence).collect();
        assert_eq!(sequences, (10..10 + sequences.len() as u64).collect::<Vec<_>>());
    }
    assert_eq!(sent, all(&mut transfers(3, 60, 0.0), 60));
}

#[test]
fn the_hot_account_receives_its_share() {
    let hot = Address([9; 20]).to_string();
    let share = |hot_share| {
        let sent = all(&mut transfers(3, 400, hot_share), 400);
        let to_hot = |tx: &&Signed| {
            let decoded = DecodedTx::decode(tx.bytes.clone()).unwrap();
            format!("{:?}", decoded.messages).contains(&hot)
        };
        sent.iter().filter(to_hot).count()
    };
    assert_eq!((share(0.0), share(1.0)), (0, 400));
    assert!((150..250).contains(&share(0.5)));
}

#[test]
fn the_fingerprint_is_of_every_transfer_in_its_place() {
    let fingerprint = |seed| drawn_from(seed, 3, 60, 0.0).fingerprint().unwrap();
    assert_eq!(fingerprint(5), fingerprint(5));
    assert_ne!(fingerprint(5), fingerprint(6));
    let sent = all(&mut transfers(3, 60, 0.0), 60);
    let by_hand = sent.iter().fold(Sha256::new(), |all, tx| all.chain_update(tx.hash));
    assert_eq!(fingerprint(5), <Hash>::from(by_hand.finalize()));
}

#[test]
fn a_refused_transfer_is_sent_again() {
    let mut work = transfers(1, 4, 0.0);
    let sent = all(&mut work, 2);
    work.refused(0, sent[0].sequence, None);
    assert_eq!(work.arrive().unwrap(), sent[0]);
    assert_eq!(work.arrive().unwrap().sequence, 12);
}

#[test]
fn rejects_more_arrivals_than_were_signed() {
    let mut work = transfers(1, 1, 0.0);
    work.arrive().unwrap();
    assert!(work.arrive().unwrap_err().contains("more arrivals"));
}
