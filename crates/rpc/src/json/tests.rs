use super::*;
use proptest::prelude::*;
use prost::Message;
use serde_json::json;
use virtengine_types::proto::cosmos::{
    bank::v1beta1::MsgSend,
    base::v1beta1::Coin,
    staking::v1beta1::{BondStatus, Commission, CommissionRates, Params, Validator},
    tx::v1beta1::{AuthInfo, ModeInfo, SignerInfo, TxBody, mode_info},
};

fn shown(name: &str, message: &impl Message) -> Value {
    let descriptor = resolve(name).unwrap();
    to_json(&DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).unwrap()).unwrap()
}

fn read(name: &str, json: Value) -> Result<DynamicMessage, JsonError> {
    from_json(&resolve(name).unwrap(), &json)
}

fn send() -> MsgSend {
    let amount = vec![Coin { denom: "uve".into(), amount: "5".into() }];
    MsgSend { from_address: "a".into(), to_address: "b".into(), amount }
}

#[test]
fn a_validator_has_the_gateways_shape() {
    let rates = CommissionRates {
        rate: "100000000000000000".into(),
        max_rate: "200000000000000000".into(),
        max_change_rate: "10000000000000000".into(),
    };
    let update_time = Some(prost_types::Timestamp { seconds: 1_795_431_600, nanos: 123_000_000 });
    let validator = Validator {
        operator_address: "v".into(),
        status: BondStatus::Bonded.into(),
        tokens: "7".into(),
        delegator_shares: "7000000000000000000".into(),
        commission: Some(Commission { commission_rates: Some(rates), update_time }),
        unbonding_height: -1,
        ..Validator::default()
    };
    assert_eq!(
        shown("cosmos.staking.v1beta1.Validator", &validator),
        json!({
            "operator_address": "v",
            "consensus_pubkey": null,
            "jailed": false,
            "status": "BOND_STATUS_BONDED",
            "tokens": "7",
            "delegator_shares": "7.000000000000000000",
            "description": null,
            "unbonding_height": "-1",
            "unbonding_time": null,
            "commission": {
                "commission_rates": {
                    "rate": "0.100000000000000000",
                    "max_rate": "0.200000000000000000",
                    "max_change_rate": "0.010000000000000000",
                },
                "update_time": "2026-11-23T11:00:00.123Z",
            },
            "min_self_delegation": "",
            "unbonding_on_hold_ref_count": "0",
            "unbonding_ids": [],
        })
    );
}

#[test]
fn durations_and_small_numbers_have_their_forms() {
    let params = Params {
        unbonding_time: Some(prost_types::Duration { seconds: 1_814_400, nanos: 0 }),
        max_validators: 100,
        min_commission_rate: "0".into(),
        ..Params::default()
    };
    let json = shown("cosmos.staking.v1beta1.Params", &params);
    assert_eq!(json["unbonding_time"], json!("1814400s"));
    assert_eq!(json["max_validators"], json!(100));
    assert_eq!(json["min_commission_rate"], json!("0.000000000000000000"));
}

#[test]
fn a_body_shows_its_messages_by_type() {
    let any =
        prost_types::Any { type_url: "/cosmos.bank.v1beta1.MsgSend".into(), value: send().encode_to_vec() };
    let body = TxBody { messages: vec![any], ..TxBody::default() };
    let json = shown("cosmos.tx.v1beta1.TxBody", &body);
    assert_eq!(
        json["messages"],
        json!([{
            "@type": "/cosmos.bank.v1beta1.MsgSend",
            "from_address": "a",
            "to_address": "b",
            "amount": [{"denom": "uve", "amount": "5"}],
        }])
    );
    assert_eq!(json["timeout_height"], json!("0"));
    assert_eq!(json["extension_options"], json!([]));
    let back: TxBody = read("cosmos.tx.v1beta1.TxBody", json).unwrap().transcode_to().unwrap();
    assert_eq!(back, body);
}

#[test]
fn only_the_chosen_member_of_a_choice_is_shown() {
    let single = mode_info::Sum::Single(mode_info::Single { mode: 1 });
    let info =
        SignerInfo { mode_info: Some(ModeInfo { sum: Some(single) }), sequence: 3, ..SignerInfo::default() };
    let auth = AuthInfo { signer_infos: vec![info], ..AuthInfo::default() };
    assert_eq!(
        shown("cosmos.tx.v1beta1.AuthInfo", &auth),
        json!({
            "signer_infos": [{
                "public_key": null,
                "mode_info": {"single": {"mode": "SIGN_MODE_DIRECT"}},
                "sequence": "3",
            }],
            "fee": null,
            "tip": null,
        })
    );
}

