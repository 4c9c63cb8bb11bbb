// How wallets and explorers talk to a node without a library: URI calls, positional parameters, raw WebSockets.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sha256 } from "@cosmjs/crypto";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { WebSocket } from "ws";
import {
  addressOf, balance, chainId, coin, devnet, eventually, feeFor, funded, newWallet, rpc, rpcSocket,
} from "../lib/devnet.mjs";

async function uri(path, base = devnet.rpc) {
  const answer = await fetch(`${base}${path}`);
  return { status: answer.status, json: await answer.json() };
}

let alice, sent;
before(async () => {
  alice = await funded(10_000_000n);
  sent = await alice.client.sendTokens(alice.address, alice.address, [coin(1)], "auto");
});
after(() => alice?.client.disconnect());

describe("calls by URI", () => {
  test("status names the network", async () => {
    const { status, json } = await uri("/status");
    assert.equal(status, 200);
    assert.equal(json.id, -1);
    assert.equal(json.result.node_info.network, chainId);
    const { validator_info: validator } = json.result;
    assert.match(validator.address, /^[0-9A-F]{40}$/);
    assert.equal(Buffer.from(validator.pub_key.value, "base64").length, 32);
  });

  test("arguments come bare, quoted and as hex", async () => {
    const { hash } = (await uri(`/block?height=${sent.height}`)).json.result.block_id;
    assert.equal((await uri(`/block?height="${sent.height}"`)).json.result.block_id.hash, hash);
    const tx = (await uri(`/tx?hash=0x${sent.transactionHash}`)).json.result;
    assert.equal(tx.hash, sent.transactionHash);
    assert.equal(typeof tx.index, "number");
    assert.equal(tx.height, String(sent.height));
    const found = (await uri(`/tx_search?query=${encodeURIComponent(`"tx.hash='${sent.transactionHash}'"`)}`)).json.result;
    assert.deepEqual([found.total_count, found.txs[0].hash], ["1", sent.transactionHash]);
    const path = encodeURIComponent('"/cosmos.bank.v1beta1.Query/Params"');
    assert.equal((await uri(`/abci_query?path=${path}&data=0x`)).json.result.response.code, 0);
    assert.deepEqual((await uri("/health")).json.result, {});
  });

  test("a search without hits is an empty list", async () => {
    const query = encodeURIComponent(`"tx.hash='${"0".repeat(64)}'"`);
    assert.deepEqual((await uri(`/tx_search?query=${query}`)).json.result, { txs: [], total_count: "0" });
  });

  test("errors are HTTP 500 with an error of JSON-RPC", async () => {
    const { status, json } = await uri("/block?height=99999999");
    assert.equal(status, 500);
    assert.match(json.error.data, /height 99999999 must be less than or equal to the current blockchain height \d+/);
    assert.equal((await uri("/tx?hash=0x00")).status, 500);
  });

  test("blocks have every field of the header, the first one too", async () => {
    const fields = ["version", "chain_id", "height", "time", "last_block_id", "last_commit_hash", "data_hash",
      "validators_hash", "next_validators_hash", "consensus_hash", "app_hash", "last_results_hash", "evidence_hash",
      "proposer_address"];
    for (const height of [1, 2, sent.height]) {
      const { block, block_id: id } = (await uri(`/block?height=${height}`)).json.result;
      assert.deepEqual(Object.keys(block.header).toSorted(), fields.toSorted());
      assert.match(id.hash, /^[0-9A-F]{64}$/);
      assert.ok(id.parts.total > 0);
      assert.ok(Array.isArray(block.data.txs));
      assert.ok(Array.isArray(block.last_commit.signatures));
    }
    const { block } = (await uri("/block?height=1")).json.result;
    assert.deepEqual(block.header.last_block_id, { hash: "", parts: { total: 0, hash: "" } });
    assert.equal(block.last_commit.height, "0");
  });
});

describe("JSON-RPC", () => {
  test("identifiers come back as they were, parameters may be positional", async () => {
    for (const id of [123456789012, "c2b4a1d0-uuid"]) {
      const answer = await fetch(devnet.rpc, {
        method: "POST", body: JSON.stringify({ jsonrpc: "2.0", id, method: "block", params: ["1"] }),
      });
      const json = await answer.json();
      assert.equal(json.id, id);
      assert.equal(json.result.block.header.height, "1");
    }
    const hash = Buffer.from(sent.transactionHash, "hex").toString("base64");
    assert.equal((await rpc("tx", [hash])).result.hash, sent.transactionHash);
  });

  test("unknown parameters are ignored, wrong ones refused", async () => {
    assert.equal((await rpc("block", { height: "1", colour: "red" })).result.block.header.height, "1");
    assert.equal((await rpc("block", { height: "one" })).error.code, -32602);
  });

  test("pages are bounded", async () => {
    const query = "tx.height>0";
    const { result } = await rpc("tx_search", { query, per_page: "1000", page: "1" });
    assert.ok(result.txs.length <= 100);
    assert.equal((await rpc("tx_search", { query, page: "99999" })).error.code, -32603);
    assert.ok((await rpc("tx_search", { query: `tx.height>${"0".repeat(600)}` })).error.code < 0);
  });

  test("an abci query of something absent has code 22 and the words that clients match", async () => {
    const { QueryAccountRequest } = await import("cosmjs-types/cosmos/auth/v1beta1/query");
    const address = await addressOf(await newWallet());
    const data = Buffer.from(QueryAccountRequest.encode({ address }).finish()).toString("hex");
    const { result } = await rpc("abci_query", { path: "/cosmos.auth.v1beta1.Query/Account", data, prove: false });
    assert.equal(result.response.code, 22);
    assert.equal(result.response.codespace, "sdk");
    assert.match(result.response.log, /rpc error: code = NotFound.*key not found/);
    const unknown = await rpc("abci_query", { path: "/no.such.Query/Method", data: "" });
    assert.equal(unknown.result.response.code, 6);
    const future = await rpc("abci_query", { path: "/cosmos.auth.v1beta1.Query/Account", data, height: "99999999" });
    assert.equal(future.result.response.code, 26);
  });

  test("broadcast_tx_commit waits for the block", async () => {
    const message = {
      typeUrl: "/cosmos.bank.v1beta1.MsgSend",
      value: { fromAddress: alice.address, toAddress: alice.address, amount: [coin(2)] },
    };
    const raw = TxRaw.encode(await alice.client.sign(alice.address, [message], feeFor(200_000), "")).finish();
    const { result } = await rpc("broadcast_tx_commit", { tx: Buffer.from(raw).toString("base64") });
    assert.equal(result.check_tx.code, 0);
    assert.equal(result.tx_result.code, 0);
    assert.equal(result.hash, Buffer.from(sha256(raw)).toString("hex").toUpperCase());
    assert.ok(Number(result.height) > 0);
  });
});

