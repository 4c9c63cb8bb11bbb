use super::*;
use crate::{
    Amount, Coin,
    code::SdkCode,
    coin::CoinError,
    msg::MsgError,
    proto::cosmos::{bank::v1beta1::MsgSend, crypto::multisig::v1beta1::CompactBitArray},
    tx::MultisigKey,
};
use proptest::prelude::*;
use prost::Name;

fn key(byte: u8) -> PublicKey {
    PublicKey::Secp256k1([byte; 33])
}

fn send(from: Address) -> prost_types::Any {
    let amount = vec![Coin::base(Amount(5)).to_wire()];
    let to = key(99).address();
    let send = MsgSend { from_address: from.to_string(), to_address: to.to_string(), amount };
    prost_types::Any { type_url: MsgSend::type_url(), value: send.encode_to_vec() }
}

fn single(mode: i32) -> Option<ModeInfo> {
    Some(ModeInfo { sum: Some(mode_info::Sum::Single(mode_info::Single { mode })) })
}

fn info(key: &PublicKey) -> wire::SignerInfo {
    wire::SignerInfo { public_key: Some(key.to_any()), mode_info: single(1), sequence: 3 }
}

/// A transaction in parts, so that a test can break one of them.
#[derive(Clone)]
struct Parts {
    body: wire::TxBody,
    auth: wire::AuthInfo,
    signatures: Vec<Bytes>,
}

impl Parts {
    fn new() -> Self {
        let fee = wire::Fee {
            amount: vec![Coin::base(Amount(2_500)).to_wire()],
            gas_limit: 100_000,
            ..wire::Fee::default()
        };
        let body = wire::TxBody {
            messages: vec![send(key(2).address())],
            memo: "hello".to_owned(),
            timeout_height: 9,
            ..wire::TxBody::default()
        };
        let auth =
            wire::AuthInfo { signer_infos: vec![info(&key(2))], fee: Some(fee), ..wire::AuthInfo::default() };
        Self { body, auth, signatures: vec![Bytes::from_static(&[7; 64])] }
    }

    /// The three fields of the outer encoding.
    fn fields(&self) -> [Vec<u8>; 3] {
        let field = |tag: u8, bytes: &[u8]| {
            let mut field = vec![tag << 3 | 2];
            prost::encoding::encode_varint(bytes.len() as u64, &mut field);
            [field, bytes.to_vec()].concat()
        };
        let raw = self.raw();
        [field(1, &raw.body_bytes), field(2, &raw.auth_info_bytes), field(3, &raw.signatures[0])]
    }

    fn raw(&self) -> wire::TxRaw {
        wire::TxRaw {
            body_bytes: self.body.encode_to_vec().into(),
            auth_info_bytes: self.auth.encode_to_vec().into(),
            signatures: self.signatures.clone(),
        }
    }

    fn bytes(&self) -> Bytes {
        self.raw().encode_to_vec().into()
    }
}

fn broken(change: impl FnOnce(&mut Parts)) -> TxError {
    let mut parts = Parts::new();
    change(&mut parts);
    DecodedTx::decode(parts.bytes()).unwrap_err()
}

#[test]
fn accepts_a_transaction_and_keeps_its_bytes() {
    let parts = Parts::new();
    let tx = DecodedTx::decode(parts.bytes()).unwrap();
    assert_eq!(tx.raw, parts.bytes());
    assert_eq!((tx.body_bytes, tx.auth_info_bytes), (parts.raw().body_bytes, parts.raw().auth_info_bytes));
    assert_eq!(tx.hash, <[u8; 32]>::from(Sha256::digest(&tx.raw)));
    assert_eq!((tx.memo.as_str(), tx.timeout_height), ("hello", 9));
    assert_eq!((tx.fee.gas_limit, tx.fee.payer), (Gas(100_000), key(2).address()));
    let [signer] = tx.signers.as_slice() else { panic!("{:?}", tx.signers) };
    assert_eq!((signer.address, signer.sequence, &signer.mode), (key(2).address(), 3, &SignMode::Direct));
    assert_eq!(signer.public_key, Some(key(2)));
}

