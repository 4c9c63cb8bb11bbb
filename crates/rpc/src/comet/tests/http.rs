use super::*;
use base64::{Engine, prelude::BASE64_STANDARD};

fn hex(hash: Hash) -> String {
    hex::encode_upper(hash)
}

fn block_id(height: u64) -> Value {
    let hash = hex(block_hash(height));
    json!({"hash": hash, "parts": {"total": 1, "hash": hash}})
}

fn tx_result(height: u64, recipient: &str) -> Value {
    let attribute = |key: &str, value: &str| json!({"key": key, "value": value, "index": true});
    json!({
        "code": 0, "data": "ZGF0YQ==", "log": "", "info": "", "gas_wanted": "100", "gas_used": "70",
        "events": [
            {"type": "transfer", "attributes": [
                attribute("recipient", recipient), attribute("sender", "x"), attribute("amount", "5uve")]},
            {"type": "market.order.created", "attributes": [
                attribute("order_id", &height.to_string()), attribute("region", recipient)]},
        ],
        "codespace": "",
    })
}

fn tx(height: u64, recipient: &str) -> Value {
    let raw = format!("tx{height}");
    json!({
        "hash": hex(tx_hash(raw.as_bytes())), "height": height.to_string(), "index": 0,
        "tx_result": tx_result(height, recipient), "tx": BASE64_STANDARD.encode(raw),
    })
}

fn header(height: u64) -> Value {
    let zero = "00".repeat(32);
    json!({
        "version": {"block": "11", "app": "0"},
        "chain_id": CHAIN,
        "height": height.to_string(),
        "time": format!("2026-11-23T11:00:00.00{height}Z"),
        "last_block_id": if height == 1 { json!({"hash": "", "parts": {"total": 0, "hash": ""}}) } else { block_id(height - 1) },
        "last_commit_hash": "", "data_hash": zero, "validators_hash": zero, "next_validators_hash": zero,
        "consensus_hash": "", "app_hash": "0A".repeat(32), "last_results_hash": zero, "evidence_hash": "",
        "proposer_address": hex::encode_upper(Address::of_hash(&[1; 32]).0),
    })
}

fn commit(height: u64) -> Value {
    let absent = json!({
        "block_id_flag": 1, "validator_address": "", "timestamp": "0001-01-01T00:00:00Z", "signature": null});
    json!({"height": height.to_string(), "round": 0, "block_id": block_id(height), "signatures": vec![absent; 4]})
}

#[tokio::test]
async fn status_has_the_shape_that_clients_detect_versions_by() {
    let fixture = Fixture::filled().await;
    let address = Address::of_hash(&[1; 32]).0;
    let expected = json!({
        "node_info": {
            "protocol_version": {"p2p": "8", "block": "11", "app": "0"},
            "id": hex::encode(address), "listen_addr": "tcp://127.0.0.1:26656", "network": CHAIN,
            "version": "0.38.25", "channels": "40", "moniker": "n0",
            "other": {"tx_index": "on", "rpc_address": "tcp://127.0.0.1:26657"},
        },
        "sync_info": {
            "latest_block_hash": hex(block_hash(5)), "latest_app_hash": "0A".repeat(32),
            "latest_block_height": "5", "latest_block_time": "2026-11-23T11:00:00.005Z",
            "earliest_block_hash": hex(block_hash(1)), "earliest_app_hash": "0A".repeat(32),
            "earliest_block_height": "1", "earliest_block_time": "2026-11-23T11:00:00.001Z",
            "catching_up": false,
        },
        "validator_info": {
            "address": hex::encode_upper(address),
            "pub_key": {"type": "tendermint/PubKeyEd25519", "value": BASE64_STANDARD.encode([1; 32])},
            "voting_power": "10",
        },
    });
    assert_eq!(fixture.result("status", json!({})).await, expected);
    assert_eq!(fixture.get("/status").await.1["result"], expected);
}

#[tokio::test]
async fn before_the_first_block_the_genesis_stands_in() {
    let fixture = Fixture::start(CometConfig::default()).await;
    let status = fixture.result("status", json!({})).await;
    assert_eq!(status["sync_info"]["latest_block_hash"], hex(block_hash(0)));
    assert_eq!(status["sync_info"]["latest_app_hash"], "08".repeat(32));
    assert_eq!(status["sync_info"]["latest_block_height"], "0");
    let (code, data) = fixture.error("block", json!({})).await;
    assert_eq!((code, data.as_str()), (-32603, "there is no block yet"));
    let found = fixture.result("tx_search", json!({"query": "tx.hash='AB'"})).await;
    assert_eq!(found, json!({"txs": [], "total_count": "0"}));
}

