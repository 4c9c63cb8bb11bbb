// What CosmJS writes: transfers, staking, amino signatures, multisigs, gas estimates.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createMultisigThresholdPubkey, encodeSecp256k1Pubkey, pubkeyToAddress } from "@cosmjs/amino";
import { encodePubkey, makeSignDoc } from "@cosmjs/proto-signing";
import {
  AminoTypes, QueryClient, SigningStargateClient, assertIsDeliverTxSuccess, createDefaultAminoConverters,
  makeMultisignedTxBytes, setupDistributionExtension, setupStakingExtension,
} from "@cosmjs/stargate";
import { connectComet } from "@cosmjs/tendermint-rpc";
import { MsgSetWithdrawAddress } from "cosmjs-types/cosmos/distribution/v1beta1/tx";
import { MsgBeginRedelegate } from "cosmjs-types/cosmos/staking/v1beta1/tx";
import { SignMode } from "cosmjs-types/cosmos/tx/signing/v1beta1/signing";
import { AuthInfo, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import {
  addressOf, balance, chainId, coin, denom, devnet, feeFor, fund, funded, gasPrice, newAminoWallet, newWallet, prefix,
  reading, rpcSocket,
} from "../lib/devnet.mjs";

const SEND = "/cosmos.bank.v1beta1.MsgSend";
const send = (fromAddress, toAddress, amount) =>
  ({ typeUrl: SEND, value: { fromAddress, toAddress, amount: [coin(amount)] } });

/** The bytes of a transaction that each wallet signs directly, over exactly these parts. */
async function signedBy(wallets, accountNumbers, { bodyBytes, authInfoBytes }) {
  const signatures = await Promise.all(wallets.map(async (wallet, index) => {
    const doc = makeSignDoc(bodyBytes, authInfoBytes, chainId, accountNumbers[index]);
    const { signature } = await wallet.signDirect(await addressOf(wallet), doc);
    return Buffer.from(signature.signature, "base64");
  }));
  return TxRaw.encode({ bodyBytes, authInfoBytes, signatures }).finish();
}

/** Each event as `type{key,key}`, in order. */
const outline = ({ events }) => events.map(({ type, attributes }) => `${type}{${attributes.map(({ key }) => key)}}`);
/** What every transaction that pays a fee begins with, also one that fails. */
const ANTE = [
  "coin_spent{spender,amount}", "coin_received{receiver,amount}", "transfer{recipient,sender,amount}", "message{sender}",
  "tx{fee,fee_payer}", "tx{acc_seq}", "tx{signature}",
];

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
    assert.deepEqual(outline(sent), [
      ...ANTE, "message{action,sender,module,msg_index}", "coin_spent{spender,amount,msg_index}",
      "coin_received{receiver,amount,msg_index}", "transfer{recipient,sender,amount,msg_index}",
      "message{sender,msg_index}",
    ]);
    assert.deepEqual(sent.msgResponses.map(({ typeUrl }) => typeUrl), ["/cosmos.bank.v1beta1.MsgSendResponse"]);
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
    assert.deepEqual(outline(failed), ANTE);
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

  test("a fee is estimated by a factor, and by a price that the chain does not tell", async () => {
    const dynamic = { gasPrice: { denom, minGasPrice: gasPrice } };
    const { address, client } = await funded(1_000_000n, { options: dynamic });
    const estimate = await client.simulate(address, [send(address, address, 1)], "");
    for (const [factor, wanted] of [["auto", 1.4], [1.6, 1.6]]) {
      const sent = await client.sendTokens(address, address, [coin(1)], factor);
      assertIsDeliverTxSuccess(sent);
      assert.ok(Math.abs(Number(sent.gasWanted) - estimate * wanted) < estimate * 0.1, `${sent.gasWanted} for ${estimate}`);
    }
    client.disconnect();
  });

  test("a key that the account has may be left out, and unknown fields that are not critical are signed over", async () => {
    const { wallet, address, client } = await funded(1_000_000n);
    assertIsDeliverTxSuccess(await client.sendTokens(address, address, [coin(1)], "auto"));
    const edit = (raw) => {
      const authInfo = AuthInfo.decode(raw.authInfoBytes);
      authInfo.signerInfos[0].publicKey = undefined;
      // Field 1024 with the number 1; bit 11 of the field's number says that it may be ignored.
      const bodyBytes = Buffer.concat([raw.bodyBytes, Buffer.from([0x80, 0x40, 0x01])]);
      return { bodyBytes, authInfoBytes: AuthInfo.encode(authInfo).finish() };
    };
    const raw = await client.sign(address, [send(address, address, 1)], feeFor(200_000), "");
    const { accountNumber } = await client.getSequence(address);
    const bytes = await signedBy([wallet], [accountNumber], edit(raw));
    assertIsDeliverTxSuccess(await client.broadcastTx(bytes, 30_000, 150));
    client.disconnect();
  });

  test("another account pays the fee when both sign", async () => {
    const [alice, payer] = [await funded(1_000_000n), await funded(1_000_000n)];
    const fee = { ...feeFor(300_000), payer: payer.address };
    const infos = await Promise.all([alice, payer].map(async ({ wallet, address, client }) => {
      const [{ pubkey }] = await wallet.getAccounts();
      const publicKey = encodePubkey(encodeSecp256k1Pubkey(pubkey));
      const modeInfo = { single: { mode: SignMode.SIGN_MODE_DIRECT } };
      const { accountNumber, sequence } = await client.getSequence(address);
      return { accountNumber, info: { publicKey, modeInfo, sequence: BigInt(sequence) } };
    }));
    const bytes = await signedBy([alice.wallet, payer.wallet], infos.map(({ accountNumber }) => accountNumber), {
      bodyBytes: alice.client.registry.encodeTxBody({ messages: [send(alice.address, alice.address, 1)] }),
      authInfoBytes: AuthInfo.encode(AuthInfo.fromPartial({
        signerInfos: infos.map(({ info }) => info),
        fee: { amount: [...fee.amount], gasLimit: BigInt(fee.gas), payer: payer.address },
      })).finish(),
    });
    assertIsDeliverTxSuccess(await alice.client.broadcastTx(bytes, 30_000, 150));
    assert.equal(await balance(alice.client, alice.address), 1_000_000n);
    assert.equal(await balance(alice.client, payer.address), 1_000_000n - BigInt(fee.amount[0].amount));
    for (const { client } of [alice, payer]) client.disconnect();
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
    assert.equal(attribute(delegated, "delegate", "new_shares"), "2000000.000000000000000000");
    assert.deepEqual(outline(delegated).slice(0, ANTE.length + 4), [
      ...ANTE, "message{action,sender,module,msg_index}", "coin_spent{spender,amount,msg_index}",
      "coin_received{receiver,amount,msg_index}", "delegate{validator,delegator,amount,new_shares,msg_index}",
    ]);
    assert.deepEqual(await client.getDelegation(address, source), coin(2_000_000));
    assert.deepEqual(await client.getBalanceStaked(address), coin(2_000_000));

    const move = {
      typeUrl: "/cosmos.staking.v1beta1.MsgBeginRedelegate",
      value: MsgBeginRedelegate.fromPartial({
        delegatorAddress: address, validatorSrcAddress: source, validatorDstAddress: destination, amount: coin(500_000),
      }),
    };
    const moved = await client.signAndBroadcast(address, [move], "auto");
    assertIsDeliverTxSuccess(moved);
    assert.equal(attribute(moved, "redelegate", "source_validator"), source);
    assert.equal(attribute(moved, "redelegate", "destination_validator"), destination);
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

describe("rewards", () => {
  const STAKE = 40_000_000_000n;
  let validator, comet, query;
  before(async () => {
    comet = await connectComet(devnet.rpc);
    query = QueryClient.withExtensions(comet, setupDistributionExtension, setupStakingExtension);
    ([{ operatorAddress: validator }] = (await query.staking.validators("BOND_STATUS_BONDED")).validators);
  });
  after(() => comet?.disconnect());

  /** A delegator of a tenth of all stake or so, after transactions whose fees it has a part of. */
  async function earning(wallet) {
    const { address, client } = await funded(STAKE + 1_000_000_000n, { wallet });
    assertIsDeliverTxSuccess(await client.delegateTokens(address, validator, coin(STAKE), "auto"));
    for (let count = 0; count < 2; count += 1) {
      assertIsDeliverTxSuccess(await client.sendTokens(address, address, [coin(1)], feeFor(200_000)));
    }
    return { address, client };
  }
  /** Whole units of what a delegation has earned; on the wire they are in units of 10^-18. */
  const earned = async (address) => {
    const { rewards: [reward] } = await query.distribution.delegationRewards(address, validator);
    assert.equal(reward.denom, denom);
    return BigInt(reward.amount.split(".")[0]) / (reward.amount.includes(".") ? 1n : 10n ** 18n);
  };
  const withdrawn = (result) => BigInt(attribute(result, "withdraw_rewards", "amount").replace(denom, ""));

  test("of a delegation are shown and withdrawn", async () => {
    const { address, client } = await earning();
    const shown = await earned(address);
    assert.ok(shown > 0n, `${shown}`);
    const { rewards, total } = await query.distribution.delegationTotalRewards(address);
    assert.deepEqual(rewards.map(({ validatorAddress }) => validatorAddress), [validator]);
    assert.equal(total[0].denom, denom);
    const before = await balance(client, address);
    const fee = feeFor(300_000);
    const result = await client.withdrawRewards(address, validator, fee);
    assertIsDeliverTxSuccess(result);
    assert.ok(withdrawn(result) >= shown, `${withdrawn(result)} of ${shown}`);
    assert.equal(attribute(result, "withdraw_rewards", "delegator"), address);
    assert.equal(await balance(client, address), before + withdrawn(result) - BigInt(fee.amount[0].amount));
    client.disconnect();
  });

  test("are paid when the delegation changes, to the account that is named", async () => {
    const { address, client } = await earning();
    const receiver = await addressOf(await newWallet());
    const redirect = {
      typeUrl: "/cosmos.distribution.v1beta1.MsgSetWithdrawAddress",
      value: MsgSetWithdrawAddress.fromPartial({ delegatorAddress: address, withdrawAddress: receiver }),
    };
    assertIsDeliverTxSuccess(await client.signAndBroadcast(address, [redirect], "auto"));
    const { withdrawAddress } = await query.distribution.delegatorWithdrawAddress(address);
    assert.equal(withdrawAddress, receiver);
    const result = await client.delegateTokens(address, validator, coin(1), "auto");
    assertIsDeliverTxSuccess(result);
    assert.ok(withdrawn(result) > 0n);
    assert.equal(await balance(client, receiver), withdrawn(result));
    client.disconnect();
  });

  test("are withdrawn and redirected by amino signatures", async () => {
    const { address, client } = await earning(await newAminoWallet());
    assertIsDeliverTxSuccess(await client.withdrawRewards(address, validator, "auto"));
    const redirect = {
      typeUrl: "/cosmos.distribution.v1beta1.MsgSetWithdrawAddress",
      value: MsgSetWithdrawAddress.fromPartial({ delegatorAddress: address, withdrawAddress: address }),
    };
    assertIsDeliverTxSuccess(await client.signAndBroadcast(address, [redirect], "auto"));
    client.disconnect();
  });

  test("of nobody are refused", async () => {
    const { address, client } = await funded(10_000_000n);
    const failed = await client.withdrawRewards(address, validator, feeFor(300_000));
    assert.deepEqual([failed.code, failed.rawLog.includes("no delegation distribution info")], [5, true]);
    client.disconnect();
  });

  test("and what a validator has earned are shown", async () => {
    const { rewards } = await query.distribution.validatorOutstandingRewards(validator);
    assert.equal(rewards.rewards[0].denom, denom);
    assert.deepEqual((await query.distribution.validatorSlashes(validator, 0, 0)).slashes, []);
    const { params } = await query.distribution.params();
    assert.equal(params.withdrawAddrEnabled, true);
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
    const client = await reading();
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
