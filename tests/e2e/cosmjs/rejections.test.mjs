// Transactions that must be refused: the code, the words that clients match, and that nothing is lost.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createMultisigThresholdPubkey, encodeSecp256k1Pubkey, pubkeyToAddress } from "@cosmjs/amino";
import { toBase64 } from "@cosmjs/encoding";
import { encodePubkey } from "@cosmjs/proto-signing";
import { makeMultisignedTxBytes } from "@cosmjs/stargate";
import { AuthInfo, TxBody, TxRaw } from "cosmjs-types/cosmos/tx/v1beta1/tx";
import {
  addressOf, balance, blocksLater, chainId, coin, denom, feeFor, fund, funded, newAminoWallet, newWallet, prefix, refused,
  rpc, signing,
} from "../lib/devnet.mjs";

const FUNDS = 100_000_000n;
const GAS = 200_000;
/** Order of the secp256k1 group. */
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

let alice, client, address, to;

before(async () => {
  alice = await funded(FUNDS);
  ({ client, address } = alice);
  to = await addressOf(await newWallet());
});
after(() => client?.disconnect());

const send = (amount = 1, of = denom) => ({
  typeUrl: "/cosmos.bank.v1beta1.MsgSend",
  value: { fromAddress: address, toAddress: to, amount: [coin(amount, of)] },
});

/** Signed bytes; anything about them can be made wrong. */
async function signed({ messages = [send()], fee = feeFor(GAS), memo = "", timeout, change = {}, edit } = {}) {
  const { accountNumber, sequence } = await client.getSequence(address);
  const data = { accountNumber, sequence, chainId, ...change };
  if (change.ahead) data.sequence = sequence + change.ahead;
  const raw = await client.sign(address, messages, fee, memo, data, timeout);
  return TxRaw.encode(edit ? edit(raw) : raw).finish();
}
const broadcast = async (options) => client.broadcastTxSync(await signed(options));

