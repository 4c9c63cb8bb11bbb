// What CosmJS reads: connecting, accounts, balances, staking, blocks and transactions.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { toBase64 } from "@cosmjs/encoding";
import { QueryClient, assertIsDeliverTxSuccess, setupStakingExtension } from "@cosmjs/stargate";
import { Comet38Client, HttpBatchClient, HttpClient, connectComet, isComet38Client } from "@cosmjs/tendermint-rpc";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import {
  addressOf, balance, blocksLater, chainId, coin, denom, devnet, eventually, feeFor, funded, newWallet, reading, refused,
  rpcSocket,
} from "../lib/devnet.mjs";

const FUNDS = 5_000_000n;

for (const [transport, endpoint] of [["HTTP", devnet.rpc], ["WebSocket", rpcSocket]]) {
  describe(`StargateClient over ${transport}`, () => {
    let client, alice, bob, sent;

    before(async () => {
      client = await reading(endpoint);
      // The client that writes uses the same transport.
      alice = await funded(FUNDS, { endpoint });
      bob = await addressOf(await newWallet());
      sent = await alice.client.sendTokens(alice.address, bob, [coin(1234)], "auto", `queries ${transport}`);
      assert.equal(sent.code, 0, sent.rawLog);
    });
    after(() => {
      client?.disconnect();
      alice?.client.disconnect();
    });

    test("knows the chain's name and height", async () => {
      assert.equal(await client.getChainId(), chainId);
      const height = await client.getHeight();
      assert.ok(height >= sent.height, `height ${height} is below the transaction's ${sent.height}`);
    });

    test("reads an account with its key and sequence", async () => {
      const account = await client.getAccount(alice.address);
      assert.equal(account.address, alice.address);
      assert.equal(account.sequence, 1);
      const [{ pubkey }] = await alice.wallet.getAccounts();
      assert.deepEqual(account.pubkey, { type: "tendermint/PubKeySecp256k1", value: toBase64(pubkey) });
      const { accountNumber, sequence } = await client.getSequence(alice.address);
      assert.equal(accountNumber, account.accountNumber);
      assert.equal(sequence, 1);
    });

    test("reads an account that has only received", async () => {
      const account = await client.getAccount(bob);
      assert.equal(account.pubkey, null);
      assert.equal(account.sequence, 0);
    });

    test("finds no account where there is none", async () => {
      const nobody = await addressOf(await newWallet());
      assert.equal(await client.getAccount(nobody), null);
      await assert.rejects(client.getSequence(nobody), /does not exist on chain/);
    });

    test("reads balances", async () => {
      assert.deepEqual(await client.getBalance(bob, denom), coin(1234));
      assert.deepEqual(await client.getBalance(bob, "unothing"), coin(0, "unothing"));
      assert.deepEqual(await client.getAllBalances(bob), [coin(1234)]);
      const nobody = await addressOf(await newWallet());
      assert.deepEqual(await client.getAllBalances(nobody), []);
      const [{ amount: fee }] = sent.events.find((event) => event.type === "tx")
        .attributes.filter(({ key }) => key === "fee").map(({ value }) => ({ amount: value.replace(denom, "") }));
      assert.equal(await balance(client, alice.address), FUNDS - 1234n - BigInt(fee));
    });

    test("reads delegations, and finds none where there is none", async () => {
      const comet = await connectComet(devnet.rpc);
      const query = QueryClient.withExtensions(comet, setupStakingExtension);
      const { validators } = await query.staking.validators("BOND_STATUS_BONDED");
      comet.disconnect();
      assert.equal(validators.length, devnet.nodes.length);
      assert.equal(await client.getDelegation(bob, validators[0].operatorAddress), null);
      assert.equal(await client.getBalanceStaked(bob), null);
      const stake = await funded(FUNDS, { endpoint });
      for (const [index, { operatorAddress }] of validators.entries()) {
        const amount = coin(1000 + index);
        assertIsDeliverTxSuccess(await stake.client.delegateTokens(stake.address, operatorAddress, amount, "auto"));
        assert.deepEqual(await client.getDelegation(stake.address, operatorAddress), amount);
      }
      const total = validators.reduce((sum, _, index) => sum + 1000 + index, 0);
      assert.deepEqual(await client.getBalanceStaked(stake.address), coin(total));
      stake.client.disconnect();
    });

    test("reads the latest block, and one by height with its transaction", async () => {
      const latest = await client.getBlock();
      assert.equal(latest.header.chainId, chainId);
      assert.ok(latest.header.height >= sent.height);
      const block = await client.getBlock(sent.height);
      assert.equal(block.header.height, sent.height);
      assert.match(block.id, /^[0-9A-F]{64}$/);
      const { tx } = await client.getTx(sent.transactionHash);
      assert.deepEqual(toBase64(block.txs[sent.txIndex]), toBase64(tx));
      assert.ok(Math.abs(Date.parse(block.header.time) - Date.now()) < 120_000, block.header.time);
      const first = await client.getBlock(1);
      assert.equal(first.header.height, 1);
    });

    test("refuses a block that does not exist yet", async () => {
      await assert.rejects(client.getBlock(10_000_000), /must be less than or equal to/);
    });

    test("finds a transaction by its hash", async () => {
      const found = await client.getTx(sent.transactionHash);
      assert.equal(found.hash, sent.transactionHash);
      assert.equal(found.height, sent.height);
      assert.equal(found.code, 0);
      assert.equal(found.msgResponses[0].typeUrl, "/cosmos.bank.v1beta1.MsgSendResponse");
      assert.ok(found.gasUsed > 0n && found.gasUsed <= found.gasWanted);
      assert.equal(await client.getTx("00".repeat(32)), null);
      const comet = await connectComet(endpoint);
      const { tx } = await comet.tx({ hash: Buffer.from(found.hash, "hex") });
      assert.deepEqual(Buffer.from(tx), Buffer.from(found.tx));
      comet.disconnect();
    });

    test("broadcasts without waiting, and is told the code of a refusal", async () => {
      const from = await funded(FUNDS, { endpoint });
      const message = {
        typeUrl: "/cosmos.bank.v1beta1.MsgSend",
        value: { fromAddress: from.address, toAddress: from.address, amount: [coin(5)] },
      };
      const raw = async (fee) => TxRaw.encode(await from.client.sign(from.address, [message], fee, "")).finish();
      const low = await raw({ ...feeFor(200_000), amount: [coin(1)] });
      for (const broadcast of ["broadcastTxSync", "broadcastTx"]) {
        await refused(client[broadcast](low), 13, "sdk", /insufficient fees/);
      }
      const hash = await client.broadcastTxSync(await raw(feeFor(200_000)));
      const found = await eventually("inclusion", async () => (await client.getTx(hash)) ?? undefined);
      assert.equal(found.code, 0, found.rawLog);
      from.client.disconnect();
    });

    test("searches transactions by events and height", async () => {
      const pairs = [{ key: "message.sender", value: alice.address }, { key: "tx.height", value: sent.height }];
      const queries = [
        pairs,
        `transfer.recipient='${bob}'`,
        `message.sender='${alice.address}' AND message.action='/cosmos.bank.v1beta1.MsgSend'`,
        `transfer.sender = '${alice.address}' AND tx.height >= ${sent.height}`,
        `tx.acc_seq='${alice.address}/0'`,
      ];
      for (const query of queries) {
        const found = await client.searchTx(query);
        assert.deepEqual(found.map((tx) => tx.hash), [sent.transactionHash], JSON.stringify(query));
      }
      assert.deepEqual(await client.searchTx(`message.sender='${bob}'`), []);
    });
  });
}

