// What CosmJS is told over a WebSocket, and the rules of subscriptions.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sha256 } from "@cosmjs/crypto";
import { toHex } from "@cosmjs/encoding";
import { Comet38Client } from "@cosmjs/tendermint-rpc";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import {
  addressOf, balance, chainId, coin, devnet, eventually, feeFor, funded, newWallet, rpcSocket,
} from "../lib/devnet.mjs";
import { passageTo } from "../lib/passage.mjs";

/** The first `count` items of a stream; fails after `seconds`. */
function take(stream, count, seconds = 20) {
  return new Promise((resolve, reject) => {
    const taken = [];
    const fail = (error) => { clearTimeout(timer); reject(error); };
    const timer = setTimeout(() => fail(new Error(`${taken.length} of ${count} within ${seconds} s`)), seconds * 1000);
    const subscription = stream.subscribe({
      next(item) {
        taken.push(item);
        if (taken.length < count) return;
        clearTimeout(timer);
        // Not from within the listener that is being called.
        setImmediate(() => { subscription.unsubscribe(); resolve(taken); });
      },
      error: fail,
      complete: () => fail(new Error("the stream ended")),
    });
  });
}

describe("subscriptions", () => {
  let comet, alice;
  before(async () => {
    alice = await funded(10_000_000n);
    comet = await Comet38Client.connect(rpcSocket);
    // A connection that opens while no call waits is useless in CosmJS 0.39.0.
    await comet.status();
  });
  after(() => {
    comet?.disconnect();
    alice?.client.disconnect();
  });

  test("new blocks come one after the other", async () => {
    const blocks = await take(comet.subscribeNewBlock(), 3);
    const heights = blocks.map((event) => event.header.height);
    assert.deepEqual(heights, [heights[0], heights[0] + 1, heights[0] + 2]);
    assert.equal(blocks[0].header.chainId, chainId);
    const { blockId, block } = await comet.block(heights[0]);
    assert.equal(toHex(blockId.hash), toHex(blocks[1].header.lastBlockId.hash));
    assert.equal(block.header.time.getTime(), blocks[0].header.time.getTime());
  });

  test("new headers come", async () => {
    const [header] = await take(comet.subscribeNewBlockHeader(), 1);
    assert.equal(header.chainId, chainId);
    assert.ok(header.height > 0);
  });

  test("a transaction is told when its effects can be read", async () => {
    const to = await addressOf(await newWallet());
    const told = take(comet.subscribeTx(`transfer.recipient='${to}'`), 1);
    const send = {
      typeUrl: "/cosmos.bank.v1beta1.MsgSend",
      value: { fromAddress: alice.address, toAddress: to, amount: [coin(31)] },
    };
    const raw = TxRaw.encode(await alice.client.sign(alice.address, [send], feeFor(200_000), "")).finish();
    await alice.client.broadcastTxSync(raw);
    const [event] = await told;
    assert.equal(await balance(alice.client, to), 31n);
    assert.equal(toHex(event.hash), toHex(sha256(raw)));
    assert.equal(event.result.code, 0);
    assert.deepEqual(Buffer.from(event.tx), Buffer.from(raw));
  });

  test("a transaction of others is not told", async () => {
    const [mine, other] = [await addressOf(await newWallet()), await addressOf(await newWallet())];
    const told = take(comet.subscribeTx(`transfer.recipient='${mine}'`), 1);
    const first = await alice.client.sendTokens(alice.address, other, [coin(1)], feeFor(200_000));
    const second = await alice.client.sendTokens(alice.address, mine, [coin(1)], feeFor(200_000));
    const [event] = await told;
    assert.ok(event.height >= first.height);
    assert.equal(toHex(event.hash).toUpperCase(), second.transactionHash);
  });

  test("every node tells of the same transaction", async () => {
    const to = await addressOf(await newWallet());
    const comets = await Promise.all(devnet.nodes.map((node) => Comet38Client.connect(node.rpc.replace(/^http/, "ws"))));
    const told = comets.map((comet) => take(comet.subscribeTx(`transfer.recipient='${to}'`), 1));
    // A subscription stands once a later call on its connection was answered.
    await Promise.all(comets.map((comet) => comet.status()));
    const sent = await alice.client.sendTokens(alice.address, to, [coin(1)], feeFor(200_000));
    for (const [event] of await Promise.all(told)) {
      assert.equal(event.height, sent.height);
      assert.equal(toHex(event.hash).toUpperCase(), sent.transactionHash);
    }
    for (const comet of comets) comet.disconnect();
  });

  test("a client whose connection broke opens it again, asks what waited, and is told of new blocks", async () => {
    const passage = await passageTo(rpcSocket);
    const broken = await Comet38Client.connect(passage.url);
    const [last] = await take(broken.subscribeNewBlock(), 1);
    // Its end was sent before this, so it does not wait for the new connection.
    await broken.status();
    passage.shut();
    await eventually("an attempt to reconnect", async () => passage.refused > 0 || undefined);
    const status = broken.status();
    const told = take(broken.subscribeNewBlockHeader(), 2);
    passage.open();
    assert.ok((await status).syncInfo.latestBlockHeight >= last.header.height);
    const [first, second] = (await told).map(({ height }) => height);
    assert.ok(first > last.header.height);
    assert.equal(second, first + 1);
    broken.disconnect();
    passage.close();
  });

  test("several subscriptions share a connection, and ending one leaves the others", async () => {
    const to = await addressOf(await newWallet());
    // A client of its own: CosmJS 0.39.0 tells of everything twice that it is asked for again.
    const comet = await Comet38Client.connect(rpcSocket);
    const [headers, txs] = [
      take(comet.subscribeNewBlockHeader(), 3), take(comet.subscribeTx(`transfer.recipient='${to}'`), 1),
    ];
    await take(comet.subscribeNewBlock(), 1);
    await comet.status();
    const sent = await alice.client.sendTokens(alice.address, to, [coin(1)], feeFor(200_000));
    const [[event], seen] = await Promise.all([txs, headers]);
    assert.equal(event.height, sent.height);
    assert.deepEqual(seen.map(({ height }) => height - seen[0].height), [0, 1, 2]);
    comet.disconnect();
  });

  test("a query that does not parse is refused", async () => {
    await assert.rejects(take(comet.subscribeTx("transfer.recipient=="), 1), /-32603|-32602/);
  });
});