#[tokio::test]
async fn blocks_have_their_shape_by_height_and_hash() {
    let fixture = Fixture::filled().await;
    let block = |height: u64, last_commit: Value| {
        let tx = BASE64_STANDARD.encode(format!("tx{height}"));
        json!({
            "block_id": block_id(height),
            "block": {
                "header": header(height), "data": {"txs": [tx]}, "evidence": {"evidence": []},
                "last_commit": last_commit,
            },
        })
    };
    let newest = block(5, commit(4));
    assert_eq!(fixture.result("block", json!({})).await, newest);
    assert_eq!(fixture.result("block", json!({"height": "5"})).await, newest);
    let hash = BASE64_STANDARD.encode(block_hash(5));
    assert_eq!(fixture.result("block_by_hash", json!({"hash": hash})).await, newest);
    assert_eq!(
        fixture.get(&format!("/block_by_hash?hash=0x{}", hex(block_hash(5)))).await.1["result"],
        newest
    );
    let no_commit = json!({
        "height": "0", "round": 0, "block_id": {"hash": "", "parts": {"total": 0, "hash": ""}}, "signatures": []});
    assert_eq!(fixture.result("block", json!(["1"])).await, block(1, no_commit));
    let unknown = fixture.result("block_by_hash", json!({"hash": BASE64_STANDARD.encode([0; 32])})).await;
    assert_eq!(unknown["block"], Value::Null);
    assert_eq!(fixture.result("header", json!({"height": "3"})).await, json!({"header": header(3)}));
    let of_hash = fixture.result("header_by_hash", json!({"hash": hash})).await;
    assert_eq!(of_hash, json!({"header": header(5)}));
    assert_eq!(
        fixture.result("commit", json!({"height": "3"})).await,
        json!({"signed_header": {"header": header(3), "commit": commit(3)}, "canonical": true})
    );
}

#[tokio::test]
async fn heights_out_of_range_are_named() {
    let fixture = Fixture::filled().await;
    for method in ["block", "block_results", "commit", "header", "validators", "consensus_params"] {
        let (code, data) = fixture.error(method, json!({"height": "6"})).await;
        assert_eq!(code, -32603);
        assert_eq!(data, "height 6 must be less than or equal to the current blockchain height 5");
        let (_, data) = fixture.error(method, json!({"height": "0"})).await;
        assert_eq!(data, "height must be greater than 0, but got 0");
        let (code, _) = fixture.error(method, json!({"height": "x"})).await;
        assert_eq!(code, -32602);
    }
}

#[tokio::test]
async fn a_synced_node_says_which_heights_it_has() {
    let fixture = Fixture::start(CometConfig::default()).await;
    for height in 900..=902 {
        fixture.publish(height, &[(&format!("tx{height}"), "a")]);
    }
    let sync = fixture.result("status", json!({})).await["sync_info"].take();
    assert_eq!(
        (&sync["earliest_block_height"], &sync["latest_block_height"]),
        (&json!("900"), &json!("902"))
    );
    assert_eq!(sync["earliest_block_hash"], hex(block_hash(900)));
    let missing = |height: u64| (-32603, format!("height {height} is not available, lowest height is 900"));
    for method in ["block", "block_results", "commit", "header", "validators", "consensus_params"] {
        assert_eq!(fixture.error(method, json!({"height": "1"})).await, missing(1));
    }
    let (status, answer) = fixture.get("/block?height=1").await;
    assert_eq!((status, &answer["error"]["data"]), (500, &json!(missing(1).1)));
    let chain = |min: &str, max: &str| json!({"minHeight": min, "maxHeight": max});
    assert_eq!(fixture.error("blockchain", chain("1", "9")).await, missing(9));
    let metas = fixture.result("blockchain", chain("1", "901")).await["block_metas"].take();
    let heights: Vec<&Value> =
        metas.as_array().unwrap().iter().map(|meta| &meta["header"]["height"]).collect();
    assert_eq!(heights, [&json!("901"), &json!("900")]);
    let search = |query: &str| json!({"query": query});
    assert_eq!(fixture.error("tx_search", search("tx.height=5")).await, missing(5));
    assert_eq!(fixture.error("block_search", search("block.height<7")).await, missing(6));
    let found = fixture.result("tx_search", search("transfer.sender='x'")).await;
    assert_eq!(found["total_count"], "3");
    let (_, data) = fixture.error("tx", json!({"hash": BASE64_STANDARD.encode(tx_hash(b"tx1"))})).await;
    assert_eq!(data, format!("tx ({}) not found", hex(tx_hash(b"tx1"))));
    // After another sync the history begins anew, and what was before is gone.
    fixture.publish(2_000, &[]);
    assert_eq!(
        fixture.error("block", json!({"height": "901"})).await,
        (-32603, "height 901 is not available, lowest height is 2000".to_owned())
    );
    let sync = fixture.result("status", json!({})).await["sync_info"].take();
    assert_eq!(sync["earliest_block_height"], "2000");
}