describe("comet clients", () => {
  test("a search over several pages finds everything", async () => {
    const many = await funded(50_000_000n);
    const recipient = await addressOf(await newWallet());
    const client = many.client;
    const { accountNumber, sequence } = await client.getSequence(many.address);
    const fee = { amount: [coin(5000)], gas: "200000" };
    const message = { fromAddress: many.address, toAddress: recipient, amount: [coin(7)] };
    const sent = 35;
    // Sequences n, n + 1, ... without waiting for blocks.
    for (let index = 0; index < sent; index += 1) {
      const data = { accountNumber, sequence: sequence + index, chainId };
      const messages = [{ typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: message }];
      const raw = await client.sign(many.address, messages, fee, "", data);
      await client.broadcastTxSync(TxRaw.encode(raw).finish());
    }
    const found = await eventually(`${sent} transfers`, async () => {
      const found = await client.searchTx(`transfer.recipient='${recipient}'`);
      return found.length === sent ? found : undefined;
    });
    assert.equal(await balance(client, recipient), 7n * BigInt(sent));
    const order = found.map((tx) => tx.height * 1000 + tx.txIndex);
    assert.deepEqual(order, order.toSorted((a, b) => a - b));
    const socket = await reading(rpcSocket);
    const hashes = (txs) => txs.map((tx) => tx.hash);
    assert.deepEqual(hashes(await socket.searchTx(`transfer.recipient='${recipient}'`)), hashes(found));
    socket.disconnect();
    client.disconnect();
  });

  test("calls are answered in batches", async () => {
    const batch = new HttpBatchClient(devnet.rpc, { batchSizeLimit: 20, dispatchInterval: 20 });
    const comet = Comet38Client.create(batch);
    const [status, ...blocks] = await Promise.all([
      comet.status(), ...Array.from({ length: 19 }, (_, index) => comet.block(1 + (index % 2))),
    ]);
    assert.equal(status.nodeInfo.network, chainId);
    assert.deepEqual(blocks.map((answer) => answer.block.header.height % 2), blocks.map((_, index) => (index + 1) % 2));
    comet.disconnect();
  });

  test("every call of the comet client is answered", async () => {
    const { address, client } = await funded(1_000_000n);
    const sent = await client.sendTokens(address, address, [coin(1)], "auto");
    client.disconnect();
    const comet = await connectComet(devnet.rpc);
    assert.ok(isComet38Client(comet));
    const status = await comet.status();
    assert.match(status.nodeInfo.version, /^0\.38\./);
    assert.equal(status.syncInfo.catchingUp, false);
    assert.equal(status.validatorInfo.address.length, 20);
    assert.equal(Number((await comet.abciInfo()).lastBlockHeight) >= sent.height, true);
    await comet.health();
    assert.equal((await comet.genesis()).chainId, chainId);
    assert.ok((await comet.numUnconfirmedTxs()).total >= 0);
    const block = await comet.block(sent.height);
    const next = await comet.block(sent.height + 1).catch(async () => {
      await blocksLater(await reading(), 1);
      return comet.block(sent.height + 1);
    });
    assert.deepEqual(next.block.header.lastBlockId.hash, block.blockId.hash);
    const results = await comet.blockResults(sent.height);
    assert.equal(results.results[sent.txIndex].code, 0);
    const commit = await comet.commit(sent.height);
    assert.equal(commit.header.height, sent.height);
    const range = await comet.blockchain(1, 2);
    assert.deepEqual(range.blockMetas.map((meta) => meta.header.height), [2, 1]);
    const validators = await comet.validatorsAll();
    assert.equal(validators.total, devnet.nodes.length);
    assert.equal(validators.validators.length, devnet.nodes.length);
    const blocks = await comet.blockSearch({ query: `block.height = ${sent.height}` });
    assert.equal(blocks.totalCount, 1);
    const hash = Buffer.from(sent.transactionHash, "hex");
    const tx = await comet.tx({ hash });
    assert.equal(tx.height, sent.height);
    assert.equal((await comet.txSearchAll({ query: `tx.height=${sent.height}` })).txs.length >= 1, true);
    await assert.rejects(comet.tx({ hash: new Uint8Array(32) }), /not found/);
    comet.disconnect();
  });

  test("every node answers with the same block", async () => {
    const clients = await Promise.all(devnet.nodes.map((node) => reading(node.rpc)));
    const ids = await Promise.all(clients.map(async (client) => (await client.getBlock(2)).id));
    assert.equal(new Set(ids).size, 1, ids.join(" "));
    for (const client of clients) client.disconnect();
  });

  test("an unknown method is an error of JSON-RPC", async () => {
    const http = new HttpClient(devnet.rpc);
    const call = http.execute({ jsonrpc: "2.0", id: 7, method: "no_such_method", params: {} });
    await assert.rejects(call, /-32601/);
  });
});