describe("refused before a block", () => {
  test("a sequence that is ahead, naming the one expected", () =>
    refused(broadcast({ change: { ahead: 5 } }), 32, "sdk", /account sequence mismatch, expected \d+, got \d+/));

  test("a sequence that was used", async () => {
    const sent = await client.broadcastTx(await signed(), 30_000, 150);
    assert.equal(sent.code, 0);
    // Other bytes than those that used it, which are still in the cache.
    await refused(broadcast({ change: { sequence: 0 }, memo: "again" }), 32, "sdk", /incorrect account sequence/);
  });

  test("a signature for another chain", () =>
    refused(broadcast({ change: { chainId: "other-1" } }), 4, "sdk", /signature verification failed; please verify/));

  test("a signature for another account number", () =>
    refused(broadcast({ change: { accountNumber: 99_999n } }), 4, "sdk", /signature verification failed/));

  test("a fee below the lowest price, naming what is required", () => {
    const fee = { amount: [coin(1)], gas: String(GAS) };
    return refused(broadcast({ fee }), 13, "sdk", /insufficient fees.*required: \d+uve/);
  });

  test("no fee at all", () => refused(broadcast({ fee: { amount: [], gas: String(GAS) } }), 13));

  test("a fee in another currency", () =>
    refused(broadcast({ fee: { amount: [coin(1_000_000, "uother")], gas: String(GAS) } }), 13));

  test("a fee that the account cannot pay", () =>
    refused(broadcast({ fee: { amount: [coin(FUNDS * 2n)], gas: String(GAS) } }), 5, "sdk", /insufficient funds/));

  test("a gas limit that does not cover size and signature", () =>
    refused(broadcast({ fee: feeFor(1000) }), 11, "sdk", /out of gas/));

  test("a gas limit of zero", () => refused(broadcast({ fee: { amount: [coin(5000)], gas: "0" } }), 41));

  test("a memo that is too long", () => refused(broadcast({ memo: "m".repeat(257) }), 12, "sdk", /257/));

  test("a timeout height that is over", () => refused(broadcast({ timeout: 1n }), 30));

  test("a gas limit beyond 63 bits", () => {
    const edit = (raw) => {
      const authInfo = AuthInfo.decode(raw.authInfoBytes);
      authInfo.fee.gasLimit = 2n ** 63n;
      return { ...raw, authInfoBytes: AuthInfo.encode(authInfo).finish() };
    };
    return refused(broadcast({ edit }), 18);
  });

  test("an account that does not exist", async () => {
    const stranger = await newWallet();
    const other = await addressOf(stranger);
    const its = await signing(stranger);
    const message = { ...send(), value: { ...send().value, fromAddress: other } };
    const data = { accountNumber: 0n, sequence: 0, chainId };
    const raw = await its.sign(other, [message], feeFor(GAS), "", data);
    await refused(its.broadcastTxSync(TxRaw.encode(raw).finish()), 9);
    its.disconnect();
  });

  test("a signature by someone who is not the sender", async () => {
    const message = { ...send(), value: { fromAddress: to, toAddress: address, amount: [coin(1)] } };
    const error = await broadcast({ messages: [message] }).then(() => assert.fail("accepted"), (error) => error);
    assert.ok([4, 8, 9].includes(error.code), `code ${error.code}: ${error.log}`);
  });

  test("a tampered signature", () => {
    const edit = (raw) => {
      const signature = Uint8Array.from(raw.signatures[0]);
      signature[40] ^= 1;
      return { ...raw, signatures: [signature] };
    };
    return refused(broadcast({ edit }), 4);
  });

  test("a tampered body", () => {
    const edit = (raw) => {
      const body = TxBody.decode(raw.bodyBytes);
      return { ...raw, bodyBytes: TxBody.encode({ ...body, memo: "changed" }).finish() };
    };
    return refused(broadcast({ edit }), 4);
  });

  test("the high form of a signature", () => {
    const edit = (raw) => {
      const signature = Buffer.from(raw.signatures[0]);
      const high = N - BigInt(`0x${signature.subarray(32).toString("hex")}`);
      const bytes = Buffer.from(high.toString(16).padStart(64, "0"), "hex");
      return { ...raw, signatures: [Buffer.concat([signature.subarray(0, 32), bytes])] };
    };
    return refused(broadcast({ edit }), 4);
  });

  test("no signature, and one too many", async () => {
    await refused(broadcast({ edit: (raw) => ({ ...raw, signatures: [] }) }), 15);
    await refused(broadcast({ edit: (raw) => ({ ...raw, signatures: [...raw.signatures, raw.signatures[0]] }) }), 4);
  });

  test("a message that this chain does not have", () => {
    const vote = {
      typeUrl: "/cosmos.gov.v1beta1.MsgVote",
      value: { proposalId: 1n, voter: address, option: 1 },
    };
    return refused(broadcast({ messages: [vote] }), 2);
  });

  test("no message at all", async () => {
    const error = await broadcast({ messages: [] }).then(() => assert.fail("accepted"), (error) => error);
    assert.ok([4, 15, 18].includes(error.code), `code ${error.code}: ${error.log}`);
  });

  test("an amount of zero, a negative one, and one beyond 128 bits", async () => {
    for (const amount of ["0", "-5", "9".repeat(60)]) {
      await refused(broadcast({ messages: [send(amount)] }), 10);
    }
  });

  test("a recipient that is no address", async () => {
    for (const recipient of ["", "cosmos1qqqsyqcyq5rqwzqfpg9scrgwpugpzysn7hzdtn", `${to.slice(0, -1)}!`]) {
      const message = { ...send(), value: { ...send().value, toAddress: recipient } };
      await refused(broadcast({ messages: [message] }), 7);
    }
  });

  test("an extension option", () => {
    const edit = (raw) => {
      const body = TxBody.decode(raw.bodyBytes);
      const extensionOptions = [{ typeUrl: "/an.Extension", value: new Uint8Array() }];
      return { ...raw, bodyBytes: TxBody.encode({ ...body, extensionOptions }).finish() };
    };
    return refused(broadcast({ edit }), 31);
  });

  test("bytes that are no transaction, or only part of one", async () => {
    const whole = await signed();
    const broken = [new Uint8Array([1, 2, 3]), whole.slice(0, whole.length - 10), whole.slice(5)];
    for (const bytes of broken) {
      const { result } = await rpc("broadcast_tx_sync", { tx: toBase64(bytes) });
      assert.equal(result.code, 2, JSON.stringify(result));
      assert.equal(result.codespace, "sdk");
    }
  });

  test("a transaction that is too large", async () => {
    const edit = (raw) => {
      const body = TxBody.decode(raw.bodyBytes);
      return { ...raw, bodyBytes: TxBody.encode({ ...body, memo: "x".repeat(70_000) }).finish() };
    };
    await refused(broadcast({ edit }), 21);
  });

  test("a key that is not the sender's", async () => {
    const [{ pubkey }] = await (await newWallet()).getAccounts();
    const edit = (raw) => {
      const authInfo = AuthInfo.decode(raw.authInfoBytes);
      authInfo.signerInfos[0].publicKey = encodePubkey(encodeSecp256k1Pubkey(pubkey));
      return { ...raw, authInfoBytes: AuthInfo.encode(authInfo).finish() };
    };
    await refused(broadcast({ edit }), 8);
  });

  test("a multisig of more members than may sign", async () => {
    const wallets = await Promise.all(Array.from({ length: 8 }, newAminoWallet));
    const keys = await Promise.all(wallets.map(async (wallet) => encodeSecp256k1Pubkey((await wallet.getAccounts())[0].pubkey)));
    const multisig = createMultisigThresholdPubkey(keys, 8);
    const from = pubkeyToAddress(multisig, prefix);
    await fund([from], 1_000_000n);
    const fee = feeFor(500_000);
    const body = client.registry.encodeTxBody({
      messages: [{ typeUrl: send().typeUrl, value: { fromAddress: from, toAddress: to, amount: [coin(1)] } }],
    });
    const addresses = await Promise.all(wallets.map(addressOf));
    const signatures = new Map(addresses.map((address) => [address, new Uint8Array(64).fill(1)]));
    const bytes = makeMultisignedTxBytes(multisig, 0, fee, body, signatures);
    await refused(client.broadcastTxSync(bytes), 14, "sdk", /8/);
  });

  test("fields that are unknown and critical, wherever they are", async () => {
    const field = Buffer.from([0xa0, 0x1f, 0x01]); // field 500 with the number 1
    for (const part of ["bodyBytes", "authInfoBytes"]) {
      await refused(broadcast({ edit: (raw) => ({ ...raw, [part]: Buffer.concat([raw[part], field]) }) }), 2);
    }
    const { result } = await rpc("broadcast_tx_sync", { tx: toBase64(Buffer.concat([await signed(), field])) });
    assert.deepEqual([result.code, result.codespace], [2, "sdk"], result.log);
  });

  test("a transaction without order", () => {
    const edit = (raw) => {
      const body = TxBody.decode(raw.bodyBytes);
      return { ...raw, bodyBytes: TxBody.encode({ ...body, unordered: true }).finish() };
    };
    return refused(broadcast({ edit }), 37);
  });

  test("an auth info that does not decode", () => {
    const edit = (raw) => ({ ...raw, authInfoBytes: AuthInfo.encode(AuthInfo.decode(raw.authInfoBytes)).finish().slice(3) });
    return refused(broadcast({ edit }), 2);
  });
});