#[test]
fn accepts_several_signers_in_the_order_of_their_messages_then_the_payer() {
    let mut parts = Parts::new();
    let [first, second, payer] = [key(2), key(4), key(6)];
    parts.body.messages = [&first, &second, &first].map(|key| send(key.address())).to_vec();
    parts.auth.fee.as_mut().unwrap().payer = payer.address().to_string();
    parts.auth.signer_infos = [&first, &second, &payer].map(info).to_vec();
    parts.signatures = vec![Bytes::from_static(&[1; 64]); 3];
    let tx = DecodedTx::decode(parts.bytes()).unwrap();
    let signers: Vec<_> = tx.signers.iter().map(|signer| signer.address).collect();
    assert_eq!(signers, [first, second, payer].map(|key| key.address()));
}

#[test]
fn accepts_a_multisig_with_the_members_that_signed() {
    let key = PublicKey::Multisig(MultisigKey { threshold: 2, members: vec![[2; 33], [3; 33], [4; 33]] });
    let mut parts = Parts::new();
    parts.body.messages = vec![send(key.address())];
    let bits = CompactBitArray { extra_bits_stored: 3, elems: vec![0b1010_0000].into() };
    let modes = vec![single(127).unwrap(), single(127).unwrap()];
    let multi = mode_info::Multi { bitarray: Some(bits), mode_infos: modes };
    let mode_info = Some(ModeInfo { sum: Some(mode_info::Sum::Multi(multi)) });
    parts.auth.signer_infos = vec![wire::SignerInfo { mode_info, ..info(&key) }];
    let tx = DecodedTx::decode(parts.bytes()).unwrap();
    let modes = vec![SignMode::AminoJson; 2];
    assert_eq!(tx.signers[0].mode, SignMode::Multi { present: vec![true, false, true], modes });
}

#[test]
fn accepts_unsigned_only_to_simulate() {
    let mut parts = Parts::new();
    parts.signatures.clear();
    parts.auth.signer_infos[0] = wire::SignerInfo { sequence: 3, ..wire::SignerInfo::default() };
    let tx = DecodedTx::decode_unsigned(parts.bytes()).unwrap();
    assert_eq!((&tx.signers[0].mode, tx.signers[0].public_key.as_ref()), (&SignMode::Unspecified, None));
    assert_eq!(DecodedTx::decode(parts.bytes()).unwrap_err(), TxError::NoSignatures { expected: 1 });
}

#[test]
fn rejects_oversized_bytes() {
    let error = DecodedTx::decode(vec![0; MAX_TX_BYTES + 1].into()).unwrap_err();
    assert_eq!(error, TxError::TooLarge { found: MAX_TX_BYTES + 1, max: MAX_TX_BYTES });
    assert_eq!(error.rejection().code, 21);
}

#[test]
fn rejects_every_truncation() {
    let bytes = Parts::new().bytes();
    for length in 0..bytes.len() {
        let error = DecodedTx::decode(bytes.slice(..length)).unwrap_err();
        assert_ne!(error.rejection().code, 0, "{length}");
    }
}

#[test]
fn rejects_unknown_fields_everywhere_but_the_noncritical_ones_of_the_body() {
    let field = |number: u32| {
        let mut bytes = Vec::new();
        prost::encoding::bytes::encode(number, &vec![1u8], &mut bytes);
        bytes
    };
    let with = |body: &[u8], auth: &[u8], tx: &[u8]| {
        let mut raw = Parts::new().raw();
        raw.body_bytes = [&raw.body_bytes, body].concat().into();
        raw.auth_info_bytes = [&raw.auth_info_bytes, auth].concat().into();
        DecodedTx::decode([raw.encode_to_vec().as_slice(), tx].concat().into())
    };
    for (part, number, result) in [
        ("tx", 9, with(&[], &[], &field(9))),
        ("tx body", 9, with(&field(9), &[], &[])),
        ("tx body", 2_048, with(&field(2_048), &[], &[])),
        ("auth info", 1_024, with(&[], &field(1_024), &[])),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error, TxError::UnknownField { part, number });
        assert_eq!(error.rejection().code, 2);
    }
    assert!(with(&field(1_024), &[], &[]).is_ok());
}

/// A field of one byte with a number that nothing has.
fn stray() -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::bytes::encode(90, &vec![1u8], &mut bytes);
    bytes
}

