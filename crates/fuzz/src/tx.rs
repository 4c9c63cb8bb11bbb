//! Transactions.

use crate::{Target, Verdict, memory::bounded, sample};
use bytes::Bytes;
use prost::Message as _;
use prost_types::Any;
use virtengine_client::sign::Unsigned;
use virtengine_crypto::{KeyKind, SigningKey};
use virtengine_types::{
    Amount, Coin, Coins,
    msg::Msg,
    proto::cosmos::{
        bank::v1beta1::MsgSend,
        crypto::multisig::v1beta1::{CompactBitArray, MultiSignature},
        tx::v1beta1::{AuthInfo, Fee, ModeInfo, SignerInfo, TxBody, TxRaw, mode_info},
    },
    sign::{self, amino_json},
    tx::{DecodedTx, MAX_SIGNERS, MultisigKey, PublicKey},
};

const CHAIN: &str = "fuzz-1";
/// Number of the mode that signs amino JSON.
const AMINO: i32 = 127;

/// Transactions, signed or for simulation, and the documents that their signers sign.
#[must_use]
pub fn transactions() -> Target {
    let mut seeds: Vec<_> = Msg::TYPE_URLS.iter().map(|type_url| unsigned(&[of_type(type_url)])).collect();
    seeds.extend([signed(), multisig(), amino(), unsigned(&vec![of_type(Msg::TYPE_URLS[0]); 20])]);
    Target::new(seeds, |input| {
        let raw = Bytes::copy_from_slice(input);
        // A signer of two bytes is about 150 in memory, in a list that doubles, before signers are counted.
        let decoded = bounded(input, 512, || DecodedTx::decode(raw.clone()));
        let simulated = bounded(input, 512, || DecodedTx::decode_unsigned(raw.clone()));
        if let Ok(tx) = &decoded {
            let also = simulated.as_ref().expect("what can be executed can be simulated");
            assert_eq!((&also.messages, &also.fee, &also.memo), (&tx.messages, &tx.fee, &tx.memo));
            assert!(tx.signers.len() <= MAX_SIGNERS);
        }
        for tx in [&decoded, &simulated].into_iter().flatten() {
            assert_eq!(tx.raw, input, "the bytes that were signed are kept");
            let document = sign::direct(tx, CHAIN, 5);
            assert!(
                document.windows(tx.body_bytes.len().max(1)).any(|part| part == tx.body_bytes)
                    || tx.body_bytes.is_empty()
            );
            for document in amino_json(tx, CHAIN, 5, 6).unwrap_or_default() {
                let json: serde_json::Value =
                    serde_json::from_slice(&document).expect("a sign document is JSON");
                assert_eq!(json["chain_id"], CHAIN);
            }
        }
        for error in [&decoded, &simulated].into_iter().filter_map(|result| result.as_ref().err()) {
            assert_ne!(error.rejection().code, 0, "{error}");
        }
        Verdict::of(&simulated)
    })
}

fn of_type(type_url: &str) -> Any {
    Any { type_url: type_url.to_owned(), value: sample::of_type_url(type_url).encode_to_vec() }
}

fn send(from: &PublicKey) -> Any {
    let message = MsgSend {
        from_address: from.address().account(),
        to_address: sample::ACCOUNT.account(),
        amount: vec![Coin::base(Amount(5)).to_wire()],
    };
    virtengine_client::sign::any(&message)
}

fn key() -> SigningKey {
    SigningKey::from_secret(KeyKind::Secp256k1, &[3; 32]).expect("a small number is a key")
}

/// A transaction in mode DIRECT with a valid signature.
fn signed() -> Vec<u8> {
    let mut fee = Coins::default();
    fee.add(&Coin::base(Amount(2_500))).expect("one coin fits");
    let messages = [send(key().public_key()), send(key().public_key())];
    let unsigned = Unsigned {
        messages: &messages,
        memo: "hello",
        timeout_height: 9,
        gas_limit: 200_000,
        fee: &fee,
        sequence: 3,
    };
    unsigned.sign(&key(), CHAIN, 5)
}

fn single(mode: i32) -> ModeInfo {
    ModeInfo { sum: Some(mode_info::Sum::Single(mode_info::Single { mode })) }
}

fn raw(messages: &[Any], signers: Vec<SignerInfo>, signatures: Vec<Bytes>) -> Vec<u8> {
    let body = TxBody { messages: messages.to_vec(), ..TxBody::default() };
    let amount = vec![Coin::base(Amount(1)).to_wire()];
    let fee = Fee { amount, gas_limit: 100_000, ..Fee::default() };
    let auth = AuthInfo { signer_infos: signers, fee: Some(fee), ..AuthInfo::default() };
    let (body_bytes, auth_info_bytes) = (body.encode_to_vec().into(), auth.encode_to_vec().into());
    TxRaw { body_bytes, auth_info_bytes, signatures }.encode_to_vec()
}

/// A transaction for simulation: its signer gives a sequence and nothing else.
fn unsigned(messages: &[Any]) -> Vec<u8> {
    raw(messages, vec![SignerInfo { sequence: 1, ..SignerInfo::default() }], Vec::new())
}

/// A transaction of an old wallet.
fn amino() -> Vec<u8> {
    let key = key();
    let signer = SignerInfo {
        public_key: Some(key.public_key().to_any()),
        mode_info: Some(single(AMINO)),
        sequence: 1,
    };
    raw(&[send(key.public_key())], vec![signer], vec![Bytes::from_static(&[1; 64])])
}

/// A transaction of two of three members.
fn multisig() -> Vec<u8> {
    let members = vec![[2; 33], [3; 33], [4; 33]];
    let key = PublicKey::Multisig(MultisigKey { threshold: 2, members });
    let bitarray = Some(CompactBitArray { extra_bits_stored: 3, elems: vec![0b1010_0000].into() });
    let multi = mode_info::Multi { bitarray, mode_infos: vec![single(AMINO), single(1)] };
    let mode_info = Some(ModeInfo { sum: Some(mode_info::Sum::Multi(multi)) });
    let signer = SignerInfo { public_key: Some(key.to_any()), mode_info, sequence: 1 };
    let signature = MultiSignature { signatures: vec![vec![1; 64].into(), vec![2; 64].into()] };
    raw(&[send(&key)], vec![signer], vec![signature.encode_to_vec().into()])
}