#[tokio::test]
async fn results_and_headers_have_their_shapes() {
    let fixture = Fixture::filled().await;
    let expired = json!([{"type": "market.order.expired", "attributes": [
        {"key": "order_id", "value": "1", "index": true}]}]);
    assert_eq!(
        fixture.result("block_results", json!({"height": "2"})).await,
        json!({
            "height": "2", "txs_results": [tx_result(2, "b")], "finalize_block_events": expired,
            "validator_updates": null, "consensus_param_updates": null, "app_hash": "0A".repeat(32),
        })
    );
    let chain = fixture.result("blockchain", json!({"minHeight": "2", "maxHeight": "3"})).await;
    let meta = |height: u64| json!({"block_id": block_id(height), "block_size": "3", "header": header(height), "num_txs": "1"});
    assert_eq!(chain, json!({"last_height": "5", "block_metas": [meta(3), meta(2)]}));
    let all = fixture.result("blockchain", json!({})).await;
    assert_eq!(all["block_metas"].as_array().unwrap().len(), 5);
    let (_, data) = fixture.error("blockchain", json!({"minHeight": "4", "maxHeight": "3"})).await;
    assert_eq!(data, "min height 4 can't be greater than max height 3");
}

#[tokio::test]
async fn transactions_are_found_by_hash_and_search() {
    let fixture = Fixture::filled().await;
    let hash = tx_hash(b"tx3");
    assert_eq!(fixture.result("tx", json!({"hash": BASE64_STANDARD.encode(hash)})).await, tx(3, "a"));
    assert_eq!(
        fixture.get(&format!("/tx?hash=0x{}", hex(hash))).await,
        (
            200,
            json!({
        "jsonrpc": "2.0", "id": -1, "result": tx(3, "a")})
        )
    );
    let (_, data) = fixture.error("tx", json!({"hash": BASE64_STANDARD.encode([5; 32])})).await;
    assert_eq!(data, format!("tx ({}) not found", "05".repeat(32)));
    let query = format!("tx.hash='{}'", hex(hash));
    let one = json!({"txs": [tx(3, "a")], "total_count": "1"});
    assert_eq!(fixture.result("tx_search", json!({"query": query, "page": "1"})).await, one);
    let quoted = format!("/tx_search?query=%22tx.hash=%27{}%27%22&page=1&per_page=%2230%22", hex(hash));
    assert_eq!(fixture.get(&quoted).await.1["result"], one);
    let pages =
        json!({"query": "transfer.recipient = 'a'", "page": "2", "per_page": "2", "order_by": "desc"});
    assert_eq!(fixture.result("tx_search", pages).await, json!({"txs": [tx(1, "a")], "total_count": "3"}));
    let both = json!(["transfer.sender='x' AND tx.height=4"]);
    assert_eq!(fixture.result("tx_search", both).await, json!({"txs": [tx(4, "b")], "total_count": "1"}));
    let blocks = fixture.result("block_search", json!({"query": "block.height<3"})).await;
    assert_eq!(blocks["total_count"], "2");
    assert_eq!(blocks["blocks"][1]["block_id"], block_id(2));
}

#[tokio::test]
async fn rejects_searches_out_of_bounds() {
    let fixture = Fixture::filled().await;
    let search = async |params: Value| fixture.error("tx_search", params).await.1;
    assert_eq!(
        search(json!({"query": "tx.height>0", "page": "3", "per_page": "3"})).await,
        "page should be within [1, 2] range, given 3"
    );
    assert_eq!(
        search(json!({"query": "tx.height>0", "page": "0"})).await,
        "page must be greater than 0, but got 0"
    );
    assert!(search(json!({"query": "tx.height>"})).await.contains("expected a number"));
    assert!(search(json!({"query": "x".repeat(513)})).await.contains("at most 512 bytes, got 513"));
    assert!(search(json!({"query": "tx.height>0", "order_by": "up"})).await.contains("\"up\""));
    assert!(search(json!({})).await.contains("expected a key"));
}

