// Clients that open connections and say nothing, half of something, or something endless, on every port at once: the
// node serves others, makes blocks, lets go of them, and its memory stays bounded.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { get as httpGet } from "node:http";
import { connect } from "node:net";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { chainId, devnet, eventually, rpc } from "../lib/devnet.mjs";

const node = devnet.nodes.at(-1);
const port = (address) => Number(address.match(/:(\d+)\/?$/)[1]);
/** The node's own port for its peers is one below its RPC port. */
const PORTS = {
  p2p: port(node.rpc) - 1, RPC: port(node.rpc), gRPC: port(node.grpc), REST: port(node.rest), metrics: port(node.metrics),
};
/** Connections of each kind on each port. */
const EACH = 40;
/** Seconds until the node must have let go: its longest wait for a client is 15 s. */
const PATIENCE = 40;
/** Growth of the node's memory that the connections may cause, in MiB. */
const GROWTH = 64;

const HEAD = "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
/** What a client says at once, and what it says again and again after that. */
const KINDS = {
  "nothing": ["", ""],
  "half a preface": ["PRI * HTTP/2.0\r\n", ""],
  "headers by the byte": ["GET / HTTP/1.1\r\nX-Slow: ", "y"],
  "a body by the byte": [`${HEAD}Content-Length: 900000\r\n\r\n[`, " "],
  "a chunk without end": [`${HEAD}Transfer-Encoding: chunked\r\n\r\nfffffff0\r\n`, "zz"],
  "a frame of 16 MiB": [Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.from("ffffff0001000000ff", "hex")]), "x"],
  "a message of 4 GiB": [Buffer.from("ffffffff0f", "hex"), "x"],
  "noise": [randomBytes(2048), randomBytes(64)],
};

const sockets = [];
after(() => sockets.forEach(({ socket }) => socket.destroy()));

function open(kind, name) {
  const [first, again] = KINDS[kind];
  const entry = { kind, name, connected: false, closed: false };
  const socket = connect(PORTS[name], "127.0.0.1");
  entry.socket = socket;
  socket.on("data", () => {});
  socket.on("error", () => {});
  socket.on("end", () => socket.end());
  socket.once("connect", () => {
    entry.connected = true;
    if (first.length > 0) socket.write(first);
  });
  const drip = again && setInterval(() => socket.writable && socket.write(again), 1000);
  socket.once("close", () => {
    entry.closed = true;
    clearInterval(drip);
  });
  sockets.push(entry);
}

function residentMiB() {
  const status = readFileSync(`/proc/${node.pid}/status`, "utf8");
  return Number(status.match(/VmRSS:\s+(\d+) kB/)[1]) / 1024;
}

async function height() {
  const { result } = await rpc("status", {}, node.rpc);
  assert.equal(result.node_info.network, chainId);
  return Number(result.sync_info.latest_block_height);
}

test("clients that never finish are served nothing, hold nothing and stop nothing", { timeout: 150_000 }, async (t) => {
  const before = { memory: residentMiB(), height: await height() };
  for (const name of Object.keys(PORTS)) {
    for (const kind of Object.keys(KINDS)) {
      for (let count = 0; count < EACH; count += 1) open(kind, name);
    }
    await pause(50); // the listen queue is short
  }
  t.diagnostic(`${sockets.length} connections`);

  // While they are open: others are served on every surface, and blocks become final.
  await eventually("three blocks", async () => ((await height()) >= before.height + 3 ? true : undefined), 30);
  const answer = await fetch(`${node.rest}/cosmos/base/tendermint/v1beta1/node_info`);
  assert.equal(answer.status, 200);
  assert.equal((await fetch(`${node.metrics}/health`)).status, 200);

  const open_ = () => sockets.filter(({ closed }) => !closed);
  await eventually("the end of all of them", async () => (open_().length === 0 ? true : undefined), PATIENCE).catch(() => {
    const left = new Set(open_().map(({ kind, name }) => `${kind} on ${name}`));
    assert.fail(`still open after ${PATIENCE} s: ${[...left].join(", ")}`);
  });
  const growth = residentMiB() - before.memory;
  t.diagnostic(`memory grew by ${growth.toFixed(1)} MiB from ${before.memory.toFixed(1)} MiB`);
  assert.ok(growth < GROWTH, `memory grew by ${growth.toFixed(1)} MiB`);
  await eventually("three more blocks", async () => ((await height()) >= before.height + 6 ? true : undefined), 30);
});

test("more silent clients than the node takes do not keep others out", { timeout: 90_000 }, async () => {
  // Above the 1,024 connections of a listener; the kernel queues the rest.
  for (let count = 0; count < 1_100; count += 1) {
    open("nothing", "RPC");
    if (count % 100 === 99) await pause(20);
  }
  const silent = sockets.slice(-1_100);
  await eventually("their connections", async () => (silent.every(({ connected }) => connected) ? true : undefined));
  // A new connection each time: those of fetch may be older than the silent ones.
  const ask = () => new Promise((resolve) => {
    const request = httpGet(`${node.rpc}/health`, { agent: false, timeout: 2_000 }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? true : undefined);
    });
    request.once("timeout", () => request.destroy()).once("error", () => resolve(undefined));
  });
  await eventually("an answer", ask, PATIENCE);
});
