// The POST routes of the Cosmos surface, errors, limits, and what browsers ask first.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { coin, denom, devnet, eventually, feeFor, funded, get, rest } from "../lib/devnet.mjs";
import { any, filled, has, hasExactly, hash64, int, list, nothing, num, text } from "../lib/shape.mjs";

let alice;
before(async () => {
  alice = await funded(10_000_000n);
});
after(() => alice?.client.disconnect());

const send = (amount = 1) => ({
  typeUrl: "/cosmos.bank.v1beta1.MsgSend",
  value: { fromAddress: alice.address, toAddress: alice.address, amount: [coin(amount)] },
});
const base64 = (bytes) => Buffer.from(bytes).toString("base64");

async function signed(fee = feeFor(200_000)) {
  return base64(TxRaw.encode(await alice.client.sign(alice.address, [send()], fee, "")).finish());
}

const broadcastShape = {
  height: int, txhash: hash64, codespace: text, code: num, data: text, raw_log: text, logs: list(any, 0), info: text,
  gas_wanted: int, gas_used: int, tx: nothing, timestamp: text, events: list(any, 0),
};

describe("broadcasting", () => {
  for (const field of ["tx_bytes", "txBytes"]) {
    test(`a transaction in ${field} is accepted, and found`, async () => {
      const body = { [field]: await signed(), mode: "BROADCAST_MODE_SYNC" };
      const { status, json } = await rest("/cosmos/tx/v1beta1/txs", body);
      assert.equal(status, 200, JSON.stringify(json));
      hasExactly(json, { tx_response: broadcastShape });
      assert.equal(json.tx_response.code, 0);
      assert.equal(json.tx_response.height, "0");
      const { txhash } = json.tx_response;
      await eventually("inclusion", async () => {
        const found = await rest(`/cosmos/tx/v1beta1/txs/${txhash}`);
        return found.status === 200 ? found.json : undefined;
      });
      const again = await rest("/cosmos/tx/v1beta1/txs", body);
      assert.equal(again.status, 200);
      assert.ok([19, 32].includes(again.json.tx_response.code), JSON.stringify(again.json));
    });
  }

  test("the mode may be async, and a mode that waits for the block is refused", async () => {
    const tx_bytes = await signed();
    const { json } = await rest("/cosmos/tx/v1beta1/txs", { tx_bytes, mode: "BROADCAST_MODE_ASYNC" });
    assert.equal(json.tx_response.code, 0);
    await eventually("inclusion", async () => {
      const found = await rest(`/cosmos/tx/v1beta1/txs/${json.tx_response.txhash}`);
      return found.status === 200 ? found.json : undefined;
    });
    const block = await rest("/cosmos/tx/v1beta1/txs", { tx_bytes, mode: "BROADCAST_MODE_BLOCK" });
    assert.equal(block.status, 400);
    assert.match(block.json.message, /BROADCAST_MODE_BLOCK/);
  });

  test("a transaction that is refused answers 200 with its code", async () => {
    const low = await signed({ amount: [coin(1)], gas: "200000" });
    const { status, json } = await rest("/cosmos/tx/v1beta1/txs", { tx_bytes: low, mode: "BROADCAST_MODE_SYNC" });
    assert.equal(status, 200);
    assert.equal(json.tx_response.code, 13);
    assert.equal(json.tx_response.codespace, "sdk");
    assert.match(json.tx_response.raw_log, new RegExp(`insufficient fees.*required: 5000${denom}`));
  });

  test("bytes that are no transaction answer 200 with code 2", async () => {
    const { status, json } = await rest("/cosmos/tx/v1beta1/txs", { tx_bytes: "AAEC", mode: "BROADCAST_MODE_SYNC" });
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.tx_response.code, 2);
  });
});

describe("simulation", () => {
  test("as wallets ask for it, without key, signature and gas", async () => {
    const { AuthInfo, TxBody } = await import("cosmjs-types/cosmos/tx/v1beta1/tx");
    const { SignMode } = await import("cosmjs-types/cosmos/tx/signing/v1beta1/signing");
    const { sequence } = await alice.client.getSequence(alice.address);
    const body = { messages: [alice.client.registry.encodeAsAny(send())] };
    const mode = { single: { mode: SignMode.SIGN_MODE_LEGACY_AMINO_JSON } };
    const raw = TxRaw.fromPartial({
      bodyBytes: TxBody.encode(TxBody.fromPartial(body)).finish(),
      authInfoBytes: AuthInfo.encode(AuthInfo.fromPartial({
        signerInfos: [{ modeInfo: mode, sequence: BigInt(sequence) }],
        fee: { amount: [coin(5000)], gasLimit: 0n },
      })).finish(),
      signatures: [new Uint8Array(64)],
    });
    const { status, json } = await rest("/cosmos/tx/v1beta1/simulate", { tx_bytes: base64(TxRaw.encode(raw).finish()) });
    assert.equal(status, 200, JSON.stringify(json));
    has(json, { gas_info: { gas_wanted: int, gas_used: int } });
    // Its two accounts are read and written, the payer's for the fee and for the transfer: six rows of 1,000 gas.
    assert.ok(Number(json.gas_info.gas_used) > 6_000, json.gas_info.gas_used);
  });

  test("of a transfer that would fail is refused with the reason", async () => {
    const raw = await alice.client.sign(alice.address, [send(10n ** 15n)], feeFor(200_000), "");
    const { status, json } = await rest("/cosmos/tx/v1beta1/simulate", { tx_bytes: base64(TxRaw.encode(raw).finish()) });
    assert.ok(status >= 400, `status ${status}`);
    assert.match(json.message, /insufficient funds/);
  });
});