#[tokio::test]
async fn a_page_of_too_many_bytes_is_refused_but_one_item_always_given() {
    let fixture = Fixture::start(CometConfig { max_page_bytes: 1, ..CometConfig::default() }).await;
    fixture.publish(1, &[("tx1", "a")]);
    fixture.publish(2, &[("tx2", "b")]);
    for (method, query) in [("tx_search", "tx.height>0"), ("block_search", "block.height>0")] {
        let (_, data) = fixture.error(method, json!({"query": query})).await;
        assert!(data.contains("at most 1 bytes, its first 2 items have"), "{data}");
        let one = fixture.result(method, json!({"query": query, "per_page": "1", "page": "2"})).await;
        assert_eq!(one["total_count"], "2");
    }
}

#[tokio::test]
async fn state_queries_are_handed_to_the_application() {
    let fixture = Fixture::filled().await;
    let answer = |code: u32, log: &str, value: Value, codespace: &str| {
        json!({"response": {
            "code": code, "log": log, "info": "", "index": "0", "key": null, "value": value, "proofOps": null,
            "height": "7", "codespace": codespace}})
    };
    let found = fixture.result("abci_query", json!({"path": "/echo", "data": "6162", "prove": false})).await;
    assert_eq!(found, answer(0, "", json!("YWI="), ""));
    assert_eq!(fixture.get("/abci_query?path=%22/echo%22&data=0x6162").await.1["result"], found);
    assert_eq!(
        fixture.result("abci_query", json!({"path": "/x", "data": "", "height": "3", "prove": false})).await,
        answer(6, "unknown query path /x: unknown request", Value::Null, "sdk")
    );
    let (code, _) = fixture.error("abci_query", json!({"path": "/echo", "data": "0xZZ"})).await;
    assert_eq!(code, -32602);
}

#[tokio::test]
async fn broadcasts_answer_after_the_checks() {
    let fixture = Fixture::filled().await;
    let params = json!({"tx": BASE64_STANDARD.encode("new")});
    let accepted = json!({"code": 0, "data": "", "log": "", "codespace": "", "hash": hex(tx_hash(b"new"))});
    assert_eq!(fixture.result("broadcast_tx_sync", params.clone()).await, accepted);
    let (code, data) = fixture.error("broadcast_tx_async", params).await;
    assert_eq!((code, data.as_str()), (-32603, "tx already exists in cache"));
    let bad = fixture.result("broadcast_tx_sync", json!([BASE64_STANDARD.encode("bad")])).await;
    assert_eq!(
        (&bad["code"], &bad["log"], &bad["codespace"]),
        (&json!(4), &json!("unauthorized"), &json!("sdk"))
    );
    let checked = fixture.result("check_tx", json!({"tx": BASE64_STANDARD.encode("new")})).await;
    assert_eq!(checked["gas_wanted"], "9");
    assert_eq!(
        fixture.result("num_unconfirmed_txs", json!({})).await,
        json!({"n_txs": "1", "total": "1", "total_bytes": "3", "txs": null})
    );
    assert_eq!(
        fixture.result("unconfirmed_txs", json!({"limit": "5"})).await,
        json!({"n_txs": "1", "total": "1", "total_bytes": "3", "txs": ["bmV3"]})
    );
    let (code, data) = fixture.error("broadcast_tx_sync", json!({"tx": "***"})).await;
    assert_eq!((code, data.as_str()), (-32602, "tx: expected base64 bytes, got \"***\""));
}

#[tokio::test]
async fn rejects_transactions_while_the_node_catches_up() {
    let fixture = Fixture::filled().await;
    fixture.chain.behind.store(true, Ordering::Relaxed);
    let params = json!({"tx": BASE64_STANDARD.encode("wanted")});
    for method in ["broadcast_tx_sync", "broadcast_tx_async", "broadcast_tx_commit"] {
        let (code, data) = fixture.error(method, params.clone()).await;
        assert_eq!(code, -32000, "{method}");
        assert!(data.starts_with("the node is catching up"), "{data}");
    }
    assert_eq!(fixture.result("num_unconfirmed_txs", json!({})).await["total"], json!("0"));
    fixture.chain.behind.store(false, Ordering::Relaxed);
    assert_eq!(fixture.result("broadcast_tx_sync", params).await["code"], json!(0));
}