#[test]
fn rejects_unknown_fields_at_any_depth() {
    let error = broken(|parts| parts.body.messages[0].value.extend(stray()));
    assert_eq!(error.rejection().code, 2);
    assert!(error.to_string().contains("errUnknownField field 90"), "{error}");
    // The coin of a transfer, two levels down, its length with it.
    let error = broken(|parts| {
        let any = &mut parts.body.messages[0];
        let coin = Coin::base(Amount(5)).to_wire().encode_to_vec();
        let strange = [coin.clone(), stray()].concat();
        let at = any.value.windows(coin.len()).position(|window| window == coin).unwrap();
        any.value.splice(at - 1..at + coin.len(), [vec![strange.len() as u8], strange].concat());
    });
    assert!(error.to_string().contains("errUnknownField field 90"), "{error}");
    let mut raw = Parts::new().raw();
    let fee = Parts::new().auth.fee.unwrap().encode_to_vec();
    let strange = [fee.clone(), stray()].concat();
    let at = raw.auth_info_bytes.windows(fee.len()).position(|window| window == fee).unwrap();
    let mut auth = raw.auth_info_bytes.to_vec();
    auth.splice(at - 1..at + fee.len(), [vec![strange.len() as u8], strange].concat());
    raw.auth_info_bytes = auth.into();
    let error = DecodedTx::decode(raw.encode_to_vec().into()).unwrap_err();
    assert_eq!(error, TxError::UnknownField { part: "auth info", number: 90 });
}

#[test]
fn other_encodings_are_accepted_only_under_a_signature_that_covers_them() {
    let mut parts = Parts::new();
    let mut raw = parts.raw();
    // The memo twice: the last counts.
    let twice = [b"\x12\x02hi".as_slice(), &raw.body_bytes].concat();
    raw.body_bytes = twice.clone().into();
    assert_eq!(DecodedTx::decode(raw.encode_to_vec().into()).unwrap().memo, "hello");
    parts.auth.signer_infos[0].mode_info = single(SignMode::AMINO_JSON);
    assert!(DecodedTx::decode(parts.bytes()).is_ok());
    let mut raw = parts.raw();
    raw.body_bytes = twice.into();
    let error = DecodedTx::decode(raw.encode_to_vec().into()).unwrap_err();
    let length = parts.raw().body_bytes.len();
    assert_eq!(error, TxError::NotCanonical { part: "tx body", found: length + 4, canonical: length });
    let mut message = parts.clone();
    let value = &mut message.body.messages[0].value;
    let length = value.len();
    let sender = value[..2 + usize::from(value[1])].to_vec();
    value.extend(&sender);
    let error = DecodedTx::decode(message.bytes()).unwrap_err();
    let found = length + sender.len();
    assert_eq!(error, TxError::NotCanonical { part: "message", found, canonical: length });
    let mut key = parts;
    let any = key.auth.signer_infos[0].public_key.as_mut().unwrap();
    let length = any.value.len();
    any.value = any.value.repeat(2);
    let error = DecodedTx::decode(key.bytes()).unwrap_err();
    assert!(matches!(error, TxError::Key { .. }), "{error}");
    let cause = format!("its encoding has {} bytes, the canonical one {length}", 2 * length);
    assert!(error.to_string().ends_with(&cause), "{error}");
}

#[test]
fn members_of_a_multisig_have_one_encoding() {
    let key = PublicKey::Multisig(MultisigKey { threshold: 1, members: vec![[2; 33], [3; 33]] });
    let mut any = key.to_any();
    assert_eq!(PublicKey::from_any(&any), Ok(key));
    let mut wire =
        crate::proto::cosmos::crypto::multisig::LegacyAminoPubKey::decode(any.value.as_slice()).unwrap();
    wire.public_keys[1].value.extend(stray());
    any.value = wire.encode_to_vec();
    let error = PublicKey::from_any(&any).unwrap_err();
    assert!(error.to_string().contains("the canonical one"), "{error}");
}

