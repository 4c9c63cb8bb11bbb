// Every node is killed at once with SIGKILL, ten times over, in the middle of load. The devnet starts them
// again. Nothing that a client was told is final may be lost, and no two nodes may disagree on a root.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { toHex } from "@cosmjs/encoding";
import { sha256 } from "@cosmjs/crypto";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import { chainId, coin, devnet, feeFor, funded, rpc } from "../lib/devnet.mjs";

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 10);
/** Transfers that must become final in each round before everything is killed again. */
const FINAL_PER_ROUND = 15;
/** Seconds in which the network must finalize again. */
const RECOVERY_SECONDS = 60;

const nodes = () => JSON.parse(readFileSync(process.env.DEVNET, "utf8")).nodes;

/** A call that may find the node dead. */
async function attempt(call) {
  try {
    return await call();
  } catch {
    return undefined;
  }
}

/** One lane of load: an account that sends to itself as fast as its transfers become final. */
async function lane(sender, node, finals, stop) {
  let sequence;
  for (let serial = 0; !stop.now; serial += 1) {
    if (sequence === undefined) {
      const account = await attempt(() => sender.client.getAccount(sender.address));
      if (!account) {
        await pause(100);
        continue;
      }
      sequence = { next: account.sequence, number: account.accountNumber };
    }
    const message = {
      typeUrl: "/cosmos.bank.v1beta1.MsgSend",
      value: { fromAddress: sender.address, toAddress: sender.address, amount: [coin(1)] },
    };
    const signed = await sender.client.sign(sender.address, [message], feeFor(100_000), `kill ${serial}`, {
      accountNumber: sequence.number, sequence: sequence.next, chainId,
    });
    const bytes = TxRaw.encode(signed).finish();
    const hash = toHex(sha256(bytes)).toUpperCase();
    const base = nodes()[node].rpc;
    const taken = await attempt(() =>
      rpc("broadcast_tx_sync", { tx: Buffer.from(bytes).toString("base64") }, base));
    if (taken?.result?.code !== 0 && !taken?.error?.data?.includes("already")) {
      sequence = undefined;
      await pause(100);
      continue;
    }
    // Until it is final, or the sequence shows that it was lost with the node that took it.
    for (const until = Date.now() + 5_000; Date.now() < until && !stop.now; ) {
      const found = await attempt(() => rpc("tx", { hash: Buffer.from(hash, "hex").toString("base64") }, base));
      if (found?.result) {
        finals.set(hash, found.result.height);
        sequence.next += 1;
        break;
      }
      await pause(20);
    }
    if (!finals.has(hash)) sequence = undefined;
  }
}

test(`${ROUNDS} rounds of kill -9 lose nothing that was final`, { timeout: 900_000 }, async (t) => {
  const finals = new Map();
  const stop = { now: false };
  const count = nodes().length;
  const senders = [];
  for (let index = 0; index < count; index += 1) senders.push(await funded(50_000_000n));
  const load = senders.map((sender, index) => lane(sender, index, finals, stop));
  const recoveries = [];

  for (let round = 0; round < ROUNDS; round += 1) {
    const before = finals.size;
    const asked = Date.now();
    while (finals.size < before + FINAL_PER_ROUND) {
      assert.ok(Date.now() - asked < RECOVERY_SECONDS * 1000, `round ${round}: no progress in ${RECOVERY_SECONDS} s`);
      await pause(20);
    }
    if (round > 0) recoveries.push(Date.now() - asked);
    for (const { pid } of nodes()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        assert.equal(error.code, "ESRCH"); // it had not been started again yet
      }
    }
  }
  const last = finals.size;
  const asked = Date.now();
  while (finals.size < last + FINAL_PER_ROUND) {
    assert.ok(Date.now() - asked < RECOVERY_SECONDS * 1000, "no progress after the last round");
    await pause(20);
  }
  stop.now = true;
  await Promise.all(load);
  senders.forEach((sender) => sender.client.disconnect());

  // Every final transaction is on every node, at the height that was told.
  const tip = Math.max(...[...finals.values()].map(Number));
  for (const { name, rpc: base } of nodes()) {
    for (const until = Date.now() + 30_000; ; await pause(100)) {
      const status = await attempt(() => rpc("status", {}, base));
      if (Number(status?.result?.sync_info.latest_block_height ?? 0) >= tip) break;
      assert.ok(Date.now() < until, `${name} did not reach height ${tip}`);
    }
    for (const [hash, height] of finals) {
      const found = await rpc("tx", { hash: Buffer.from(hash, "hex").toString("base64") }, base);
      assert.equal(found.result?.height, height, `${hash} on ${name}: ${JSON.stringify(found.error)}`);
    }
  }
  // All nodes have the same block and the same state root at every height.
  for (let height = 1; height <= tip; height += 1) {
    const seen = new Set();
    for (const { rpc: base } of nodes()) {
      const { result } = await rpc("block", { height: String(height) }, base);
      seen.add(`${result.block_id.hash} ${result.block.header.app_hash}`);
    }
    assert.equal(seen.size, 1, `height ${height}: ${[...seen].join(" / ")}`);
  }
  t.diagnostic(`${finals.size} final transfers, ${tip} heights equal on ${count} nodes`);
  t.diagnostic(`ms to ${FINAL_PER_ROUND} more final transfers after each kill: ${recoveries.join(" ")}`);
});
