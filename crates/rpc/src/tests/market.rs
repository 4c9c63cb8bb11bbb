//! The market over REST: posting signed transactions and reading what they made.

use super::Node;
use super::chain::{address, coin};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::{Value, json};
use virtengine_types::proto::virtengine::{
    market::v1::{MsgAcceptBid, MsgCreateOrder, MsgSubmitBid, OrderSpec, ResourceUnit, Selection},
    provider::v1::{Attribute, MsgAttestProvider, MsgRegisterProvider, MsgUpdateProvider},
};

const BASE: &str = "/virtengine/market/v1";

fn body(tx: &Bytes) -> Value {
    json!({"tx_bytes": STANDARD.encode(tx)})
}

fn create_order() -> MsgCreateOrder {
    let unit = ResourceUnit {
        cpu_milli: 1_000,
        memory_bytes: 1 << 30,
        storage: vec![virtengine_types::proto::virtengine::market::v1::Storage {
            name: "default".into(),
            bytes: 1 << 30,
            ..Default::default()
        }],
        count: 1,
        ..ResourceUnit::default()
    };
    let spec = OrderSpec {
        name: "web".into(),
        resources: vec![unit],
        region: "eu-west".into(),
        max_price: Some(coin(100)),
        bid_window: 10,
        selection: Selection::Manual.into(),
        ..OrderSpec::default()
    };
    MsgCreateOrder { tenant: address("tenant").to_string(), spec: Some(spec), deposit: Some(coin(5_000_000)) }
}