#[test]
fn rejects_bits_beyond_the_members_of_a_multisig() {
    for (elems, extra_bits_stored) in [(0b1010_0001, 3), (0b1010_1000, 3), (0b1000_0001, 7)] {
        let error = broken(|parts| {
            let bits = CompactBitArray { extra_bits_stored, elems: vec![elems].into() };
            let multi = mode_info::Multi { bitarray: Some(bits), mode_infos: Vec::new() };
            let mode_info = Some(ModeInfo { sum: Some(mode_info::Sum::Multi(multi)) });
            parts.auth.signer_infos[0].mode_info = mode_info;
        });
        assert_eq!(error, TxError::SignMode { found: -1 }, "{elems:b}");
    }
}

#[test]
fn rejects_extensions_and_what_is_not_supported() {
    let any = prost_types::Any { type_url: "/a.B".into(), value: Vec::new() };
    let error = broken(|parts| parts.body.extension_options = vec![any]);
    assert_eq!((error.rejection().code, error), (31, TxError::ExtensionOptions { found: 1 }));
    let error = broken(|parts| parts.body.unordered = true);
    assert_eq!((error.rejection().code, error), (37, TxError::NotSupported { field: "unordered" }));
    let error = broken(|parts| parts.body.timeout_timestamp = Some(prost_types::Timestamp::default()));
    assert_eq!(error, TxError::NotSupported { field: "timeout_timestamp" });
    let error = broken(|parts| parts.auth.fee.as_mut().unwrap().granter = key(2).address().to_string());
    assert_eq!(error, TxError::NotSupported { field: "fee granter" });
}

#[test]
fn rejects_no_messages_too_many_and_unknown_ones() {
    let error = broken(|parts| parts.body.messages.clear());
    assert_eq!((error.rejection().code, error), (18, TxError::Messages { found: 0, max: 64 }));
    let error = broken(|parts| parts.body.messages = vec![send(key(2).address()); 65]);
    assert_eq!(error, TxError::Messages { found: 65, max: 64 });
    let error = broken(|parts| parts.body.messages[0].type_url = "/cosmos.gov.v1.MsgVote".into());
    assert!(matches!(&error, TxError::Message { index: 0, cause: MsgError::UnknownType { .. } }));
    assert_eq!(error.rejection().code, 2);
}

#[test]
fn rejects_wrong_numbers_of_signers() {
    let error = broken(|parts| parts.signatures.push(Bytes::from_static(&[7; 64])));
    assert_eq!(error, TxError::SignerCount { expected: 1, infos: 1, signatures: 2 });
    assert_eq!(error.rejection().code, 4);
    let error = broken(|parts| parts.auth.signer_infos.push(info(&key(2))));
    assert_eq!(error, TxError::SignerCount { expected: 1, infos: 2, signatures: 1 });
    let error = broken(|parts| parts.signatures.clear());
    assert_eq!((error.rejection().code, error), (15, TxError::NoSignatures { expected: 1 }));
    let error = broken(|parts| {
        parts.body.messages = (2..19).map(|byte| send(key(byte).address())).collect();
    });
    assert_eq!((error.rejection().code, error), (14, TxError::TooManySigners { found: 17, max: 16 }));
}

#[test]
fn rejects_keys_of_others_and_malformed_keys() {
    let error = broken(|parts| parts.auth.signer_infos[0].public_key = Some(key(4).to_any()));
    let (expected, found) = (key(2).address(), key(4).address());
    assert_eq!(error, TxError::KeyMismatch { index: 0, expected, found });
    assert_eq!(error.rejection().code, 8);
    let member = |bytes: usize| {
        let value = crate::proto::cosmos::crypto::secp256k1::PubKey { key: vec![2; bytes].into() };
        prost_types::Any { type_url: "/cosmos.crypto.secp256k1.PubKey".into(), value: value.encode_to_vec() }
    };
    let multisig = |threshold: u32, count: usize| {
        let public_keys = vec![member(33); count];
        let value = crate::proto::cosmos::crypto::multisig::LegacyAminoPubKey { threshold, public_keys };
        let type_url = "/cosmos.crypto.multisig.LegacyAminoPubKey".into();
        prost_types::Any { type_url, value: value.encode_to_vec() }
    };
    let unknown = prost_types::Any { type_url: "/cosmos.crypto.sr25519.PubKey".into(), value: vec![] };
    for any in [member(32), multisig(0, 2), multisig(3, 2), multisig(1, 0), multisig(1, 17), unknown] {
        let error = broken(|parts| parts.auth.signer_infos[0].public_key = Some(any));
        assert!(matches!(error, TxError::Key { .. }), "{error}");
        assert_eq!(error.rejection().code, 8);
    }
}