#[tokio::test]
async fn a_broadcast_may_wait_for_the_block() {
    let fixture = Fixture::filled().await;
    let produce = async {
        while fixture.chain.pool.lock().is_empty() {
            tokio::task::yield_now().await;
        }
        fixture.publish(6, &[("other", "a")]);
        fixture.publish(7, &[("wanted", "b")]);
    };
    let call = fixture.result("broadcast_tx_commit", json!({"tx": BASE64_STANDARD.encode("wanted")}));
    let (answer, ()) = tokio::join!(call, produce);
    let check = json!({
        "code": 0, "data": null, "log": "", "info": "", "gas_wanted": "9", "gas_used": "0", "events": [],
        "codespace": ""});
    let expected = json!({
        "check_tx": check, "tx_result": tx_result(7, "b"), "hash": hex(tx_hash(b"wanted")), "height": "7"});
    assert_eq!(answer, expected);
    let bad = fixture.result("broadcast_tx_commit", json!({"tx": BASE64_STANDARD.encode("bad")})).await;
    assert_eq!((&bad["check_tx"]["code"], &bad["height"]), (&json!(4), &json!("0")));
}

#[tokio::test]
async fn the_node_and_the_network_have_their_shapes() {
    let fixture = Fixture::filled().await;
    assert_eq!(fixture.result("health", json!({})).await, json!({}));
    let info = fixture.result("abci_info", json!({})).await;
    assert_eq!(
        info,
        json!({"response": {
        "data": "virtengine", "version": "0.1.0", "app_version": "0", "last_block_height": "5",
        "last_block_app_hash": BASE64_STANDARD.encode([0xA; 32])}})
    );
    let page = fixture.result("validators", json!({"height": "5", "page": "2", "per_page": "3"})).await;
    assert_eq!(
        page,
        json!({"block_height": "5", "count": "1", "total": "4", "validators": [{
        "address": hex::encode_upper(Address::of_hash(&[4; 32]).0),
        "pub_key": {"type": "tendermint/PubKeyEd25519", "value": BASE64_STANDARD.encode([4; 32])},
        "voting_power": "10", "proposer_priority": "0"}]})
    );
    let params = fixture.result("consensus_params", json!({})).await;
    assert_eq!(params["consensus_params"]["block"], json!({"max_bytes": "4000000", "max_gas": "-1"}));
    let net = fixture.result("net_info", json!({})).await;
    assert_eq!((&net["n_peers"], &net["peers"][0]["remote_ip"]), (&json!("1"), &json!("10.0.0.9")));
    let genesis = fixture.result("genesis", json!({})).await;
    assert_eq!(genesis["genesis"]["chain_id"], CHAIN);
    assert_eq!(genesis["genesis"]["validators"].as_array().unwrap().len(), 4);
    let chunk = fixture.result("genesis_chunked", json!({"chunk": "0"})).await;
    let text = BASE64_STANDARD.decode(chunk["data"].as_str().unwrap()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&text).unwrap(), genesis["genesis"]);
    assert_eq!(
        fixture.error("genesis_chunked", json!({"chunk": "1"})).await.1,
        "there are 1 chunks, valid range is 0 to 0, got 1"
    );
}

#[tokio::test]
async fn a_large_genesis_comes_in_chunks_from_its_file() {
    let state = format!(r#"{{"bank":"{}"}}"#, "x".repeat(20 << 20));
    let fixture = Fixture::with_state(CometConfig::default(), state.as_bytes()).await;
    let refusal = fixture.error("genesis", json!({})).await.1;
    assert_eq!(refusal, "genesis response is large, please use the genesis_chunked API instead");
    let mut text = Vec::new();
    for place in 0..2 {
        let chunk = fixture.result("genesis_chunked", json!({"chunk": place.to_string()})).await;
        assert_eq!((&chunk["chunk"], &chunk["total"]), (&json!(place.to_string()), &json!("2")));
        text.extend(BASE64_STANDARD.decode(chunk["data"].as_str().unwrap()).unwrap());
    }
    let genesis: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(genesis["chain_id"], CHAIN);
    assert_eq!(genesis["app_state"], serde_json::from_str::<Value>(&state).unwrap());

    let path = fixture.directory.path().join("genesis.json");
    std::fs::File::options().write(true).open(path).unwrap().set_len(9).unwrap();
    let refusal = fixture.error("genesis_chunked", json!({"chunk": "1"})).await.1;
    assert_eq!(refusal, "the genesis file is shorter than when the node started");
}