async fn posted(node: &Node, path: &str, tx: &Bytes) -> u64 {
    let (status, answer) = node.post(path, &body(tx)).await;
    assert_eq!((status, &answer["tx_response"]["code"]), (200, &json!(0)), "{answer}");
    answer["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_order_becomes_a_lease_over_rest() {
    let node = Node::start().await;
    let register = MsgRegisterProvider {
        owner: address("provider").to_string(),
        host_uri: "https://provider.example:8443".into(),
        attributes: vec![Attribute { key: "region".into(), value: "eu-west".into() }],
        ..MsgRegisterProvider::default()
    };
    let tx = node.chain.tx("provider", &register);
    let request = json!({"tx_bytes": STANDARD.encode(&tx), "mode": "BROADCAST_MODE_SYNC"});
    assert_eq!(node.post("/cosmos/tx/v1beta1/txs", &request).await.1["tx_response"]["code"], json!(0));
    let listed = node.found("/virtengine/provider/v1/providers?attribute=region%3Deu-west").await;
    assert_eq!(listed["providers"][0]["owner"], json!(address("provider").to_string()));

    let order = posted(&node, &format!("{BASE}/orders"), &node.chain.tx("tenant", &create_order())).await;
    let submit = MsgSubmitBid {
        provider: address("provider").to_string(),
        order_id: order,
        price: Some(coin(50)),
        deposit: Some(coin(500_000)),
    };
    let bid = posted(&node, &format!("{BASE}/bids"), &node.chain.tx("provider", &submit)).await;
    let open = node.found(&format!("{BASE}/orders/{order}")).await;
    assert_eq!(open["order"]["status"], json!("ORDER_STATUS_OPEN"));
    assert_eq!(open["order"]["open_bids"], json!(1));
    assert_eq!(open["escrow"]["balance"], json!({"denom": "uve", "amount": "5000000"}));
    let bids = node.found(&format!("{BASE}/orders/{order}/bids?status=BID_STATUS_OPEN")).await;
    assert_eq!(bids["bids"][0]["id"], json!(bid.to_string()));

    let accept = MsgAcceptBid { tenant: address("tenant").to_string(), bid_id: bid };
    let tx = node.chain.tx("tenant", &accept);
    let (status, wrong) = node.post(&format!("{BASE}/orders/{}/allocate", order + 1), &body(&tx)).await;
    let message = format!("bid {bid} answers order {order}, not {}", order + 1);
    assert_eq!((status, &wrong["message"]), (400, &json!(message)));
    let lease = posted(&node, &format!("{BASE}/orders/{order}/allocate"), &tx).await;
    let shown = node.found(&format!("{BASE}/leases/{lease}")).await;
    assert_eq!(shown["lease"]["status"], json!("LEASE_STATUS_ACTIVE"));
    assert_eq!(shown["escrow"]["stream"]["rate"], json!({"denom": "uve", "amount": "50"}));
    let tenant = address("tenant");
    let leases = node.found(&format!("{BASE}/leases?tenant={tenant}&status=LEASE_STATUS_ACTIVE")).await;
    assert_eq!(leases["leases"], json!([shown["lease"]]));
    let matched = node.found(&format!("{BASE}/orders?status=ORDER_STATUS_MATCHED&region=eu-west")).await;
    assert_eq!(matched["orders"][0]["lease_id"], json!(lease.to_string()));
    let won = node.found(&format!("{BASE}/bids/{bid}")).await;
    assert_eq!(won["bid"]["status"], json!("BID_STATUS_WON"));
    let escrow = node.found(&format!("/virtengine/escrow/v1/accounts/{order}")).await;
    assert_eq!(escrow["account"], shown["escrow"]);
    let events = node.found("/virtengine/events/v1/events?topics=market.lease.created").await;
    assert_eq!(events["events"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn attestations_are_listed_with_what_of_them_counts() {
    let node = Node::start().await;
    let (owner, auditor) = (address("provider").to_string(), address("tenant").to_string());
    let region = |value: &str| vec![Attribute { key: "region".into(), value: value.into() }];
    let host_uri = "https://provider.example:8443".to_owned();
    let register = MsgRegisterProvider {
        owner: owner.clone(),
        host_uri: host_uri.clone(),
        attributes: region("eu-west"),
        ..Default::default()
    };
    let attest = MsgAttestProvider {
        auditor: auditor.clone(),
        provider: owner.clone(),
        attributes: region("eu-west"),
    };
    let update =
        MsgUpdateProvider { owner: owner.clone(), host_uri, attributes: region("us"), ..Default::default() };
    let send = async |tx: Bytes| {
        let request = json!({"tx_bytes": STANDARD.encode(&tx), "mode": "BROADCAST_MODE_SYNC"});
        let (_, answer) = node.post("/cosmos/tx/v1beta1/txs", &request).await;
        assert_eq!(answer["tx_response"]["code"], json!(0), "{answer}");
    };
    let path = format!("/virtengine/provider/v1/providers/{owner}/attestations");
    send(node.chain.tx("provider", &register)).await;
    assert_eq!(node.found(&path).await["attestations"], json!([]));
    send(node.chain.tx("tenant", &attest)).await;
    let stated = json!([{"key": "region", "value": "eu-west"}]);
    let listed = node.found(&path).await["attestations"][0].clone();
    assert_eq!((&listed["provider"], &listed["auditor"]), (&json!(owner), &json!(auditor)));
    assert_eq!((&listed["attributes"], &listed["valid_attributes"]), (&stated, &stated));
    send(node.chain.tx("provider", &update)).await;
    let named = node.found(&format!("{path}?auditors={owner}&auditors={auditor}")).await;
    assert_eq!(named["attestations"].as_array().unwrap().len(), 1);
    assert_eq!(named["attestations"][0]["attributes"], stated);
    assert_eq!(named["attestations"][0]["valid_attributes"], json!([]));
    let (status, refused) = node.get(&format!("{path}?{}", format!("auditors={owner}&").repeat(33))).await;
    assert_eq!((status, &refused["message"]), (400, &json!("auditors may name at most 32, got 33")));
}

#[tokio::test]
async fn a_write_route_refuses_what_it_is_not_for() {
    let node = Node::start().await;
    let transfer = node.chain.send("tenant", "provider", 1);
    for path in ["orders", "bids", "orders/5/allocate"] {
        let (status, answer) = node.post(&format!("{BASE}/{path}"), &body(&transfer)).await;
        assert_eq!((status, &answer["code"]), (400, &json!(3)), "{path}");
    }
    assert_eq!(node.chain.account("tenant").sequence, 0);
    let accept = MsgAcceptBid { tenant: address("tenant").to_string(), bid_id: 77 };
    let tx = node.chain.tx("tenant", &accept);
    let (status, answer) = node.post(&format!("{BASE}/orders/5/allocate"), &body(&tx)).await;
    assert_eq!((status, &answer["message"]), (404, &json!("bid 77 not found")));
    for body in [json!({}), json!({"tx_bytes": "AAAA"}), json!({"nope": 1}), json!([]), Value::Null] {
        let (status, _) = node.post(&format!("{BASE}/orders"), &body).await;
        assert_eq!(status, 400, "{body}");
    }
}

#[tokio::test]
async fn a_refused_or_failed_order_has_no_number() {
    let node = Node::start().await;
    let stale = node.chain.tx_with("tenant", &create_order(), 9);
    let (status, answer) = node.post(&format!("{BASE}/orders"), &body(&stale)).await;
    assert_eq!((status, &answer["id"]), (400, &Value::Null));
    assert_eq!(answer["tx_response"]["code"], json!(32));
    let poor = MsgCreateOrder { deposit: Some(coin(1)), ..create_order() };
    let (status, answer) = node.post(&format!("{BASE}/orders"), &body(&node.chain.tx("tenant", &poor))).await;
    assert_eq!((status, &answer["id"]), (400, &Value::Null));
    assert_eq!(answer["tx_response"]["codespace"], json!("market"), "{answer}");
    assert_eq!(answer["tx_response"]["height"], json!("2"));
}

#[tokio::test]
async fn absent_things_are_not_found_and_filters_are_checked() {
    let node = Node::start().await;
    for path in ["orders/1", "bids/1", "leases/1"] {
        assert_eq!(node.get(&format!("{BASE}/{path}")).await.0, 404, "{path}");
    }
    for path in [
        "orders/x",
        "orders?pagination.key=AA%3D%3D",
        "orders?status=99",
        "leases?status=NOPE",
        "bids?provider=x",
    ] {
        assert_eq!(node.get(&format!("{BASE}/{path}")).await.0, 400, "{path}");
    }
    assert_eq!(node.found(&format!("{BASE}/orders?unknown=1")).await["orders"], json!([]));
    assert_eq!(node.get("/virtengine/escrow/v1/accounts/1").await.0, 404);
    assert_eq!(node.get("/virtengine/provider/v1/providers?attribute=x").await.0, 400);
    let header = node.found("/virtengine/chain/v1/headers/latest").await;
    assert_eq!(header["header"]["height"], json!("1"));
    assert_eq!(header, node.found("/virtengine/chain/v1/headers/1").await);
    let key = STANDARD.encode([1; 32]).replace('=', "%3D");
    let proof = node.get(&format!("/virtengine/chain/v1/proof?partition=market&key={key}")).await;
    assert_eq!(proof.0, 404, "{}", proof.1);
    assert_eq!(node.get("/virtengine/chain/v1/proof?partition=x&key=").await.0, 400);
    let validator = address("validator").operator();
    let keys = node.found(&format!("/virtengine/staking/v1/consensus_keys/{validator}")).await;
    assert_eq!(STANDARD.decode(keys["bls_public_key"].as_str().unwrap()).unwrap().len(), 48);
    let params = node.found("/virtengine/params/v1/params").await;
    assert_eq!(params["params"]["take_rate_bps"], json!(200));
}
