// Bytes that belong to no protocol, on every port: the node stays up, serves others and goes on making blocks.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { blocksLater, chainId, devnet, eventually, get, reading, rpc, rpcSocket } from "../lib/devnet.mjs";
import { WebSocket } from "ws";

const node = devnet.nodes.at(-1);
const port = (address) => Number(address.match(/:(\d+)\/?$/)[1]);
/** The node's own port for its peers is one below its RPC port. */
const PORTS = {
  "p2p": port(node.rpc) - 1, "RPC": port(node.rpc), "gRPC": port(node.grpc), "REST": port(node.rest),
  "metrics": port(node.metrics),
};
const HTTP2 = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const GARBAGE = {
  "random bytes": randomBytes(4096),
  "zeros": Buffer.alloc(65_536),
  "a TLS greeting": Buffer.concat([Buffer.from("160301020001fc0303", "hex"), randomBytes(512)]),
  "half a request": Buffer.from("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"jsonrpc\""),
  "a length that is a lie": Buffer.from("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"),
  "a header without end": Buffer.from(`GET / HTTP/1.1\r\nX: ${"y".repeat(200_000)}`),
  "broken chunks": Buffer.from("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\nabc\r\n"),
  "HTTP/2 with a broken frame": Buffer.concat([Buffer.from(HTTP2), randomBytes(256)]),
  "a huge length prefix": Buffer.concat([Buffer.from("ffffffff7fffffff", "hex"), randomBytes(64)]),
};

/** Sends bytes, reads for a moment and hangs up. */
function throwAt(port, bytes) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.setTimeout(250, () => socket.destroy());
    socket.once("connect", () => socket.write(bytes));
    socket.on("data", () => {});
    // The node may hang up first, also with a reset; a port that refuses to connect is a dead node.
    socket.once("error", (error) => (error.code === "ECONNREFUSED" ? reject(error) : undefined));
    socket.once("close", () => resolve());
  });
}

async function stillServes() {
  assert.equal((await rpc("status", {}, node.rpc)).result.node_info.network, chainId);
  const answer = await fetch(`${node.rest}/cosmos/base/tendermint/v1beta1/node_info`);
  assert.equal(answer.status, 200);
  assert.equal((await fetch(`${node.metrics}/health`)).status, 200);
}

describe("garbage", () => {
  for (const [name, port] of Object.entries(PORTS)) {
    test(`on the ${name} port is survived`, async () => {
      for (const [what, bytes] of Object.entries(GARBAGE)) {
        await throwAt(port, bytes).catch((error) => assert.fail(`${what}: ${error.message}`));
      }
      // Several at once, none of which says anything sensible.
      await Promise.all(Array.from({ length: 20 }, () => throwAt(port, randomBytes(1000))));
      await stillServes();
    });
  }

  test("in JSON-RPC is answered with the standard codes", async () => {
    const post = async (body) => {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(node.rpc, { method: "POST", headers, body });
      return { status: answer.status, json: await answer.json() };
    };
    const unparsable = await post("{");
    assert.equal(unparsable.json.error.code, -32700);
    assert.equal(unparsable.json.id, null);
    assert.equal((await post('{"jsonrpc":"2.0","id":1,"method":5}')).json.error.code, -32600);
    const unknown = await post('{"jsonrpc":"2.0","id":"a","method":"nothing","params":{}}');
    assert.deepEqual([unknown.status, unknown.json.id, unknown.json.error.code], [200, "a", -32601]);
    const params = await post('{"jsonrpc":"2.0","id":2,"method":"block","params":{"height":"x"}}');
    assert.deepEqual([params.status, params.json.error.code], [200, -32602]);
    const large = await post(JSON.stringify({ jsonrpc: "2.0", id: 3, method: "x".repeat(2_000_000) })).catch((error) => error);
    assert.ok(large instanceof Error || large.status >= 400 || large.json.error, JSON.stringify(large));
    const batch = JSON.stringify(Array.from({ length: 500 }, (_, id) => ({ jsonrpc: "2.0", id, method: "health" })));
    const { json } = await post(batch);
    assert.ok(json.error ?? json[0]?.error, "a batch of 500 is refused");
    await stillServes();
  });

  test("in WebSocket messages is answered and the connection stays, or closes", async () => {
    for (const path of ["/websocket", "/events"]) {
      const socket = new WebSocket(`${rpcSocket}${path}`);
      await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
      const answers = [];
      socket.on("message", (text) => answers.push(JSON.parse(text)));
      socket.on("error", () => {});
      for (const text of ["", "{", "null", "[[[[", "\u0000", "x".repeat(10_000)]) socket.send(text);
      socket.send(randomBytes(100));
      const polite = path === "/events" ? { subscribe: { id: "polite" } } : { jsonrpc: "2.0", id: 77, method: "health" };
      socket.send(JSON.stringify(polite));
      const isPolite = ({ id, error }) => (id === 77 || id === "polite") && !error;
      await eventually(`${path} answers or closes`, async () =>
        answers.find(isPolite) ?? (socket.readyState === WebSocket.CLOSED ? "closed" : undefined));
      socket.terminate();
    }
    await get("/cosmos/base/tendermint/v1beta1/syncing");
  });

  test("neither ends a process nor stops the chain", async () => {
    const { nodes } = JSON.parse(readFileSync(process.env.DEVNET, "utf8"));
    assert.deepEqual(nodes.map(({ pid }) => pid), devnet.nodes.map(({ pid }) => pid));
    for (const { pid, name } of nodes) assert.doesNotThrow(() => process.kill(pid, 0), name);
    for (const { rpc } of nodes) {
      const client = await reading(rpc);
      await blocksLater(client, 2);
      client.disconnect();
    }
  });
});
