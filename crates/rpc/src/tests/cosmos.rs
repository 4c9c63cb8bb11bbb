//! What wallets and explorers ask over REST, with the shapes that they read.

use super::Node;
use super::chain::{CHAIN_ID, FUNDS, address, coin, key};
use crate::comet::QueryRequest;
use base64::{Engine, engine::general_purpose::STANDARD};
use prost::Message;
use serde_json::{Value, json};
use virtengine_types::{
    proto::cosmos::{
        auth::v1beta1::QueryAccountRequest,
        bank::v1beta1::{QueryBalanceRequest, QueryBalanceResponse},
        staking::v1beta1::{MsgDelegate, MsgUndelegate, QueryDelegationRequest},
    },
    tx::DecodedTx,
};

fn query(path: &str, data: Vec<u8>, height: i64) -> QueryRequest {
    QueryRequest { path: path.into(), data: data.into(), height, prove: false }
}

#[tokio::test]
async fn the_next_sequence_is_behind_what_is_pending() {
    let node = Node::start().await;
    let ask = |name| format!("/virtengine/chain/v1/next_sequence/{}", address(name));
    assert_eq!(node.found(&ask("tenant")).await, json!({"sequence": "0"}));
    node.chain.pend("tenant", 3);
    assert_eq!(node.found(&ask("tenant")).await, json!({"sequence": "3"}));
    assert_eq!(node.get(&ask("nobody")).await.0, 404);
    assert_eq!(node.get("/virtengine/chain/v1/next_sequence/x").await.0, 400);
}

#[tokio::test]
async fn accounts_are_base_accounts_or_not_found() {
    let node = Node::start().await;
    let tenant = address("tenant");
    let account = node.found(&format!("/cosmos/auth/v1beta1/accounts/{tenant}")).await;
    let number = node.chain.account("tenant").number;
    assert_eq!(
        account,
        json!({"account": {
            "@type": "/cosmos.auth.v1beta1.BaseAccount",
            "address": tenant.to_string(),
            "pub_key": null,
            "account_number": number.to_string(),
            "sequence": "0",
        }})
    );
    let (status, body) = node.get(&format!("/cosmos/auth/v1beta1/accounts/{}", address("nobody"))).await;
    assert_eq!(status, 404);
    let message = format!("account {} not found", address("nobody"));
    assert_eq!(body, json!({"code": 5, "message": message, "details": []}));
    let (status, _) = node.get("/cosmos/auth/v1beta1/accounts/cosmos1xyz").await;
    assert_eq!(status, 400);
    let all =
        node.found("/cosmos/auth/v1beta1/accounts?pagination.limit=2&pagination.count_total=true").await;
    assert_eq!(all["accounts"].as_array().unwrap().len(), 2);
    assert_ne!(all["pagination"]["total"], json!("0"));
    assert!(all["pagination"]["next_key"].is_string());
}

