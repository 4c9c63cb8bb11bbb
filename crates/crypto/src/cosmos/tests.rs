use super::*;
use crate::key::{KeyKind, SigningKey};
use prost::Message as _;
use std::num::NonZeroUsize;
use virtengine_types::proto::cosmos::bank::v1beta1::MsgSend;
use virtengine_types::proto::cosmos::base::v1beta1::Coin;
use virtengine_types::proto::cosmos::crypto::multisig::v1beta1::{CompactBitArray, MultiSignature};
use virtengine_types::proto::cosmos::tx::v1beta1::mode_info::{Multi, Single, Sum};
use virtengine_types::proto::cosmos::tx::v1beta1::{AuthInfo, Fee, ModeInfo, SignerInfo, TxBody, TxRaw};
use virtengine_types::sign;
use virtengine_types::tx::{MultisigKey, SignMode};

const CHAIN: &str = "virtengine-test-1";
const DIRECT: i32 = 1;
const AMINO: i32 = 127;

fn key(kind: KeyKind, seed: u8) -> SigningKey {
    SigningKey::from_secret(kind, &[seed; 32]).unwrap()
}

fn single(mode: i32) -> ModeInfo {
    ModeInfo { sum: Some(Sum::Single(Single { mode })) }
}

/// A transfer of each signer in turn; every signature is `signatures`' part or 64 zeros.
fn transfer(signers: &[(PublicKey, ModeInfo, KeyIn)], signatures: Option<Vec<Vec<u8>>>) -> Arc<DecodedTx> {
    let messages = signers.iter().map(|(key, ..)| prost_types::Any {
        type_url: "/cosmos.bank.v1beta1.MsgSend".to_owned(),
        value: MsgSend {
            from_address: key.address().to_string(),
            to_address: Address([9; 20]).to_string(),
            amount: vec![Coin { denom: "uve".to_owned(), amount: "5".to_owned() }],
        }
        .encode_to_vec(),
    });
    let body = TxBody { messages: messages.collect(), memo: "<&>".to_owned(), ..TxBody::default() };
    let infos = signers.iter().map(|(key, mode, place)| SignerInfo {
        public_key: (*place == KeyIn::Transaction).then(|| key.to_any()),
        mode_info: Some(mode.clone()),
        sequence: 3,
    });
    let fee = Fee {
        amount: vec![Coin { denom: "uve".to_owned(), amount: "2000".to_owned() }],
        gas_limit: 200_000,
        ..Fee::default()
    };
    let auth = AuthInfo { signer_infos: infos.collect(), fee: Some(fee), ..AuthInfo::default() };
    let raw = TxRaw {
        body_bytes: body.encode_to_vec().into(),
        auth_info_bytes: auth.encode_to_vec().into(),
        signatures: signatures
            .unwrap_or_else(|| vec![vec![0; 64]; signers.len()])
            .into_iter()
            .map(Into::into)
            .collect(),
    };
    Arc::new(DecodedTx::decode(raw.encode_to_vec().into()).unwrap())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyIn {
    Transaction,
    Account,
}

fn account(number: u64) -> SignerAccount {
    SignerAccount { account_number: number, public_key: None }
}

fn document(tx: &DecodedTx, mode: i32, number: u64) -> Vec<u8> {
    if mode == DIRECT {
        sign::direct(tx, CHAIN, number)
    } else {
        sign::amino_json(tx, CHAIN, number, 3).unwrap().remove(0)
    }
}

/// A transfer signed by one key for account 7.
fn signed(key: &SigningKey, mode: i32) -> Unverified {
    let signers = [(key.public_key().clone(), single(mode), KeyIn::Transaction)];
    let unsigned = transfer(&signers, None);
    let signature = key.sign(&document(&unsigned, mode, 7)).to_vec();
    Unverified { tx: transfer(&signers, Some(vec![signature])), accounts: vec![account(7)] }
}

fn with_signature(unverified: &Unverified, change: impl FnOnce(&mut Vec<u8>)) -> Unverified {
    let mut tx = (*unverified.tx).clone();
    let mut bytes = tx.signers[0].signature.to_vec();
    change(&mut bytes);
    tx.signers[0].signature = bytes.into();
    Unverified { tx: Arc::new(tx), accounts: unverified.accounts.clone() }
}

fn code_of(unverified: &Unverified) -> (VerifyError, u32) {
    let error = verify_tx(unverified, CHAIN).unwrap_err();
    let code = error.rejection().code;
    (error, code)
}

#[test]
fn accepts_both_modes_and_kinds() {
    for kind in [KeyKind::Secp256k1, KeyKind::Ed25519] {
        for mode in [DIRECT, AMINO] {
            let key = key(kind, 1);
            let verified = verify_tx(&signed(&key, mode), CHAIN).unwrap();
            assert_eq!(verified.signers[0].address, key.address());
            assert_eq!(verified.signers[0].account_number, 7);
            assert_eq!(verified.signers[0].public_key, *key.public_key());
        }
    }
}

#[test]
fn accepts_a_key_that_only_the_account_has() {
    let key = key(KeyKind::Secp256k1, 1);
    let signers = [(key.public_key().clone(), single(DIRECT), KeyIn::Account)];
    let unsigned = transfer(&signers, None);
    let signature = key.sign(&document(&unsigned, DIRECT, 7)).to_vec();
    let tx = transfer(&signers, Some(vec![signature]));
    let accounts = vec![SignerAccount { account_number: 7, public_key: Some(key.public_key().clone()) }];
    assert!(verify_tx(&Unverified { tx: Arc::clone(&tx), accounts }, CHAIN).is_ok());
    let (error, code) = code_of(&Unverified { tx: Arc::clone(&tx), accounts: vec![account(7)] });
    assert!(matches!(error, VerifyError::MissingKey { index: 0, .. }));
    assert_eq!(code, 8);
    let other = SigningKey::generate(KeyKind::Secp256k1).public_key().clone();
    let accounts = vec![SignerAccount { account_number: 7, public_key: Some(other) }];
    let (error, code) = code_of(&Unverified { tx, accounts });
    assert!(matches!(error, VerifyError::KeyMismatch { index: 0, .. }));
    assert_eq!(code, 8);
}

#[test]
fn rejects_another_account_number_chain_or_body() {
    let good = signed(&key(KeyKind::Secp256k1, 1), DIRECT);
    let other = Unverified { accounts: vec![account(8)], ..good.clone() };
    let (error, code) = code_of(&other);
    assert_eq!(code, 4);
    let log = error.rejection().log;
    let wording = "signature verification failed; please verify account number (8) and chain-id \
                   (virtengine-test-1): unauthorized";
    assert!(log.ends_with(wording), "{log}");
    assert!(matches!(
        verify_tx(&good, "virtengine-test-2"),
        Err(VerifyError::Signature { cause: SignatureError::Mismatch { .. }, .. })
    ));
    let mut tx = (*good.tx).clone();
    tx.body_bytes = [tx.body_bytes.as_ref(), b"\x12\x01x"].concat().into();
    assert_eq!(code_of(&Unverified { tx: Arc::new(tx), ..good }).1, 4);
}

#[test]
fn rejects_the_high_form_of_a_good_signature() {
    let good = signed(&key(KeyKind::Secp256k1, 1), DIRECT);
    let high = with_signature(&good, |bytes| {
        let s = secp256k1::SecretKey::from_secret_bytes(bytes[32..].try_into().unwrap()).unwrap();
        bytes[32..].copy_from_slice(&s.negate().to_secret_bytes());
    });
    let (error, code) = code_of(&high);
    assert!(matches!(error, VerifyError::Signature { cause: SignatureError::HighS(_), .. }));
    assert_eq!(code, 4);
}

#[test]
fn rejects_empty_and_odd_signatures_and_counts() {
    let good = signed(&key(KeyKind::Secp256k1, 1), DIRECT);
    let empty = with_signature(&good, Vec::clear);
    assert_eq!(code_of(&empty), (VerifyError::Empty { index: 0 }, 15));
    let long = with_signature(&good, |bytes| bytes.push(0));
    assert_eq!(code_of(&long), (VerifyError::Length { index: 0, found: 65 }, 4));
    let none = Unverified { accounts: vec![], ..good };
    assert_eq!(code_of(&none), (VerifyError::AccountCount { expected: 1, found: 0 }, 4));
}

#[test]
fn two_signers_each_sign_in_their_own_mode() {
    let (first, second) = (key(KeyKind::Secp256k1, 1), key(KeyKind::Secp256k1, 2));
    let signers = [
        (first.public_key().clone(), single(DIRECT), KeyIn::Transaction),
        (second.public_key().clone(), single(AMINO), KeyIn::Transaction),
    ];
    let unsigned = transfer(&signers, None);
    let signatures = vec![
        first.sign(&document(&unsigned, DIRECT, 7)).to_vec(),
        second.sign(&document(&unsigned, AMINO, 8)).to_vec(),
    ];
    let tx = transfer(&signers, Some(signatures));
    let accounts = vec![account(7), account(8)];
    assert!(verify_tx(&Unverified { tx: Arc::clone(&tx), accounts }, CHAIN).is_ok());
    let accounts = vec![account(7), account(9)];
    let (error, _) = code_of(&Unverified { tx, accounts });
    assert!(matches!(error, VerifyError::Signature { index: 1, account_number: 9, .. }));
}

/// A transfer by a 2-of-3 multisig, signed by the members `by` in `mode`.
fn multisigned(by: &[u8], mode: i32) -> Unverified {
    let members: Vec<SigningKey> = (1..=3).map(|seed| key(KeyKind::Secp256k1, seed)).collect();
    let points = members.iter().map(|member| match member.public_key() {
        PublicKey::Secp256k1(point) => *point,
        other => panic!("{other:?}"),
    });
    let group = PublicKey::Multisig(MultisigKey { threshold: 2, members: points.collect() });
    let bits = by.iter().fold(0, |bits, at| bits | (0x80 >> at));
    let mode_info = ModeInfo {
        sum: Some(Sum::Multi(Multi {
            bitarray: Some(CompactBitArray { extra_bits_stored: 3, elems: vec![bits].into() }),
            mode_infos: vec![single(mode); by.len()],
        })),
    };
    let signers = [(group, mode_info, KeyIn::Transaction)];
    let unsigned = transfer(&signers, None);
    let signatures =
        by.iter().map(|at| members[usize::from(*at)].sign(&document(&unsigned, mode, 7)).to_vec().into());
    let list = MultiSignature { signatures: signatures.collect() }.encode_to_vec();
    Unverified { tx: transfer(&signers, Some(vec![list])), accounts: vec![account(7)] }
}

#[test]
fn accepts_any_two_of_three_members() {
    for by in [&[0, 1][..], &[0, 2], &[1, 2], &[0, 1, 2]] {
        assert!(verify_tx(&multisigned(by, AMINO), CHAIN).is_ok(), "{by:?}");
    }
}

#[test]
fn rejects_a_multisig_below_its_threshold_or_out_of_order() {
    let (error, code) = code_of(&multisigned(&[1], AMINO));
    assert_eq!((error, code), (VerifyError::Threshold { index: 0, threshold: 2, found: 1 }, 4));
    assert!(matches!(code_of(&multisigned(&[2, 0], AMINO)), (VerifyError::Signature { index: 0, .. }, 4)));
    assert!(matches!(
        code_of(&multisigned(&[0, 1], DIRECT)),
        (VerifyError::Mode { mode: "direct", key: "multisig", .. }, 4)
    ));
}

#[test]
fn rejects_a_multisig_whose_parts_do_not_match() {
    let good = multisigned(&[0, 2], AMINO);
    let padded = with_signature(&good, |bytes| bytes.extend([0x10, 1]));
    assert!(matches!(code_of(&padded), (VerifyError::Multisignature { .. }, 4)));
    let extra = with_signature(&good, |bytes| bytes.extend([0x0a, 0]));
    let (error, _) = code_of(&extra);
    assert_eq!(error, VerifyError::MemberCount { index: 0, present: 2, modes: 2, signatures: 3 });
    let mut tx = (*good.tx).clone();
    let SignMode::Multi { present, .. } = &mut tx.signers[0].mode else { panic!("is multisig") };
    present.push(false);
    let (error, code) = code_of(&Unverified { tx: Arc::new(tx), ..good.clone() });
    assert_eq!((error, code), (VerifyError::BitArray { index: 0, expected: 3, found: 4 }, 4));
    let mut tx = (*good.tx).clone();
    tx.signers[0].mode = SignMode::Direct;
    assert!(matches!(
        code_of(&Unverified { tx: Arc::new(tx), ..good }),
        (VerifyError::Mode { mode: "direct", .. }, 4)
    ));
}

#[test]
fn rejects_an_unspecified_mode_and_too_many_signatures() {
    let good = signed(&key(KeyKind::Secp256k1, 1), DIRECT);
    let mut tx = (*good.tx).clone();
    tx.signers[0].mode = SignMode::Unspecified;
    let unspecified = Unverified { tx: Arc::new(tx), ..good };
    assert!(matches!(code_of(&unspecified), (VerifyError::Mode { mode: "unspecified", .. }, 4)));
    let group = multisigned(&[0, 1], AMINO);
    let mut tx = (*group.tx).clone();
    tx.signers = vec![tx.signers[0].clone(); 11];
    let many = Unverified { tx: Arc::new(tx), accounts: vec![account(7); 11] };
    assert_eq!(code_of(&many), (VerifyError::TooManySignatures { found: 33, max: 32 }, 14));
}

#[test]
fn a_batch_of_transactions_says_what_single_checks_say() {
    let mut all: Vec<Unverified> = (1..=30)
        .map(|seed| match seed % 4 {
            0 => multisigned(&[0, 2], AMINO),
            1 => signed(&key(KeyKind::Secp256k1, seed), DIRECT),
            2 => signed(&key(KeyKind::Secp256k1, seed), AMINO),
            _ => signed(&key(KeyKind::Ed25519, seed), DIRECT),
        })
        .collect();
    for at in [0, 7, 13, 29] {
        all[at].accounts[0].account_number = 99;
    }
    all[5] = with_signature(&all[5], Vec::clear);
    let verdicts = verify_txs(&all, CHAIN);
    for (at, (verdict, unverified)) in verdicts.iter().zip(&all).enumerate() {
        assert_eq!(verdict.is_ok(), ![0, 5, 7, 13, 29].contains(&at), "{at}");
        let alone = verify_tx(unverified, CHAIN);
        assert_eq!(verdict.as_ref().err(), alone.as_ref().err(), "{at}");
    }
    assert!(verify_txs(&[], CHAIN).is_empty());
}

#[test]
fn the_cache_keeps_to_its_bounds_in_count_and_bytes() {
    let verified = verify_tx(&signed(&key(KeyKind::Secp256k1, 1), DIRECT), CHAIN).unwrap();
    let size = verified.tx.raw.len();
    // All of one shard: hashes start with the same byte.
    let numbered = |number: u8| {
        let mut tx = (*verified.tx).clone();
        tx.hash = [0; 32];
        tx.hash[31] = number;
        VerifiedTx { tx: Arc::new(tx), signers: Arc::clone(&verified.signers) }
    };
    let hash = |number: u8| numbered(number).tx.hash;
    let by_count = VerifiedCache::new(NonZeroUsize::new(32).unwrap(), usize::MAX);
    assert!(by_count.is_empty());
    for number in 0..3 {
        by_count.insert(numbered(number));
    }
    assert!(by_count.get(&hash(0)).is_none() && by_count.get(&hash(2)).is_some());
    assert_eq!(by_count.len(), 2);
    by_count.remove(&hash(2));
    assert_eq!(by_count.len(), 1);

    let by_bytes = VerifiedCache::new(NonZeroUsize::new(1_000).unwrap(), 16 * 3 * size);
    for number in 0..5 {
        by_bytes.insert(numbered(number));
        by_bytes.insert(numbered(number)); // again changes nothing
    }
    assert_eq!(by_bytes.len(), 3);
    assert!(by_bytes.get(&hash(1)).is_none() && by_bytes.get(&hash(4)).is_some());
    let tiny = VerifiedCache::new(NonZeroUsize::MIN, 16);
    tiny.insert(numbered(0));
    assert!(tiny.is_empty());
}