describe("errors and limits", () => {
  test("routes that do not exist answer 501", async () => {
    const paths = ["/", "/nothing", "/cosmos/authz/v1beta1/grants/granter/x", "/ibc/apps/transfer/v1/params",
      "/cosmwasm/wasm/v1/code", "/cosmos/feegrant/v1beta1/allowances/x", "/cosmos/gov/v1/proposals",
      "/cosmos/gov/v1beta1/params/voting", "/cosmos/mint/v1beta1/inflation", "/cosmos/evidence/v1beta1/evidence"];
    for (const path of paths) {
      const { status, json } = await rest(path);
      assert.equal(status, 501, path);
      hasExactly(json, { code: num, message: filled, details: list(any, 0) });
      assert.deepEqual([json.code, json.message], [12, "Not Implemented"]);
    }
  });

  test("bodies that are not the message asked for answer 400", async () => {
    const bodies = ["", "{", "[]", "null", "7", '"tx"', '{"tx_bytes": 5}', '{"tx_bytes": "***"}', "\u0000\u0001"];
    for (const path of ["/cosmos/tx/v1beta1/txs", "/cosmos/tx/v1beta1/simulate", "/virtengine/market/v1/bids"]) {
      for (const body of bodies) {
        const { status, json } = await rest(path, body);
        assert.equal(status, 400, `${path} with ${body}: ${JSON.stringify(json)}`);
        assert.ok(json.message.length > 0);
      }
    }
  });

  test("a body that is too large is refused", async () => {
    const body = JSON.stringify({ tx_bytes: "A".repeat(3_000_000) });
    const answer = await rest("/cosmos/tx/v1beta1/txs", body).catch((error) => error);
    // The node may also close the connection on a client that goes on sending.
    assert.ok(answer instanceof Error || [400, 413, 429].includes(answer.status), JSON.stringify(answer.json));
    await get("/cosmos/base/tendermint/v1beta1/syncing");
  });

  test("parameters that are out of range are refused", async () => {
    const bad = [
      "/cosmos/base/tendermint/v1beta1/blocks/x", "/cosmos/base/tendermint/v1beta1/blocks/-1",
      "/virtengine/market/v1/orders/99999999999999999999999", "/virtengine/market/v1/orders?status=NO_SUCH",
      "/virtengine/market/v1/orders?tenant=nobody", "/cosmos/bank/v1beta1/balances/virtengine1",
      "/cosmos/auth/v1beta1/accounts?pagination.key=%2A%2A", `/virtengine/market/v1/orders/${"9".repeat(9000)}`,
    ];
    for (const path of bad) {
      const { status, json } = await rest(path);
      assert.ok(status >= 400 && status < 500, `${path.slice(0, 80)} answered ${status}: ${JSON.stringify(json)}`);
      assert.ok(json.message.length > 0);
    }
  });

  test("a state of the past that is not kept is refused, the present is not", async () => {
    const path = `${devnet.rest}/cosmos/bank/v1beta1/supply`;
    const ahead = await fetch(path, { headers: { "x-cosmos-block-height": "99999999" } });
    assert.ok(ahead.status >= 400, `status ${ahead.status}`);
    const nonsense = await fetch(path, { headers: { "x-cosmos-block-height": "high" } });
    assert.equal(nonsense.status, 400);
    const past = await fetch(path, { headers: { "x-cosmos-block-height": "1" } });
    assert.equal(past.status, 400);
    assert.match((await past.json()).message, /height 1: only the latest/);
    await eventually("two calls between two blocks", async () => {
      const height = (await fetch(path)).headers.get("grpc-metadata-x-cosmos-block-height");
      assert.match(height, /^\d+$/);
      const now = await fetch(path, { headers: { "x-cosmos-block-height": height } });
      return now.headers.get("grpc-metadata-x-cosmos-block-height") === height || undefined;
    });
  });
});

describe("browsers", () => {
  for (const [surface, url] of [["REST", `${devnet.rest}/cosmos/tx/v1beta1/txs`], ["JSON-RPC", devnet.rpc]]) {
    test(`may call ${surface} from any origin`, async () => {
      const origin = "https://wallet.example";
      const preflight = await fetch(url, {
        method: "OPTIONS",
        headers: {
          origin, "access-control-request-method": "POST", "access-control-request-headers": "content-type",
        },
      });
      assert.ok([200, 204].includes(preflight.status), `status ${preflight.status}`);
      assert.ok(["*", origin].includes(preflight.headers.get("access-control-allow-origin")));
      assert.match(preflight.headers.get("access-control-allow-methods") ?? "POST", /POST|\*/i);
      assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /content-type|\*/i);
      const call = await fetch(surface === "REST" ? `${devnet.rest}/cosmos/bank/v1beta1/params` : `${url}/health`, {
        headers: { origin },
      });
      assert.equal(call.status, 200);
      assert.ok(["*", origin].includes(call.headers.get("access-control-allow-origin")));
    });
  }
});
