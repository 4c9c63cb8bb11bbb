// The devnet under test, and wallets with coins on it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Secp256k1HdWallet } from "@cosmjs/amino";
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { GasPrice, SigningStargateClient, StargateClient, assertIsDeliverTxSuccess } from "@cosmjs/stargate";

export const devnet = JSON.parse(readFileSync(process.env.DEVNET, "utf8"));
export const { denom, chain_id: chainId, bech32_prefix: prefix } = devnet;
export const gasPrice = GasPrice.fromString(devnet.gas_price);
/** The JSON-RPC endpoint as a WebSocket address. */
export const rpcSocket = devnet.rpc.replace(/^http/, "ws");

// CosmJS 0.39.0 opens a WebSocket again after disconnect(), so a file that used one would never end by itself.
// By this time everything was reported.
after(() => { setTimeout(() => process.exit(), 2_000).unref(); });

/** How often CosmJS looks for its transaction; its default of 3 s is for public networks. */
const POLL = { broadcastPollIntervalMs: 150, broadcastTimeoutMs: 30_000 };

/** An amount of the base denomination, as CosmJS takes it. */
export const coin = (amount, of = denom) => ({ denom: of, amount: String(amount) });

/** A fee that pays the lowest price for `gas`, rounded up. */
export function feeFor(gas) {
  const micro = BigInt(Math.round(gasPrice.amount.toFloatApproximation() * 1e6));
  const amount = (BigInt(gas) * micro + 999_999n) / 1_000_000n;
  return { amount: [coin(amount)], gas: String(gas) };
}

/**
 * A client that is ready for calls at any later time. CosmJS 0.39.0 never sends anything over a WebSocket that
 * opened while nothing waited to be sent, so a call waits.
 */
async function awake(connecting) {
  const client = await connecting;
  await client.getHeight();
  return client;
}

/** A client that reads. */
export const reading = (endpoint = devnet.rpc) => awake(StargateClient.connect(endpoint));

/** A client that signs with `wallet`. */
export function signing(wallet, options = {}, endpoint = devnet.rpc) {
  return awake(SigningStargateClient.connectWithSigner(endpoint, wallet, { gasPrice, ...POLL, ...options }));
}

/** The address of a wallet's only account. */
export async function addressOf(wallet) {
  const [account] = await wallet.getAccounts();
  return account.address;
}

/** A new direct-signing wallet. */
export const newWallet = () => DirectSecp256k1HdWallet.generate(24, { prefix });
/** A new amino-signing wallet, as hardware wallets and multisig members use. */
export const newAminoWallet = () => Secp256k1HdWallet.generate(24, { prefix });

/** The wallet of one of devnet.json's accounts. */
export function walletOf(name) {
  const account = devnet.accounts.find((account) => account.name === name);
  return DirectSecp256k1HdWallet.fromMnemonic(account.mnemonic, { prefix });
}

/** Sends `amount` to each address, in one transaction. */
export async function fund(addresses, amount) {
  const faucet = await walletOf("faucet");
  const client = await signing(faucet);
  const from = await addressOf(faucet);
  const send = (to) => ({
    typeUrl: "/cosmos.bank.v1beta1.MsgSend",
    value: { fromAddress: from, toAddress: to, amount: [coin(amount)] },
  });
  const sent = await client.signAndBroadcast(from, addresses.map(send), "auto");
  assertIsDeliverTxSuccess(sent);
  client.disconnect();
  return sent;
}

/** A new wallet with coins, its address and a client for it. */
export async function funded(amount, { wallet, options, endpoint } = {}) {
  wallet ??= await newWallet();
  const address = await addressOf(wallet);
  await fund([address], amount);
  return { wallet, address, client: await signing(wallet, options, endpoint) };
}

/** The balance of the base denomination, as a bigint. */
export async function balance(client, address) {
  return BigInt((await client.getBalance(address, denom)).amount);
}

/** Asks `look` until it answers with something other than undefined; fails after `seconds`. */
export async function eventually(what, look, seconds = 15) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    assert.ok(Date.now() < deadline, `${what} did not happen within ${seconds} s`);
    await pause(100);
  }
}

/** GET or, with a body, POST on the REST surface. */
export async function rest(path, body, base = devnet.rest) {
  const request = body === undefined ? {} : {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  };
  const answer = await fetch(`${base}${path}`, { ...request, signal: AbortSignal.timeout(15_000) });
  const text = await answer.text();
  let json;
  try {
    json = JSON.parse(text);
  } catch {
    assert.fail(`${path} answered ${answer.status} with something other than JSON: ${text.slice(0, 200)}`);
  }
  return { status: answer.status, headers: answer.headers, json };
}

/** GET that must succeed. */
export async function get(path) {
  const { status, json } = await rest(path);
  assert.equal(status, 200, `GET ${path}: ${JSON.stringify(json)}`);
  return json;
}

/** One JSON-RPC call over HTTP: the whole answer. */
export async function rpc(method, params = {}, base = devnet.rpc) {
  const answer = await fetch(base, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
    signal: AbortSignal.timeout(15_000),
  });
  assert.equal(answer.status, 200, `${method} answered HTTP ${answer.status}`);
  return answer.json();
}

/** Waits until the chain is `blocks` above its present height. */
export async function blocksLater(client, blocks) {
  const wanted = (await client.getHeight()) + blocks;
  return eventually(`height ${wanted}`, async () => {
    const height = await client.getHeight();
    return height >= wanted ? height : undefined;
  });
}

/** Fails unless `action` is refused when broadcast, with this code of this codespace. */
export async function refused(action, code, codespace = "sdk", log = /./) {
  await assert.rejects(action, (error) => {
    assert.equal(error.code, code, `code ${error.code}, log ${error.log ?? error.message}`);
    assert.equal(error.codespace, codespace);
    assert.match(error.log, log);
    return true;
  });
}
