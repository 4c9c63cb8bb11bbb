// What CosmJS writes: transfers, staking, amino signatures, multisigs, gas estimates.

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { createMultisigThresholdPubkey, pubkeyToAddress } from "@cosmjs/amino";
import {
  QueryClient, SigningStargateClient, StargateClient, assertIsDeliverTxSuccess, createDefaultAminoConverters,
  AminoTypes, makeMultisignedTxBytes, setupStakingExtension,
} from "@cosmjs/stargate";
import { connectComet } from "@cosmjs/tendermint-rpc";
import { MsgBeginRedelegate } from "cosmjs-types/cosmos/staking/v1beta1/tx";
import { TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import {
  addressOf, balance, chainId, coin, denom, devnet, feeFor, fund, funded, newAminoWallet, newWallet, prefix, rpcSocket,
} from "../lib/devnet.mjs";

const SEND = "/cosmos.bank.v1beta1.MsgSend";
const send = (fromAddress, toAddress, amount) =>
  ({ typeUrl: SEND, value: { fromAddress, toAddress, amount: [coin(amount)] } });

/** The first value of a key among the events of a type. */
const attribute = (result, type, key) =>
  result.events.filter((event) => event.type === type).flatMap((event) => event.attributes)
    .find((found) => found.key === key)?.value;

describe("transfers", () => {
  test("sendTokens moves coins and takes exactly the fee", async () => {
    const { address, client } = await funded(1_000_000n);
    const to = await addressOf(await newWallet());
    const fee = feeFor(150_000);
    const sent = await client.sendTokens(address, to, [coin(250_000)], fee, "hello");
    assertIsDeliverTxSuccess(sent);
    assert.equal(sent.gasWanted, 150_000n);
    assert.equal(await balance(client, to), 250_000n);
    assert.equal(await balance(client, address), 750_000n - BigInt(fee.amount[0].amount));
    assert.equal(attribute(sent, "tx", "fee"), `${fee.amount[0].amount}${denom}`);
    assert.equal(attribute(sent, "tx", "acc_seq"), `${address}/0`);
    client.disconnect();
  });

  test("several messages of one transaction succeed or fail together", async () => {
    const { address, client } = await funded(1_000_000n);
    const to = await addressOf(await newWallet());
    const both = await client.signAndBroadcast(address, [send(address, to, 10), send(address, to, 20)], "auto");
    assertIsDeliverTxSuccess(both);
    assert.equal(both.msgResponses.length, 2);
    assert.equal(await balance(client, to), 30n);
    const half = [send(address, to, 40), send(address, to, 5_000_000)];
    const failed = await client.signAndBroadcast(address, half, feeFor(200_000));
    assert.equal(failed.code, 5);
    assert.match(failed.rawLog, /message index: 1/);
    assert.equal(await balance(client, to), 30n);
    client.disconnect();
  });

  test("MsgMultiSend pays several", async () => {
    const { address, client } = await funded(1_000_000n);
    const [first, second] = [await addressOf(await newWallet()), await addressOf(await newWallet())];
    const message = {
      typeUrl: "/cosmos.bank.v1beta1.MsgMultiSend",
      value: {
        inputs: [{ address, coins: [coin(300)] }],
        outputs: [{ address: first, coins: [coin(100)] }, { address: second, coins: [coin(200)] }],
      },
    };
    assertIsDeliverTxSuccess(await client.signAndBroadcast(address, [message], "auto"));
    assert.equal(await balance(client, first), 100n);
    assert.equal(await balance(client, second), 200n);
    client.disconnect();
  });

  test("signing works over a WebSocket", async () => {
    const { address, client } = await funded(1_000_000n, { endpoint: rpcSocket });
    assertIsDeliverTxSuccess(await client.sendTokens(address, address, [coin(1)], "auto"));
    client.disconnect();
  });

  test("broadcastTxSync answers before the block", async () => {
    const { address, client } = await funded(1_000_000n);
    const raw = await client.sign(address, [send(address, address, 1)], feeFor(150_000), "");
    const hash = await client.broadcastTxSync(TxRaw.encode(raw).finish());
    assert.match(hash, /^[0-9A-F]{64}$/);
    client.disconnect();
  });

  test("simulate estimates the gas that is then used", async () => {
    const { address, client } = await funded(1_000_000n);
    const to = await addressOf(await newWallet());
    const estimate = await client.simulate(address, [send(address, to, 5)], "estimate");
    const sent = await client.sendTokens(address, to, [coin(5)], feeFor(estimate * 2), "estimate");
    assertIsDeliverTxSuccess(sent);
    const used = Number(sent.gasUsed);
    assert.ok(Math.abs(used - estimate) <= estimate * 0.3, `estimated ${estimate}, used ${used}`);
    await assert.rejects(client.simulate(address, [send(address, to, 10_000_000)], ""), /insufficient funds/);
    client.disconnect();
  });
});

describe("staking", () => {
  let validators;
  before(async () => {
    const comet = await connectComet(devnet.rpc);
    const query = QueryClient.withExtensions(comet, setupStakingExtension);
    ({ validators } = await query.staking.validators("BOND_STATUS_BONDED"));
    comet.disconnect();
  });

  test("coins are delegated, redelegated and undelegated", async () => {
    const { address, client } = await funded(10_000_000n);
    const [source, destination] = validators.map((validator) => validator.operatorAddress);
    const delegated = await client.delegateTokens(address, source, coin(2_000_000), "auto");
    assertIsDeliverTxSuccess(delegated);
    assert.equal(attribute(delegated, "delegate", "validator"), source);
    assert.deepEqual(await client.getDelegation(address, source), coin(2_000_000));
    assert.deepEqual(await client.getBalanceStaked(address), coin(2_000_000));

    const move = {
      typeUrl: "/cosmos.staking.v1beta1.MsgBeginRedelegate",
      value: MsgBeginRedelegate.fromPartial({
        delegatorAddress: address, validatorSrcAddress: source, validatorDstAddress: destination, amount: coin(500_000),
      }),
    };
    assertIsDeliverTxSuccess(await client.signAndBroadcast(address, [move], "auto"));
    assert.deepEqual(await client.getDelegation(address, source), coin(1_500_000));
    assert.deepEqual(await client.getDelegation(address, destination), coin(500_000));
    assert.deepEqual(await client.getBalanceStaked(address), coin(2_000_000));

    const before = await balance(client, address);
    const fee = feeFor(300_000);
    const left = await client.undelegateTokens(address, source, coin(600_000), fee);
    assertIsDeliverTxSuccess(left);
    assert.match(attribute(left, "unbond", "completion_time"), /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual(await client.getDelegation(address, source), coin(900_000));
    // Unbonding coins are not spendable yet.
    assert.equal(await balance(client, address), before - BigInt(fee.amount[0].amount));

    const comet = await connectComet(devnet.rpc);
    const query = QueryClient.withExtensions(comet, setupStakingExtension);
    const { unbondingResponses } = await query.staking.delegatorUnbondingDelegations(address);
    assert.equal(unbondingResponses[0].entries[0].balance, "600000");
    const { redelegationResponses } = await query.staking.redelegations(address, source, destination);
    assert.equal(redelegationResponses[0].entries[0].balance, "500000");
    comet.disconnect();
    client.disconnect();
  });

  test("more than is delegated cannot be undelegated", async () => {
    const { address, client } = await funded(10_000_000n);
    const [{ operatorAddress }] = validators;
    assertIsDeliverTxSuccess(await client.delegateTokens(address, operatorAddress, coin(1000), "auto"));
    const failed = await client.undelegateTokens(address, operatorAddress, coin(1001), feeFor(300_000));
    assert.notEqual(failed.code, 0);
    assert.deepEqual(await client.getDelegation(address, operatorAddress), coin(1000));
    client.disconnect();
  });
});

describe("amino signatures", () => {
  test("a transfer signed as amino JSON is accepted, with characters that JSON escapes", async () => {
    const { address, client } = await funded(1_000_000n, { wallet: await newAminoWallet() });
    const to = await addressOf(await newWallet());
    assertIsDeliverTxSuccess(await client.sendTokens(address, to, [coin(77)], "auto", `<a & "b"> é \\ 漢`));
    assert.equal(await balance(client, to), 77n);
    client.disconnect();
  });

  test("staking messages signed as amino JSON are accepted", async () => {
    const { address, client } = await funded(5_000_000n, { wallet: await newAminoWallet() });
    const comet = await connectComet(devnet.rpc);
    const query = QueryClient.withExtensions(comet, setupStakingExtension);
    const { validators } = await query.staking.validators("BOND_STATUS_BONDED");
    const [source, destination] = validators.map((validator) => validator.operatorAddress);
    assertIsDeliverTxSuccess(await client.delegateTokens(address, source, coin(9000), "auto"));
    const value = { delegatorAddress: address, validatorSrcAddress: source, validatorDstAddress: destination };
    const move = {
      typeUrl: "/cosmos.staking.v1beta1.MsgBeginRedelegate",
      value: MsgBeginRedelegate.fromPartial({ ...value, amount: coin(4000) }),
    };
    assertIsDeliverTxSuccess(await client.signAndBroadcast(address, [move], "auto"));
    assertIsDeliverTxSuccess(await client.undelegateTokens(address, destination, coin(1000), "auto"));
    assert.deepEqual(await client.getBalanceStaked(address), coin(8000));
    comet.disconnect();
    client.disconnect();
  });

  test("two of three members send for their multisig", async () => {
    const members = await Promise.all([newAminoWallet(), newAminoWallet(), newAminoWallet()]);
    const accounts = await Promise.all(members.map(async (wallet) => (await wallet.getAccounts())[0]));
    const pubkeys = accounts.map(({ pubkey }) =>
      ({ type: "tendermint/PubKeySecp256k1", value: Buffer.from(pubkey).toString("base64") }));
    const multisig = createMultisigThresholdPubkey(pubkeys, 2);
    const address = pubkeyToAddress(multisig, prefix);
    await fund([address], 1_000_000n);
    const client = await StargateClient.connect(devnet.rpc);
    const to = await addressOf(await newWallet());
    const fee = feeFor(300_000);

    const signature = async (index, signerData) => {
      const aminoTypes = new AminoTypes(createDefaultAminoConverters());
      const offline = await SigningStargateClient.offline(members[index], { aminoTypes });
      const signer = accounts[index].address;
      const { bodyBytes, signatures } = await offline.sign(signer, [send(address, to, 1000)], fee, "multi", signerData);
      return { signer, bodyBytes, signature: signatures[0] };
    };
    for (const [round, signers] of [[0, 2], [1, 2], [0, 1]].entries()) {
      const { accountNumber, sequence } = await client.getSequence(address);
      assert.equal(sequence, round);
      const parts = await Promise.all(signers.map((index) => signature(index, { accountNumber, sequence, chainId })));
      const signatures = new Map(parts.map((part) => [part.signer, part.signature]));
      const bytes = makeMultisignedTxBytes(multisig, sequence, fee, parts[0].bodyBytes, signatures);
      assertIsDeliverTxSuccess(await client.broadcastTx(bytes, 30_000, 150));
    }
    assert.equal(await balance(client, to), 3000n);
    const account = await client.getAccount(address);
    assert.equal(account.pubkey.type, "tendermint/PubKeyMultisigThreshold");

    const { accountNumber, sequence } = await client.getSequence(address);
    const only = await signature(0, { accountNumber, sequence, chainId });
    const alone = new Map([[only.signer, only.signature]]);
    const bytes = makeMultisignedTxBytes(multisig, sequence, fee, only.bodyBytes, alone);
    await assert.rejects(client.broadcastTxSync(bytes), (error) => error.code === 4 && error.codespace === "sdk");
    client.disconnect();
  });
});
