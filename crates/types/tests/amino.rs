//! The JSON documents that wallets sign, byte for byte.

use prost::Message;
use virtengine_types::{
    Address,
    proto::cosmos::{
        bank::v1beta1::{Input, MsgMultiSend, MsgSend, Output},
        base::v1beta1::Coin,
        distribution::v1beta1::{
            MsgSetWithdrawAddress, MsgWithdrawDelegatorReward, MsgWithdrawValidatorCommission,
        },
        slashing::v1beta1::MsgUnjail,
        staking::v1beta1::{
            CommissionRates, Description, MsgBeginRedelegate, MsgCancelUnbondingDelegation,
            MsgCreateValidator, MsgDelegate, MsgEditValidator, MsgUndelegate,
        },
        tx::v1beta1::{AuthInfo, Fee, ModeInfo, SignerInfo, TxBody, TxRaw, mode_info},
    },
    sign::{AminoError, amino_json, direct},
    tx::{DecodedTx, PublicKey},
};

const KEY: PublicKey = PublicKey::Secp256k1([2; 33]);
const ALICE: &str = "virtengine12xq57yyxwzkw6tthcxq9mhtxxj7f63e3h0myac";
const BOB: &str = "virtengine1qszqgpqyqszqgpqyqszqgpqyqszqgpqyyvqwqr";

fn coin(amount: &str) -> Coin {
    Coin { denom: "uve".into(), amount: amount.into() }
}

/// A transaction of one message, as `KEY` signs it with sequence 1.
fn tx<M: Message + prost::Name>(message: &M, memo: &str, timeout_height: u64) -> DecodedTx {
    let any = prost_types::Any { type_url: M::type_url(), value: message.encode_to_vec() };
    let body = TxBody { messages: vec![any], memo: memo.into(), timeout_height, ..TxBody::default() };
    let fee = Fee { amount: vec![coin("5000")], gas_limit: 200_000, ..Fee::default() };
    let single = mode_info::Sum::Single(mode_info::Single { mode: 127 });
    let signer = SignerInfo {
        public_key: Some(KEY.to_any()),
        mode_info: Some(ModeInfo { sum: Some(single) }),
        sequence: 1,
    };
    let auth = AuthInfo { signer_infos: vec![signer], fee: Some(fee), ..AuthInfo::default() };
    let raw = TxRaw {
        body_bytes: body.encode_to_vec().into(),
        auth_info_bytes: auth.encode_to_vec().into(),
        signatures: vec![vec![7; 64].into()],
    };
    DecodedTx::decode(raw.encode_to_vec().into()).unwrap()
}

/// The documents of account 7 on chain `test-1`.
fn docs(tx: &DecodedTx) -> Vec<String> {
    let docs = amino_json(tx, "test-1", 7, 1).unwrap();
    docs.into_iter().map(|doc| String::from_utf8(doc).unwrap()).collect()
}

fn document(message: &str) -> String {
    [
        r#"{"account_number":"7","chain_id":"test-1","fee":{"amount":[{"amount":"5000","denom":"uve"}],"gas":"200000"},"memo":"","msgs":["#,
        message,
        r#"],"sequence":"1"}"#,
    ]
    .concat()
}

fn alice() -> String {
    KEY.address().to_string()
}

fn bob() -> String {
    Address([4; 20]).to_string()
}

fn operator(byte: u8) -> String {
    Address([byte; 20]).operator()
}

#[test]
fn the_addresses_of_these_documents_are_these() {
    assert_eq!((alice(), bob()), (ALICE.to_owned(), BOB.to_owned()));
}

#[test]
fn a_send() {
    let send = MsgSend { from_address: alice(), to_address: bob(), amount: vec![coin("1234567")] };
    let message = r#"{"type":"cosmos-sdk/MsgSend","value":{"amount":[{"amount":"1234567","denom":"uve"}],"from_address":"ALICE","to_address":"BOB"}}"#;
    let message = message.replace("ALICE", ALICE).replace("BOB", BOB);
    assert_eq!(docs(&tx(&send, "", 0)), [document(&message)]);
}