#[tokio::test]
async fn balances_are_sorted_and_zero_ones_are_echoed() {
    let node = Node::start().await;
    let tenant = address("tenant");
    let balances = node.found(&format!("/cosmos/bank/v1beta1/balances/{tenant}")).await;
    let uve = json!({"denom": "uve", "amount": FUNDS.to_string()});
    let atom = json!({"denom": "atom", "amount": "9"});
    assert_eq!(balances, json!({"balances": [atom, uve], "pagination": {"next_key": null, "total": "2"}}));
    let first = node.found(&format!("/cosmos/bank/v1beta1/balances/{tenant}?pagination.limit=1")).await;
    let next = first["pagination"]["next_key"].as_str().unwrap();
    let next = next.replace('+', "%2B").replace('=', "%3D");
    let second = format!("/cosmos/bank/v1beta1/balances/{tenant}?pagination.limit=1&pagination.key={next}");
    assert_eq!(node.found(&second).await["balances"], json!([uve]));
    let one = node.found(&format!("/cosmos/bank/v1beta1/balances/{tenant}/by_denom?denom=nope")).await;
    assert_eq!(one, json!({"balance": {"denom": "nope", "amount": "0"}}));
    let nobody = node.found(&format!("/cosmos/bank/v1beta1/spendable_balances/{}", address("nobody"))).await;
    assert_eq!(nobody["balances"], json!([]));
    let (status, _) = node.get("/cosmos/bank/v1beta1/spendable_balances/test").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn supply_is_served_under_both_paths() {
    let node = Node::start().await;
    let by_query = node.found("/cosmos/bank/v1beta1/supply/by_denom?denom=atom").await;
    assert_eq!(by_query, json!({"amount": {"denom": "atom", "amount": "27"}}));
    assert_eq!(node.found("/cosmos/bank/v1beta1/supply/atom").await, by_query);
    let supply = node.found("/cosmos/bank/v1beta1/supply").await;
    assert_eq!(supply["supply"][0], json!({"denom": "atom", "amount": "27"}));
}

#[tokio::test]
async fn lists_that_are_being_built_are_unavailable() {
    let node = Node::start().await;
    node.chain.set_listing(false);
    for path in ["/cosmos/auth/v1beta1/accounts", "/virtengine/market/v1/orders?pagination.key=AA%3D%3D"] {
        let (status, answer) = node.get(path).await;
        assert_eq!((status, &answer["code"]), (503, &json!(14)), "{path}: {answer}");
    }
    let answer = node.router.abci_query(query("/cosmos.auth.v1beta1.Query/Accounts", Vec::new(), 0)).await;
    assert!(answer.log.starts_with("rpc error: code = Unavailable desc = the lists"), "{}", answer.log);
    node.chain.set_listing(true);
    node.found("/cosmos/auth/v1beta1/accounts").await;
}

#[tokio::test]
async fn rejects_transactions_while_the_node_catches_up() {
    let node = Node::start().await;
    node.chain.set_behind(true);
    let tx = STANDARD.encode(node.chain.send("tenant", "provider", 1));
    for mode in ["BROADCAST_MODE_SYNC", "BROADCAST_MODE_ASYNC"] {
        let body = json!({"tx_bytes": tx, "mode": mode});
        let (status, answer) = node.post("/cosmos/tx/v1beta1/txs", &body).await;
        assert_eq!((status, &answer["code"]), (503, &json!(14)), "{mode}: {answer}");
        assert!(answer["message"].as_str().unwrap().starts_with("the node is catching up"), "{answer}");
    }
    assert_eq!(node.chain.account("tenant").sequence, 0);
    node.chain.set_behind(false);
    let body = json!({"tx_bytes": tx, "mode": "BROADCAST_MODE_SYNC"});
    assert_eq!(node.post("/cosmos/tx/v1beta1/txs", &body).await.1["tx_response"]["code"], json!(0));
}

#[tokio::test]
async fn a_transfer_is_simulated_broadcast_and_found() {
    let node = Node::start().await;
    let tx = node.chain.send("tenant", "provider", 5);
    let body = json!({"txBytes": STANDARD.encode(&tx)});
    let (status, simulated) = node.post("/cosmos/tx/v1beta1/simulate", &body).await;
    assert_eq!(status, 200, "{simulated}");
    let used: u64 = simulated["gas_info"]["gas_used"].as_str().unwrap().parse().unwrap();
    assert!(used > 0);
    assert_eq!(node.chain.account("tenant").sequence, 0);

    let body = json!({"tx_bytes": STANDARD.encode(&tx), "mode": "BROADCAST_MODE_SYNC"});
    let (status, answer) = node.post("/cosmos/tx/v1beta1/txs", &body).await;
    assert_eq!(status, 200);
    let hash = answer["tx_response"]["txhash"].as_str().unwrap().to_owned();
    assert_eq!(
        answer,
        json!({"tx_response": {
            "height": "0", "txhash": hash, "codespace": "", "code": 0, "data": "", "raw_log": "",
            "logs": [], "info": "", "gas_wanted": "0", "gas_used": "0", "tx": null, "timestamp": "",
            "events": [],
        }})
    );

    let found = node.found(&format!("/cosmos/tx/v1beta1/txs/{hash}")).await;
    let message = &found["tx"]["body"]["messages"][0];
    assert_eq!(message["@type"], json!("/cosmos.bank.v1beta1.MsgSend"));
    assert_eq!(message["amount"], json!([{"denom": "uve", "amount": "5"}]));
    let response = &found["tx_response"];
    assert_eq!(response["tx"]["@type"], json!("/cosmos.tx.v1beta1.Tx"));
    assert_eq!(&response["tx"]["body"]["messages"][0], message);
    assert_eq!((&response["height"], &response["code"]), (&json!("2"), &json!(0)));
    assert!(response["data"].as_str().unwrap().bytes().all(|byte| byte.is_ascii_hexdigit()));
    let kinds: Vec<&Value> =
        response["events"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert!(kinds.contains(&&json!("transfer")) && kinds.contains(&&json!("message")));

    let sender = address("tenant");
    for query in [
        format!("query=message.sender%3D%27{sender}%27%20AND%20tx.height%3D2&order_by=ORDER_BY_DESC"),
        format!("events=message.sender%3D'{sender}'&events=tx.height%3D2&order_by=2&pagination.limit=5"),
    ] {
        let list = node.found(&format!("/cosmos/tx/v1beta1/txs?{query}")).await;
        assert_eq!(list["total"], json!("1"));
        assert_eq!(list["pagination"]["total"], json!("1"));
        assert_eq!(list["tx_responses"][0]["txhash"], json!(hash));
        assert_eq!(list["txs"][0], found["tx"]);
    }
    let block = node.found("/cosmos/tx/v1beta1/txs/block/2").await;
    assert_eq!(block["txs"][0], found["tx"]);
    let (status, missing) = node.get(&format!("/cosmos/tx/v1beta1/txs/{}", "0".repeat(64))).await;
    assert_eq!((status, &missing["message"]), (404, &json!(format!("tx not found: {}", "0".repeat(64)))));
}

#[tokio::test]
async fn a_refused_transaction_is_an_answer_with_its_code() {
    let node = Node::start().await;
    let msg = MsgDelegate {
        delegator_address: address("tenant").to_string(),
        validator_address: address("validator").operator(),
        amount: Some(coin(5)),
    };
    let tx = node.chain.tx_with("tenant", &msg, 7);
    let body = json!({"tx_bytes": STANDARD.encode(&tx), "mode": "BROADCAST_MODE_SYNC"});
    let (status, answer) = node.post("/cosmos/tx/v1beta1/txs", &body).await;
    let response = &answer["tx_response"];
    assert_eq!((status, &response["code"], &response["codespace"]), (200, &json!(32), &json!("sdk")));
    let log = "account sequence mismatch, expected 0, got 7: incorrect account sequence";
    assert_eq!(response["raw_log"], json!(log));
    let (status, simulated) = node.post("/cosmos/tx/v1beta1/simulate", &body).await;
    assert_eq!((status, &simulated["code"]), (400, &json!(3)), "mode is no field of a simulation");
    let body = json!({"tx_bytes": STANDARD.encode(&tx)});
    let (status, simulated) = node.post("/cosmos/tx/v1beta1/simulate", &body).await;
    assert_eq!((status, &simulated["code"], &simulated["message"]), (500, &json!(2), &json!(log)));
    let body = json!({"tx_bytes": STANDARD.encode(&tx), "mode": "BROADCAST_MODE_BLOCK"});
    let (status, _) = node.post("/cosmos/tx/v1beta1/txs", &body).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_simulation_takes_the_decoded_transaction_of_cosmpy() {
    let node = Node::start().await;
    let tenant = address("tenant");
    let body = json!({"tx": {
        "body": {"messages": [{
            "@type": "/cosmos.bank.v1beta1.MsgSend",
            "fromAddress": tenant.to_string(),
            "toAddress": address("provider").to_string(),
            "amount": [{"denom": "uve", "amount": "5"}],
        }]},
        "authInfo": {
            "signerInfos": [{
                "publicKey": key("tenant").to_json(),
                "modeInfo": {"single": {"mode": "SIGN_MODE_DIRECT"}},
            }],
            "fee": {},
        },
        "signatures": [STANDARD.encode([0; 64])],
    }});
    let (status, answer) = node.post("/cosmos/tx/v1beta1/simulate", &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_ne!(answer["gas_info"]["gas_used"], json!("0"));
    let response = &answer["result"]["msg_responses"][0]["@type"];
    assert_eq!(response, &json!("/cosmos.bank.v1beta1.MsgSendResponse"));
}

#[tokio::test]
async fn staking_is_seen_from_both_sides() {
    let node = Node::start().await;
    let (tenant, operator) = (address("tenant"), address("validator").operator());
    let delegate = MsgDelegate {
        delegator_address: tenant.to_string(),
        validator_address: operator.clone(),
        amount: Some(coin(1_000)),
    };
    let undelegate = MsgUndelegate {
        delegator_address: tenant.to_string(),
        validator_address: operator.clone(),
        amount: Some(coin(400)),
    };
    for tx in [node.chain.tx("tenant", &delegate), node.chain.tx_with("tenant", &undelegate, 1)] {
        let body = json!({"tx_bytes": STANDARD.encode(&tx), "mode": "BROADCAST_MODE_SYNC"});
        let (_, answer) = node.post("/cosmos/tx/v1beta1/txs", &body).await;
        assert_eq!(answer["tx_response"]["code"], json!(0), "{answer}");
    }
    let base = "/cosmos/staking/v1beta1";
    let list =
        node.found(&format!("{base}/validators?status=BOND_STATUS_BONDED&pagination.limit=1000")).await;
    let validator = &list["validators"][0];
    assert_eq!(validator["operator_address"], json!(operator));
    assert_eq!(validator["tokens"], json!("1000600"));
    assert_eq!(validator["delegator_shares"], json!("1000600.000000000000000000"));
    assert_eq!(validator["consensus_pubkey"]["@type"], json!("/cosmos.crypto.ed25519.PubKey"));
    assert_eq!(validator["status"], json!("BOND_STATUS_BONDED"));
    let one = node.found(&format!("{base}/validators/{operator}")).await;
    assert_eq!(&one["validator"], validator);
    let delegation = node.found(&format!("{base}/validators/{operator}/delegations/{tenant}")).await;
    assert_eq!(
        delegation["delegation_response"],
        json!({
            "delegation": {
                "delegator_address": tenant.to_string(),
                "validator_address": operator,
                "shares": "600.000000000000000000",
            },
            "balance": {"denom": "uve", "amount": "600"},
        })
    );
    for path in [format!("delegations/{tenant}"), format!("validators/{operator}/delegations")] {
        let list = node.found(&format!("{base}/{path}")).await;
        let list = list["delegation_responses"].as_array().unwrap();
        assert!(list.contains(&delegation["delegation_response"]), "{path}");
    }
    let unbonding = node.found(&format!("{base}/delegators/{tenant}/unbonding_delegations")).await;
    let entry = &unbonding["unbonding_responses"][0]["entries"][0];
    assert_eq!((&entry["balance"], &entry["creation_height"]), (&json!("400"), &json!("3")));
    let pool = node.found(&format!("{base}/pool")).await;
    assert_eq!(pool["pool"]["bonded_tokens"], json!("1000600"));
    let params = node.found(&format!("{base}/params")).await;
    assert_eq!(params["params"]["unbonding_time"], json!("1814400s"));
    assert_eq!(params["params"]["bond_denom"], json!("uve"));
    let redelegations = node.found(&format!("{base}/delegators/{tenant}/redelegations")).await;
    assert_eq!(redelegations["redelegation_responses"], json!([]));
    let (status, missing) =
        node.get(&format!("{base}/validators/{operator}/delegations/{}", address("provider"))).await;
    let message =
        format!("delegation with delegator {} not found for validator {operator}", address("provider"));
    assert_eq!((status, &missing["message"]), (404, &json!(message)));
}

#[tokio::test]
async fn rewards_and_slashes_are_seen() {
    let node = Node::start().await;
    let (tenant, operator) = (address("tenant"), address("validator").operator());
    let delegate = MsgDelegate {
        delegator_address: tenant.to_string(),
        validator_address: operator.clone(),
        amount: Some(coin(1_000)),
    };
    node.chain.block(vec![DecodedTx::decode(node.chain.tx("tenant", &delegate)).unwrap()]).unwrap();
    let base = "/cosmos/distribution/v1beta1";
    // Of the fee of 50,000 the community has 2 %, and 1,001,000 tokens the rest.
    let reward = json!([{"denom": "uve", "amount": "48.951048951048951000"}]);
    let all = node.found(&format!("{base}/delegators/{tenant}/rewards")).await;
    assert_eq!(all, json!({"rewards": [{"validator_address": operator, "reward": reward}], "total": reward}));
    let one = node.found(&format!("{base}/delegators/{tenant}/rewards/{operator}")).await;
    assert_eq!(one, json!({"rewards": reward}));
    let outstanding = node.found(&format!("{base}/validators/{operator}/outstanding_rewards")).await;
    let amount = &outstanding["rewards"]["rewards"][0]["amount"];
    assert_eq!(amount, &json!("48999.999999999999951000"), "what is undivided is nobody's yet");
    let commission = node.found(&format!("{base}/validators/{operator}/commission")).await;
    assert_eq!(commission, json!({"commission": {"commission": []}}));
    let slashes = node.found(&format!("{base}/validators/{operator}/slashes")).await;
    assert_eq!(slashes["slashes"], json!([]));
    let to = node.found(&format!("{base}/delegators/{tenant}/withdraw_address")).await;
    assert_eq!(to, json!({"withdraw_address": tenant.to_string()}));
    let pool = node.found(&format!("{base}/community_pool")).await;
    assert_eq!(pool, json!({"pool": [{"denom": "uve", "amount": "1000.000000000000000000"}]}));
    let params = node.found(&format!("{base}/params")).await;
    assert_eq!(params["params"]["community_tax"], json!("0.020000000000000000"));
    let (status, missing) =
        node.get(&format!("{base}/delegators/{tenant}/rewards/{}", tenant.operator())).await;
    assert_eq!((status, &missing["code"]), (404, &json!(5)), "{missing}");

    let base = "/cosmos/slashing/v1beta1";
    let params = node.found(&format!("{base}/params")).await;
    assert_eq!(params["params"]["slash_fraction_double_sign"], json!("0.050000000000000000"));
    assert_eq!(params["params"]["slash_fraction_downtime"], json!("0.000000000000000000"));
    let infos = node.found(&format!("{base}/signing_infos")).await;
    let info = &infos["info"][0];
    assert_eq!((&info["tombstoned"], &info["start_height"]), (&json!(false), &json!("0")));
    assert_eq!(info["jailed_until"], json!("1970-01-01T00:00:00Z"));
    let one = node.found(&format!("{base}/signing_infos/{}", info["address"].as_str().unwrap())).await;
    assert_eq!(one, json!({"val_signing_info": info}));
    let unknown = tenant.to_bech32(virtengine_types::address::CONSENSUS_PREFIX);
    assert_eq!(node.get(&format!("{base}/signing_infos/{unknown}")).await.0, 404);
}

#[tokio::test]
async fn the_node_and_its_blocks_have_the_gateways_shapes() {
    let node = Node::start().await;
    let base = "/cosmos/base/tendermint/v1beta1";
    let info = node.found(&format!("{base}/node_info")).await;
    assert_eq!(info["default_node_info"]["network"], json!(CHAIN_ID));
    assert_eq!(info["default_node_info"]["version"], json!("0.38.25"));
    assert_eq!(info["application_version"]["cosmos_sdk_version"], json!("v0.50.9"));
    let latest = node.found(&format!("{base}/blocks/latest")).await;
    assert_eq!(latest, node.found(&format!("{base}/blocks/1")).await);
    assert_eq!(latest["block"]["header"]["height"], json!("1"));
    assert_eq!(latest["block"]["header"]["time"], json!("2026-11-23T11:00:01Z"));
    assert_eq!(latest["block_id"]["part_set_header"]["total"], json!(1));
    assert_eq!(latest["block"]["last_commit"]["signatures"], json!([]));
    let proposer = latest["sdk_block"]["header"]["proposer_address"].as_str().unwrap();
    assert!(proposer.starts_with("virtenginevalcons1"));
    let hash = STANDARD.decode(latest["block_id"]["hash"].as_str().unwrap()).unwrap();
    assert_eq!(hash.len(), 32);
    let set = node.found(&format!("{base}/validatorsets/latest")).await;
    assert_eq!(set["validators"][0]["address"], json!(proposer));
    assert_eq!(set["validators"][0]["voting_power"], json!("1"));
    let (status, future) = node.get(&format!("{base}/blocks/9")).await;
    let message = "height 9 must be less than or equal to the current blockchain height 1";
    assert_eq!((status, &future["message"]), (400, &json!(message)));
    assert_eq!(node.found(&format!("{base}/syncing")).await, json!({"syncing": false}));
    let config = node.found("/cosmos/base/node/v1beta1/config").await;
    assert_eq!(config["minimum_gas_price"], json!("0.025uve"));
    let params = node.found("/cosmos/consensus/v1/params").await;
    assert!(params["params"]["block"]["max_gas"].is_string());
    let old = node.found("/cosmos/params/v1beta1/params?subspace=baseapp&key=BlockParams").await;
    let value: Value = serde_json::from_str(old["param"]["value"].as_str().unwrap()).unwrap();
    assert_eq!(value["max_gas"], params["params"]["block"]["max_gas"]);
}

#[tokio::test]
async fn a_synced_node_names_its_lowest_height() {
    let node = Node::start().await;
    node.chain.sync_to(900);
    node.chain.block(Vec::new()).unwrap();
    let message = json!("height 1 is not available, lowest height is 900");
    let (status, block) = node.get("/cosmos/base/tendermint/v1beta1/blocks/1").await;
    assert_eq!((status, &block["message"]), (404, &message));
    let (status, txs) = node.get("/cosmos/tx/v1beta1/txs?query=tx.height%3D1").await;
    assert_eq!((status, &txs["message"]), (404, &message));
    let (status, events) = node.get("/virtengine/events/v1/events?from_sequence=118").await;
    let message = json!("events before sequence 900000000 are not held here, got from_sequence 118");
    assert_eq!((status, &events["message"]), (404, &message));
    assert_eq!(node.found("/virtengine/events/v1/events").await["next_sequence"], json!("0"));
}

#[tokio::test]
async fn modules_that_do_not_exist_are_not_implemented() {
    let node = Node::start().await;
    for path in ["/cosmos/mint/v1beta1/inflation", "/cosmos/gov/v1/proposals", "/ibc/x", "/", "/a//b"] {
        let (status, body) = node.get(path).await;
        assert_eq!(status, 501, "{path}");
        assert_eq!(body, json!({"code": 12, "message": "Not Implemented", "details": []}));
    }
}

#[tokio::test]
async fn abci_query_answers_with_codes_and_heights() {
    let node = Node::start().await;
    let path = "/cosmos.bank.v1beta1.Query/Balance";
    let request = QueryBalanceRequest { address: address("tenant").to_string(), denom: "uve".into() };
    let answer = node.router.abci_query(query(path, request.encode_to_vec(), 0)).await;
    assert_eq!((answer.code, answer.height), (0, 1));
    let balance = QueryBalanceResponse::decode(answer.value).unwrap().balance.unwrap();
    assert_eq!(balance, coin(FUNDS));

    let request = QueryAccountRequest { address: address("nobody").to_string() };
    let account = query("/cosmos.auth.v1beta1.Query/Account", request.encode_to_vec(), 0);
    let answer = node.router.abci_query(account).await;
    assert_eq!((answer.code, answer.codespace.as_str()), (22, "sdk"));
    let expected =
        format!("rpc error: code = NotFound desc = account {} not found: key not found", address("nobody"));
    assert_eq!(answer.log, expected);

    let request = QueryDelegationRequest {
        delegator_addr: address("tenant").to_string(),
        validator_addr: address("validator").operator(),
    };
    let path = "/cosmos.staking.v1beta1.Query/Delegation";
    let answer = node.router.abci_query(query(path, request.encode_to_vec(), 0)).await;
    assert_eq!(answer.code, 22);
    assert!(answer.log.contains("rpc error: code = NotFound") && answer.log.contains("key not found"));

    let bank = "/cosmos.bank.v1beta1.Query/Params";
    assert_eq!(node.router.abci_query(query(bank, vec![], 1)).await.code, 0);
    assert_eq!(node.router.abci_query(query(bank, vec![], 2)).await.code, 26);
    assert_eq!(node.router.abci_query(query(bank, vec![], -1)).await.code, 18);
    assert_eq!(node.router.abci_query(query("/no.such/Method", vec![], 0)).await.code, 6);
    assert_eq!(node.router.abci_query(query(path, vec![7], 0)).await.code, 18);
    let nested = "/cosmos/base/tendermint/v1beta1/abci_query?path=";
    let answer = node.found(&format!("{nested}/cosmos.bank.v1beta1.Query/Params")).await;
    assert_eq!((&answer["code"], &answer["height"]), (&json!(0), &json!("1")));
    let service = "/cosmos.base.tendermint.v1beta1.Service/ABCIQuery";
    assert_eq!(node.get(&format!("{nested}{service}")).await.0, 400);
}