describe("WebSockets", () => {
  /** A connection, its messages, and a wait for one of them. */
  async function open() {
    const socket = new WebSocket(`${rpcSocket}/websocket`, { headers: { origin: "chrome-extension://wallet" } });
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    const messages = [];
    socket.on("message", (text) => messages.push(JSON.parse(text)));
    const until = (wanted) => eventually("a message", async () => messages.find(wanted), 30);
    const ask = (id, method, params) => socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return { socket, messages, until, ask };
  }

  test("a wallet traces its transaction", async () => {
    const { socket, until, ask } = await open();
    const to = await addressOf(await newWallet());
    const message = {
      typeUrl: "/cosmos.bank.v1beta1.MsgSend",
      value: { fromAddress: alice.address, toAddress: to, amount: [coin(5)] },
    };
    const raw = TxRaw.encode(await alice.client.sign(alice.address, [message], feeFor(200_000), "")).finish();
    const hash = Buffer.from(sha256(raw));
    const query = `tm.event='Tx' AND tx.hash='${hash.toString("hex").toUpperCase()}'`;
    ask(1, "tx", { hash: hash.toString("base64"), prove: false });
    ask(2, "subscribe", [query]);
    await until((message) => message.id === 2);
    assert.match((await until((message) => message.id === 1)).error.data, /not found/);
    await alice.client.broadcastTxSync(raw);
    const { result } = await until((message) => message.id === 2 && message.result.query);
    assert.equal(await balance(alice.client, to), 5n);
    assert.equal(result.query, query);
    assert.equal(result.data.type, "tendermint/event/Tx");
    assert.equal(result.data.value.TxResult.tx, Buffer.from(raw).toString("base64"));
    assert.equal(result.data.value.TxResult.result.code, 0);
    assert.deepEqual(result.events["tx.hash"], [hash.toString("hex").toUpperCase()]);
    assert.ok(result.events["transfer.recipient"].includes(to));
    ask(3, "tx", { hash: hash.toString("base64"), prove: false });
    assert.equal((await until((message) => message.id === 3)).result.height, result.data.value.TxResult.height);
    socket.close();
  });

  test("subscriptions begin, end and are bounded", async () => {
    const { socket, until, ask } = await open();
    const query = "tm.event='NewBlock'";
    ask("a", "subscribe", { query, page: "1", per_page: "30" });
    assert.deepEqual((await until((message) => message.id === "a")).result, {});
    const { result } = await until((message) => message.id === "a" && message.result.query === query);
    assert.equal(result.data.type, "tendermint/event/NewBlock");
    assert.equal(result.data.value.block.header.chain_id, chainId);
    ask("b", "subscribe", { query });
    assert.equal((await until((message) => message.id === "b")).error.code, -32603);
    ask("c", "unsubscribe", { query });
    assert.deepEqual((await until((message) => message.id === "c")).result, {});
    for (let index = 0; index < 6; index += 1) ask(`n${index}`, "subscribe", { query: `tm.event='Tx' AND tx.height=${index}` });
    assert.equal((await until((message) => message.id === "n5")).error.code, -32603);
    ask("d", "unsubscribe_all", {});
    assert.deepEqual((await until((message) => message.id === "d")).result, {});
    ask("e", "status", {});
    assert.equal((await until((message) => message.id === "e")).result.node_info.network, chainId);
    socket.close();
  });
});

describe("operators", () => {
  test("metrics carry the names that dashboards chart", async () => {
    const text = await (await fetch(`${devnet.metrics}/metrics`)).text();
    const names = ["consensus_height", "consensus_latest_block_height", "consensus_validators", "consensus_validators_power",
      "consensus_num_txs", "consensus_total_txs", "consensus_block_size_bytes", "mempool_size", "mempool_failed_txs",
      "p2p_peers", "p2p_message_receive_bytes_total", "p2p_message_send_bytes_total"];
    const isCharted = (name) =>
      new RegExp(`^cometbft_${name}\\{[^}]*chain_id="${chainId}"[^}]*\\} `, "m").test(text);
    assert.deepEqual(names.filter((name) => !isCharted(name)), [], "names that are absent");
    assert.ok(/^cometbft_consensus_block_interval_seconds_bucket\{/m.test(text), "a histogram of block intervals");
    assert.ok(/^cometbft_state_block_processing_time_bucket\{/m.test(text), "a histogram of processing times");
  });

  test("health and readiness answer", async () => {
    assert.equal((await fetch(`${devnet.metrics}/health`)).status, 200);
    assert.equal((await fetch(`${devnet.metrics}/ready`)).status, 200);
  });
});