#[test]
fn a_memo_is_escaped_and_a_timeout_is_named() {
    let send = MsgSend { from_address: alice(), to_address: bob(), amount: vec![coin("1")] };
    let docs = docs(&tx(&send, "a<b>&\"c\"\n\u{e9}", 5));
    assert_eq!(docs.len(), 1);
    assert!(docs[0].contains(r#""memo":"a\u003cb\u003e\u0026\"c\"\né","msgs""#), "{}", docs[0]);
    assert!(docs[0].ends_with(r#","sequence":"1","timeout_height":"5"}"#), "{}", docs[0]);
}

#[test]
fn a_multi_send() {
    let inputs = vec![Input { address: alice(), coins: vec![coin("3")] }];
    let outputs = ["1", "2"].map(|amount| Output { address: bob(), coins: vec![coin(amount)] }).to_vec();
    let message = r#"{"type":"cosmos-sdk/MsgMultiSend","value":{"inputs":[{"address":"ALICE","coins":[{"amount":"3","denom":"uve"}]}],"outputs":[{"address":"BOB","coins":[{"amount":"1","denom":"uve"}]},{"address":"BOB","coins":[{"amount":"2","denom":"uve"}]}]}}"#;
    let message = message.replace("ALICE", ALICE).replace("BOB", BOB);
    assert_eq!(docs(&tx(&MsgMultiSend { inputs, outputs }, "", 0)), [document(&message)]);
}

#[test]
fn a_delegation_and_an_undelegation() {
    let text = |kind: &str| {
        let value = format!(
            r#"{{"amount":{{"amount":"9","denom":"uve"}},"delegator_address":"{ALICE}","validator_address":"{}"}}"#,
            operator(4)
        );
        document(&format!(r#"{{"type":"cosmos-sdk/{kind}","value":{value}}}"#))
    };
    let (delegator_address, validator_address, amount) = (alice(), operator(4), Some(coin("9")));
    let delegate = MsgDelegate {
        delegator_address: delegator_address.clone(),
        validator_address: validator_address.clone(),
        amount: amount.clone(),
    };
    assert_eq!(docs(&tx(&delegate, "", 0)), [text("MsgDelegate")]);
    let undelegate = MsgUndelegate { delegator_address, validator_address, amount };
    assert_eq!(docs(&tx(&undelegate, "", 0)), [text("MsgUndelegate")]);
}

#[test]
fn a_redelegation_and_a_cancellation() {
    let redelegate = MsgBeginRedelegate {
        delegator_address: alice(),
        validator_src_address: operator(4),
        validator_dst_address: operator(5),
        amount: Some(coin("9")),
    };
    let message = format!(
        r#"{{"type":"cosmos-sdk/MsgBeginRedelegate","value":{{"amount":{{"amount":"9","denom":"uve"}},"delegator_address":"{ALICE}","validator_dst_address":"{}","validator_src_address":"{}"}}}}"#,
        operator(5),
        operator(4)
    );
    assert_eq!(docs(&tx(&redelegate, "", 0)), [document(&message)]);
    let cancel = MsgCancelUnbondingDelegation {
        delegator_address: alice(),
        validator_address: operator(4),
        amount: Some(coin("9")),
        creation_height: 12,
    };
    let message = format!(
        r#"{{"type":"cosmos-sdk/MsgCancelUnbondingDelegation","value":{{"amount":{{"amount":"9","denom":"uve"}},"creation_height":"12","delegator_address":"{ALICE}","validator_address":"{}"}}}}"#,
        operator(4)
    );
    assert_eq!(docs(&tx(&cancel, "", 0)), [document(&message)]);
}

#[test]
#[allow(deprecated)] // old clients sign delegator_address
fn a_new_validator_with_and_without_its_empty_texts() {
    let key = virtengine_types::proto::cosmos::crypto::ed25519::PubKey { key: vec![9; 32].into() };
    let pubkey =
        prost_types::Any { type_url: "/cosmos.crypto.ed25519.PubKey".into(), value: key.encode_to_vec() };
    let create = MsgCreateValidator {
        description: Some(Description { moniker: "val".into(), ..Description::default() }),
        commission: Some(CommissionRates {
            rate: "100000000000000000".into(),
            max_rate: "200000000000000000".into(),
            max_change_rate: "10000000000000000".into(),
        }),
        min_self_delegation: "1".into(),
        delegator_address: alice(),
        validator_address: KEY.address().operator(),
        pubkey: Some(pubkey),
        value: Some(coin("100")),
    };
    let text = |description: &str| {
        let pubkey =
            r#"{"type":"tendermint/PubKeyEd25519","value":"CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk="}"#;
        let rates = r#"{"max_change_rate":"0.010000000000000000","max_rate":"0.200000000000000000","rate":"0.100000000000000000"}"#;
        document(&format!(
            r#"{{"type":"cosmos-sdk/MsgCreateValidator","value":{{"commission":{rates},"delegator_address":"{ALICE}","description":{description},"min_self_delegation":"1","pubkey":{pubkey},"validator_address":"{}","value":{{"amount":"100","denom":"uve"}}}}}}"#,
            KEY.address().operator()
        ))
    };
    let kept = r#"{"details":"","identity":"","moniker":"val","security_contact":"","website":""}"#;
    assert_eq!(docs(&tx(&create, "", 0)), [text(kept), text(r#"{"moniker":"val"}"#)]);
}

#[test]
fn an_edit_names_only_what_it_changes() {
    let edit = MsgEditValidator {
        description: Some(Description {
            moniker: "m".into(),
            identity: "i".into(),
            website: "w".into(),
            security_contact: "s".into(),
            details: "d".into(),
        }),
        validator_address: KEY.address().operator(),
        commission_rate: "50000000000000000".into(),
        min_self_delegation: String::new(),
    };
    let message = format!(
        r#"{{"type":"cosmos-sdk/MsgEditValidator","value":{{"commission_rate":"0.050000000000000000","description":{{"details":"d","identity":"i","moniker":"m","security_contact":"s","website":"w"}},"validator_address":"{}"}}}}"#,
        KEY.address().operator()
    );
    assert_eq!(docs(&tx(&edit, "", 0)), [document(&message)]);
}

#[test]
fn rewards_and_where_they_go() {
    let reward = MsgWithdrawDelegatorReward { delegator_address: alice(), validator_address: operator(4) };
    let message = format!(
        r#"{{"type":"cosmos-sdk/MsgWithdrawDelegationReward","value":{{"delegator_address":"{ALICE}","validator_address":"{}"}}}}"#,
        operator(4)
    );
    assert_eq!(docs(&tx(&reward, "", 0)), [document(&message)]);
    let address = MsgSetWithdrawAddress { delegator_address: alice(), withdraw_address: bob() };
    let message = format!(
        r#"{{"type":"cosmos-sdk/MsgModifyWithdrawAddress","value":{{"delegator_address":"{ALICE}","withdraw_address":"{BOB}"}}}}"#
    );
    assert_eq!(docs(&tx(&address, "", 0)), [document(&message)]);
}

#[test]
fn a_commission_under_both_its_names() {
    let commission = MsgWithdrawValidatorCommission { validator_address: KEY.address().operator() };
    let message = |name: &str| {
        document(&format!(
            r#"{{"type":"cosmos-sdk/{name}","value":{{"validator_address":"{}"}}}}"#,
            KEY.address().operator()
        ))
    };
    let both = ["MsgWithdrawValidatorCommission", "MsgWithdrawValCommission"].map(message);
    assert_eq!(docs(&tx(&commission, "", 0)), both);
}

#[test]
fn an_unjail() {
    let unjail = MsgUnjail { validator_addr: KEY.address().operator() };
    let message =
        format!(r#"{{"type":"cosmos-sdk/MsgUnjail","value":{{"address":"{}"}}}}"#, KEY.address().operator());
    assert_eq!(docs(&tx(&unjail, "", 0)), [document(&message)]);
}

#[test]
fn rejects_messages_without_an_amino_name() {
    let message = virtengine_types::proto::virtengine::staking::v1::MsgSetConsensusKey {
        validator_address: KEY.address().operator(),
        bls_public_key: vec![0; 48].into(),
        proof_of_possession: vec![0; 96].into(),
    };
    let type_url = "/virtengine.staking.v1.MsgSetConsensusKey".to_owned();
    let error = amino_json(&tx(&message, "", 0), "test-1", 7, 1).unwrap_err();
    assert_eq!(error, AminoError::NoAminoName { type_url });
}

#[test]
fn a_direct_document_holds_the_received_bytes_and_omits_zeros() {
    let send = MsgSend { from_address: alice(), to_address: bob(), amount: vec![coin("1")] };
    let tx = tx(&send, "", 0);
    let mut expected = Vec::new();
    for (tag, bytes) in [(0x0a, &tx.body_bytes[..]), (0x12, &tx.auth_info_bytes), (0x1a, b"test-1")] {
        expected.push(tag);
        prost::encoding::encode_varint(bytes.len() as u64, &mut expected);
        expected.extend(bytes);
    }
    assert_eq!(direct(&tx, "test-1", 0), expected);
    expected.extend([0x20, 7]);
    assert_eq!(direct(&tx, "test-1", 7), expected);
}