#[test]
fn rejects_sign_modes_that_are_missing_or_unknown() {
    for (info, found) in [(None, 0), (single(0), 0), (single(2), 2), (single(191), 191)] {
        let error = broken(|parts| parts.auth.signer_infos[0].mode_info = info);
        assert_eq!((error.rejection().code, error), (4, TxError::SignMode { found }));
    }
    let nested = |inner: ModeInfo, bits: CompactBitArray| {
        let multi = mode_info::Multi { bitarray: Some(bits), mode_infos: vec![inner] };
        ModeInfo { sum: Some(mode_info::Sum::Multi(multi)) }
    };
    let one = || CompactBitArray { extra_bits_stored: 1, elems: vec![0x80].into() };
    let deep = nested(nested(single(1).unwrap(), one()), one());
    let many = nested(single(1).unwrap(), CompactBitArray { extra_bits_stored: 0, elems: vec![1; 3].into() });
    let odd = nested(single(1).unwrap(), CompactBitArray { extra_bits_stored: 8, elems: vec![1].into() });
    for info in [deep, many, odd] {
        let error = broken(|parts| parts.auth.signer_infos[0].mode_info = Some(info));
        assert_eq!(error, TxError::SignMode { found: -1 });
    }
}

#[test]
fn rejects_malformed_fees() {
    let error = broken(|parts| parts.auth.fee.as_mut().unwrap().gas_limit = 1 << 63);
    assert_eq!((error.rejection().code, error), (18, TxError::Gas { found: 1 << 63, max: MAX_GAS }));
    let error = broken(|parts| parts.auth.fee.as_mut().unwrap().amount[0].amount = "0".into());
    assert_eq!((error.rejection().code, error), (10, TxError::Fee(CoinError::Zero { denom: "uve".into() })));
    let error = broken(|parts| parts.auth.fee.as_mut().unwrap().payer = "cosmos1abc".into());
    assert_eq!(error.rejection().code, 7);
    assert!(matches!(error, TxError::FeeAddress { field: "payer", .. }));
}

#[test]
fn rejects_parts_that_do_not_decode() {
    let mut raw = Parts::new().raw();
    raw.body_bytes = Bytes::from_static(&[0x0a, 0x05, 1]);
    let error = DecodedTx::decode(raw.encode_to_vec().into()).unwrap_err();
    assert!(matches!(error, TxError::Malformed { part: "tx body", .. }), "{error}");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(DecodedTx::decode(bytes.clone().into()).is_err());
        prop_assert!(DecodedTx::decode_unsigned(bytes.into()).is_err());
    }

    #[test]
    fn mutated_bytes_never_panic_and_what_decodes_keeps_its_bytes(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = Parts::new().bytes().to_vec();
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        match DecodedTx::decode(bytes.clone().into()) {
            Ok(tx) => {
                prop_assert_eq!(&tx.raw[..], &bytes[..]);
                prop_assert_eq!(tx.signers.len(), 1);
            }
            Err(error) => prop_assert_ne!(error.rejection().code, 0),
        }
    }
}

#[test]
fn rejects_other_encodings_of_the_same_transaction() {
    let [body, auth, signature] = Parts::new().fields();
    let decode = |parts: &[&[u8]]| DecodedTx::decode(parts.concat().into());
    let canonical = decode(&[&body, &auth, &signature]).unwrap();
    // A length with a needless byte: 64 as c0 00.
    let long = [&signature[..1], &[0xc0, 0], &signature[2..]].concat();
    let others: [&[&[u8]]; 3] =
        [&[&signature, &auth, &body], &[&body, &auth, &auth, &signature], &[&body, &auth, &long]];
    for parts in others {
        let error = decode(parts).unwrap_err();
        let TxError::NotCanonical { part: "tx", found, canonical: length } = error else { panic!("{error}") };
        assert_eq!((found, length), (parts.concat().len(), canonical.raw.len()));
        assert_eq!(error.rejection().code, SdkCode::TxParse.number());
    }
}