test("the same bytes a second time, while pending and after their block", async () => {
  const bytes = await signed({ memo: "twice" });
  const hash = await client.broadcastTxSync(bytes);
  await assert.rejects(client.broadcastTxSync(bytes), /tx already exists in cache/);
  await blocksLater(client, 3);
  assert.equal((await client.getTx(hash)).code, 0);
  await assert.rejects(client.broadcastTxSync(bytes), /tx already exists in cache|account sequence mismatch/);
});

describe("failed in a block", () => {
  test("more coins than there are: found with its code, fee kept, nothing moved", async () => {
    const before = await balance(client, address);
    const received = await balance(client, to);
    const { sequence } = await client.getSequence(address);
    const fee = feeFor(GAS);
    const failed = await client.sendTokens(address, to, [coin(FUNDS * 2n)], fee);
    assert.equal(failed.code, 5);
    assert.match(failed.rawLog, /failed to execute message; message index: 0: .*is smaller than .*insufficient funds/);
    const found = await client.getTx(failed.transactionHash);
    assert.equal(found.code, 5);
    assert.equal(found.height, failed.height);
    assert.equal(await balance(client, address), before - BigInt(fee.amount[0].amount));
    assert.equal(await balance(client, to), received);
    assert.equal((await client.getSequence(address)).sequence, sequence + 1);
  });

  test("out of gas", async () => {
    const used = await client.simulate(address, [send()], "");
    const failed = await client.broadcastTx(await signed({ fee: feeFor(Math.floor(used * 0.8)) }), 30_000, 150);
    assert.equal(failed.code, 11, failed.rawLog);
    assert.match(failed.rawLog, /out of gas.*gasWanted: \d+.*gasUsed: \d+/);
  });

  test("fees that are estimated fail before anything is sent", async () => {
    const { sequence } = await client.getSequence(address);
    await assert.rejects(client.sendTokens(address, to, [coin(FUNDS * 2n)], "auto"), /insufficient funds/);
    assert.equal((await client.getSequence(address)).sequence, sequence);
  });
});