#[test]
fn both_spellings_of_names_and_numbers_are_read() {
    for json in [
        json!({"tx_bytes": "+/8=", "mode": "BROADCAST_MODE_SYNC"}),
        json!({"txBytes": "-_8", "mode": 2}),
        json!({"txBytes": "+/8", "mode": "2", "tx_bytes": null}),
    ] {
        let request: virtengine_types::proto::cosmos::tx::v1beta1::BroadcastTxRequest =
            read("cosmos.tx.v1beta1.BroadcastTxRequest", json).unwrap().transcode_to().unwrap();
        assert_eq!((request.tx_bytes.as_ref(), request.mode), ([0xfb, 0xff].as_slice(), 2));
    }
}

#[test]
fn rejects_json_that_does_not_fit() {
    let name = "cosmos.tx.v1beta1.BroadcastTxRequest";
    let unknown = read(name, json!({"nope": 1}));
    assert!(matches!(unknown, Err(JsonError::UnknownField { .. })));
    for json in [json!({"tx_bytes": "*"}), json!({"mode": "NOPE"}), json!({"tx_bytes": 5}), json!([])] {
        assert!(matches!(read(name, json), Err(JsonError::Value { .. })));
    }
    let any = json!({"messages": [{"@type": "/no.such.Msg"}]});
    assert_eq!(
        read("cosmos.tx.v1beta1.TxBody", any),
        Err(JsonError::UnknownType { type_url: "/no.such.Msg".into() })
    );
    let malformed = prost_types::Any { type_url: "/cosmos.bank.v1beta1.MsgSend".into(), value: vec![7] };
    let body = TxBody { messages: vec![malformed], ..TxBody::default() };
    let message =
        DynamicMessage::decode(resolve("cosmos.tx.v1beta1.TxBody").unwrap(), body.encode_to_vec().as_slice());
    assert!(matches!(to_json(&message.unwrap()), Err(JsonError::Malformed { .. })));
}

#[test]
fn rejects_any_within_any_without_end() {
    let mut any = prost_types::Any { type_url: "/cosmos.crypto.secp256k1.PubKey".into(), value: vec![] };
    for _ in 0..2_000 {
        let keys = virtengine_types::proto::cosmos::crypto::multisig::LegacyAminoPubKey {
            threshold: 1,
            public_keys: vec![any],
        };
        any = prost_types::Any {
            type_url: "/cosmos.crypto.multisig.LegacyAminoPubKey".into(),
            value: keys.encode_to_vec(),
        };
    }
    let message = DynamicMessage::decode(resolve(ANY).unwrap(), any.encode_to_vec().as_slice()).unwrap();
    assert_eq!(to_json(&message), Err(JsonError::TooDeep { max: MAX_DEPTH }));
}

#[test]
fn parameters_reach_into_messages_and_append_to_lists() {
    let descriptor = resolve("cosmos.tx.v1beta1.GetTxsEventRequest").unwrap();
    let mut message = DynamicMessage::new(descriptor);
    for (path, text) in [
        ("events", "a.b='c'"),
        ("events", "tx.height=5"),
        ("pagination.limit", "7"),
        ("pagination.countTotal", "true"),
        ("order_by", "ORDER_BY_DESC"),
    ] {
        set_parameter(&mut message, path, text).unwrap();
    }
    let request: virtengine_types::proto::cosmos::tx::v1beta1::GetTxsEventRequest =
        message.transcode_to().unwrap();
    assert_eq!(request.events, ["a.b='c'", "tx.height=5"]);
    let page = request.pagination.unwrap();
    assert_eq!((page.limit, page.count_total, request.order_by), (7, true, 2));
    for path in ["pagination", "nope", "pagination.nope", "order_by.x", ""] {
        let mut message = DynamicMessage::new(resolve("cosmos.tx.v1beta1.GetTxsEventRequest").unwrap());
        assert!(set_parameter(&mut message, path, "1").is_err(), "{path}");
    }
}

proptest! {
    #[test]
    fn any_bytes_of_any_message_are_shown_or_refused(
        index in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let messages: Vec<_> = proto::pool().all_messages().collect();
        let descriptor = index.get(&messages).clone();
        if let Ok(message) = DynamicMessage::decode(descriptor.clone(), bytes.as_slice())
            && let Ok(json) = to_json(&message)
        {
            // What is shown can be read, unless its numbers name no enum member or a time is out of range.
            let _shown = from_json(&descriptor, &json).is_ok();
        }
    }
}
